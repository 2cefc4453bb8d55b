"""`saveSession`: what is stored, what is refused, and that sending it again is harmless."""

from __future__ import annotations

import re

import pytest

from plugins.sessions.documents import SAVE
from synthetic import iso_from_ms


def test_a_new_session_takes_its_defaults(save, clock) -> None:
    saved = save(id="a")

    now = iso_from_ms(clock.now_ms())
    assert saved == {
        "created": True,
        "changed": True,
        "session": {
            "id": "a",
            "constructId": None,
            "parentSessionId": None,
            "agent": None,
            "title": None,
            "userId": None,
            "projectId": None,
            "status": "ACTIVE",
            "startedAt": now,
            "lastActivityAt": now,
            "endedAt": None,
            "metadata": {},
            "version": 1,
            "createdAt": now,
            "updatedAt": now,
        },
    }


def test_a_session_without_an_id_gets_a_uuid_of_version_7(save) -> None:
    assert re.fullmatch(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}", save()["session"]["id"])


def test_the_same_content_again_returns_what_is_there_and_writes_nothing(save, construct) -> None:
    content = {
        "id": "a",
        "constructId": construct("c"),
        "agent": "coder",
        "title": "First",
        "userId": "ada",
        "projectId": "p",
        "status": "FAILED",
        "startedAt": "2026-01-01T00:00:00.000Z",
        "lastActivityAt": "2026-01-01T01:00:00.000Z",
        "endedAt": "2026-01-01T02:00:00.000Z",
        "metadata": {"b": 1.0, "a": [None]},
    }
    first = save(**content)

    again = save(**content)

    assert again == {"created": False, "changed": False, "session": first["session"]}
    assert first["session"]["metadata"] == {"a": [None], "b": 1}


def test_a_field_that_is_left_out_keeps_what_is_stored_and_null_takes_it_away(save) -> None:
    save(id="a", title="First", agent="coder")

    session = save(id="a", ifVersion=1, title=None)["session"]

    assert (session["title"], session["agent"], session["version"]) == (None, "coder", 2)


def test_other_content_is_a_conflict_that_names_the_stored_version_and_what_differs(save, refused) -> None:
    save(id="a", title="First", userId="ada")

    error = refused("CONFLICT", SAVE, input={"id": "a", "title": "Second", "userId": "bob", "agent": None})

    assert error["details"] == {"field": "ifVersion", "id": "a", "storedVersion": 1, "differs": ["userId", "title"]}
    assert save(id="a")["session"]["title"] == "First"


@pytest.mark.parametrize("version", [0, 2, -1])
def test_a_change_of_another_version_is_a_conflict(save, refused, version) -> None:
    save(id="a", title="First")

    refused("CONFLICT", SAVE, input={"id": "a", "title": "Second", "ifVersion": version})


def test_a_change_of_a_session_that_is_not_there_is_a_conflict(refused) -> None:
    error = refused("CONFLICT", SAVE, input={"id": "a", "ifVersion": 1})

    assert error["details"]["storedVersion"] is None


def test_a_version_without_an_id_is_refused(refused) -> None:
    assert refused("BAD_USER_INPUT", SAVE, input={"ifVersion": 1})["details"] == {"field": "ifVersion"}


def test_a_session_that_comes_to_an_end_does_so_now_and_loses_the_end_when_it_is_resumed(save, clock) -> None:
    save(id="a")

    ended = save(id="a", ifVersion=1, status="ENDED")["session"]
    assert ended["endedAt"] == iso_from_ms(clock.now_ms())

    failed = save(id="a", ifVersion=2, status="FAILED")["session"]
    assert failed["endedAt"] == ended["endedAt"]

    resumed = save(id="a", ifVersion=3, status="ACTIVE")["session"]
    assert (resumed["status"], resumed["endedAt"]) == ("ACTIVE", None)


def test_a_session_that_starts_in_the_future_and_is_over_ends_when_it_starts(save) -> None:
    session = save(status="CANCELLED", startedAt="2100-01-01T00:00:00.000Z")["session"]

    assert session["endedAt"] == session["lastActivityAt"] == "2100-01-01T00:00:00.000Z"


REFUSED = {
    "an empty id": ({"id": ""}, "id"),
    "an id of 201 characters": ({"id": "x" * 201}, "id"),
    "a NUL in the id": ({"id": "a\0b"}, "id"),
    "a NUL in the title": ({"id": "a", "title": "a\0b"}, "title"),
    "half a surrogate pair in the title": ({"id": "a", "title": "\ud800"}, "title"),
    "half a surrogate pair in the id": ({"id": "\udc00"}, "id"),
    "a title of nothing": ({"id": "a", "title": " "}, "title"),
    "a title of 10 MB": ({"id": "a", "title": "x" * 10_000_000}, "title"),
    "an empty agent": ({"id": "a", "agent": ""}, "agent"),
    "an empty user": ({"id": "a", "userId": ""}, "userId"),
    "a project with a line break": ({"id": "a", "projectId": "a\nb"}, "projectId"),
    "no status": ({"id": "a", "status": None}, "status"),
    "no start": ({"id": "a", "startedAt": None}, "startedAt"),
    "no last activity": ({"id": "a", "lastActivityAt": None}, "lastActivityAt"),
    "activity before the start": (
        {"id": "a", "startedAt": "2026-01-02T00:00:00.000Z", "lastActivityAt": "2026-01-01T00:00:00.000Z"},
        "lastActivityAt",
    ),
    "an end before the start": (
        {
            "id": "a",
            "status": "ENDED",
            "startedAt": "2026-01-02T00:00:00.000Z",
            "lastActivityAt": "2026-01-02T00:00:00.000Z",
            "endedAt": "2026-01-01T00:00:00.000Z",
        },
        "endedAt",
    ),
    "an end while active": ({"id": "a", "endedAt": "2100-01-01T00:00:00.000Z"}, "endedAt"),
    "metadata that is no object": ({"id": "a", "metadata": [1]}, "metadata"),
    "metadata with 10^30": ({"id": "a", "metadata": {"n": 10**30}}, "metadata"),
    "metadata that is too deep": ({"id": "a", "metadata": {"a": [[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]}}, "metadata"),
}


@pytest.mark.parametrize(("content", "field"), REFUSED.values(), ids=REFUSED.keys())
def test_what_is_not_acceptable_is_refused_by_the_name_of_its_field(refused, store, content, field) -> None:
    error = refused("BAD_USER_INPUT", SAVE, input=content)

    assert error["details"]["field"] == field
    assert store.read(lambda snapshot: snapshot.value("SELECT count(*) FROM sessions")) == 0


UNKNOWN = {
    "an unknown status": {"status": "DONE"},
    "a number as a title": {"title": 5},
    "an instant that is none": {"startedAt": "yesterday"},
    "an instant without an offset": {"startedAt": "2026-01-01T00:00:00"},
    "an unknown field": {"colour": "red"},
    "a version beyond 32 bits": {"ifVersion": 10**30},
}


@pytest.mark.parametrize("content", UNKNOWN.values(), ids=UNKNOWN.keys())
def test_what_the_schema_does_not_have_is_refused(refused, content) -> None:
    refused("BAD_USER_INPUT", SAVE, input=content)


def test_a_construct_that_is_not_there_is_not_found(refused) -> None:
    error = refused("NOT_FOUND", SAVE, input={"constructId": "c"})

    assert error["details"] == {"field": "constructId", "id": "c"}


def test_a_parent_that_is_not_there_is_not_found(refused) -> None:
    error = refused("NOT_FOUND", SAVE, input={"parentSessionId": "p"})

    assert error["details"] == {"field": "parentSessionId", "id": "p"}

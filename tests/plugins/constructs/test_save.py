from __future__ import annotations

import re

import pytest

from plugins.constructs.documents import SAVE


def test_a_construct_without_id_gets_a_version_7_uuid_and_the_defaults(save, clock) -> None:
    saved = save(type="plan", title="Move the store")

    construct = saved["construct"]
    assert (saved["created"], saved["changed"]) == (True, True)
    assert re.fullmatch(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}", construct.pop("id"))
    assert construct == {
        "type": "plan",
        "status": "PLANNED",
        "title": "Move the store",
        "description": None,
        "userId": None,
        "projectId": None,
        "metadata": {},
        "version": 1,
        "createdAt": "2027-01-15T08:00:01.000Z",
        "updatedAt": "2027-01-15T08:00:01.000Z",
        "startedAt": None,
        "endedAt": None,
    }


def test_what_was_saved_is_read_back_whole(ask, save) -> None:
    given = {
        "id": "plan/7",
        "type": "plan",
        "status": "ACTIVE",
        "title": "Zoë's plan",
        "description": "First line\n\tsecond line",
        "userId": "ada",
        "projectId": "engine",
        "metadata": {"env": "prod", "nested": {"list": [1, 2.5, None, True, "x"]}},
    }
    save(**given)

    read = ask("""{ construct(id: "plan/7") { id type status title description userId projectId metadata } }""")

    assert read["construct"] == given


def test_a_construct_that_is_not_there_reads_as_null(ask) -> None:
    assert ask("""{ construct(id: "none") { id } }""") == {"construct": None}


def test_node_finds_a_construct_by_its_id(ask, save) -> None:
    save(id="a", type="plan", title="A")

    assert ask("""{ node(id: "a") { __typename id } }""") == {"node": {"__typename": "Construct", "id": "a"}}


def test_the_same_content_again_returns_what_is_there_and_writes_nothing(save) -> None:
    content = {"id": "a", "type": "plan", "title": "A", "metadata": {"x": 1, "y": 2}}
    first = save(**content)

    again = save(**{**content, "metadata": {"y": 2.0, "x": 1}})

    assert (again["created"], again["changed"]) == (False, False)
    assert again["construct"] == first["construct"]


def test_other_content_without_ifversion_is_a_conflict_that_names_the_version_and_the_fields(save, refused) -> None:
    save(id="a", type="plan", title="A")

    conflict = refused("CONFLICT", SAVE, input={"id": "a", "title": "B", "projectId": "p"})

    assert conflict["details"] == {
        "field": "ifVersion",
        "id": "a",
        "storedVersion": 1,
        "differs": ["title", "projectId"],
    }


def test_ifversion_changes_the_given_fields_and_keeps_the_others(save) -> None:
    first = save(id="a", type="plan", title="A", description="text", metadata={"env": "prod"})["construct"]

    second = save(id="a", ifVersion=1, title="B", description=None)

    assert (second["created"], second["changed"]) == (False, True)
    assert second["construct"] == first | {
        "title": "B",
        "description": None,
        "version": 2,
        "updatedAt": "2027-01-15T08:00:02.000Z",
    }


def test_a_title_may_change_in_case_alone(save) -> None:
    save(id="a", type="plan", title="move")

    assert save(id="a", ifVersion=1, title="Move")["construct"]["title"] == "Move"


def test_a_version_that_is_not_the_stored_one_is_a_conflict(save, refused, ask) -> None:
    save(id="a", type="plan", title="A")
    save(id="a", ifVersion=1, title="B")

    refused("CONFLICT", SAVE, input={"id": "a", "ifVersion": 1, "title": "C"})

    assert ask("""{ construct(id: "a") { title version } }""")["construct"] == {"title": "B", "version": 2}


def test_a_change_whose_answer_was_lost_can_be_sent_again(save) -> None:
    save(id="a", type="plan", title="A")
    changed = save(id="a", ifVersion=1, title="B")

    again = save(id="a", ifVersion=1, title="B")

    assert not again["changed"]
    assert again["construct"] == changed["construct"]


def test_ifversion_for_a_construct_that_is_not_there_is_a_conflict(refused, ask) -> None:
    conflict = refused("CONFLICT", SAVE, input={"id": "a", "ifVersion": 1, "type": "plan", "title": "A"})

    assert conflict["details"]["storedVersion"] is None
    assert ask("""{ construct(id: "a") { id } }""")["construct"] is None


def test_ifversion_without_an_id_is_refused(refused) -> None:
    error = refused("BAD_USER_INPUT", SAVE, input={"ifVersion": 1, "type": "plan", "title": "A"})

    assert error["details"] == {"field": "ifVersion"}


@pytest.mark.parametrize("needed", ["type", "title"])
def test_a_new_construct_needs_a_type_and_a_title(refused, needed: str) -> None:
    content = {"id": "a", "type": "plan", "title": "A"}
    del content[needed]

    assert refused("BAD_USER_INPUT", SAVE, input=content)["details"] == {"field": needed}


def test_statuses_set_and_clear_the_instants_that_they_imply(save) -> None:
    version = 0

    def instants(status: str) -> tuple[str | None, str | None]:
        nonlocal version
        more = {"ifVersion": version} if version else {"type": "plan", "title": "A"}
        construct = save(id="a", status=status, **more)["construct"]
        version = construct["version"]
        return construct["startedAt"], construct["endedAt"]

    at = "2027-01-15T08:00:{:02}.000Z".format
    assert instants("PLANNED") == (None, None)
    assert instants("BLOCKED") == (None, None)
    assert instants("ACTIVE") == (at(3), None)
    assert instants("COMPLETED") == (at(3), at(4))
    assert instants("FAILED") == (at(3), at(5))
    assert instants("ACTIVE") == (at(3), None)
    assert instants("CANCELLED") == (at(3), at(7))


def test_a_construct_may_end_without_ever_having_been_active(save) -> None:
    construct = save(type="plan", title="A", status="CANCELLED")["construct"]

    assert (construct["startedAt"], construct["endedAt"]) == (None, "2027-01-15T08:00:01.000Z")


REFUSED = {
    "empty id": ("id", {"id": ""}),
    "id that is too long": ("id", {"id": "a" * 201}),
    "control character in an id": ("id", {"id": "a\tb"}),
    "NUL in an id": ("id", {"id": "a\0"}),
    "white space around an id": ("id", {"id": " a"}),
    "invisible character in an id": ("id", {"id": "a\u200bb"}),
    "blank title": ("title", {"title": " \n"}),
    "title that is too long": ("title", {"title": "a" * 501}),
    "NUL in a title": ("title", {"title": "a\0b"}),
    "null title": ("title", {"title": None}),
    "empty type": ("type", {"type": ""}),
    "null type": ("type", {"type": None}),
    "null status": ("status", {"status": None}),
    "description that is too long": ("description", {"description": "a" * 100_001}),
    "NUL in a description": ("description", {"description": "\0"}),
    "empty user": ("userId", {"userId": ""}),
    "empty project": ("projectId", {"projectId": ""}),
    "metadata that is a list": ("metadata", {"metadata": []}),
    "metadata that is null": ("metadata", {"metadata": None}),
    "metadata that is a text": ("metadata", {"metadata": "{}"}),
    "NUL in metadata": ("metadata", {"metadata": {"a": {"b": ["\0"]}}}),
    "NUL in a key of metadata": ("metadata", {"metadata": {"\0": 1}}),
    "integer that readers would round": ("metadata", {"metadata": {"n": 2**53}}),
    "integer beyond 64 bits": ("metadata", {"metadata": {"n": 10**30}}),
    "metadata that is too deep": ("metadata", {"metadata": {"a": eval("[" * 16 + "]" * 16)}}),
    "metadata that is too large": ("metadata", {"metadata": {"a": "x" * 65_536}}),
}


@pytest.mark.parametrize(("field", "wrong"), REFUSED.values(), ids=REFUSED.keys())
def test_a_value_that_is_not_acceptable_is_refused_by_the_name_of_its_field(ask, refused, field, wrong) -> None:
    error = refused("BAD_USER_INPUT", SAVE, input={"type": "plan", "title": "A", **wrong})

    assert error["details"] == {"field": field}
    assert error["message"].startswith(field)
    assert ask("{ constructs { totalCount } }")["constructs"]["totalCount"] == 0


def test_values_at_their_limits_are_stored(save) -> None:
    longest = {
        "id": "é" * 200,
        "type": "t" * 200,
        "title": "日" * 500,
        "description": "d" * 100_000,
        "metadata": {"n": 2**53 - 1, "deep": eval("[" * 15 + "]" * 15), "x": "y" * 65_000},
    }

    construct = save(**longest)["construct"]

    assert {name: construct[name] for name in longest} == longest

"""What sessions write to the log: each change once; activity alone is none."""

from __future__ import annotations

import pytest

from plugins.logged import logged, payloads, told
from synthetic import NotFoundError
from synthetic_sessions.store import SessionFacts, SessionStatus, get_session, merge_session_facts, record_activity

DELETE = "mutation ($id: ID!) { deleteConstruct(input: {id: $id}) { rows } }"


def test_a_new_session_is_told_with_what_it_is(store, save, construct) -> None:
    save(id="s", constructId=construct("c"), agent="coder", userId="ada", startedAt="2026-01-01T00:00:00Z")

    event = logged(store)[-1]
    assert (event.type, event.module, event.entity_type, event.entity_id) == (
        "session.saved",
        "sessions",
        "session",
        "s",
    )
    assert (event.construct_id, event.actor) == ("c", "anonymous")
    assert event.data() == {
        "created": True,
        "version": 1,
        "status": "ACTIVE",
        "previousStatus": None,
        "constructId": "c",
        "previousConstructId": None,
        "parentSessionId": None,
        "agent": "coder",
        "startedAt": "2026-01-01T00:00:00.000Z",
        "endedAt": None,
        "changed": ["constructId", "agent", "userId", "status", "startedAt", "lastActivityAt", "metadata"],
    }


def test_a_change_is_told_with_what_it_was_before(store, save, construct) -> None:
    save(id="s", constructId=construct("c"), agent="coder", startedAt="2026-01-01T00:00:00Z")
    save(id="s", constructId=construct("d"), status="FAILED", endedAt="2026-01-01T00:00:07Z", ifVersion=1)

    event = logged(store)[-1]
    assert event.construct_id == "d"
    assert event.data() == {
        "created": False,
        "version": 2,
        "status": "FAILED",
        "previousStatus": "ACTIVE",
        "constructId": "d",
        "previousConstructId": "c",
        "parentSessionId": None,
        "agent": "coder",
        "startedAt": "2026-01-01T00:00:00.000Z",
        "endedAt": "2026-01-01T00:00:07.000Z",
        "changed": ["constructId", "status", "endedAt"],
    }


def test_the_same_content_again_tells_nothing(store, save) -> None:
    for _ in range(2):
        save(id="s", agent="coder")

    assert told(store) == [("session.saved", "s")]


def test_a_save_that_is_refused_tells_nothing(store, save, refused) -> None:
    save(id="s")
    document = "mutation ($input: SaveSessionInput!) { saveSession(input: $input) { created } }"

    refused("CONFLICT", document, input={"id": "s", "agent": "coder"})
    refused("NOT_FOUND", document, input={"id": "t", "constructId": "nowhere"})
    refused("SESSION_CYCLE", document, input={"id": "s", "parentSessionId": "s", "ifVersion": 1})

    assert told(store) == [("session.saved", "s")]


def test_each_session_that_inherits_a_construct_is_told(store, save, construct) -> None:
    save(id="s")
    save(id="child", parentSessionId="s")
    save(id="grandchild", parentSessionId="child")
    save(id="other", parentSessionId="s", constructId=construct("d"))
    before = len(logged(store))
    construct("c")

    save(id="s", constructId="c", ifVersion=1)

    events = logged(store)[before + 1 :]
    assert [event.entity_id for event in events[:1]] == ["s"]
    assert sorted(event.entity_id for event in events[1:]) == ["child", "grandchild"]
    for event in events[1:]:
        session = store.read(get_session, event.entity_id)
        assert (event.type, event.construct_id, session.construct_id) == ("session.saved", "c", "c")
        data = event.data()
        assert (data["created"], data["version"], data["changed"]) == (False, session.version, ["constructId"])
        assert (data["constructId"], data["previousConstructId"]) == ("c", None)
        assert data["parentSessionId"] == session.parent_session_id


def test_a_session_that_begins_with_its_parents_construct_is_told_once_with_it(store, save, construct) -> None:
    save(id="s", constructId=construct("c"))
    save(id="child", parentSessionId="s")

    assert told(store, "session.saved") == [("session.saved", "s"), ("session.saved", "child")]
    assert payloads(store, "session.saved")[1]["constructId"] == "c"


def test_facts_are_told_when_they_say_something_new(store) -> None:
    facts = SessionFacts(agent="coder", started_at=5, last_activity_at=9, metadata={"a": 1})
    for _ in range(2):
        store.write(merge_session_facts, "s", facts)
    store.write(merge_session_facts, "s", SessionFacts(ended_at=12, metadata={"b": 2}))

    assert [event["created"] for event in payloads(store)] == [True, False]
    second = payloads(store)[1]
    assert (second["status"], second["previousStatus"], second["version"]) == ("ENDED", "ACTIVE", 2)
    assert second["changed"] == ["status", "lastActivityAt", "endedAt", "metadata"]


def test_activity_alone_tells_nothing(store) -> None:
    store.write(merge_session_facts, "s", SessionFacts(started_at=5))
    store.write(merge_session_facts, "s", SessionFacts(last_activity_at=9))
    store.write(record_activity, "s", 10)

    assert store.read(get_session, "s").last_activity_at == 10
    assert told(store) == [("session.saved", "s")]


def test_facts_that_are_refused_tell_nothing(store) -> None:
    with pytest.raises(NotFoundError):
        store.write(merge_session_facts, "s", SessionFacts(construct_id="nowhere"))

    assert told(store) == []


def end(session):
    """What an importer knows from outside: a session that is active has ended with its last activity."""
    if session.status != SessionStatus.ACTIVE:
        return {}
    return {"status": SessionStatus.ENDED, "ended_at": session.last_activity_at}


@pytest.mark.parametrize("is_new", [True, False])
def test_what_becomes_of_a_session_with_its_facts_is_one_change(store, is_new: bool) -> None:
    if not is_new:
        store.write(merge_session_facts, "s", SessionFacts(started_at=5))
    before = len(told(store))

    session = store.write(merge_session_facts, "s", SessionFacts(started_at=5, last_activity_at=9, agent="coder"), end)

    assert (session.status, session.ended_at, session.agent) == ("ENDED", 9, "coder")
    assert session == store.read(get_session, "s")
    (event,) = payloads(store)[before:]
    assert (event["created"], event["status"], event["version"]) == (is_new, "ENDED", 1 if is_new else 2)
    assert store.write(merge_session_facts, "s", SessionFacts(), end) == session
    assert len(told(store)) == before + 1


def test_sessions_are_told_before_their_construct_when_they_go(store, ask, save, construct) -> None:
    save(id="s", constructId=construct("c"))
    save(id="child", parentSessionId="s", constructId=construct("d"))
    before = len(logged(store))

    ask(DELETE, id="c")

    events = logged(store)[before:]
    assert [(event.type, event.entity_id, event.construct_id) for event in events] == [
        ("session.deleted", "s", "c"),
        ("construct.deleted", "c", "c"),
    ]
    assert store.read(get_session, "child").parent_session_id is None

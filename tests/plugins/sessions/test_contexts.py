"""`saveSessionContext` and what finds, lists and deletes contexts."""

from __future__ import annotations

from typing import Any

import pytest

from plugins.logged import logged, payloads, told
from plugins.sessions.documents import CONTEXTS, DELETE_CONTEXT, SAVE_CONTEXT
from synthetic import from_json, iso_from_ms
from synthetic_sessions.store import get_context, save_context

FIND = """
query ($id: ID, $channel: String, $ts: String) {
  sessionContext(id: $id, channel: $channel, threadTs: $ts) { id state session { id } }
}"""
TS = "1712345678.000100"

REFUSED = [
    ("BAD_USER_INPUT", "id", {"id": ""}),
    ("BAD_USER_INPUT", "id", {"id": "x" * 201}),
    ("BAD_USER_INPUT", "channel", {"channel": "C\u200b", "threadTs": TS}),
    ("BAD_USER_INPUT", "threadTs", {"channel": "C", "threadTs": " 1.5"}),
    ("BAD_USER_INPUT", "threadTs", {"channel": "C"}),
    ("BAD_USER_INPUT", "channel", {"threadTs": TS}),
    ("BAD_USER_INPUT", "userId", {"userId": "\ud800"}),
    ("BAD_USER_INPUT", "state", {"state": None}),
    ("BAD_USER_INPUT", "state", {"state": []}),
    ("BAD_USER_INPUT", "state", {"state": {"n": 10**30}}),
    ("BAD_USER_INPUT", "state", {"state": {"a": "x" * 1_048_576}}),
    ("BAD_USER_INPUT", "ifVersion", {"ifVersion": 1}),
    ("NOT_FOUND", "sessionId", {"sessionId": "nowhere"}),
]


@pytest.fixture
def save_one(ask, clock):
    """Save a context a second after the last; the payload."""

    def save_one(**fields: Any) -> dict[str, Any]:
        clock.advance(1_000)
        return ask(SAVE_CONTEXT, input=fields)["saveSessionContext"]

    return save_one


def listed(ask, **variables: Any) -> list[str]:
    return [node["id"] for node in ask(CONTEXTS, **variables)["sessionContexts"]["nodes"]]


def test_a_new_context_takes_its_defaults(save_one, clock) -> None:
    now = iso_from_ms(clock.now_ms() + 1_000)

    assert save_one(id="x") == {
        "created": True,
        "changed": True,
        "context": {
            "id": "x", "sessionId": None, "userId": None, "channel": None, "threadTs": None, "state": {},
            "lastUsedAt": now, "version": 1, "createdAt": now, "updatedAt": now,
        },
    }  # fmt: skip


def test_without_an_id_each_save_is_a_new_context(save_one) -> None:
    assert save_one(state={"a": 1})["context"]["id"] != save_one(state={"a": 1})["context"]["id"]


def test_the_same_content_again_writes_nothing(store, save_one) -> None:
    first = save_one(id="x", state={"b": 1.0, "a": [None]})
    again = save_one(id="x", state={"a": [None], "b": 1})

    assert again == {"created": False, "changed": False, "context": first["context"]}
    assert told(store) == [("session_context.saved", "x")]


def test_other_content_needs_the_version_it_replaces(save, save_one, refused, store) -> None:
    save(id="s")
    save_one(id="x", state={"a": 1})
    error = refused("CONFLICT", SAVE_CONTEXT, input={"id": "x", "state": {"a": 2}, "sessionId": "s"})
    assert error["details"] == {"field": "ifVersion", "id": "x", "storedVersion": 1, "differs": ["sessionId", "state"]}
    refused("CONFLICT", SAVE_CONTEXT, input={"id": "x", "state": {"a": 2}, "ifVersion": 2})
    refused("CONFLICT", SAVE_CONTEXT, input={"id": "y", "state": {}, "ifVersion": 1})

    saved = save_one(id="x", state={"a": 2}, sessionId="s", ifVersion=1)["context"]

    assert (saved["version"], saved["state"], saved["sessionId"]) == (2, {"a": 2}, "s")
    assert saved["lastUsedAt"] == saved["updatedAt"] > saved["createdAt"]


def test_what_is_not_acceptable_is_refused_and_nothing_is_stored(ask, refused, store) -> None:
    for code, field, input in REFUSED:
        assert refused(code, SAVE_CONTEXT, input=input)["details"]["field"] == field
    assert listed(ask) == []
    assert told(store) == []


def test_a_number_is_no_thread(store) -> None:
    for number in (1712345678.0001, 1712345678):
        for fields in ({"threadTs": number, "channel": "C"}, {"channel": number, "threadTs": TS}):
            answer = store.graphql(SAVE_CONTEXT, {"input": fields})
            assert answer["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"


def test_threads_that_are_one_number_are_two_texts(ask, save_one) -> None:
    for id, ts in (("x", TS), ("y", "1712345678.0001"), ("z", "01712345678.000100")):
        save_one(id=id, channel="C1", threadTs=ts)

    assert ask(FIND, channel="C1", ts=TS)["sessionContext"]["id"] == "x"
    assert ask(FIND, channel="C1", ts="1712345678.0001")["sessionContext"]["id"] == "y"
    assert ask(FIND, channel="C1", ts="1712345678.00010")["sessionContext"] is None


def test_a_context_is_found_by_its_id_and_the_last_used_of_a_thread_by_that(ask, save, save_one) -> None:
    save(id="s")
    save_one(id="a", channel="C1", threadTs=TS, sessionId="s", state={"n": 1})
    save_one(id="b", channel="C1", threadTs=TS)

    assert ask(FIND, id="a")["sessionContext"] == {"id": "a", "state": {"n": 1}, "session": {"id": "s"}}
    assert ask(FIND, id="c")["sessionContext"] is None
    assert ask(FIND, channel="C1", ts=TS)["sessionContext"]["id"] == "b"
    save_one(id="a", state={"n": 2}, ifVersion=1)
    assert ask(FIND, channel="C1", ts=TS)["sessionContext"]["id"] == "a"
    assert ask(FIND, channel="C2", ts=TS)["sessionContext"] is None


def test_it_is_said_in_one_way_which_context_is_asked_for(refused) -> None:
    place = {"channel": "C1", "ts": TS}
    for variables in ({}, {"channel": "C1"}, {"ts": TS}, {"id": "a", **place}, place | {"channel": ""}):
        refused("BAD_USER_INPUT", FIND, **variables)


def test_contexts_are_listed_by_filter_and_in_order(ask, refused, save, save_one, clock) -> None:
    save(id="s")
    start = clock.now_ms()
    save_one(id="a", sessionId="s", channel="C1", threadTs="1.5", userId="u")
    save_one(id="b", channel="C1", threadTs="1.50")
    save_one(id="c", sessionId="s")
    save_one(id="a", state={"later": True}, ifVersion=1)

    assert listed(ask) == ["a", "c", "b"]
    assert listed(ask, orderBy="CREATED_AT_ASC") == ["a", "b", "c"]
    assert listed(ask, filter={"sessionId": "s"}) == ["a", "c"]
    assert listed(ask, filter={"channel": "C1"}) == ["a", "b"]
    assert listed(ask, filter={"channel": "C1", "threadTs": "1.50"}) == ["b"]
    assert listed(ask, filter={"userId": "u"}) == ["a"]
    assert listed(ask, filter={"ids": ["b", "c", "nowhere"]}) == ["c", "b"]
    assert listed(ask, filter={"ids": []}) == []
    assert listed(ask, filter={"usedFrom": iso_from_ms(start + 3_000)}) == ["a", "c"]
    assert listed(ask, filter={"usedBefore": iso_from_ms(start + 3_000)}) == ["b"]
    page = ask(CONTEXTS, first=1)["sessionContexts"]
    assert (page["totalCount"], page["pageInfo"]["hasNextPage"]) == (3, True)
    assert listed(ask, first=2, after=page["pageInfo"]["endCursor"]) == ["c", "b"]
    refused("BAD_USER_INPUT", CONTEXTS, filter={"threadTs": "1.5"})


def test_the_contexts_of_sessions_stand_below_them(ask, save, save_one) -> None:
    for id in ("s", "t"):
        save(id=id)
    for id, session in (("a", "s"), ("b", "t"), ("c", "s")):
        save_one(id=id, sessionId=session)

    found = ask("{ sessions(orderBy: STARTED_AT_ASC) { nodes { contexts { totalCount nodes { id } } } } }")
    assert found["sessions"]["nodes"] == [
        {"contexts": {"totalCount": 2, "nodes": [{"id": "c"}, {"id": "a"}]}},
        {"contexts": {"totalCount": 1, "nodes": [{"id": "b"}]}},
    ]
    assert ask('{ node(id: "a") { ... on SessionContext { sessionId } } }')["node"] == {"sessionId": "s"}


def test_a_change_is_told_with_its_construct_and_without_the_state(store, construct, save, save_one) -> None:
    save(id="s", constructId=construct("c"))
    save_one(id="x", channel="C1", threadTs=TS)
    save_one(id="x", sessionId="s", state={"secret": 1}, ifVersion=1)

    assert payloads(store, "session_context.saved") == [
        {
            "created": True, "version": 1, "sessionId": None, "channel": "C1", "threadTs": TS,
            "changed": ["channel", "threadTs", "state", "lastUsedAt"],
        },
        {
            "created": False, "version": 2, "sessionId": "s", "channel": "C1", "threadTs": TS,
            "changed": ["sessionId", "state", "lastUsedAt"],
        },
    ]  # fmt: skip
    assert logged(store)[-1].construct_id == "c"


def test_a_context_is_deleted_with_an_event_and_only_once(ask, refused, store, save_one) -> None:
    save_one(id="x", state={"a": 1})

    assert ask(DELETE_CONTEXT, id="x")["deleteSessionContext"]["context"] == {"id": "x"}
    refused("NOT_FOUND", DELETE_CONTEXT, id="x")
    refused("BAD_USER_INPUT", DELETE_CONTEXT, id="")
    assert told(store) == [("session_context.saved", "x"), ("session_context.deleted", "x")]


def test_the_state_is_kept_exactly(store) -> None:
    state = {"text": "Zoë said “hi”\n\t", "numbers": [0, -1, 2**53 - 1, 0.1], "nested": {"null": None, "": True}}
    store.write(lambda tx: save_context(tx, {"state": state}, context_id="x"))

    assert from_json(store.read(get_context, "x").state) == state

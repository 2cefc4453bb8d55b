"""`saveThreadSession` and what finds, lists and deletes thread sessions."""

from __future__ import annotations

from typing import Any

import pytest

from plugins.logged import logged, payloads, told
from plugins.sessions.documents import DELETE_THREAD, SAVE_THREAD, THREADS
from synthetic import iso_from_ms

FIND = """
query ($channel: String!, $ts: String!) {
  threadSession(channel: $channel, threadTs: $ts) { id channel threadTs version session { id } }
}"""
TS = "1712345678.000100"

REFUSED = [
    ("BAD_USER_INPUT", "channel", {"channel": ""}),
    ("BAD_USER_INPUT", "channel", {"channel": "C" * 201}),
    ("BAD_USER_INPUT", "threadTs", {"threadTs": "1\x002"}),
    ("BAD_USER_INPUT", "threadTs", {"threadTs": "1.5 "}),
    ("BAD_USER_INPUT", "threadTs", {"threadTs": "\udfff"}),
    ("BAD_USER_INPUT", "sessionId", {"sessionId": None}),
    ("BAD_USER_INPUT", "sessionId", {"sessionId": ""}),
    ("BAD_USER_INPUT", "userId", {"userId": "\u200b"}),
    ("NOT_FOUND", "sessionId", {"sessionId": "nowhere"}),
]


@pytest.fixture
def save_one(ask, clock):
    """Save a thread a second after the last; the payload."""

    def save_one(ts: str = TS, **fields: Any) -> dict[str, Any]:
        clock.advance(1_000)
        return ask(SAVE_THREAD, input={"channel": "C1", "threadTs": ts, **fields})["saveThreadSession"]

    return save_one


@pytest.fixture(autouse=True)
def sessions(save):
    """The sessions that answer."""
    for id in ("s", "t"):
        save(id=id)


def listed(ask, **variables: Any) -> list[str]:
    return [node["threadTs"] for node in ask(THREADS, **variables)["threadSessions"]["nodes"]]


def test_a_new_thread_takes_its_defaults(ask, save_one, clock) -> None:
    now = iso_from_ms(clock.now_ms() + 1_000)

    saved = save_one(sessionId="s")

    id = saved["thread"].pop("id")
    assert saved == {
        "created": True,
        "changed": True,
        "thread": {
            "channel": "C1", "threadTs": TS, "sessionId": "s", "userId": None, "lastMessageAt": now, "version": 1,
            "createdAt": now, "updatedAt": now,
        },
    }  # fmt: skip
    found = ask(FIND, channel="C1", ts=TS)["threadSession"]
    assert found == {"id": id, "channel": "C1", "threadTs": TS, "version": 1, "session": {"id": "s"}}
    assert ask(f'{{ node(id: "{id}") {{ ... on ThreadSession {{ threadTs }} }} }}')["node"] == {"threadTs": TS}


def test_a_thread_has_one_session_and_another_needs_the_version_it_replaces(ask, save_one, refused, store) -> None:
    first = save_one(sessionId="s")
    assert save_one(sessionId="s") == {"created": False, "changed": False, "thread": first["thread"]}
    taken = {"channel": "C1", "threadTs": TS, "sessionId": "t"}
    assert refused("CONFLICT", SAVE_THREAD, input=taken)["details"] == {
        "field": "ifVersion", "id": f"C1/{TS}", "storedVersion": 1, "differs": ["sessionId"],
    }  # fmt: skip
    refused("CONFLICT", SAVE_THREAD, input={**taken, "ifVersion": 2})
    refused("CONFLICT", SAVE_THREAD, input={**taken, "threadTs": "2.5", "ifVersion": 1})

    saved = save_one(sessionId="t", ifVersion=1)["thread"]

    assert (saved["id"], saved["sessionId"], saved["version"]) == (first["thread"]["id"], "t", 2)
    assert saved["lastMessageAt"] == saved["updatedAt"] > saved["createdAt"]
    assert [(event["created"], event["previousSessionId"]) for event in payloads(store, "thread_session.saved")] == [
        (True, None),
        (False, "s"),
    ]


def test_what_is_not_acceptable_is_refused_and_nothing_is_stored(ask, refused) -> None:
    good = {"channel": "C1", "threadTs": TS, "sessionId": "s"}
    for code, field, fields in REFUSED:
        assert refused(code, SAVE_THREAD, input=good | fields)["details"]["field"] == field
    assert listed(ask) == []


def test_a_new_thread_needs_its_session(refused) -> None:
    error = refused("BAD_USER_INPUT", SAVE_THREAD, input={"channel": "C1", "threadTs": TS})
    assert error["details"]["field"] == "sessionId"


def test_a_number_is_no_thread(store) -> None:
    for number in (1712345678.0001, 1712345678):
        answer = store.graphql(SAVE_THREAD, {"input": {"channel": "C1", "threadTs": number, "sessionId": "s"}})
        assert answer["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"
        answer = store.graphql(f'{{ threadSession(channel: "C1", threadTs: {number}) {{ id }} }}')
        assert answer["errors"][0]["extensions"]["code"] == "GRAPHQL_VALIDATION_FAILED"


def test_threads_that_are_one_number_are_two_texts(ask, save_one) -> None:
    save_one(TS, sessionId="s")
    save_one("1712345678.0001", sessionId="t")

    assert ask(FIND, channel="C1", ts=TS)["threadSession"]["session"] == {"id": "s"}
    assert ask(FIND, channel="C1", ts="1712345678.0001")["threadSession"]["session"] == {"id": "t"}
    assert ask(FIND, channel="C1", ts="1712345678.00010")["threadSession"] is None
    assert ask(FIND, channel="c1", ts=TS)["threadSession"] is None


def test_threads_are_listed_by_filter_and_in_order(ask, save_one, clock) -> None:
    start = clock.now_ms()
    save_one("1", sessionId="s", userId="u")
    save_one("2", sessionId="t")
    save_one("3", sessionId="s", channel="C2")
    save_one("1", sessionId="t", ifVersion=1)

    assert listed(ask) == ["1", "3", "2"]
    assert listed(ask, orderBy="CREATED_AT_ASC") == ["1", "2", "3"]
    assert listed(ask, filter={"sessionId": "t"}) == ["1", "2"]
    assert listed(ask, filter={"channel": "C2"}) == ["3"]
    assert listed(ask, filter={"userId": "u"}) == ["1"]
    assert listed(ask, filter={"activeFrom": iso_from_ms(start + 3_000)}) == ["1", "3"]
    assert listed(ask, filter={"activeBefore": iso_from_ms(start + 3_000)}) == ["2"]
    page = ask(THREADS, first=1)["threadSessions"]
    assert (page["totalCount"], page["pageInfo"]["hasNextPage"]) == (3, True)
    assert listed(ask, first=2, after=page["pageInfo"]["endCursor"]) == ["3", "2"]


def test_the_threads_of_sessions_stand_below_them(ask, save_one) -> None:
    for ts, session in (("1", "s"), ("2", "t"), ("3", "s")):
        save_one(ts, sessionId=session)

    found = ask("{ sessions(orderBy: STARTED_AT_ASC) { nodes { threads { totalCount nodes { threadTs } } } } }")
    assert [session["threads"] for session in found["sessions"]["nodes"]] == [
        {"totalCount": 2, "nodes": [{"threadTs": "3"}, {"threadTs": "1"}]},
        {"totalCount": 1, "nodes": [{"threadTs": "2"}]},
    ]


def test_a_thread_is_deleted_with_an_event_and_its_session_stays(ask, refused, store, save_one) -> None:
    id = save_one(sessionId="s")["thread"]["id"]
    place = {"channel": "C1", "threadTs": TS}

    assert ask(DELETE_THREAD, input=place)["deleteThreadSession"]["thread"]["id"] == id
    refused("NOT_FOUND", DELETE_THREAD, input=place)
    assert told(store)[2:] == [("thread_session.saved", id), ("thread_session.deleted", id)]
    assert ask('{ session(id: "s") { id } }')["session"] == {"id": "s"}
    assert save_one(sessionId="t")["created"]


def test_contexts_and_threads_go_with_the_construct_of_their_session(ask, save, store, construct, save_one) -> None:
    save(id="s", constructId=construct("c"), ifVersion=1)
    thread = save_one(sessionId="s")["thread"]["id"]
    save_one("2", sessionId="t")
    ask('mutation { saveSessionContext(input: {id: "x", sessionId: "s"}) { created } }')
    ask('mutation { saveSessionContext(input: {id: "y"}) { created } }')
    before = len(logged(store))

    delete = 'mutation ($dry: Boolean!) { deleteConstruct(input: {id: "c", dryRun: $dry}) { tables { table rows } } }'
    counted = [ask(delete, dry=dry)["deleteConstruct"]["tables"] for dry in (True, False)]

    assert counted[0] == counted[1]
    assert {each["table"]: each["rows"] for each in counted[0]} == {
        "session_contexts": 1, "thread_sessions": 1, "sessions": 1, "constructs": 1,
    }  # fmt: skip
    gone = told(store)[before:]
    assert sorted(gone[:2]) == [("session_context.deleted", "x"), ("thread_session.deleted", thread)]
    assert {event.construct_id for event in logged(store)[before:]} == {"c"}
    assert listed(ask) == ["2"]
    assert [node["id"] for node in ask("{ sessionContexts { nodes { id } } }")["sessionContexts"]["nodes"]] == ["y"]

"""`Construct.activity` over GraphQL: moments behind, right in the end, and equal to a rebuild."""

from __future__ import annotations

import pytest

from synthetic.log.consumers.store import find_consumer, has_reached, request_action
from synthetic.testing import expect_data, wait_until

SAVE = 'mutation ($id: ID!) { saveConstruct(input: {id: $id, type: "task", title: "A task"}) { construct { id } } }'
ATTACH = """
mutation ($id: ID!, $constructId: ID) {
  saveSession(input: {id: $id, constructId: $constructId, startedAt: "2026-01-01T00:00:00Z"}) { created }
}
"""
APPEND = """
mutation ($id: ID!, $sessionId: ID!, $messages: [NewMessageInput!]!) {
  appendMessages(input: {transcriptId: $id, sessionId: $sessionId, messages: $messages}) { appended }
}
"""
ACTIVITY = """
{ constructs { nodes { id activity {
  sessions messages toolCalls inputTokens outputTokens lastEventType lastEventAt lastPosition
} } } }
"""
NOTHING = {
    "sessions": 0, "messages": 0, "toolCalls": 0, "inputTokens": 0, "outputTokens": 0,
    "lastEventType": None, "lastEventAt": None, "lastPosition": None,
}  # fmt: skip
ROWS = "SELECT * FROM {} ORDER BY 1"
TABLES = ("construct_activity", "session_activity", "transcript_activity")


def messages(number: int) -> list[dict]:
    return [{"sourceId": str(each), "kind": "TEXT", "role": "USER", "text": "said"} for each in range(number)]


def activity(store) -> dict:
    nodes = expect_data(store.graphql(ACTIVITY))["constructs"]["nodes"]
    return {node["id"]: node["activity"] for node in nodes}


def is_following(record) -> bool:
    return record.requested is None and record.phase == "FOLLOWING"


def until_caught_up(store) -> None:
    head = store.read(lambda snapshot: snapshot.position().number)
    wait_until(lambda: store.read(has_reached, "projections.activity", head), "the fold at the head")


@pytest.fixture
def followed(store):
    background = store.kernel.services()
    background.start()
    yield store
    background.stop()


def rows(store) -> dict:
    return {name: store.read(lambda tx, name=name: tx.rows(ROWS.format(name))) for name in TABLES}


def test_a_construct_of_which_nothing_is_known_yet_has_zeroes(store):
    expect_data(store.graphql(SAVE, {"id": "c"}))
    assert activity(store) == {"c": NOTHING}


def test_what_happens_is_counted_and_equals_a_rebuild(followed):
    for id in ("c", "d"):
        expect_data(followed.graphql(SAVE, {"id": id}))
    for id, construct_id in (("s1", "c"), ("s2", "c"), ("s3", "d")):
        expect_data(followed.graphql(ATTACH, {"id": id, "constructId": construct_id}))
    for id, session_id, number in (("t1", "s1", 3), ("t2", "s2", 1), ("t3", "s3", 2)):
        expect_data(followed.graphql(APPEND, {"id": id, "sessionId": session_id, "messages": messages(number)}))
    until_caught_up(followed)
    found = activity(followed)
    assert {id: (each["sessions"], each["messages"]) for id, each in found.items()} == {"c": (2, 4), "d": (1, 2)}
    assert found["c"]["lastEventType"] == "transcript.messages_appended"
    before = rows(followed)
    followed.write(request_action, "projections.activity", "REBUILD")
    wait_until(lambda: is_following(followed.read(find_consumer, "projections.activity")), "the end of the rebuild")
    assert rows(followed) == before


def test_a_deleted_construct_leaves_nothing(followed):
    expect_data(followed.graphql(SAVE, {"id": "c"}))
    expect_data(followed.graphql(ATTACH, {"id": "s", "constructId": "c"}))
    expect_data(followed.graphql(APPEND, {"id": "t", "sessionId": "s", "messages": messages(3)}))
    until_caught_up(followed)
    assert [len(each) for each in rows(followed).values()] == [1, 1, 1]
    expect_data(followed.graphql('mutation { deleteConstruct(input: {id: "c"}) { rows } }'))
    until_caught_up(followed)
    assert rows(followed) == {name: [] for name in TABLES}
    assert activity(followed) == {}

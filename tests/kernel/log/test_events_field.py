"""The log over GraphQL: `event`, `events`, `emitEvent`, positions in every answer, `extensions.atLeast`."""

from __future__ import annotations

import asyncio

import pytest

from synthetic import from_json, to_json
from synthetic.graphql.answers import GraphQLRequest
from synthetic.log.positions import begin_epoch, read_ends
from synthetic.security.gate import ANONYMOUS
from synthetic.testing import expect_data, expect_error, open_test_store

SETTINGS = {"kernel.events.external_types": '["deploy.done", "deploy.failed"]', "kernel.limits.at_least_ms": "2000"}
EMIT = """mutation ($input: EmitEventInput!) {
  emitEvent(input: $input) { created event { id position type module constructId entityType entityId payload actor
    causationId occurredAtUtc } }
}"""
EVENTS = """query ($filter: EventFilterInput, $since: Position, $orderBy: EventOrder! = POSITION_ASC, $first: Int,
    $after: String) {
  events(filter: $filter, since: $since, orderBy: $orderBy, first: $first, after: $after) {
    nodes { position entityId } totalCount pageInfo { hasNextPage endCursor }
  }
}"""


@pytest.fixture
def store(data_dir):
    with open_test_store(data_dir, settings=SETTINGS) as opened:
        yield opened


def emit(store, **input):
    return store.graphql(EMIT, {"input": {"type": "deploy.done", "entityId": "site", **input}})


def entities(answer) -> list[str]:
    return [node["entityId"] for node in expect_data(answer)["events"]["nodes"]]


def test_an_event_from_outside_stands_in_the_log(store):
    answer = emit(
        store,
        entityType="website",
        constructId="c",
        payload={"b": 1, "a": "ü"},
        occurredAt="2026-01-31T12:00:00.000Z",
        id="mine",
        causationId="cause",
    )
    payload = expect_data(answer)["emitEvent"]
    epoch = store.read(read_ends).epoch
    assert payload["created"] is True
    assert payload["event"] == {
        "id": "mine",
        "position": f"{epoch}:1",
        "type": "deploy.done",
        "module": "external",
        "constructId": "c",
        "entityType": "website",
        "entityId": "site",
        "payload": {"a": "ü", "b": 1},
        "actor": "anonymous",
        "causationId": "cause",
        "occurredAtUtc": "2026-01-31T12:00:00.000Z",
    }
    assert answer["extensions"]["position"] == f"{epoch}:1"
    found = expect_data(store.graphql('{ event(id: "mine") { entityId } node(id: "mine") { id } }'))
    assert found == {"event": {"entityId": "site"}, "node": {"id": "mine"}}


def test_the_same_event_again_appends_nothing_and_another_under_its_id_is_refused(store):
    first = expect_data(emit(store, id="mine", payload={"n": 1}))["emitEvent"]
    again = expect_data(emit(store, id="mine", payload={"n": 1}))["emitEvent"]
    assert again == {**first, "created": False}
    expect_error(emit(store, id="mine", payload={"n": 2}), "CONFLICT")
    assert entities(store.graphql(EVENTS)) == ["site"]


@pytest.mark.parametrize(
    ("input", "field"),
    [
        ({"type": "construct.saved"}, "type"),
        ({"type": "deploy.lost"}, "type"),
        ({"type": ""}, "type"),
        ({"entityId": ""}, "entityId"),
        ({"entityType": "Not Words"}, "entityType"),
        ({"payload": [1]}, "payload"),
        ({"payload": {"x": "y" * 20_000}}, "payload"),
        ({"constructId": "a\0b"}, "constructId"),
    ],
)
def test_what_cannot_be_an_event_is_refused_with_the_field(store, input, field):
    error = expect_error(emit(store, **input), "BAD_USER_INPUT")
    assert error["extensions"]["details"]["field"] == field
    assert entities(store.graphql(EVENTS)) == []


def test_events_are_listed_in_the_order_of_commits_and_paged_both_ways(store):
    for number in range(5):
        emit(store, entityId=f"e{number}")
    page = expect_data(store.graphql(EVENTS, {"first": 2}))["events"]
    assert page["totalCount"] == 5
    assert page["pageInfo"]["hasNextPage"] is True
    rest = store.graphql(EVENTS, {"after": page["pageInfo"]["endCursor"]})
    assert entities(rest) == ["e2", "e3", "e4"]
    assert entities(store.graphql(EVENTS, {"orderBy": "POSITION_DESC", "first": 2})) == ["e4", "e3"]
    since = page["nodes"][-1]["position"]
    assert entities(store.graphql(EVENTS, {"since": since})) == ["e2", "e3", "e4"]


@pytest.mark.parametrize(
    ("filter", "expected"),
    [
        ({"types": ["deploy.failed"]}, ["b"]),
        ({"types": ["deploy.failed", "deploy.done"]}, ["a", "b", "c"]),
        ({"types": []}, []),
        ({"entityId": "a"}, ["a"]),
        ({"entityId": "a", "entityType": "other"}, []),
        ({"entityType": "deploy", "constructId": "k"}, ["b"]),
        ({"constructId": "k"}, ["b", "c"]),
        ({"module": "external"}, ["a", "b", "c"]),
        ({"correlationId": "none"}, []),
    ],
)
def test_filters_hold_together(store, filter, expected):
    emit(store, entityId="a")
    emit(store, entityId="b", type="deploy.failed", constructId="k")
    emit(store, entityId="c", entityType="thing", constructId="k")
    assert entities(store.graphql(EVENTS, {"filter": filter})) == expected


def test_a_filter_without_an_index_says_so(store):
    answer = store.graphql(EVENTS, {"filter": {"module": "external"}})
    assert [notice["code"] for notice in answer["extensions"]["notices"]] == ["NOT_INDEXED"]
    assert "notices" not in store.graphql(EVENTS, {"filter": {"module": "external", "entityId": "a"}})["extensions"]


def test_since_a_position_of_another_history_asks_for_a_new_beginning(store):
    position = emit(store)["extensions"]["position"]
    store.write(begin_epoch)
    error = expect_error(store.graphql(EVENTS, {"since": position}), "RESYNC_REQUIRED")
    assert error["extensions"]["details"]["reason"] == "EPOCH"
    expect_error(store.graphql(EVENTS, {"since": "garbage"}), "BAD_USER_INPUT")


def test_every_answer_says_how_far_the_log_goes(store):
    epoch = store.read(read_ends).epoch
    assert store.graphql("{ health { version } }")["extensions"]["position"] == f"{epoch}:0"
    assert emit(store)["extensions"]["position"] == f"{epoch}:1"
    assert store.graphql("{ health { version } }")["extensions"]["position"] == f"{epoch}:1"
    twice = store.graphql(
        'mutation { a: emitEvent(input: {type: "deploy.done", entityId: "x"}) { created }'
        ' b: emitEvent(input: {type: "deploy.done", entityId: "y"}) { created } }'
    )
    assert twice["extensions"]["position"] == f"{epoch}:3"


def ask(store, at_least: object, query: str = "{ health { version } }"):
    request = GraphQLRequest(query, extensions={"atLeast": at_least})
    answer = asyncio.run(store.kernel.engine.run(request, ANONYMOUS, "c"))
    return from_json(to_json(answer.body))


def test_a_request_waits_for_the_position_that_it_names(store):
    epoch = store.read(read_ends).epoch
    emit(store)
    assert expect_data(ask(store, f"{epoch}:1"))
    error = expect_error(ask(store, f"{epoch}:2"), "POSITION_NOT_REACHED")
    assert error["extensions"]["retryAfterMs"] > 0

    async def meanwhile():
        request = GraphQLRequest("{ events { totalCount } }", extensions={"atLeast": f"{epoch}:2"})
        waiting = asyncio.create_task(store.kernel.engine.run(request, ANONYMOUS, "c"))
        await asyncio.to_thread(emit, store)
        return await waiting

    assert expect_data(from_json(to_json(asyncio.run(meanwhile()).body))) == {"events": {"totalCount": 2}}


@pytest.mark.parametrize(
    ("at_least", "code"),
    [("garbage", "BAD_USER_INPUT"), (7, "BAD_USER_INPUT"), ({}, "BAD_USER_INPUT"), ("0000000000:0", "RESYNC_REQUIRED")],
)
def test_what_is_no_position_of_this_history_is_refused(store, at_least, code):
    expect_error(ask(store, at_least), code)


@pytest.mark.parametrize("value", ["e:1", "", 5, None])
def test_a_position_that_is_none_does_not_become_one(store, value):
    answer = store.graphql("query ($since: Position!) { events(since: $since) { totalCount } }", {"since": value})
    expect_error(answer, "BAD_USER_INPUT")

"""`timeline`: everything that happened to a construct, from any plugin, in order, paged and live."""

from __future__ import annotations

import pytest

from plugins.transcripts.following import Server
from synthetic import Window
from synthetic.log.consumers.store import has_reached
from synthetic.testing import copy_template, expect_data, expect_error, open_test_store, running_server, wait_until
from synthetic_projections.lineage import store as reading
from synthetic_projections.lineage.titles import TITLE_CHARACTERS_MAX, TITLES, title_of

SAVE = 'mutation ($id: ID!) { saveConstruct(input: {id: $id, type: "task", title: "A task"}) { created } }'
DELETE = "mutation ($id: ID!) { deleteConstruct(input: {id: $id}) { rows } }"
ATTACH = """
mutation ($id: ID!, $constructId: ID, $ifVersion: Int) { saveSession(input: {
  id: $id, constructId: $constructId, startedAt: "2026-01-01T00:00:00Z", ifVersion: $ifVersion
}) { created } }
"""
SAVE_JOB = """
mutation ($constructId: ID, $ifVersion: Int) {
  saveJob(input: {id: "j", kind: "build", constructId: $constructId, ifVersion: $ifVersion}) { created }
}
"""
RELATE = """
mutation ($from: ID!, $to: ID!) {
  relateConstructs(input: {fromId: $from, toId: $to, kind: PLAN_TO_IMPLEMENTATION}) { created }
}
"""
EMIT = """
mutation ($id: ID!, $at: DateTime, $constructId: ID, $payload: JSON) { emitEvent(input: {
  id: $id, type: "deploy.done", entityId: "web", constructId: $constructId, occurredAt: $at, payload: $payload
}) { created event { position } } }
"""
TIMELINE = """
query ($id: ID!, $first: Int, $after: String, $last: Int, $before: String, $orderBy: TimelineOrder! = OCCURRED_AT_ASC) {
  timeline(constructId: $id, first: $first, after: $after, last: $last, before: $before, orderBy: $orderBy) {
    nodes { id type title constructId occurredAt position event { id } }
    pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
    totalCount
  }
}
"""
LIVE = """
subscription ($after: Position) { timeline(constructId: "plan", after: $after) { title constructId position } }
"""
BUDGET = "mutation ($input: SaveBudgetInput!) { saveBudget(input: $input) { created } }"
SETTINGS = {"kernel.events.external_types": '["deploy.done"]'}


def timeline(store, id, **variables) -> dict:
    head = store.read(lambda snapshot: snapshot.position().number)
    wait_until(lambda: store.read(has_reached, "projections.timeline", head), "the fold at the head")
    return expect_data(store.graphql(TIMELINE, {"id": id, **variables}))["timeline"]


def do(store, document, **variables) -> dict:
    return expect_data(store.graphql(document, variables))


@pytest.fixture(scope="module")
def told(template, tmp_path_factory):
    """A plan and what carries it out; a session that moves; deployments that come late, twice, and from outside."""
    path = copy_template(template, tmp_path_factory.mktemp("told") / "store")
    with open_test_store(path, settings=SETTINGS) as store:
        background = store.kernel.services()
        background.start()
        for id in ("plan", "build", "other"):
            do(store, SAVE, id=id)
        do(store, RELATE, **{"from": "plan", "to": "build"})
        do(store, ATTACH, id="s", constructId="plan")
        do(store, ATTACH, id="s", constructId="build", ifVersion=1)
        for id, at in (("late", "2026-01-02T00:00:00Z"), ("early", "2026-01-01T00:00:00Z"), ("late", None)):
            do(store, EMIT, id=id, at=at or "2026-01-02T00:00:00Z", constructId="build")
        do(store, EMIT, id="named", at="2026-01-03T00:00:00Z", payload={"fromConstructId": "build", "size": 3})
        yield store
        background.stop()


def test_it_has_the_events_of_a_construct_and_those_of_others_that_name_it(told):
    found = timeline(told, "build")
    assert [(node["type"], node["constructId"]) for node in found["nodes"]] == [
        ("deploy.done", "build"),
        ("deploy.done", "build"),
        ("deploy.done", None),
        ("construct.saved", "build"),
        ("construct_relationship.saved", "plan"),
        ("session.saved", "build"),
    ]
    assert found["totalCount"] == 6
    assert all(node["event"]["id"] == node["id"] for node in found["nodes"])
    moved = timeline(told, "plan")["nodes"][-1]
    assert (moved["title"], moved["constructId"]) == ("Session s moved from plan to build", "build")


def test_a_job_that_moves_is_told_in_the_timeline_of_the_construct_that_it_leaves(told):
    for id in ("here", "there"):
        do(told, SAVE, id=id)
    for version, construct in enumerate(("here", "there", None)):
        do(told, SAVE_JOB, constructId=construct, ifVersion=version or None)
    titles = {id: [node["title"] for node in timeline(told, id)["nodes"]][1:] for id in ("here", "there")}
    moved, left = "Job j moved from here to there", "Job j moved from there to no construct"
    assert titles == {"here": ["Job j began as pending", moved], "there": [moved, left]}


def test_what_comes_late_or_twice_stands_once_where_it_occurred(told):
    assert [node["id"] for node in timeline(told, "build")["nodes"]][:3] == ["early", "late", "named"]


@pytest.mark.parametrize("order", ["OCCURRED_AT_ASC", "OCCURRED_AT_DESC"])
@pytest.mark.parametrize("size", [1, 2, 4])
def test_pages_join_without_gap_or_overlap_in_both_directions(told, order, size):
    whole = [node["id"] for node in timeline(told, "build", orderBy=order)["nodes"]]
    forward, cursor = [], None
    while True:
        page = timeline(told, "build", orderBy=order, first=size, after=cursor)
        forward += [node["id"] for node in page["nodes"]]
        cursor = page["pageInfo"]["endCursor"]
        if not page["pageInfo"]["hasNextPage"]:
            break
    assert forward == whole
    backward, cursor = [], None
    while True:
        page = timeline(told, "build", orderBy=order, last=size, before=cursor)
        backward = [node["id"] for node in page["nodes"]] + backward
        cursor = page["pageInfo"]["startCursor"]
        if not page["pageInfo"]["hasPreviousPage"]:
            break
    assert backward == whole
    assert [node["id"] for node in timeline(told, "build", orderBy=order, first=0)["nodes"]] == []


@pytest.mark.parametrize("horizon", [0, 3])
def test_a_page_is_walked_in_the_order_of_indexes_and_nothing_more_is_read(told, monkeypatch, horizon):
    plans: list = []
    monkeypatch.setattr(reading, "log_horizon", lambda snapshot: horizon)
    window = (reading.order_of(descending=False), Window(size=5, backward=True, after=None, before=[9, 9]))

    def explain(snapshot) -> None:
        rows, snapshot.rows = (
            snapshot.rows,
            lambda sql, params: plans.extend((rows(f"EXPLAIN QUERY PLAN {sql}", params), params)),
        )
        reading.list_entries(snapshot, "build", *window)

    told.read(explain)
    steps = " / ".join(row[3] for row in plans[0])
    assert "domain_events_by_construct_time (construct_id=? AND occurred_at_utc<?)" in steps
    assert "SEARCH m USING PRIMARY KEY (construct_id=? AND (occurred_at,position)<(?,?))" in steps
    assert "SEARCH e USING INTEGER PRIMARY KEY (rowid=?)" in steps
    assert plans[1].get("horizon", 0) == horizon, "mentions of what has left the log lead nowhere"


@pytest.mark.anyio
async def test_it_is_live_and_a_client_that_comes_back_misses_nothing(template, tmp_path):
    directory = copy_template(template, tmp_path / "store")
    with running_server(directory, environment={"SYNTHETIC_DATABASE_SYNCHRONOUS": "OFF"}) as running:
        server = Server(running)
        async with server.client:
            for id in ("plan", "build"):
                await server.ask(SAVE, id=id)
            begun = (await server.ask(ATTACH, id="s", constructId="plan"))["extensions"]["position"]
            await server.ask(RELATE, **{"from": "plan", "to": "build"})
            await server.ask(ATTACH, id="s", constructId="build", ifVersion=1)
            await server.ask(SAVE, id="other")
            await server.ask(DELETE, id="build")
            async with server.follow("", begun, LIVE) as feed:
                first = await entry_of(feed)
                assert first["title"] == "plan was related to build (plan to implementation)"
                assert [(await entry_of(feed))["title"] for _ in range(2)] == [
                    "Session s moved from plan to build",
                    "plan is not related any more to build (plan to implementation)",
                ]
            async with server.follow("", first["position"], LIVE) as feed:
                assert (await entry_of(feed))["title"] == "Session s moved from plan to build"


async def entry_of(feed) -> dict:
    answer = await feed.answer()
    assert "errors" not in answer, answer["errors"]
    return answer["data"]["timeline"]


def test_a_deleted_construct_is_named_by_nothing_any_more(told):
    do(told, SAVE, id="gone")
    do(told, RELATE, **{"from": "other", "to": "gone"})
    timeline(told, "gone")
    count = "SELECT count(*) FROM timeline_mentions WHERE construct_id = 'gone'"
    assert told.read(lambda snapshot: snapshot.value(count)) == 1
    do(told, DELETE, id="gone")
    assert timeline(told, "gone")["nodes"][-1]["title"] == "Construct gone was deleted"
    assert told.read(lambda snapshot: snapshot.value(count)) == 0


def test_a_budget_that_is_given_to_another_construct_is_told_by_both(told):
    for id in ("giver", "taker"):
        do(told, SAVE, id=id)
    do(told, BUDGET, input={"id": "b", "name": "B", "limitMicros": 1, "currency": "USD", "constructId": "giver"})
    do(told, BUDGET, input={"id": "b", "constructId": "taker", "ifVersion": 1})
    do(told, BUDGET, input={"id": "b", "name": "C", "ifVersion": 2})
    saved = {id: [each for each in timeline(told, id)["nodes"] if each["type"] == "budget.saved"] for id in
             ("giver", "taker")}  # fmt: skip
    assert [each["constructId"] for each in saved["giver"]] == ["giver", "taker"]
    assert [each["constructId"] for each in saved["taker"]] == ["taker", "taker"]
    assert saved["giver"][1] == saved["taker"][0]


def test_an_id_that_is_none_and_a_cursor_of_another_order_are_refused(told):
    expect_error(told.graphql(TIMELINE, {"id": " "}), "BAD_USER_INPUT")
    cursor = timeline(told, "build", first=1)["pageInfo"]["endCursor"]
    answer = told.graphql(TIMELINE, {"id": "build", "after": cursor, "orderBy": "OCCURRED_AT_DESC"})
    expect_error(answer, "BAD_USER_INPUT")


def test_every_title_is_a_short_line_whatever_the_event_carries():
    for event_type in (*TITLES, "somebody.has_done_it"):
        for payload in ("{}", '{"error": "' + "long " * 100 + '", "phase": "x", "changed": ["a", "b"]}'):
            title = title_of(event_type, "some_thing", "id-1", payload)
            assert title, event_type
            assert len(title) <= TITLE_CHARACTERS_MAX
            assert "\n" not in title
    assert title_of("somebody.has_done_it", "some_thing", "id-1", "{}") == "Some thing id-1: has done it"


@pytest.mark.parametrize(
    ("micros", "amount"), [(0, "0.00"), (-3, "-0.000003"), (12_500, "0.0125"), (1_234_500_000, "1,234.50")]
)
def test_the_title_of_a_cost_has_its_whole_amount(micros, amount):
    title = title_of("cost.recorded", "cost", "c", f'{{"costMicros": {micros}, "currency": "USD"}}')
    assert title == f"A cost of {amount} USD was recorded"

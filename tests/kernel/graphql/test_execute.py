"""Operations: one snapshot a query, one commit a mutation's field, and errors in the contract's shape."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from synthetic.graphql.answers import Answer, GraphQLRequest
from synthetic.graphql.subscriptions import Subscription
from synthetic.security.gate import ANONYMOUS, IMPLIED, Caller, Scope
from synthetic.testing import expect_data, expect_error

from .engine_kit import LIMITS, Bench, calls, open_bench

READER = Caller("reader", None, IMPLIED[Scope.READ])
WRITER = Caller("writer", None, IMPLIED[Scope.WRITE])


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    with open_bench(tmp_path) as opened:
        yield opened


def test_a_batched_field_is_called_once_for_all_parents_of_a_level(bench):
    bench.add(("a", None, 1), ("b", None, 2), ("aa", "a", 3), ("ab", "a", 4), ("ba", "b", 5), ("aaa", "aa", 6))
    answer = bench.ask(
        '{ x: noteById(id: "a") { children { shout children { label } } }'
        ' notes(first: 2) { nodes { id children { id shout(mark: "?") } } } }'
    )
    data = expect_data(answer)
    assert data["x"]["children"] == [
        {"shout": "NOTE AA!", "children": [{"label": "note aaa"}]},
        {"shout": "NOTE AB!", "children": []},
    ]
    assert data["notes"]["nodes"] == [
        {"id": "a", "children": [{"id": "aa", "shout": "NOTE AA?"}, {"id": "ab", "shout": "NOTE AB?"}]},
        {"id": "b", "children": [{"id": "ba", "shout": "NOTE BA?"}]},
    ]
    # Each field of the document is one call, whatever the number of its parents.
    assert sorted(calls) == [("children", 1), ("children", 2), ("children", 2), ("shout", 2), ("shout", 3)]


def test_scalars_go_both_ways(bench):
    document = """mutation($extra: JSON, $at: DateTime!) {
        addNote(input: {id: "s", label: "x", at: $at, extra: $extra}) { note { at extra } }
    }"""
    extra = {"deep": [1, 2.5, None, {"text": 'quote " and ümlaut'}]}
    data = expect_data(bench.ask(document, extra=extra, at="2026-03-01T01:02:03.456+02:00"))
    assert data["addNote"]["note"] == {"at": "2026-02-28T23:02:03.456Z", "extra": extra}
    assert expect_data(bench.ask("{ twice(number: 4503599627370496) }")) == {"twice": 2**53}


@pytest.mark.parametrize("number", [2**53 + 1, -(2**53) - 1, 10**30, 1.5, "12", True, None])
def test_a_long_that_json_cannot_hold_exactly_is_refused(bench, number):
    expect_error(bench.ask("query($n: Long!) { twice(number: $n) }", n=number), "BAD_USER_INPUT")


def test_a_long_that_grows_too_large_is_an_error_of_its_field_alone(bench):
    answer = bench.ask("{ twice(number: 9007199254740992) ok: twice(number: 1) }")
    assert answer["errors"][0]["path"] == ["twice"]


@pytest.mark.parametrize("at", ["2026-03-01", "2026-03-01T00:00:00", "yesterday", 5, "9999-12-31T23:59:59-23:59"])
def test_an_instant_without_an_offset_is_refused(bench, at):
    document = 'mutation($at: DateTime!) { addNote(input: {id: "s", label: "x", at: $at}) { note { id } } }'
    expect_error(bench.ask(document, at=at), "BAD_USER_INPUT")


def test_a_known_error_keeps_its_contract_and_its_path(bench):
    answer = bench.ask('{ fine: notes { totalCount } broken: fail(how: "conflict") }')
    error = expect_error(answer, "CONFLICT")
    assert error["path"] == ["broken"]
    assert error["extensions"]["details"] == {"id": "x"}
    assert answer["data"] is None  # the field does not allow null


@pytest.mark.parametrize("how", ["hunter2", "null"])
def test_an_unknown_error_is_masked(bench, how, caplog):
    answer = bench.ask("query($how: String!) { fail(how: $how) }", how=how)
    error = expect_error(answer, "INTERNAL")
    assert "hunter2" not in str(answer)
    assert error["extensions"]["correlationId"] in caplog.text


@pytest.mark.parametrize(
    ("document", "variables", "code"),
    [
        ("{ notes(", {}, "GRAPHQL_PARSE_FAILED"),
        ("{ unknown }", {}, "GRAPHQL_VALIDATION_FAILED"),
        ("query($id: ID!) { noteById(id: $id) { id } }", {}, "BAD_USER_INPUT"),
        ("query($id: ID!) { noteById(id: $id) { id } }", {"id": {"a": 1}}, "BAD_USER_INPUT"),
        ("query A { notes { totalCount } } query B { notes { totalCount } }", {}, "BAD_REQUEST"),
    ],
)
def test_a_request_error_has_no_data(bench, document, variables, code):
    answer = bench.ask(document, **variables)
    expect_error(answer, code)
    assert "data" not in answer


def test_notices_reach_the_answer_once(bench):
    answer = bench.ask('{ a: fail(how: "notice") b: fail(how: "notice") }')
    assert answer["extensions"]["notices"] == [{"code": "SLOW", "message": "It scans."}]


def test_each_field_of_a_mutation_is_its_own_commit_and_nested_selections_read_after_it(bench):
    answer = bench.ask("""mutation {
        up: addNote(input: {id: "up", label: "up"}) { note { children { id } } }
        down: addNote(input: {id: "down", parentId: "up", label: "down"}) { note { id } }
        no: addNote(input: {id: "no", label: "refused"}) { note { id } }
    }""")
    expect_error(answer, "CONFLICT")
    assert answer["errors"][0]["path"] == ["no"]
    assert expect_data(bench.ask("{ notes { nodes { id children { id } } } }"))["notes"]["nodes"] == [
        {"id": "down", "children": []},
        {"id": "up", "children": [{"id": "down"}]},
    ]


def test_a_mutation_over_many_transactions_reads_its_own_writes(bench):
    assert expect_data(bench.ask("mutation { addMany(count: 3) }")) == {"addMany": 3}


def test_scopes_are_asked_for(bench):
    add = 'mutation { addNote(input: {id: "a", label: "x"}) { note { id } } }'
    expect_error(bench.ask(add, caller=READER), "FORBIDDEN")
    expect_data(bench.ask(add, caller=WRITER))
    expect_error(bench.ask("mutation { forgetAll }", caller=WRITER), "FORBIDDEN")
    assert expect_data(bench.ask("mutation { forgetAll }")) == {"forgetAll": 1}


def test_a_query_past_its_deadline_is_stopped(tmp_path):
    with open_bench(tmp_path, replace(LIMITS, operation_ms=50)) as bench:
        expect_error(bench.ask('{ fail(how: "endless") }'), "DEADLINE_EXCEEDED")


def test_leaving_interrupts_the_sql(bench):
    async def scenario() -> None:
        request = GraphQLRequest('{ fail(how: "endless") }')
        tasks = [asyncio.create_task(bench.engine.run(request, ANONYMOUS, "c")) for _ in range(20)]
        await asyncio.sleep(0)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        # All readers would be busy for ever if one of them had gone on.
        answer = await bench.engine.run(GraphQLRequest("{ notes { totalCount } }"), ANONYMOUS, "c")
        assert answer.body["data"] == {"notes": {"totalCount": 0}}

    asyncio.run(scenario())


def test_a_lock_held_elsewhere_is_answered_in_the_contract(bench, tmp_path):
    import apsw

    other = apsw.Connection(str(tmp_path / "synthetic.db"))
    other.execute("BEGIN IMMEDIATE")
    answer = bench.ask('mutation { addNote(input: {id: "a", label: "x"}) { note { id } } }')
    other.close()
    assert expect_error(answer, "DATABASE_BUSY")["extensions"]["retryAfterMs"] > 0


def test_a_subscription_streams_answers_and_ends_with_its_error(bench):
    async def collect(count: int) -> list[Answer]:
        request = GraphQLRequest("subscription($n: Int!) { ticks(count: $n) { label shout } }", {"n": count})
        subscription = await bench.engine.subscribe(request, ANONYMOUS, "c")
        assert isinstance(subscription, Subscription)
        return [answer async for answer in subscription.answers]

    assert [answer.body for answer in asyncio.run(collect(2))] == [
        {"data": {"ticks": {"label": "tick 0", "shout": "TICK 0!"}}},
        {"data": {"ticks": {"label": "tick 1", "shout": "TICK 1!"}}},
    ]
    *events, last = asyncio.run(collect(13))
    assert len(events) == 13
    expect_error(last.body, "CONFLICT")


def test_a_subscription_that_cannot_start_is_one_answer(bench):
    async def ask(document: str, variables=None) -> Answer:
        return await bench.engine.subscribe(GraphQLRequest(document, variables or {}), ANONYMOUS, "c")

    refused = asyncio.run(ask("subscription($n: Int!) { ticks(count: $n) { id } }", {"n": "x"}))
    expect_error(refused.body, "BAD_USER_INPUT")
    assert asyncio.run(ask("{ notes { totalCount } }")).body["data"] == {"notes": {"totalCount": 0}}
    expect_error(asyncio.run(ask("subscription { nothing }")).body, "GRAPHQL_VALIDATION_FAILED")


def test_a_request_over_http_may_not_mutate_by_get_or_subscribe(bench):
    def run(document: str, **options) -> Answer:
        return asyncio.run(bench.engine.run(GraphQLRequest(document), ANONYMOUS, "c", **options))

    refused = run("mutation { forgetAll }", allow_mutation=False)
    expect_error(refused.body, "METHOD_NOT_ALLOWED")
    assert refused.status == 405
    expect_error(run("subscription { ticks(count: 1) { id } }").body, "BAD_USER_INPUT")


def test_an_embedded_query_works_inside_a_running_event_loop(bench):
    async def ask() -> dict:
        return bench.ask("{ notes { nodes { shout } } }")

    bench.add(("a", None, 1))
    assert expect_data(asyncio.run(ask())) == {"notes": {"nodes": [{"shout": "NOTE A!"}]}}


def test_node_finds_an_entity_by_its_id(bench):
    bench.add(("a", None, 1))
    assert expect_data(bench.ask('{ node(id: "a") { __typename id ... on Note { label } } }')) == {
        "node": {"__typename": "Note", "id": "a", "label": "note a"}
    }
    assert expect_data(bench.ask('{ node(id: "Note:a") { id } }')) == {"node": {"id": "a"}}
    assert expect_data(bench.ask('{ node(id: "b") { id } }')) == {"node": None}


@pytest.mark.parametrize("id", ["\ud800", "Note:\ud800", "\ud800:a"])
def test_an_id_that_is_no_text_is_the_clients_fault(bench, id):
    error = expect_error(bench.ask("query ($id: ID!) { node(id: $id) { id } }", id=id), "BAD_USER_INPUT")
    assert error["extensions"]["details"] == {"field": "id"}

"""`prepare`: what a field waits for before the operation's snapshot is opened."""

import asyncio
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from synthetic.graphql.answers import Answer, GraphQLRequest
from synthetic.graphql.fields import batched, query
from synthetic.json_text import to_json
from synthetic.security.gate import ANONYMOUS
from synthetic.testing import expect_data, expect_error

from .engine_kit import LIMITS, Bench, open_bench
from .live_server import serve_lab
from .waiting_kit import PARTS, renew, world

PATIENT = replace(LIMITS, operation_ms=10_000)


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    """With one reader: whoever held it while something is prepared would hold up what that reads."""
    with open_bench(tmp_path, PATIENT, parts=PARTS, readers=1) as opened:
        renew(opened.database)
        yield opened


async def run(bench: Bench, document: str, **variables) -> Answer:
    return await bench.engine.run(GraphQLRequest(document, variables), ANONYMOUS, "c")


def ask_on_loop(bench: Bench, document: str, **variables) -> dict:
    return asyncio.run(run(bench, document, **variables)).body


def ask_blocking(bench: Bench, document: str, **variables) -> dict:
    return bench.ask(document, **variables)


both_ways = pytest.mark.parametrize("ask", [ask_on_loop, ask_blocking])


@both_ways
def test_a_query_sees_what_was_written_while_it_was_prepared_and_holds_no_reader_meanwhile(bench, ask):
    for number in range(4):  # the later ones in place, where there is an event loop
        answer = ask(
            bench, "query($id: ID!) { first: notes { totalCount } written(id: $id) { id label } }", id=f"{number}"
        )
        assert expect_data(answer) == {
            "first": {"totalCount": number + 1},
            "written": {"id": f"{number}", "label": "prepared"},
        }


@both_ways
def test_all_that_an_operation_prepares_is_awaited_at_the_same_time(bench, ask):
    renew(bench.database, together=3)
    assert expect_data(ask(bench, '{ a: met(name: "a") b: met(name: "b") c: met(name: "c") }')) == {
        "a": "a",
        "b": "b",
        "c": "c",
    }
    assert world.calls[:3] == ["a comes", "b comes", "c comes"]


@both_ways
def test_prepare_is_given_the_arguments_that_the_function_is_given(bench, ask):
    document = 'query($in: SayInput!, $m: Mood = LOUD) { a: said(input: $in, mood: $m) b: said(input: {text: "lit"}) }'
    answer = ask(bench, document, **{"in": {"text": "var", "mood": "LOUD", "times": 2}})
    assert expect_data(answer) == {"a": "var:LOUD:LOUD var:LOUD:LOUD/var:LOUD", "b": "lit:CALM:CALM/lit:CALM"}


@both_ways
@pytest.mark.parametrize(
    ("how", "code"),
    [("known", "CONFLICT"), ("unknown", "INTERNAL"), ("timeout", "INTERNAL"), ("cancelled", "INTERNAL")],
)
def test_what_prepare_raises_is_the_error_of_its_field_alone(bench, ask, how, code):
    document = 'query($h: String!) {\n  fine: met(name: "x")\n  bad: refused(how: $h)\n}'
    answer = ask(bench, document, h=how)
    assert answer["data"] == {"fine": "x", "bad": None}
    error = expect_error(answer, code)
    assert error["path"] == ["bad"]
    assert error["locations"] == [{"line": 3, "column": 3}]
    assert "secret" not in str(answer)
    assert "refused" not in world.calls


@both_ways
def test_an_argument_that_does_not_fit_is_the_error_of_its_field(bench, ask):
    answer = ask(bench, 'query($t: Int) { notes { totalCount } said(input: {text: "a", times: $t}) }', t=None)
    error = expect_error(answer, "BAD_USER_INPUT")
    assert error["locations"]


def test_a_prepare_that_hangs_ends_at_the_deadline(tmp_path):
    with open_bench(tmp_path, replace(LIMITS, operation_ms=50), parts=PARTS, readers=1) as bench:
        renew(bench.database)
        expect_error(ask_on_loop(bench, "{ hung }"), "DEADLINE_EXCEEDED")
        expect_error(bench.ask("{ hung }"), "DEADLINE_EXCEEDED")
        assert world.ended == ["prepare", "prepare"]
        assert "hung" not in world.calls


def test_leaving_cancels_what_is_being_prepared(bench):
    async def scenario() -> None:
        task = asyncio.create_task(run(bench, "{ hung }"))
        await world.reached.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert world.ended == ["prepare"]
        assert (await run(bench, "{ notes { totalCount } }")).body["data"] == {"notes": {"totalCount": 0}}

    asyncio.run(scenario())


@both_ways
def test_a_batched_field_is_prepared_once_for_each_place_in_the_document(bench, ask):
    bench.add(("a", None, 1), ("b", None, 2), ("aa", "a", 3))
    answer = ask(
        bench,
        "query($p: String!) { notes(first: 2) { nodes {"
        ' id weather(place: $p) children { weather(place: "down") }'
        " } } }",
        p="up",
    )
    assert expect_data(answer)["notes"]["nodes"] == [
        {"id": "a", "weather": "a in up", "children": [{"weather": "aa in down"}]},
        {"id": "b", "weather": "b in up", "children": []},
    ]
    assert sorted(world.calls) == ["forecast of down", "forecast of up", "weather for 1", "weather for 2"]


@both_ways
def test_what_is_selected_below_a_mutation_is_prepared_before_it_writes(bench, ask):
    answer = ask(
        bench,
        'mutation { addNote(input: {id: "n", label: "x"}) { note { id weather(place: "here") } } }',
    )
    assert expect_data(answer) == {"addNote": {"note": {"id": "n", "weather": "n in here"}}}
    assert world.calls == ["forecast of here", "weather for 1"]


def test_a_mutation_whose_preparation_hangs_writes_nothing(tmp_path):
    with open_bench(tmp_path, replace(LIMITS, operation_ms=100), parts=PARTS, readers=1) as bench:
        renew(bench.database)
        answer = bench.ask('mutation { addNote(input: {id: "n", label: "x"}) { note { weather(place: "hang") } } }')
        expect_error(answer, "DEADLINE_EXCEEDED")
        assert bench.database.read_blocking(lambda snapshot: snapshot.value("SELECT count(*) FROM notes")) == 0


def test_a_field_that_is_skipped_is_not_prepared(bench):
    document = 'query($no: Boolean!) { a: met(name: "a") b: met(name: "b") @skip(if: $no) }'
    expect_data(bench.ask(document, no=True))
    assert world.calls == ["a comes", "a goes"]
    expect_data(bench.ask(document, no=False))
    assert world.calls.count("b comes") == 1


def test_a_subscription_prepares_what_it_selects(bench):
    async def collect() -> list[dict]:
        document = 'subscription { named(names: ["a", "b"]) { weather(place: "there") } }'
        subscription = await bench.engine.subscribe(GraphQLRequest(document), ANONYMOUS, "c")
        return [answer.body["data"] async for answer in subscription.answers]

    assert asyncio.run(collect()) == [{"named": {"weather": "a in there"}}, {"named": {"weather": "b in there"}}]


def test_prepare_and_the_parameter_that_takes_what_it_gives_belong_together():
    async def prepare() -> None: ...

    def without(snapshot) -> int:
        """Does not take it."""

    def with_it(snapshot, prepared: int) -> int:
        """Takes it."""

    def batch_without(snapshot, parents) -> list[int]:
        """Does not take it."""

    for declare in (
        lambda: query(without, prepare=prepare),
        lambda: query(with_it),
        lambda: batched(batch_without, prepare=prepare),
        lambda: query(prepare=prepare)(without),
    ):
        with pytest.raises(TypeError, match="if and only if it has a `prepare`"):
            declare()


def test_a_function_that_runs_on_a_snapshot_is_not_async():
    async def waits(snapshot) -> int:
        """Waits while it holds the snapshot."""

    with pytest.raises(TypeError, match="must not be async"):
        query(waits)


FORECASTS = '''
import asyncio
from typing import Annotated

import strawberry

from synthetic import ConflictError, Snapshot, query

Place = Annotated[str, strawberry.argument(description="Where.")]
barrier = None


async def ask_elsewhere(place: str) -> str:
    global barrier
    if place == "nowhere":
        raise ConflictError(details={"place": place})
    barrier = barrier or asyncio.Barrier(2)
    await barrier.wait()
    return f"sun in {place}"


@query(prepare=ask_elsewhere)
def forecast(snapshot: Snapshot, place: Place, prepared: str) -> str | None:
    """The weather of a place."""
    return f"{prepared}, {snapshot.value('SELECT 1')}"


@strawberry.field(description="The same, by a resolver of Strawberry's own.")
async def outlook(place: Place) -> str | None:
    return await ask_elsewhere(place)


@hookimpl
def register_graphql():
    return (GraphQL(queries=(forecast, outlook)),)
'''


def test_over_http_what_waits_holds_up_nobody_and_its_errors_are_of_the_contract(tmp_path):
    document = 'query($p: String!) { forecast(place: $p) outlook(place: $p) bad: forecast(place: "nowhere") }'
    with serve_lab(tmp_path, FORECASTS) as server, ThreadPoolExecutor(2) as clients:

        def ask(place: str) -> dict:
            return server.post(to_json({"query": document, "variables": {"p": place}})).json()

        # Each field goes on when that of the other request waits too.
        here, there = clients.map(ask, ["here", "there"])
    for place, answer in (("here", here), ("there", there)):
        assert answer["data"] == {"forecast": f"sun in {place}, 1", "outlook": f"sun in {place}", "bad": None}
        assert expect_error(answer, "CONFLICT")["path"] == ["bad"]


@both_ways
def test_a_prepare_reads_the_store_in_snapshots_of_its_own(bench, ask):
    answer = ask(bench, "{ counted(more: 2) }")
    assert expect_data(answer) == {"counted": "notes before: 0, and 2"}

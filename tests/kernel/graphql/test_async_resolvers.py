"""Asynchronous resolvers of Strawberry's: awaited together, on an event loop, outside of any snapshot."""

import asyncio
import gc
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from synthetic.graphql.answers import Answer, GraphQLRequest
from synthetic.security.gate import ANONYMOUS
from synthetic.testing import expect_data, expect_error

from .engine_kit import LIMITS, Bench, open_bench
from .waiting_kit import PARTS, renew, world

PATIENT = replace(LIMITS, operation_ms=10_000)
READERS = 2
ROWS = (("a", None, 1), ("b", None, 2), ("aa", "a", 3))


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    with open_bench(tmp_path, PATIENT, parts=PARTS, readers=READERS) as opened:
        renew(opened.database)
        opened.add(*ROWS)
        yield opened
    # What was never awaited warns when it is collected, and a warning is an error.
    gc.collect()


async def run(bench: Bench, document: str, **variables) -> Answer:
    return await bench.engine.run(GraphQLRequest(document, variables), ANONYMOUS, "c")


def ask_on_loop(bench: Bench, document: str, **variables) -> dict:
    return asyncio.run(run(bench, document, **variables)).body


def ask_blocking(bench: Bench, document: str, **variables) -> dict:
    return bench.ask(document, **variables)


both_ways = pytest.mark.parametrize("ask", [ask_on_loop, ask_blocking])


async def expect_all_readers(bench: Bench) -> None:
    """As many reads at once as there are connections: each goes on when all have begun."""
    begun = asyncio.Barrier(READERS)
    loop = asyncio.get_running_loop()

    def read(snapshot) -> int:
        asyncio.run_coroutine_threadsafe(begun.wait(), loop).result(10)
        return snapshot.value("SELECT count(*) FROM notes")

    async with asyncio.timeout(10):
        counts = await asyncio.gather(*(bench.database.read(read) for _ in range(READERS)))
    assert len(set(counts)) == 1


@both_ways
def test_the_resolvers_of_all_objects_wait_together_and_batched_fields_go_on_below(bench, ask):
    renew(bench.database, together=3)
    answer = ask(bench, "{ notes { nodes { id countHere report { text checked notes { label shout } } shout } } }")
    assert expect_data(answer)["notes"]["nodes"] == [
        {
            "id": id,
            "countHere": 3,
            "report": {
                "text": f"about {id}",
                "checked": True,
                "notes": [{"label": f"note {id}", "shout": f"NOTE {id.upper()}!"}],
            },
            "shout": f"NOTE {id.upper()}!",
        }
        for id in ("a", "b", "aa")
    ]
    # One event loop for all of them, though it was left and entered again for what waits below.
    assert len(world.loops) == 1
    assert world.calls == ["report", "report", "report", "notes for 3"]


@both_ways
def test_fields_of_different_levels_wait_together_where_neither_is_below_the_other(bench, ask):
    renew(bench.database, together=4)
    answer = ask(bench, '{ later(name: "x") notes { nodes { report { text } } } }')
    assert expect_data(answer)["later"] == "x"


@both_ways
def test_an_asynchronous_resolver_has_no_snapshot(bench, ask, caplog):
    answer = ask(bench, '{ noteById(id: "a") { label fetched(how: "snapshot") } }')
    assert answer["data"] == {"noteById": {"label": "note a", "fetched": None}}
    assert expect_error(answer, "INTERNAL")["path"] == ["noteById", "fetched"]
    assert "an asynchronous resolver has no snapshot" in caplog.text


@both_ways
def test_what_a_resolver_raises_is_the_error_of_its_object_alone(bench, ask):
    answer = ask(
        bench,
        '{ notes { nodes { id fetched(how: "fail") children { ok: fetched(how: "x") bad: fetched(how: "fail") } } } }',
    )
    nodes = answer["data"]["notes"]["nodes"]
    assert [node["fetched"] for node in nodes] == [None, None, None]
    assert nodes[0]["children"] == [{"ok": "x", "bad": None}]
    errors = answer["errors"]
    assert [error["path"] for error in errors] == [
        ["notes", "nodes", 0, "fetched"],
        ["notes", "nodes", 0, "children", 0, "bad"],
        ["notes", "nodes", 1, "fetched"],
        ["notes", "nodes", 2, "fetched"],
    ]
    assert {error["extensions"]["code"] for error in errors} == {"CONFLICT"}
    assert [error["extensions"]["details"]["id"] for error in errors] == ["a", "aa", "b", "aa"]


@both_ways
def test_no_reader_is_held_while_resolvers_wait(tmp_path, ask):
    with open_bench(tmp_path, PATIENT, parts=PARTS, readers=1) as bench:
        renew(bench.database)
        bench.add(*ROWS)
        # What is prepared reads in the pool of one; so does what stands below the resolvers, afterwards.
        document = '{ notes { nodes { report { notes { id } } } } written(id: "w") { report { notes { id } } } }'
        assert expect_data(ask(bench, document))["written"] == {"report": {"notes": [{"id": "w"}]}}


@both_ways
def test_below_a_mutation_resolvers_wait_after_the_commit_and_before_the_next_field(bench, ask):
    document = """mutation {
        one: addNote(input: {id: "m", label: "x"}) { note { fetched(how: "y") report { notes { label } } countHere } }
        two: addNote(input: {id: "n", label: "x"}) { note { countHere fetched(how: "fail") } }
        no: addNote(input: {id: "o", label: "refused"}) { note { fetched(how: "y") } }
    }"""
    answer = ask(bench, document)
    assert [error["path"] for error in answer["errors"]] == [["two", "note", "fetched"], ["no"]]
    document = document.replace("no: addNote", "#")
    for id in ("m", "n"):
        document = document.replace(f'"{id}"', f'"{id}{id}"')
    data = ask(bench, document)["data"]
    assert data == {
        "one": {"note": {"fetched": "y", "report": {"notes": [{"label": "x"}]}, "countHere": 6}},
        "two": {"note": {"countHere": 7, "fetched": None}},
    }


def test_the_selection_of_a_subscription_may_wait(bench):
    async def collect() -> list[dict]:
        document = 'subscription { named(names: ["a", "b", "-"]) { fetched(how: "z") report { notes { label } } } }'
        subscription = await bench.engine.subscribe(GraphQLRequest(document), ANONYMOUS, "c")
        return [answer.body["data"]["named"] async for answer in subscription.answers]

    assert asyncio.run(collect()) == [
        {"fetched": "z", "report": {"notes": [{"label": "note a"}]}},
        {"fetched": "z", "report": {"notes": [{"label": "note b"}]}},
        {"fetched": "z", "report": {"notes": []}},
    ]


def test_leaving_half_way_cancels_what_waits_and_gives_everything_back(bench):
    async def leave(document: str, **variables) -> None:
        task = asyncio.create_task(run(bench, document, **variables))
        await world.reached.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    async def scenario() -> None:
        for _ in range(READERS + 1):
            renew(bench.database)
            # It waits at the second level of waiting, while others have ended and one has failed.
            await leave(
                'query { notes { nodes { report { notes { fetched(how: "hang") bad: fetched(how: "fail") } } } } }'
            )
            assert sorted(world.ended) == ["a", "aa", "b"]
        renew(bench.database)
        await leave('mutation { addNote(input: {id: "left", label: "x"}) { note { fetched(how: "hang") } } }')
        assert world.ended == ["left"]
        await expect_all_readers(bench)
        # What was committed before the client left stays.
        assert (await run(bench, '{ noteById(id: "left") { label } }')).body["data"] == {"noteById": {"label": "x"}}

    asyncio.run(scenario())


def test_leaving_when_all_awaitables_of_a_level_have_been_made_leaves_none_of_them(bench):
    async def scenario() -> None:
        task = asyncio.create_task(run(bench, '{ notes { nodes { fetched(how: "x") leftHere } } }'))
        world.leave = partial(asyncio.get_running_loop().call_soon_threadsafe, task.cancel)
        await asyncio.gather(task, return_exceptions=True)
        assert task.cancelled()
        # Only now does the thread go on.
        world.left.set()
        await expect_all_readers(bench)

    asyncio.run(scenario())
    gc.collect()


def test_leaving_while_a_thread_makes_the_awaitables_leaves_none_of_them(bench):
    """The client leaves at each of the moments that there are: while in line, while it runs, while it waits."""
    document = '{ notes { nodes { fetched(how: "x") report { checked notes { fetched(how: "x") } } } } }'
    mutation = 'mutation { addNote(input: {id: "%d", label: "x"}) { note { fetched(how: "x") report { checked } } } }'

    async def leave_after(rounds: int, text: str) -> bool:
        renew(bench.database)
        task = asyncio.create_task(run(bench, text))
        for _ in range(rounds):
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        return task.cancelled()

    async def scenario() -> None:
        left = [await leave_after(rounds, document) for rounds in range(60)]
        left += [await leave_after(rounds, mutation % rounds) for rounds in range(40)]
        assert any(left)
        await expect_all_readers(bench)
        expect_data((await run(bench, document)).body)

    asyncio.run(scenario())
    gc.collect()


@both_ways
def test_a_query_whose_resolver_hangs_ends_at_the_deadline(tmp_path, ask):
    with open_bench(tmp_path, replace(LIMITS, operation_ms=150), parts=PARTS, readers=READERS) as bench:
        renew(bench.database)
        bench.add(*ROWS)
        answer = ask(bench, '{ notes { nodes { fetched(how: "b") report { text } } } }')
        expect_error(answer, "DEADLINE_EXCEEDED")
        assert world.ended == ["b"]
        asyncio.run(expect_all_readers(bench))


@both_ways
def test_a_mutation_past_its_deadline_still_tells_what_it_wrote(tmp_path, ask):
    with open_bench(tmp_path, replace(LIMITS, operation_ms=400), parts=PARTS, readers=READERS) as bench:
        renew(bench.database)
        add = 'addNote(input: {id: "%s", label: "x"}) { note { id fetched(how: "%s") } }'
        answer = ask(bench, "mutation { " + add % ("m", "hang") + " }")
        assert answer["data"] == {"addNote": {"note": {"id": "m", "fetched": None}}}
        assert expect_error(answer, "DEADLINE_EXCEEDED")["path"] == ["addNote", "note", "fetched"]
        assert world.ended == ["m"]
        answer = ask(bench, "mutation { one: " + add % ("n", "hang") + " two: " + add % ("o", "x") + " }")
        assert [error["path"] for error in answer["errors"]] == [["one", "note", "fetched"], ["two"]]
        kept = bench.database.read_blocking(lambda snapshot: snapshot.rows("SELECT id FROM notes ORDER BY id"))
        assert kept == [("m",), ("n",)]


def test_a_program_with_an_event_loop_may_ask_for_what_waits(bench):
    async def ask() -> dict:
        return bench.ask('{ notes { nodes { fetched(how: "x") report { text } } } }')

    assert expect_data(asyncio.run(ask()))["notes"]["nodes"][0] == {"fetched": "x", "report": {"text": "about a"}}

"""One query is one snapshot, whatever is written while it is executed, and wherever it is."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from synthetic.contributions import Extension, GraphQL
from synthetic.database.snapshot import Snapshot
from synthetic.database.transaction import Transaction
from synthetic.graphql.answers import GraphQLRequest
from synthetic.graphql.fields import batched
from synthetic.security.gate import ANONYMOUS
from synthetic.testing import expect_data

from .engine_kit import COLUMNS, LIMITS, PART, Bench, Note, open_bench

EVENT = """
INSERT INTO domain_events (epoch, id, type, module, entity_type, entity_id, payload, actor, correlation_id,
    occurred_at_utc, ingested_at_utc)
VALUES ('e', :id, 'note.kept', 'notes', 'note', 'n', '{}', 'somebody', 'c', 0, 0)
"""

disturb: list[Callable[[], None]] = []
"""What happens while a level is resolved."""


@batched
def disturbed(snapshot: Snapshot, parents: Sequence[Note]) -> list[list[Note]]:
    """Itself, after somebody else has written."""
    for happen in disturb:
        happen()
    return [[parent] for parent in parents]


@batched
def seen(snapshot: Snapshot, parents: Sequence[Note]) -> list[int]:
    """How many notes there are."""
    return [snapshot.value("SELECT count(*) FROM notes")] * len(parents)


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    part = GraphQL(extend=(Extension(type=Note, fields=(disturbed, seen)),))
    with open_bench(tmp_path, parts=(PART, part)) as opened, ThreadPoolExecutor(1) as elsewhere:
        opened.add(("a", None, 1))

        def insert(tx: Transaction) -> None:
            sql = f"INSERT INTO notes ({COLUMNS}) VALUES (:id, 'a', 'new', 9, 'null')"
            tx.execute(sql, {"id": tx.new_id()})
            tx.execute(EVENT, {"id": tx.new_id()})

        # In another thread, and done when this one goes on.
        disturb[:] = [lambda: elsewhere.submit(opened.database.write_blocking, insert).result()]
        yield opened
        disturb.clear()


def count(bench: Bench) -> int:
    return bench.database.read_blocking(lambda snapshot: snapshot.value("SELECT count(*) FROM notes"))


DOCUMENT = """{
    noteById(id: "a") { seen disturbed { seen children { id } disturbed { seen children { id } } } }
    notes { totalCount nodes { seen } }
}"""


def expect_one_instant(bench: Bench, answer: dict, notes: int) -> None:
    below = [{"id": child["id"]} for child in answer["data"]["noteById"]["disturbed"][0]["children"]]
    inner = {"seen": notes, "children": below}
    assert len(below) == notes - 1
    assert expect_data(answer) == {
        "noteById": {"seen": notes, "disturbed": [inner | {"disturbed": [inner]}]},
        "notes": {"totalCount": notes, "nodes": [{"seen": notes}] * min(notes, LIMITS.page_size_default)},
    }
    assert count(bench) == notes + 2


def test_writes_that_land_between_the_levels_of_a_query_are_not_seen(bench):
    expect_one_instant(bench, bench.ask(DOCUMENT), 1)
    expect_one_instant(bench, bench.ask(DOCUMENT), 3)


def test_the_same_for_a_client_of_a_server(bench):
    async def scenario() -> None:
        for number in range(6):
            answer = await bench.engine.run(GraphQLRequest(DOCUMENT), ANONYMOUS, "c")
            expect_one_instant(bench, answer.body, 1 + 2 * number)

    asyncio.run(scenario())


def test_the_position_of_an_answer_is_that_of_its_snapshot(bench):
    def position(document: str) -> str:
        return bench.ask(document)["extensions"]["position"]

    before = position("{ notes { totalCount } }")
    assert position(DOCUMENT) == before
    assert position("{ notes { totalCount } }") != before


def test_below_a_mutation_all_is_read_in_one_snapshot_after_its_commit(bench):
    answer = bench.ask(
        """mutation { addNote(input: {id: "m", label: "x"}) { note { seen disturbed { seen disturbed { seen } } } } }"""
    )
    assert expect_data(answer)["addNote"]["note"] == {"seen": 2, "disturbed": [{"seen": 2, "disturbed": [{"seen": 2}]}]}
    assert count(bench) == 4


def test_each_root_field_of_a_mutation_sees_what_was_written_before_it(bench):
    document = """mutation {
        one: addNote(input: {id: "m", label: "x"}) { note { seen disturbed { seen } } }
        two: addNote(input: {id: "n", label: "x"}) { note { seen disturbed { seen } } }
    }"""
    assert expect_data(bench.ask(document)) == {
        "one": {"note": {"seen": 2, "disturbed": [{"seen": 2}]}},
        "two": {"note": {"seen": 4, "disturbed": [{"seen": 4}]}},
    }

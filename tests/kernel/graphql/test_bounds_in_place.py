"""What no budget of steps sees: how a list is counted, and Python's own time."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import strawberry

from synthetic.contributions import Extension, GraphQL
from synthetic.database.snapshot import Snapshot
from synthetic.graphql import placer
from synthetic.graphql.answers import GraphQLRequest
from synthetic.graphql.connections import Connection, First
from synthetic.graphql.cursors import Order
from synthetic.graphql.executor import Asked
from synthetic.graphql.fields import batched, query
from synthetic.graphql.lookups import find_rows
from synthetic.graphql.node import Node
from synthetic.graphql.pages import page, pages
from synthetic.graphql.placement import Placement
from synthetic.graphql.row_types import Column, FromRecord
from synthetic.graphql.selections import Selection
from synthetic.security.gate import ANONYMOUS
from synthetic.testing import expect_data, expect_error

from . import engine_kit
from .engine_kit import LIMITS, PART, Bench, Note, open_bench

MANY = 40_000
PARSED_BYTES = 300
OPERATION_MS = 50
ORDER = Order(("at", "id"), (int, str))


@strawberry.type(description="A note of which a column is parsed.")
class ParsedNote(Node):
    size: int = strawberry.field(description="Characters of its label.")

    of = FromRecord(engine_kit.NoteRow, size=Column("label", read=len, parses=True))


@query
def parsed(snapshot: Snapshot, asked: Asked, first: First = None) -> Connection[ParsedNote]:
    """Notes that are parsed."""
    return page(snapshot, ParsedNote, Selection("notes", [], {}), order=ORDER, asked=asked, first=first)


@query
def parsed_one(snapshot: Snapshot, asked: Asked) -> list[ParsedNote | None]:
    """The same by id."""
    return find_rows(snapshot, ParsedNote, "notes", ["a"], asked)


@query
def counted_at_once(snapshot: Snapshot) -> int:
    """How many notes there are, as a plugin may well ask."""
    return snapshot.value("SELECT count(*) FROM notes")


@batched
def siblings(snapshot: Snapshot, parents: Sequence[Note]) -> list[int]:
    """How many notes there are, for each of many parents."""
    selection = Selection("notes", [], {})
    found = pages(snapshot, Note, selection, each=[parent.id for parent in parents], order=ORDER)
    return [each.total_count() for each in found]


def read_late(snapshot: Snapshot) -> Note:
    """A note that is read in time, and returned when the operation's time is up."""
    note = engine_kit.find_notes(snapshot, ["a"])[0]
    until = time.monotonic() + 2 * OPERATION_MS / 1_000
    while time.monotonic() < until:
        time.sleep(OPERATION_MS / 1_000)
    assert note is not None
    return note


@query
def late(snapshot: Snapshot) -> Note:
    """A note that comes late."""
    return read_late(snapshot)


@query
def late_number(snapshot: Snapshot) -> int:
    """A number that comes late, with nothing below it."""
    return len(read_late(snapshot).label)


LATE = GraphQL(
    queries=(parsed, parsed_one, counted_at_once, late, late_number), extend=(Extension(type=Note, fields=(siblings,)),)
)


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bench]:
    """Queries are begun in place, and have any time there."""
    monkeypatch.setattr(Placement, "is_in_place", lambda *_arguments: True)
    monkeypatch.setattr(placer, "CUT_SECONDS", 60.0)
    with open_bench(tmp_path, parts=(PART, LATE)) as opened:
        opened.add(("a", None, 1), ("b", None, 2))
        yield opened


async def answer(bench: Bench, document: str) -> tuple[dict[str, Any], str]:
    """What is answered, and where."""
    places = bench.metrics.places
    before = places.in_place
    body = (await bench.engine.run(GraphQLRequest(document), ANONYMOUS, "c")).body
    assert set(places.restarts) == {"over_budget", "late", "locked", "in_use"}
    return expect_data(body), "in place" if places.in_place > before else "pool"


def add_many(bench: Bench) -> None:
    bench.database.write_blocking(
        lambda tx: tx.execute(
            f"INSERT INTO notes ({engine_kit.COLUMNS}) WITH RECURSIVE c(n) AS"
            " (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < :many) SELECT 'n' || n, NULL, 'x', n, '1' FROM c",
            {"many": MANY},
        )
    )


@pytest.mark.anyio
async def test_a_short_list_is_counted_in_place_and_a_long_one_in_the_pool(bench):
    document = "{ notes(first: 1) { totalCount } }"
    assert await answer(bench, document) == ({"notes": {"totalCount": 2}}, "in place")
    add_many(bench)
    assert await answer(bench, document) == ({"notes": {"totalCount": MANY + 2}}, "pool")
    assert bench.metrics.places.restarts["over_budget"] == 1


@pytest.mark.anyio
async def test_the_lists_of_many_parents_are_counted_in_place_while_they_are_short(bench):
    document = "{ notes(first: 2) { nodes { siblings } } }"
    expected = {"notes": {"nodes": [{"siblings": 2}] * 2}}
    assert await answer(bench, document) == (expected, "in place")
    add_many(bench)
    data, place = await answer(bench, document)
    assert place == "pool"
    assert [each["siblings"] for each in data["notes"]["nodes"]] == [MANY + 2] * 2


@pytest.mark.anyio
async def test_a_field_that_counts_a_whole_table_is_answered_by_the_pool(bench):
    assert await answer(bench, "{ countedAtOnce }") == ({"countedAtOnce": 2}, "pool")


@pytest.mark.anyio
@pytest.mark.parametrize(
    "document", ["{ found: parsed(first: 2) { nodes { size } } }", "{ found: parsedOne { size } }"]
)
async def test_columns_that_are_parsed_count_in_bytes(bench, monkeypatch, document: str):
    monkeypatch.setattr(placer, "BYTES_MAX", 2 * PARSED_BYTES)
    bench.database.write_blocking(
        lambda tx: tx.execute("UPDATE notes SET label = :label", {"label": "x" * PARSED_BYTES})
    )
    found, place = await answer(bench, document)
    assert place == "in place"
    monkeypatch.setattr(placer, "BYTES_MAX", PARSED_BYTES - 1)
    assert await answer(bench, document) == (found, "pool")
    assert (await answer(bench, document.replace("size", "id")))[1] == "in place"


@pytest.fixture
def hurried(tmp_path: Path) -> Iterator[Bench]:
    with open_bench(tmp_path, replace(LIMITS, operation_ms=OPERATION_MS), parts=(PART, LATE)) as opened:
        opened.add(("a", None, 1))
        yield opened


@pytest.mark.parametrize("document", ["{ lateNumber }", "{ late { id label } }"])
def test_a_query_whose_time_was_up_after_its_last_statement_is_no_answer(hurried, document: str):
    body = hurried.ask(document)
    expect_error(body, "DEADLINE_EXCEEDED")
    assert body.get("data") is None


def test_a_query_whose_time_is_up_begins_no_other_level(hurried):
    expect_error(hurried.ask("{ late { shout } }"), "DEADLINE_EXCEEDED")
    assert engine_kit.calls == []

"""Pages that SQLite writes as JSON have what those have that Python makes, and give way where they cannot be right."""

from __future__ import annotations

import asyncio
import contextlib
import enum
import gc
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Annotated, Any, NamedTuple

import apsw
import orjson
import pytest
import strawberry
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from example_counts import examples
from synthetic.clock import SystemClock
from synthetic.contributions import GraphQL
from synthetic.database import in_place_connection
from synthetic.database.in_place_connection import OverBudget
from synthetic.database.interruption import Interruption
from synthetic.database.snapshot import Snapshot
from synthetic.graphql import written_pages
from synthetic.graphql.answer_bytes import AnswerWriter
from synthetic.graphql.answers import GraphQLRequest
from synthetic.graphql.connections import After, Connection, First, Last
from synthetic.graphql.cursors import Order
from synthetic.graphql.executor import Asked, Unread, values_of
from synthetic.graphql.fields import batched, query
from synthetic.graphql.json_columns import JsonColumn, is_checked
from synthetic.graphql.pages import page, pages
from synthetic.graphql.placement import Placement
from synthetic.graphql.row_types import Column, FromRecord
from synthetic.graphql.scalars import JSON, DateTime, Long
from synthetic.graphql.selections import EACH, Selection
from synthetic.security.gate import ANONYMOUS, Scope

from .engine_kit import LIMITS, Bench, open_bench

WRITTEN = "concat('[', group_concat("
"""Stands where SQLite puts a page together."""


class Colour(enum.StrEnum):
    RED = "red"
    DARK_BLUE = 'it\'s "dark" blue'


class Tone(enum.StrEnum):
    LOUD = "LOUD"
    QUIET = "QUIET"


class SampleRecord(NamedTuple):
    id: str
    text: str | None
    colour: str
    tone: str | None
    count: int
    total: int
    share: float | None
    is_new: int
    at: int
    extra: str


@strawberry.type(description="One of each kind.")
class Sample:
    id: strawberry.ID = strawberry.field(description="Id.")
    text: str | None = strawberry.field(description="Text.")
    colour: Colour = strawberry.field(description="Enum.")
    tone: Tone | None = strawberry.field(description="Enum with values that are its names.")
    count: int = strawberry.field(description="Int.")
    total: Long = strawberry.field(description="Long.")
    share: float | None = strawberry.field(description="Float.")
    is_new: bool = strawberry.field(description="Boolean.")
    at: DateTime = strawberry.field(description="Instant.")
    extra: JSON = strawberry.field(description="JSON.")
    shown: str = strawberry.field(description="Made of others.")

    of = FromRecord(SampleRecord, shown=Column("id", "total", read=lambda id, total: f"{id}: {total}"))

    @batched(needs=("text", "id"), written=JsonColumn("coalesce(text, id) || '!'", "text = 'wrong'"))
    @staticmethod
    def shouted(snapshot: Snapshot, parents: Sequence[Sample]) -> list[str]:
        """What follows from columns."""
        return [f"{parent.id if parent.text is None else parent.text}!" for parent in parents]

    @batched(needs=("id",))
    @staticmethod
    def below(snapshot: Snapshot, parents: Sequence[Sample]) -> list[int]:
        """What is no column."""
        return [len(parent.id) for parent in parents]


@query
def samples(
    snapshot: Snapshot,
    asked: Asked,
    first: First = None,
    after: After = None,
    last: Last = None,
    merged: Annotated[bool, strawberry.argument(description="Read by two queries.")] = False,
    joined: Annotated[bool, strawberry.argument(description="Read from more than the table.")] = False,
) -> Connection[Sample]:
    """All of them."""
    source = "(SELECT * FROM samples LEFT JOIN (SELECT 'none' AS other) ON other = id)" if joined else "samples"
    selection = Selection(source, ["id <> :not"], {"not": "?"}, ["is_new = 0", "is_new <> 0"] if merged else None)
    order = Order(("total", "id"), (int, str), descending=True)
    return page(snapshot, Sample, selection, order=order, asked=asked, first=first, after=after, last=last)


@strawberry.type(description="Some of the samples.")
class Group:
    colour: str = strawberry.field(description="Colour of all of them.")

    @batched(needs=("colour",))
    @staticmethod
    def samples(
        snapshot: Snapshot,
        parents: Sequence[Group],
        asked: Asked,
        first: First = None,
        after: After = None,
        last: Last = None,
        merged: Annotated[bool, strawberry.argument(description="Read by two queries.")] = False,
    ) -> list[Connection[Sample]]:
        """Those of the colour."""
        conditions = ["is_new = 0", "is_new <> 0"] if merged else None
        return pages(
            snapshot,
            Sample,
            Selection("samples", [f"colour = {EACH}"], {}, conditions),
            each=values_of(parents, "colour"),
            order=Order(("total", "id"), (int, str), descending=True),
            asked=asked,
            first=first,
            after=after,
            last=last,
        )


@query
def groups(snapshot: Snapshot, colours: list[str]) -> list[Group]:
    """Groups of these colours."""
    return [Group(colour=colour) for colour in colours]


@strawberry.type(description="A shelf.")
class Shelf:
    name: str = strawberry.field(description="Name.")

    @batched
    @staticmethod
    def samples(snapshot: Snapshot, parents: Sequence[Shelf], asked: Asked) -> list[Connection[Sample]]:
        """Of one shelf at once, of the other later."""
        selection, order = Selection("samples", [], {}), Order(("id",), (str,))
        found = page(snapshot, Sample, selection, order=order, asked=asked)

        async def later() -> Any:
            await asyncio.sleep(0)
            return found

        return [found if parent.name == "now" else later() for parent in parents]  # type: ignore[misc]


@query
def shelves(snapshot: Snapshot) -> list[Shelf]:
    """Two."""
    return [Shelf(name="now"), Shelf(name="later")]


DDL = """
CREATE TABLE samples (
    id TEXT NOT NULL PRIMARY KEY, text TEXT, colour TEXT NOT NULL, tone TEXT, count INTEGER NOT NULL,
    total INTEGER NOT NULL, share REAL, is_new INTEGER NOT NULL, at INTEGER NOT NULL, extra TEXT NOT NULL
) STRICT
"""
INDEXES = (
    "CREATE INDEX samples_in_order ON samples (total, id)",
    "CREATE INDEX samples_by_colour ON samples (colour, total, id)",
)
"""Lists are walked in their order; without these, SQLite puts the rows in order."""

WHOLE = "{ samples(first: 50) { nodes { id text colour tone count total share isNew } } }"

SAMPLES = st.builds(
    SampleRecord,
    id=st.text(min_size=1, max_size=8).filter(lambda id: id != "?"),
    text=st.none() | st.text(max_size=60),
    colour=st.sampled_from([each.value for each in Colour]),
    tone=st.none() | st.sampled_from([each.value for each in Tone]),
    count=st.integers(-(2**31), 2**31 - 1),
    total=st.integers(-(2**53), 2**53),
    share=st.none() | st.floats(allow_nan=False, allow_infinity=False),
    is_new=st.sampled_from([0, 1, 2]),
    at=st.integers(0, 4_000_000_000_000),
    extra=st.just("{}"),
)
ONE = SampleRecord("a", "t", "red", "LOUD", 1, 2, 0.5, 1, 0, "{}")


class Desk:
    """A bench with the samples, and what its statements were."""

    def __init__(self, bench: Bench) -> None:
        self.bench = bench
        self._writer = AnswerWriter(bench.engine, LIMITS)
        self.statements: list[str] = []
        bench.database.write_blocking(lambda tx: [tx.execute(each) for each in (DDL, *INDEXES)])

    def keep(self, *records: SampleRecord) -> None:
        """Have these, and no others."""
        places = ", ".join(f":{name}" for name in SampleRecord._fields)
        rows = [each._asdict() for each in {each.id: each for each in records}.values()]

        def replace(tx: Any) -> None:
            tx.execute("DELETE FROM samples")
            tx.execute_many(f"INSERT INTO samples VALUES ({places})", rows)

        self.bench.database.write_blocking(replace)

    def written(self, document: str) -> dict[str, Any]:
        """The answer as it goes to a socket, from where it runs."""
        self.statements.clear()
        return orjson.loads(asyncio.run(self._sent(document)))

    async def _sent(self, document: str) -> bytes:
        request = GraphQLRequest(document)
        answer = await self.bench.engine.run(request, ANONYMOUS, "c", is_for_json=True)
        return (await self._writer.json(answer, "c"))[1]

    def made(self, document: str) -> dict[str, Any]:
        """The answer that is made of rows."""
        return self.bench.ask(document)

    def plan_of(self, sql: str) -> list[str]:
        """How SQLite comes by the rows of a statement."""
        nothing = dict.fromkeys(("not", "page_rows", "each_parents"))
        rows = self.bench.database.read_blocking(
            lambda snapshot: snapshot.rows(
                f"EXPLAIN QUERY PLAN {sql}", {name: nothing[name] for name in nothing if f":{name}" in sql}
            )
        )
        return [row[-1] for row in rows]

    @property
    def writing(self) -> list[str]:
        """Statements that wrote pages."""
        return [sql for sql in self.statements if WRITTEN in sql and not sql.startswith("EXPLAIN")]

    @property
    def has_sqlite_written(self) -> bool:
        return bool(self.writing)

    @property
    def reads(self) -> int:
        """How often rows of samples were read."""
        return len([sql for sql in self.statements if "samples" in sql and WRITTEN not in sql and "EXPLAIN" not in sql])


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    statements: list[str] = []

    def follow(connection: apsw.Connection) -> None:
        connection.trace_v2(apsw.SQLITE_TRACE_STMT, lambda event: statements.append(event["sql"]))

    monkeypatch.setattr(apsw, "connection_hooks", [*apsw.connection_hooks, follow])
    with open_bench(tmp_path, parts=(GraphQL(queries=(samples, groups)),)) as bench:
        desk = Desk(bench)
        desk.statements = statements
        yield desk


@pytest.fixture(params=["walked", "sorted"])
def any_desk(desk: Desk, request: pytest.FixtureRequest) -> Desk:
    """A desk whose lists are walked in an index, and one where SQLite has to put them in order."""
    if request.param == "sorted":
        names = [sql.split()[2] for sql in INDEXES]
        desk.bench.database.write_blocking(lambda tx: [tx.execute(f"DROP INDEX {name}") for name in names])
    return desk


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=examples(80))
@given(records=st.lists(SAMPLES, max_size=30))
def test_sqlite_writes_what_python_makes(any_desk: Desk, records: list[SampleRecord]):
    desk = any_desk
    desk.keep(*records)
    written = desk.written(WHOLE)
    assert desk.has_sqlite_written
    assert written == desk.made(WHOLE)


@pytest.mark.parametrize(
    "selection",
    [
        "nodes { name: text id text again: text }",
        "nodes { __typename id kind: __typename }",
        "nodes { id ... on Sample { count } ...F }",
        "a: nodes { id } b: nodes { total isNew } totalCount",
    ],
)
@pytest.mark.parametrize("arguments", ["(first: 3)", "(first: 100)", "(first: 0)", "(merged: true)", ""])
def test_sqlite_writes_pages_of_any_size_under_any_names(desk: Desk, selection: str, arguments: str):
    desk.keep(*(ONE._replace(id=f"s{number}", total=number // 2, is_new=number % 3) for number in range(12)))
    document = f"{{ samples{arguments} {{ {selection} }} }} fragment F on Sample {{ share }}"
    if "...F" not in document:
        document = document.replace("fragment F on Sample { share }", "")
    written = desk.written(document)
    assert desk.has_sqlite_written
    assert written == desk.made(document)


GROUPS = '{{ groups(colours: ["red", "it\'s \\"dark\\" blue", "red", "none"]) {{ colour samples{} {{ {} }} }} }}'


@pytest.fixture
def in_pool(monkeypatch: pytest.MonkeyPatch) -> None:
    """No query is begun in place, to be begun again when the machine is slow: its statements are counted."""
    monkeypatch.setattr(Placement, "is_in_place", lambda *_arguments: False)


@pytest.mark.usefixtures("in_pool")
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=examples(80))
@given(records=st.lists(SAMPLES, max_size=30), arguments=st.sampled_from(["", "(first: 2)", "(first: 0)"]))
def test_the_pages_of_many_parents_are_written_by_one_statement(any_desk: Desk, records, arguments):
    desk = any_desk
    desk.keep(*records)
    document = GROUPS.format(arguments, "totalCount nodes { id text colour tone count total share isNew shouted }")
    written = desk.written(document)
    assert len(desk.writing) == 1
    assert desk.reads == 1, "only to count"
    assert written == desk.made(document)


@pytest.mark.parametrize("arguments", ["(last: 2)", "(merged: true)"])
def test_the_pages_of_many_parents_that_are_read_otherwise_are_made_by_python(desk: Desk, arguments: str):
    desk.keep(*(ONE._replace(id=f"s{number}", is_new=number % 2) for number in range(5)))
    document = GROUPS.format(arguments, "nodes { id }")
    written = desk.written(document)
    assert not desk.has_sqlite_written
    assert written == desk.made(document)


@pytest.mark.usefixtures("in_pool")
def test_of_many_pages_only_those_are_read_that_cannot_be_written(desk: Desk):
    blue = ONE._replace(id="b", colour=Colour.DARK_BLUE.value)
    desk.keep(ONE, blue._replace(count=2**31), blue._replace(id="c"))
    document = GROUPS.format("", "nodes { id count }")
    written, reads = desk.written(document), desk.reads
    assert reads == 1
    assert written["data"] is None
    assert [error["path"] for error in written["errors"]] == [["groups", 1, "samples", "nodes", 1, "count"]]
    assert written["errors"][0]["path"] == desk.made(document)["errors"][0]["path"]
    desk.keep(ONE, blue)
    assert desk.written(document) == desk.made(document)


@pytest.mark.usefixtures("in_pool")
def test_what_a_batched_field_says_of_rows_that_are_not_written_so_is_heard(desk: Desk):
    desk.keep(ONE, ONE._replace(id="b", text=None))
    document = "{ samples { nodes { id shouted } } }"
    written = desk.written(document)
    assert desk.has_sqlite_written
    assert desk.reads == 0
    assert [node["shouted"] for node in written["data"]["samples"]["nodes"]] == ["b!", "t!"]
    desk.keep(ONE, ONE._replace(id="b", text="wrong"))
    written, reads = desk.written(document), desk.reads
    assert written == desk.made(document)
    assert reads == 1


def test_a_batched_field_that_needs_more_than_columns_cannot_be_written():
    def of_scope(snapshot: Snapshot, parents: Sequence[Any]) -> list[str]:
        """A field."""
        return [""] * len(parents)

    def of_argument(snapshot: Snapshot, parents: Sequence[Any], more: str) -> list[str]:
        """A field."""
        return [""] * len(parents)

    for function, other in ((of_scope, {"scope": Scope.ADMIN}), (of_scope, {"needs": None}), (of_argument, {})):
        with pytest.raises(TypeError, match="can be written"):
            batched(function, **{"needs": ("id",), "written": JsonColumn("id")} | other)


def test_what_follows_a_cursor_is_written_too(desk: Desk):
    desk.keep(*(ONE._replace(id=f"s{number}") for number in range(9)))
    cursor = desk.made("{ samples(first: 4) { pageInfo { endCursor } } }")["data"]["samples"]["pageInfo"]["endCursor"]
    document = f'{{ samples(first: 3, after: "{cursor}") {{ nodes {{ id }} }} }}'
    written = desk.written(document)
    assert desk.has_sqlite_written
    assert [node["id"] for node in written["data"]["samples"]["nodes"]] == ["s4", "s3", "s2"]


@pytest.mark.parametrize(
    "document",
    [
        "{ samples { nodes { id at } } }",
        "{ samples { nodes { id extra } } }",
        "{ samples { nodes { id shown } } }",
        "{ samples { nodes { id below } } }",
        "{ samples { nodes { id } pageInfo { hasNextPage } } }",
        "{ samples { nodes { id } edges { node { text } cursor } } }",
        "{ samples(last: 2) { nodes { id } } }",
        "{ samples(joined: true) { nodes { id } } }",
    ],
)
def test_what_is_more_than_nodes_with_columns_is_made_by_python(desk: Desk, document: str):
    desk.keep(*(ONE._replace(id=f"s{number}") for number in range(5)))
    written = desk.written(document)
    assert not desk.has_sqlite_written
    assert written == desk.made(document)


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"count": 2**31}, "count"),
        ({"count": -(2**31) - 1}, "count"),
        ({"total": 2**53 + 1}, "total"),
        ({"share": float("inf")}, "share"),
        ({"share": float("-inf")}, "share"),
        ({"colour": "green"}, "colour"),
        ({"tone": "loud"}, "tone"),
    ],
)
def test_a_value_that_its_type_cannot_have_is_an_error_in_its_place(desk: Desk, wrong: dict[str, Any], field: str):
    desk.keep(ONE._replace(id="b", total=9), ONE._replace(**wrong))
    written, made = desk.written(WHOLE), desk.made(WHOLE)
    assert [error["path"] for error in written["errors"]] == [error["path"] for error in made["errors"]]
    assert written["errors"][0]["path"][-1] == field
    assert written["data"] == made["data"]


@pytest.mark.parametrize(
    ("table_sql", "is_safe"),
    [
        ("CREATE TABLE t (id TEXT, colour TEXT NOT NULL CHECK (colour IN ('red', 'it''s blue')))", True),
        ("CREATE TABLE t (colour TEXT CHECK (colour IN ('red')), other TEXT)", True),
        ("CREATE TABLE t (id TEXT, colour TEXT NOT NULL CHECK (colour IN ('red', 'green')))", False),
        ("CREATE TABLE t (id TEXT, colour TEXT NOT NULL, kind TEXT CHECK (kind IN ('red')))", False),
        ("CREATE TABLE t (id TEXT, colour TEXT CHECK (colour NOT IN ('red')))", False),
        ("CREATE TABLE t (my_colour TEXT CHECK (colour IN ('red')), colour TEXT)", False),
        ("CREATE TABLE t (colour ANY CHECK (colour IN ('red')))", False),
        ("CREATE TABLE t (colour TEXT COLLATE NOCASE CHECK (colour IN ('red')))", False),
        ("CREATE TABLE t (colour TEXT CHECK (colour IN ('red')) COLLATE NOCASE)", False),
        ("CREATE TABLE t (colour TEXT CHECK (colour IN ('red', NULL)))", False),
        ("CREATE TABLE t (colour TEXT CHECK (colour IN ('red', 1)))", False),
        ("CREATE TABLE t (colour TEXT CHECK (colour IN ('red', other)), other TEXT)", False),
        ('CREATE TABLE t (colour TEXT CHECK (colour IN ("other")), other TEXT)', False),
        ("CREATE TABLE t (colour TEXT NOT NULL -- was CHECK (colour IN ('red'))\n)", False),
        ("CREATE TABLE t (colour TEXT NOT NULL /* CHECK (colour IN ('red')) */)", False),
        ("CREATE TABLE t (-- A colour, one of them.\n colour TEXT CHECK (colour IN ('red')))", True),
        ("", False),
    ],
)
def test_what_a_table_checks_is_known_by_its_text(table_sql: str, is_safe: bool):
    column = JsonColumn("colour", among=("red", "it's blue", "more"))
    assert is_checked(table_sql, "colour", column) is is_safe


@pytest.mark.parametrize(
    ("table_sql", "is_safe"),
    [
        ("CREATE TABLE t (id TEXT, size INTEGER NOT NULL CHECK (size BETWEEN 0 AND 9))", True),
        ("CREATE TABLE t (size INTEGER CHECK (size BETWEEN -10 AND 10), other TEXT)", True),
        ("CREATE TABLE t (size INTEGER CHECK (size BETWEEN -11 AND 10))", False),
        ("CREATE TABLE t (size INTEGER CHECK (size BETWEEN 0 AND 11))", False),
        ("CREATE TABLE t (size INTEGER CHECK (size BETWEEN 0 AND other), other INTEGER)", False),
        ("CREATE TABLE t (size INTEGER CHECK (size BETWEEN 0 AND 9.5))", False),
        ("CREATE TABLE t (size INTEGER CHECK (size NOT BETWEEN 0 AND 9))", False),
        ("CREATE TABLE t (size INTEGER CHECK (size BETWEEN 0 AND 9 OR size > 99))", False),
        ("CREATE TABLE t (size INTEGER CHECK (size >= 0))", False),
        ("CREATE TABLE t (size REAL CHECK (size BETWEEN 0 AND 9))", False),
        ("CREATE TABLE t (my_size INTEGER CHECK (size BETWEEN 0 AND 9), size INTEGER)", False),
        ("CREATE TABLE t (size INTEGER, other INTEGER CHECK (size BETWEEN 0 AND 9))", False),
        ("CREATE TABLE t (size INTEGER -- CHECK (size BETWEEN 0 AND 9)\n)", False),
        ("", False),
    ],
)
def test_what_a_table_lets_into_a_column_of_integers_is_known_by_its_text(table_sql: str, is_safe: bool):
    assert is_checked(table_sql, "size", JsonColumn("size", within=(-10, 10))) is is_safe


@pytest.mark.usefixtures("in_pool")
def test_nobody_looks_again_at_what_the_table_checks(desk: Desk):
    desk.keep(ONE)
    document = "{ samples { nodes { id tone colour count } } }"
    desk.written(document)
    assert [sql.count("CASE tone") for sql in desk.writing] == [1]
    checked = DDL.replace("tone TEXT", "tone TEXT CHECK (tone IN ('LOUD', 'QUIET'))")

    def replace(tx: Any) -> None:
        tx.execute("DROP TABLE samples")
        tx.execute(checked)

    desk.bench.database.write_blocking(replace)
    desk.keep(ONE)
    other = document.replace("id", "id text")
    assert desk.written(other) == desk.made(other)
    desk.written(other)
    [written] = desk.writing
    assert "CASE tone" not in written
    assert "CASE colour" in written


def test_a_page_that_is_too_long_is_made_by_python_and_so_are_the_next(desk: Desk, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(Snapshot, "json_bytes_max", 20_000)
    monkeypatch.setattr(in_place_connection, "VALUE_BYTES_MAX", 20_000)
    monkeypatch.setattr(written_pages, "RESTS", 2)
    desk.keep(*(ONE._replace(id=f"s{number}", text="long " * 400) for number in range(20)))
    tried: list[bool] = []
    for _ in range(5):
        assert desk.written(WHOLE) == desk.made(WHOLE)
        tried.append(desk.has_sqlite_written)
    assert tried == [True, False, False, True, False]


def test_what_was_put_off_is_read_before_the_snapshot_ends(tmp_path: Path):
    with open_bench(tmp_path, parts=(GraphQL(queries=(shelves,)),)) as bench:
        desk = Desk(bench)
        desk.keep(ONE)
        expected = {"samples": {"nodes": [{"id": "a"}]}}
        assert desk.written("{ shelves { samples { nodes { id } } } }")["data"] == {"shelves": [expected, expected]}


@pytest.mark.usefixtures("in_pool")
@pytest.mark.parametrize(
    "document", ["{ samples(first: 2) { nodes { id } } }", GROUPS.format("(first: 2)", "nodes { id }")]
)
def test_of_rows_that_are_put_in_order_only_those_of_the_page_are_written(any_desk: Desk, document: str):
    any_desk.keep(*(ONE._replace(id=f"s{number}", total=number) for number in range(9)))
    assert any_desk.written(document) == any_desk.made(document)
    [written] = any_desk.writing
    # What stands before the subquery is worked out for the rows that come out of it; what is in it, for all it sorts.
    is_outside = written.index("json_object") < written.index("FROM (SELECT")
    assert is_outside is any("USE TEMP B-TREE" in step for step in any_desk.plan_of(written))


def test_a_page_is_written_in_place_from_the_first_request_whatever_its_fields_are_called(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(Placement, "is_in_place", lambda *_arguments: True)
    desk.keep(ONE)
    document = "{ samples { nodes { account: text count } } }"
    assert desk.written(document) == desk.made(document)
    desk.written(document)
    assert desk.has_sqlite_written


def test_writing_a_page_in_place_ends_where_its_budget_does_and_leaves_the_bound_of_values(desk: Desk):
    short = [ONE._replace(id=f"s{number}", text="x" * 100) for number in range(500)]
    desk.keep(*short)
    objects = "SELECT json_group_array(json_object('id', id, 'text', {})) FROM samples"

    def read(function: Callable[[Snapshot], Any], steps_max: int = 50_000) -> Any:
        interruption = Interruption(SystemClock())
        return desk.bench.database.read_in_place(
            function, interruption=interruption, steps_max=steps_max, bytes_max=10**6, hold_seconds_max=None
        )

    assert read(lambda snapshot: len(snapshot.rows_of_json(objects.format("substr(text, 1, 9)"))[0][0])) > 10_000
    with pytest.raises(OverBudget) as cut:
        read(lambda snapshot: snapshot.rows_of_json(objects.format("substr(text, 1, 9)")), steps_max=1_000)
    assert cut.value.cut == "over_budget"
    desk.keep(*short, ONE._replace(text="x" * 100_000))
    assert read(lambda snapshot: snapshot.rows_of_json(objects.format("text"))) is None
    with pytest.raises(OverBudget):
        read(lambda snapshot: (snapshot.rows_of_json("SELECT '[]'"), snapshot.rows("SELECT text FROM samples")))


def test_pages_written_in_place_end_with_the_one_that_the_budget_of_bytes_has_nothing_left_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    made: list[object] = []

    def follow(connection: apsw.Connection) -> None:
        connection.trace_v2(apsw.SQLITE_TRACE_ROW, made.append)

    monkeypatch.setattr(apsw, "connection_hooks", [*apsw.connection_hooks, follow])
    with open_bench(tmp_path, parts=(GraphQL(queries=(samples,)),)) as bench:
        Desk(bench).keep(*(ONE._replace(id=f"s{number}", text="x" * 80) for number in range(100)))

        def read_pages(snapshot: Snapshot) -> None:
            made.clear()
            snapshot.rows_of_json("SELECT id, json_array(text) FROM samples")

        def read(bytes_max: int) -> int:
            with contextlib.suppress(OverBudget):
                bench.database.read_in_place(
                    read_pages,
                    interruption=Interruption(SystemClock()),
                    steps_max=50_000,
                    bytes_max=bytes_max,
                    hold_seconds_max=None,
                )
            return len(made)

        assert read(100 * 84) == 100
        assert read(10 * 84) == 11


@pytest.mark.parametrize("document", [WHOLE, "{ samples { nodes { id at } } }", GROUPS.format("", "nodes { id }")])
def test_nothing_of_a_page_is_left_to_the_collector(desk: Desk, document: str):
    desk.keep(ONE)
    gc.collect()
    gc.disable()
    try:
        for _ in range(4):
            desk.written(document)
        assert not [each for each in gc.get_objects() if isinstance(each, Unread | Snapshot)]
    finally:
        gc.enable()


def test_who_looks_at_the_nodes_of_a_page_finds_objects(tmp_path: Path):
    @query
    def labels(snapshot: Snapshot, asked: Asked) -> Connection[Sample]:
        """A page that somebody looks at before it is answered."""
        selection, order = Selection("samples", [], {}), Order(("id",), (str,))
        found = page(snapshot, Sample, selection, order=order, asked=asked)
        seen.extend(node.id for node in found.nodes)
        return found

    seen: list[str] = []
    with open_bench(tmp_path, parts=(GraphQL(queries=(labels,)),)) as bench:
        desk = Desk(bench)
        desk.keep(ONE, ONE._replace(id="b"))
        assert [node["id"] for node in desk.written("{ labels { nodes { id } } }")["data"]["labels"]["nodes"]] == [
            "a",
            "b",
        ]
    assert seen == ["a", "b"]

"""The pages of many parents are what the page of each would be, whatever is listed and however it is cut.

The lists are of a small table whose rows share instants and labels, so that
orders need their last column. Each is asked for by `pages` with all parents,
and by `page` with one.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from example_counts import examples
from synthetic.database.snapshot import Snapshot
from synthetic.errors import BadUserInputError
from synthetic.graphql.connections import Connection
from synthetic.graphql.cursors import Order, encode_cursor
from synthetic.graphql.executor import EVERYTHING, Asked
from synthetic.graphql.lookups import find_row, find_rows, first_of_each, list_rows
from synthetic.graphql.pages import page, pages
from synthetic.graphql.selections import EACH, PARENT, Selection

from .engine_kit import Bench, Note, NoteRow, open_bench

PARENTS = [f"p{number}" for number in range(6)]
OF_A_PARENT = f"parent_id = {EACH}"
SELECTIONS = {
    "table": Selection("notes", [OF_A_PARENT], {}),
    "filtered": Selection("notes", [OF_A_PARENT, "at >= :least"], {"least": 2}),
    "merged": Selection("notes", [OF_A_PARENT], {}, merged=("label = 'a'", "label = 'c'")),
    "merged, each with the parent": Selection(
        "notes", [], {}, merged=[f"{OF_A_PARENT} AND at % 3 = {n}" for n in "02"]
    ),
    "merged by one": Selection("notes", [OF_A_PARENT, "at > :least"], {"least": 1}, merged=("label = 'b'",)),
    "merged by none": Selection("notes", [OF_A_PARENT], {}, merged=()),
    "join": Selection(
        "(SELECT parent_id AS near_id, id FROM notes) CROSS JOIN notes USING (id)",
        [f"near_id = {EACH}"],
        {},
        keys=("near_id", "id"),
    ),
    "merged by keys": Selection(
        "notes", [], {}, merged=[f"{OF_A_PARENT} AND label = '{each}'" for each in "abc"], keys=("parent_id", "id")
    ),
}
ORDERS = [
    Order(columns, tuple(int if column == "at" else str for column in columns), descending)
    for columns in (("id",), ("at", "id"), ("label", "at", "id"))
    for descending in (False, True)
]


class Selected(Asked):
    """What a plan would say that selects these fields, and these attributes of the nodes."""

    def __init__(self, *paths: tuple[str, ...], nodes: frozenset[str] = frozenset()) -> None:
        super().__init__(None)
        self._paths = paths
        self._nodes = nodes

    def has(self, *path: str) -> bool:
        return path in self._paths

    def reads(self, *path: str) -> frozenset[str] | None:
        return self._nodes if not path or path in self._paths else frozenset()


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    directory: Path = tmp_path_factory.mktemp("many")
    with open_bench(directory) as opened:
        rows = [
            {"id": f"n{number:02}", "parent": PARENTS[number % 5], "label": "abcd"[number % 4], "at": number // 7}
            for number in range(60)
        ]
        opened.database.write_blocking(
            lambda tx: tx.execute_many(
                "INSERT INTO notes (id, parent_id, label, at, extra) VALUES (:id, :parent, :label, :at, '{}')", rows
            )
        )
        yield opened


def shown(connection: Connection[Any]) -> dict[str, Any]:
    info = connection.page_info
    return {
        "nodes": [(node.id, node.label, node.at) for node in connection.nodes],
        "edges": [(edge.node.id, edge.cursor) for edge in connection.edges],
        "info": (info.has_next_page, info.has_previous_page, info.start_cursor, info.end_cursor),
        "count": connection.count(),
    }


def of_one(selection: Selection, parent: str) -> Selection:
    return replace(selection, params=selection.params | {PARENT: parent})


@st.composite
def windows(draw: st.DrawFn, order: Order) -> dict[str, Any]:
    def place() -> str | None:
        if not draw(st.booleans()):
            return None
        values = {"id": draw(st.sampled_from(["n00", "n17", "n30", "n59", "n99"])), "at": draw(st.integers(-1, 9))}
        values["label"] = draw(st.sampled_from("abcd"))
        return encode_cursor(order, [values[column] for column in order.columns])

    size = {draw(st.sampled_from(["first", "last"])): draw(st.none() | st.integers(0, 9))}
    return {**size, "after": place(), "before": place()}


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=examples(120))
@given(
    name=st.sampled_from(list(SELECTIONS)),
    order=st.sampled_from(ORDERS),
    parents=st.lists(st.sampled_from(PARENTS), max_size=8),
    data=st.data(),
)
def test_pages_of_many_parents_are_the_page_of_each(bench, name, order, parents, data) -> None:
    selection, window = SELECTIONS[name], data.draw(windows(order))

    def both(snapshot: Snapshot) -> tuple[list[dict], list[dict]]:
        together = pages(snapshot, Note, selection, each=parents, order=order, **window)
        alone = [page(snapshot, Note, of_one(selection, each), order=order, **window) for each in parents]
        return list(map(shown, together)), list(map(shown, alone))

    together, alone = bench.database.read_blocking(both)
    assert together == alone


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=examples(120))
@given(
    name=st.sampled_from(list(SELECTIONS)),
    order=st.sampled_from(ORDERS),
    parents=st.lists(st.sampled_from(PARENTS), max_size=8),
    is_counted=st.booleans(),
    data=st.data(),
)
def test_nodes_of_many_parents_are_those_of_each_where_nothing_else_is_asked_for(
    bench, name, order, parents, is_counted, data
) -> None:
    selection, window = SELECTIONS[name], data.draw(windows(order))
    fields = [("nodes",), ("totalCount",)] if is_counted else [("nodes",)]

    def shown_nodes(connection: Connection[Note]) -> Any:
        nodes = [(note.id, note.label, note.at) for note in connection.nodes]
        return nodes, connection.count() if is_counted else None

    def both(snapshot: Snapshot) -> tuple[list[Any], list[Any]]:
        asked = Selected(*fields, nodes=frozenset({"id", "label", "at"}))
        together = pages(snapshot, Note, selection, each=parents, order=order, asked=asked, **window)
        alone = [page(snapshot, Note, of_one(selection, each), order=order, **window) for each in parents]
        return list(map(shown_nodes, together)), list(map(shown_nodes, alone))

    together, alone = bench.database.read_blocking(both)
    assert together == alone


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=examples(60))
@given(name=st.sampled_from(list(SELECTIONS)), order=st.sampled_from(ORDERS), parent=st.sampled_from(PARENTS))
def test_the_first_of_each_is_the_first_of_its_page(bench, name, order, parent) -> None:
    selection = SELECTIONS[name]

    def both(snapshot: Snapshot) -> tuple[list[Any], list[Any]]:
        each = [parent, "nobody", parent]
        alone = [page(snapshot, Note, of_one(selection, one), order=order, first=1).nodes for one in each]
        found = first_of_each(snapshot, Note, selection, each=each, order=order)
        return [note and note.id for note in found], [nodes[0].id if nodes else None for nodes in alone]

    found, alone = bench.database.read_blocking(both)
    assert found == alone


def test_parents_may_be_told_by_integers(bench) -> None:
    of_an_instant = Selection("notes", [f"at = {EACH}"], {})
    found = bench.database.read_blocking(
        lambda snapshot: [
            ([note.id for note in each.nodes], each.count())
            for each in pages(snapshot, Note, of_an_instant, each=[8, 0, 99, 8], order=ORDERS[0], first=2)
        ]
    )
    assert found == [(["n56", "n57"], 4), (["n00", "n01"], 7), ([], 0), (["n56", "n57"], 4)]


def test_what_is_not_asked_for_is_not_in_the_rows(bench) -> None:
    def read(snapshot: Snapshot, asked: Asked) -> Connection[Note]:
        return pages(snapshot, Note, SELECTIONS["table"], each=PARENTS, order=ORDERS[2], asked=asked, first=2)[0]

    found = bench.database.read_blocking(read, Selected(("nodes",), nodes=frozenset({"label"})))
    assert {len(row) for row in found.nodes.rows} == {2}
    (node, _) = found.nodes
    assert vars(node) == {"label": node.label}
    assert not hasattr(found, "page_info")

    with_cursors = Selected(("edges",), ("edges", "node"), ("edges", "cursor"), nodes=frozenset({"label"}))
    edge = bench.database.read_blocking(read, with_cursors).edges[0]
    assert vars(edge) == {"node": edge.node, "cursor": encode_cursor(ORDERS[2], [0, "n00"])}

    counted = bench.database.read_blocking(lambda snapshot: read(snapshot, Selected(("totalCount",))).count())
    assert counted == 12
    unlisted = bench.database.read_blocking(read, Selected(("totalCount",)))
    assert not hasattr(unlisted, "nodes")


def test_attributes_that_no_column_stands_for_are_read_from_whole_objects(bench) -> None:
    asked = Selected(("nodes",), nodes=frozenset({"label", "children"}))
    found = bench.database.read_blocking(
        lambda snapshot: page(snapshot, Note, Selection("notes", [], {}), order=ORDERS[0], asked=asked, first=1)
    )
    assert vars(found.nodes[0]).keys() == {"id", "label", "at", "extra"}


def test_a_list_of_records_is_of_whole_records(bench) -> None:
    found = bench.database.read_blocking(
        lambda snapshot: page(snapshot, NoteRow, Selection("notes", ["at = 0"], {}), order=ORDERS[2], first=2)
    )
    assert list(found.nodes) == [
        NoteRow("n00", "p0", "a", 0, "{}"),
        NoteRow("n01", "p1", "b", 0, "{}"),
    ]


def test_rows_are_found_by_their_ids_and_in_the_order_of_the_ids(bench) -> None:
    ids = ["n03", None, "nothing", "n01", "n03"]
    found = bench.database.read_blocking(lambda snapshot: find_rows(snapshot, Note, "notes", ids))
    assert [None if each is None else each.id for each in found] == ["n03", None, None, "n01", "n03"]

    narrow = Selected(nodes=frozenset({"label"}))
    found = bench.database.read_blocking(lambda snapshot: find_rows(snapshot, Note, "notes", ids, narrow))
    assert [None if each is None else vars(each) for each in found] == [
        {"label": "d"}, None, None, {"label": "b"}, {"label": "d"},
    ]  # fmt: skip

    one = bench.database.read_blocking(lambda snapshot: find_row(snapshot, Note, "notes", "n02", narrow))
    assert vars(one) == {"label": "c"}
    assert bench.database.read_blocking(find_row, Note, "notes", "nothing") is None


def test_lists_that_are_not_cut_are_read_for_all_parents(bench) -> None:
    found = bench.database.read_blocking(
        lambda snapshot: list_rows(
            snapshot,
            Note,
            "notes",
            ["p1", "nobody", "p0", "p1"],
            EVERYTHING,
            key="parent_id",
            order=Order(("id",), (str,), descending=True),
        )
    )
    assert [[note.id for note in notes][:2] for notes in found] == [["n56", "n51"], [], ["n55", "n50"], ["n56", "n51"]]


def test_a_condition_that_is_merged_twice_counts_once(bench) -> None:
    once = Selection("notes", [OF_A_PARENT], {}, merged=("label = 'a'", "label = 'b'"))
    twice = replace(once, merged=("label = 'a'", "label = 'b'", "label = 'a'"))
    for parents in (PARENTS, PARENTS[:1]):
        for order in ORDERS:

            def read(snapshot: Snapshot, selection: Selection, order: Order = order, each: list[str] = parents) -> Any:
                return [shown(one) for one in pages(snapshot, Note, selection, each=each, order=order, first=10)]

            assert bench.database.read_blocking(read, twice) == bench.database.read_blocking(read, once)


def test_a_window_that_makes_no_sense_is_refused_for_many_parents_too(bench) -> None:
    for parents in (PARENTS, PARENTS[:1]):
        with pytest.raises(BadUserInputError):
            bench.database.read_blocking(
                lambda snapshot, each=parents: pages(
                    snapshot, Note, SELECTIONS["table"], each=each, order=ORDERS[0], first=1, last=1
                )
            )


@pytest.mark.parametrize("value", ["\ud800", 2**64])
def test_ids_and_parents_that_no_row_can_hold_are_the_clients_fault(bench, value) -> None:
    ids, order = [value, "n01" if isinstance(value, str) else 1], ORDERS[0]
    for ask in (
        lambda snapshot: find_row(snapshot, Note, "notes", value),
        lambda snapshot: find_rows(snapshot, Note, "notes", ids),
        lambda snapshot: list_rows(snapshot, Note, "notes", ids, key="parent_id", order=order),
        lambda snapshot: pages(snapshot, Note, SELECTIONS["table"], each=ids, order=order),
        lambda snapshot: pages(snapshot, Note, SELECTIONS["table"], each=ids[:1], order=order),
        lambda snapshot: first_of_each(snapshot, Note, SELECTIONS["table"], each=ids, order=order),
    ):
        with pytest.raises(BadUserInputError):
            bench.database.read_blocking(ask)

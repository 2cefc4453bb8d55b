"""`PageLayout`: from the rows of pages to their connections, of which only that is made which is asked for."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, cast

from synthetic.database.snapshot import Row, Snapshot
from synthetic.graphql.connections import Connection, Edge, PageInfo
from synthetic.graphql.cursors import Order, Window, encode_cursor
from synthetic.graphql.executor import (
    EVERYTHING,
    Asked,
    Columns,
    Layout,
    LeafFields,
    RowLists,
    Rows,
    Unread,
    UnreadSource,
)

_new: Callable[[Any], Any] = object.__new__

EDGE_LAYOUTS_KEPT = 512
"""Layouts of edges that are remembered, like shapes of nodes."""


@dataclass(slots=True)
class PageLayout:
    """What rows are to the pages of one call.

    Attributes:
        nodes: What a row is as a node.
        edges: What it is as an edge, if these are asked for.
        order: Of the list; None where nobody asks for cursors.
        places: Where the columns of the order are.
        window: Which part of the list.
        asked: What the pages have.
    """

    nodes: Layout
    edges: Layout
    order: Order | None
    places: tuple[int, ...]
    window: Window
    asked: PageAsked

    def cut(self, pages: Iterable[list[Row]]) -> list[bool]:
        """Make pages of rows as they were read; for each whether there are more."""
        size, backward = self.window.size, self.window.backward
        more: list[bool] = []
        for rows in pages:
            more.append(len(rows) > size)
            if len(rows) > size:
                rows.pop()
            if backward:
                rows.reverse()
        return more

    def connections_of_read(
        self, pages: Sequence[list[Row]], counts: Callable[[], Sequence[int]]
    ) -> list[Connection[Any]]:
        """The connections of rows as they were read: one too many where there are more, in the order of reading.

        Args:
            pages: The rows of each.
            counts: How many rows the lists have; called once, when that is asked for.

        Returns:
            One for each page.
        """
        counted, more = self._counters(counts, len(pages)), self.cut(pages)
        if not self.asked.only_nodes:
            made_of = zip(pages, counted, more, strict=True)
            return [self.connection(rows, count, more=goes_on) for rows, count, goes_on in made_of]
        # Most lists are asked for like this, and there is one for each of many parents.
        made: list[Any] = []
        nodes = self.nodes
        for rows, count in zip(pages, counted, strict=True):
            one: Any = _new(Connection)
            one.nodes = Rows(rows, nodes, is_whole=True)
            if count is not None:
                one.count = count
            made.append(one)
        return made

    def connections_of_unread(
        self,
        snapshot: Snapshot,
        size: int,
        read: Callable[[Sequence[int]], Sequence[list[Row] | Exception]],
        write: Callable[[LeafFields], Sequence[str | None]],
        counts: Callable[[], Sequence[int]],
    ) -> list[Connection[Any]]:
        """The connections of pages of which only the nodes are asked for, to be read or written together.

        Args:
            snapshot: What they are read in.
            size: How many pages there are.
            read: Reads those at these places: for each the rows of its page, or why they cannot be read.
            write: Writes all, each as it would be made of its rows; None for a page that has to be made so.
            counts: As for `connections_of_read`.

        Returns:
            One for each page.
        """
        return self._with_nodes(self._unread(snapshot, size, read, write), counts)

    def connection_of_unread(
        self,
        snapshot: Snapshot,
        read: Callable[[Sequence[int]], Sequence[list[Row] | Exception]],
        write: Callable[[LeafFields], Sequence[str | None]],
        count: Callable[[], int],
    ) -> Connection[Any]:
        """As `connections_of_unread`, of one page."""
        made: Any = _new(Connection)
        [made.nodes] = self._unread(snapshot, 1, read, write)
        if self.asked.total_count:
            made.count = count
        return made

    def _unread(
        self,
        snapshot: Snapshot,
        size: int,
        read: Callable[[Sequence[int]], Sequence[list[Row] | Exception]],
        write: Callable[[LeafFields], Sequence[str | None]],
    ) -> list[Unread]:
        source = UnreadSource(size, read, write)
        snapshot.keep_until_end(source.keep)
        return [Unread(self.nodes, source, place) for place in range(size)]

    def connections_of_rows(
        self, rows: list[Row], sizes: Sequence[int], counts: Callable[[], Sequence[int]]
    ) -> list[Connection[Any]]:
        """The connections of pages of which nothing is asked for but nodes.

        Args:
            rows: Of all pages, as they are, one page after the other.
            sizes: How many rows each page has.
            counts: As for `connections_of_read`.

        Returns:
            One for each page.
        """
        return self._with_nodes(RowLists(Rows(rows, self.nodes, is_whole=True), sizes), counts)

    def _with_nodes(self, nodes: Sequence[Any], counts: Callable[[], Sequence[int]]) -> list[Connection[Any]]:
        columns = {"nodes": nodes}
        if self.asked.total_count:
            columns["count"] = self._counters(counts, len(nodes))
        # To who looks it is a list of connections; to the executor, columns.
        return cast("list[Connection[Any]]", Columns(len(nodes), columns, _connection))

    def _counters(self, counts: Callable[[], Sequence[int]], size: int) -> Sequence[Callable[[], int] | None]:
        """For each list what gives the number of its rows, if that is asked for."""
        if not self.asked.total_count:
            return (None,) * size
        count_of = _Counts(counts).of
        return [functools.partial(count_of, place) for place in range(size)]

    @property
    def has_only_nodes(self) -> bool:
        """Whether nothing of a page is asked for but nodes that have only leaves."""
        return self.asked.leaves and self.asked.only_nodes

    def connection(self, rows: list[Row], count: Callable[[], int] | None, *, more: bool) -> Connection[Any]:
        """The connection of the rows of a page.

        Args:
            rows: In the order of the list.
            count: How many rows the whole list has; None where nobody asks for that.
            more: Whether the list goes on in the direction in which it was read.
        """
        made: Any = _new(Connection)
        if count is not None:
            made.count = count
        # To who looks these are lists of objects; to the executor, rows.
        if self.asked.nodes:
            made.nodes = Rows(rows, self.nodes, is_whole=True)
        if self.asked.edges:
            made.edges = Rows(rows, self.edges, is_whole=True)
        if self.asked.page_info:
            start = end = None
            if self.order is not None and rows:
                start, end = (
                    encode_cursor(self.order, [row[place] for place in self.places]) for row in (rows[0], rows[-1])
                )
            made.page_info = _page_info(self.window, start, end, more=more)
        return made


class _Counts:
    """How many rows lists have, counted for all of them when the first is asked for."""

    __slots__ = ("_count", "_counted")

    def __init__(self, count: Callable[[], Sequence[int]]) -> None:
        self._count = count
        self._counted: Sequence[int] | None = None

    def of(self, place: int) -> int:
        if self._counted is None:
            self._counted = self._count()
        return self._counted[place]


class PageAsked(NamedTuple):
    """What is asked for of a connection.

    Attributes:
        nodes: Its nodes.
        edges: Its edges.
        page_info: Where it stands in its list.
        cursors: Cursors, in its edges or its PageInfo.
        leaves: Nodes that have nothing but leaves.
        total_count: How many the whole list has.
    """

    nodes: bool
    edges: bool
    page_info: bool
    cursors: bool
    leaves: bool
    total_count: bool

    @property
    def only_nodes(self) -> bool:
        """Whether of the rows of a page nothing is asked for but its nodes."""
        return self.nodes and not (self.edges or self.page_info)

    @property
    def rows(self) -> bool:
        """Whether rows have to be read for it."""
        return self.nodes or self.edges or self.page_info


def page_asked(asked: Asked) -> PageAsked:
    """What is asked for of a connection, found once for each place of a document."""
    known = asked.memory.get(PageAsked)
    if known is None:
        has_cursors = any(
            asked.has(*path) for path in (("edges", "cursor"), ("pageInfo", "startCursor"), ("pageInfo", "endCursor"))
        )
        has_nodes = asked.has("nodes")
        has_leaves = has_nodes and asked.has_only_leaves("nodes")
        known = PageAsked(
            has_nodes, asked.has("edges"), asked.has("pageInfo"), has_cursors, has_leaves, asked.has("totalCount")
        )
        asked.memory[PageAsked] = known
    return known


def layout_of_pages(
    layout: Layout, *, columns: Sequence[str], order: Order, window: Window, asked: Asked = EVERYTHING
) -> PageLayout:
    """What makes connections of rows that were read in another way than from a selection.

    Args:
        layout: What the rows are.
        columns: Which column stands at each place of a row; those of the order are among them. The layout need not
            know of these: it names what is asked for.
        order: Of the lists.
        window: Which part of them was asked for.
        asked: What is asked for of a connection; it has nothing else.
    """
    known = page_asked(asked)
    places = tuple([columns.index(column) for column in order.columns])
    return page_layout(layout, order if known.cursors else None, places, window, known)


def page_layout(
    nodes: Layout, order: Order | None, places: tuple[int, ...], window: Window, asked: PageAsked
) -> PageLayout:
    """The layout of pages; the arguments are its attributes."""
    edges = _edge_layout(nodes, order, places) if asked.edges else nodes
    return PageLayout(nodes, edges, order, places, window, asked)


def _page_info(window: Window, start: str | None, end: str | None, *, more: bool) -> PageInfo:
    # A page that starts at a cursor is taken to have a page on its other side.
    return PageInfo(
        has_next_page=window.before is not None if window.backward else more,
        has_previous_page=more if window.backward else window.after is not None,
        start_cursor=start,
        end_cursor=end,
    )


@functools.lru_cache(maxsize=EDGE_LAYOUTS_KEPT)
def _edge_layout(nodes: Layout, order: Order | None, places: tuple[int, ...]) -> Layout:
    """The same rows as edges."""
    if order is None:
        return Layout(nodes.columns, lambda row: _edge(node=nodes.make(row)), nested={"node": nodes})

    def cursor(row: Row) -> str:
        return encode_cursor(order, [row[place] for place in places])

    return Layout(
        nodes.columns,
        lambda row: _edge(node=nodes.make(row), cursor=cursor(row)),
        computed={"cursor": cursor},
        nested={"node": nodes},
    )


def _connection(attributes: dict[str, Any]) -> Connection[Any]:
    made = cast("Connection[Any]", _new(Connection))
    made.__dict__.update(attributes)
    return made


def _edge(**attributes: Any) -> Edge[Any]:
    made = cast("Edge[Any]", _new(Edge))
    made.__dict__.update(attributes)
    return made

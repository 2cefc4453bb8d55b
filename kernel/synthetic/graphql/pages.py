"""Pages of a list: Relay connections over keyset cursors.

A cursor holds the values of the order's columns at one row, so a page starts
where the last one ended whatever was inserted or deleted meanwhile, and costs
the same at the end of a table as at its start. See the Relay specification,
https://relay.dev/graphql/connections.htm.
"""

from __future__ import annotations

import base64
import binascii
import functools
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Generic, TypeAlias, TypeVar

import strawberry

from synthetic.database.transaction import Parameters, Snapshot, Value
from synthetic.errors import BadUserInputError
from synthetic.json_text import from_json, to_json
from synthetic.kernel_settings import LimitSettings

NodeT = TypeVar("NodeT")
RecordT = TypeVar("RecordT")

First: TypeAlias = Annotated[int | None, strawberry.argument(description="How many, from the start of the list.")]
After: TypeAlias = Annotated[str | None, strawberry.argument(description="Only what follows this cursor.")]
Last: TypeAlias = Annotated[int | None, strawberry.argument(description="How many, from the end of the list.")]
Before: TypeAlias = Annotated[str | None, strawberry.argument(description="Only what precedes this cursor.")]


@strawberry.type(description="Where a page stands in its list.")
class PageInfo:
    """Relay's PageInfo."""

    has_next_page: bool = strawberry.field(description="Whether more follows this page.")
    has_previous_page: bool = strawberry.field(description="Whether more precedes this page.")
    start_cursor: str | None = strawberry.field(description="Cursor of the page's first node.")
    end_cursor: str | None = strawberry.field(description="Cursor of the page's last node.")


@strawberry.type(description="A node in a list, and the cursor of its place.")
class Edge(Generic[NodeT]):
    """Relay's Edge."""

    node: NodeT = strawberry.field(description="What is listed.")
    cursor: str = strawberry.field(description="Its place in the list, to page from.")


@strawberry.type(description="A page of a list.")
class Connection(Generic[NodeT]):
    """Relay's Connection."""

    edges: list[Edge[NodeT]] = strawberry.field(description="The nodes of this page, with their cursors.")
    page_info: PageInfo = strawberry.field(description="Where the page stands in the list.")
    count: strawberry.Private[Callable[[], int]]

    @strawberry.field(description="The nodes of this page.")
    def nodes(self) -> list[NodeT]:
        """The edges without their cursors."""
        return [edge.node for edge in self.edges]

    @strawberry.field(description="How many the whole list has; counted only when asked for.")
    def total_count(self) -> int:
        """Counts in the operation's snapshot."""
        return self.count()


@dataclass(frozen=True, slots=True)
class Order:
    """The order of a list.

    Attributes:
        columns: Columns without NULLs that are also attributes of the record;
            the last one is unique, so that the order is total.
        descending: All of them from the largest down.
    """

    columns: tuple[str, ...]
    descending: bool = False

    @property
    def mark(self) -> int:
        """Tells cursors of this order from those of others."""
        return _mark(self.columns, self.descending)

    def clause(self, *, reverse: bool) -> str:
        """For ORDER BY."""
        direction = "DESC" if self.descending != reverse else "ASC"
        return ", ".join(f"{column} {direction}" for column in self.columns)

    def beyond(self, prefix: str, *, forward: bool) -> str:
        """Condition for rows that follow (or precede) the values `:prefix0`, `:prefix1` and on."""
        names = ", ".join(f":{prefix}{index}" for index in range(len(self.columns)))
        sign = ">" if forward != self.descending else "<"
        return f"({', '.join(self.columns)}) {sign} ({names})"


@functools.lru_cache(maxsize=256)
def _mark(columns: tuple[str, ...], descending: bool) -> int:
    # Kept, because each row of a page has a cursor, and this would cost more than reading the row.
    return zlib.crc32(repr((columns, descending)).encode())


@dataclass(frozen=True, slots=True)
class Selection:
    """What a list is read from, before it is put in order and cut into pages.

    Attributes:
        select: "columns FROM table", what stands after SELECT, without conditions.
        where: Conditions that all hold.
        params: Values of the placeholders in both.
    """

    select: str
    where: list[str]
    params: dict[str, Value]


@dataclass(frozen=True, slots=True)
class Window:
    """Which part of a list is asked for, checked.

    Attributes:
        size: How many rows.
        backward: Counted from the end.
        after, before: Values of the order's columns, or None.
    """

    size: int
    backward: bool
    after: list[Value] | None
    before: list[Value] | None


def encode_cursor(order: Order, values: Sequence[Value]) -> str:
    """The opaque text of a place in a list."""
    return base64.urlsafe_b64encode(to_json([order.mark, *values]).encode()).decode().rstrip("=")


def decode_cursor(order: Order, cursor: str, argument: str) -> list[Value]:
    """The values behind a cursor.

    Raises:
        BadUserInputError: It is not a cursor of this order.
    """
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        mark, *values = from_json(base64.b64decode(padded, altchars=b"-_", validate=True))
    except (ValueError, TypeError, binascii.Error):
        mark, values = None, []
    plain = all(isinstance(value, str | int | float) and not isinstance(value, bool) for value in values)
    if mark != order.mark or len(values) != len(order.columns) or not plain:
        raise BadUserInputError(
            f"`{argument}` is not a cursor of this list in this order.",
            action="Use a cursor that the same field gave with the same orderBy, or start without one.",
            details={"field": argument},
        )
    return values


def read_window(
    limits: LimitSettings, order: Order, first: int | None, after: str | None, last: int | None, before: str | None
) -> Window:
    """Check the four arguments of a page.

    Raises:
        BadUserInputError: Both or neither direction makes sense, a size is
            out of bounds, or a cursor is not of this list.
    """
    if first is not None and last is not None:
        raise BadUserInputError("Give `first` or `last`, not both.", details={"field": "last"})
    name, size = ("last", last) if last is not None else ("first", first)
    if size is None:
        size = limits.page_size_default
    if not 0 <= size <= limits.page_size:
        raise BadUserInputError(f"`{name}` must be from 0 to {limits.page_size}.", details={"field": name})
    return Window(
        size=size,
        backward=last is not None,
        after=None if after is None else decode_cursor(order, after, "after"),
        before=None if before is None else decode_cursor(order, before, "before"),
    )


def page(
    snapshot: Snapshot,
    record_class: Callable[..., RecordT],
    *,
    select: str,
    order: Order,
    make: Callable[[RecordT], NodeT],
    where: Sequence[str] = (),
    params: Parameters | None = None,
    first: int | None = None,
    after: str | None = None,
    last: int | None = None,
    before: str | None = None,
) -> Connection[NodeT]:
    """Read one page of a list.

    Args:
        snapshot: To read in.
        record_class: Built from each row's columns.
        select: "columns FROM table", without WHERE.
        order: The order of the list.
        make: From a record to the GraphQL object.
        where: Conditions, joined by AND.
        params: Their values.
        first: How many from the start.
        after: Only what follows this cursor.
        last: How many from the end.
        before: Only what precedes this cursor.

    Raises:
        BadUserInputError: See `read_window`.
    """
    window = read_window(snapshot.settings(LimitSettings), order, first, after, last, before)
    # The cursor's conditions come first: of two bounds on one column SQLite seeks by the one that stands first.
    conditions: list[str] = []
    values = dict(params or {})
    for prefix, place, forward in (("after_", window.after, True), ("before_", window.before, False)):
        if place is not None:
            conditions.append(order.beyond(prefix, forward=forward))
            values |= {f"{prefix}{index}": value for index, value in enumerate(place)}
    conditions += where
    sql = f"SELECT {select}{_where(conditions)} ORDER BY {order.clause(reverse=window.backward)} LIMIT :page_rows"
    records = snapshot.records(record_class, sql, values | {"page_rows": window.size + 1})
    more = len(records) > window.size
    records = records[: window.size]
    if window.backward:
        records.reverse()
    edges: list[Edge[NodeT]] = [
        Edge(node=make(record), cursor=encode_cursor(order, [getattr(record, name) for name in order.columns]))
        for record in records
    ]
    table = select[select.index(" FROM ") :]

    def count() -> int:
        return snapshot.value(f"SELECT count(*){table}{_where(where)}", params or {})

    return Connection(edges=edges, page_info=page_info(edges, window, more=more), count=count)


def page_info(edges: Sequence[Edge[Any]], window: Window, *, more: bool) -> PageInfo:
    """Where a page stands; a page that starts at a cursor is taken to have a page on its other side."""
    return PageInfo(
        has_next_page=window.before is not None if window.backward else more,
        has_previous_page=more if window.backward else window.after is not None,
        start_cursor=edges[0].cursor if edges else None,
        end_cursor=edges[-1].cursor if edges else None,
    )


def _where(conditions: Sequence[str]) -> str:
    return f" WHERE {' AND '.join(f'({condition})' for condition in conditions)}" if conditions else ""

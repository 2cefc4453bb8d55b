"""Lists of rows that are read when somebody wants them, and that their source may write as JSON instead."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from graphql import GraphQLLeafType

from synthetic.graphql.executor.rows import Layout, Row, Rows


class LeafField(NamedTuple):
    """A field of objects that have nothing but leaves.

    Attributes:
        key: What the answer calls it.
        attribute: Of which attribute its value is; None where it is the same for all objects.
        leaf: Its type.
        value: Its value where there is no attribute.
        written: Of a batched field, what its declaration says to the source of the list (`sources.Batched.written`).
    """

    key: str
    attribute: str | None
    leaf: GraphQLLeafType
    value: Any = None
    written: object = None


class LeafFields:
    """All fields of such objects; one belongs to each place of a plan, and is compared by identity.

    Attributes:
        fields: In the order of the answer.
    """

    __slots__ = ("fields",)

    def __init__(self, fields: Sequence[LeafField]) -> None:
        """Make it; the argument is the attribute."""
        self.fields = tuple(fields)


class Written(NamedTuple):
    """A list of objects as JSON.

    Attributes:
        text: The JSON.
        size: How many objects it has.
    """

    text: str
    size: int


class Unread(Rows):
    """Rows that are read when somebody wants them, and that their source may also write as JSON.

    For who looks they are what `Rows` are. In an answer that is only to be
    written, a list of them is asked for its JSON first; a source that can write
    the list at once, as a database can, need not make a row of it then.

    It is of use while its source can be read.
    """

    __slots__ = ("_read", "_write")

    def __init__(
        self, layout: Layout, read: Callable[[], list[Row]], write: Callable[[LeafFields], Written | None]
    ) -> None:
        """Make it.

        Args:
            layout: What the rows are.
            read: Reads them; none of them is None.
            write: Writes the objects with these fields; gives None where it cannot, and what the JSON has must be
                what would be made of the rows.
        """
        # Not by the constructor of `Rows`, which wants the rows: without them, `__getattr__` is asked for them.
        self.layout = layout
        self.is_whole = True
        self._read = read
        self._write = write

    def __getattr__(self, name: str) -> Any:
        """The rows, when they are first asked for."""
        if name != "rows":
            raise AttributeError(name)
        self.rows = self._read()
        return self.rows

    def keep(self) -> None:
        """Read the rows now, since their source is about to go; why that failed is told to who asks for them."""
        try:
            self.rows  # noqa: B018 - to ask for them reads them
        except Exception as error:  # noqa: BLE001 - whatever it is, it is raised where the rows are asked for
            self._read = functools.partial(_raise, error)

    def write(self, fields: LeafFields) -> Written | None:
        """The list as JSON; None where it has to be made of the rows."""
        return self._write(fields)


def unread_lists(
    layout: Layout,
    count: int,
    read: Callable[[Sequence[int]], Sequence[list[Row] | Exception]],
    write: Callable[[LeafFields], Sequence[Written | None]],
) -> list[Unread]:
    """The lists of many parents, which are read together, and written together.

    Args:
        layout: What the rows are.
        count: How many lists there are.
        read: Reads those at these places among them: for each its rows, or why they cannot be read.
        write: Writes all of them, as `Unread` has it.
    """
    source = _Lists(count, read, write)
    # It does not hold the lists, which hold it: nothing of a request should be left to the collector.
    rows_of, written_of = source.rows_of, source.written_of
    return [
        Unread(layout, functools.partial(rows_of, place), functools.partial(written_of, place))
        for place in range(count)
    ]


class _Lists:
    """What the lists of `unread_lists` have in common."""

    def __init__(
        self,
        count: int,
        read: Callable[[Sequence[int]], Sequence[list[Row] | Exception]],
        write: Callable[[LeafFields], Sequence[Written | None]],
    ) -> None:
        self._read = read
        self._write = write
        self._rows: dict[int, list[Row] | Exception] = {}
        self._fields: LeafFields | None = None
        self._written: Sequence[Written | None] = [None] * count

    def rows_of(self, place: int) -> list[Row]:
        if place not in self._rows:
            unwritten = [each for each, written in enumerate(self._written) if written is None or each == place]
            wanted = [each for each in unwritten if each not in self._rows]
            self._rows.update(zip(wanted, self._read(wanted), strict=True))
        rows = self._rows[place]
        if isinstance(rows, Exception):
            raise rows
        return rows

    def written_of(self, place: int, fields: LeafFields) -> Written | None:
        if self._fields is not fields:
            # Also where that fails, which is not tried again for each of the lists.
            self._fields, self._written = fields, [None] * len(self._written)
            self._written = self._write(fields)
        return self._written[place]


def _raise(error: Exception) -> list[Row]:
    raise error

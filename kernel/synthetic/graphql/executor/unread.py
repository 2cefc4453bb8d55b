"""Lists of rows that are read when somebody wants them, and that their source may write as JSON instead."""

from __future__ import annotations

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


class UnreadSource:
    """What the lists of one or many parents come from, which are read together, and written together."""

    __slots__ = ("_fields", "_is_kept", "_read", "_rows", "_write", "_written")

    def __init__(
        self,
        count: int,
        read: Callable[[Sequence[int]], Sequence[list[Row] | Exception]],
        write: Callable[[LeafFields], Sequence[str | None]],
    ) -> None:
        """Make it.

        Args:
            count: How many lists there are.
            read: Reads those at these places among them: for each its rows, none of which is None, or why they cannot
                be read.
            write: Writes each list as the JSON of objects with these fields; None for one of which it cannot. What
                the JSON has must be what would be made of the rows.
        """
        self._read = read
        self._write = write
        self._rows: dict[int, list[Row] | Exception] = {}
        self._is_kept = False
        self._fields: LeafFields | None = None
        self._written: Sequence[str | None] = [None] * count

    def rows_of(self, place: int) -> list[Row]:
        """The rows of a list; where they are not known yet, those of all that were not written are read.

        Args:
            place: Which list.

        Raises:
            Exception: Why they could not be read.
        """
        if place not in self._rows:
            self._take([each for each, written in enumerate(self._written) if written is None or each == place])
        rows = self._rows[place]
        if isinstance(rows, Exception):
            raise rows
        return rows

    def written(self, fields: LeafFields) -> Sequence[str | None]:
        """All lists as JSON; None for one that has to be made of its rows.

        Args:
            fields: What the objects have.

        Raises:
            Exception: Why they could not be written; the next time, none of them is.
        """
        if self._fields is not fields:
            # Also where that fails, which is not tried again for each of the lists; and not when there is no source.
            self._fields, self._written = fields, [None] * len(self._written)
            if not self._is_kept:
                self._written = self._write(fields)
        return self._written

    def keep(self) -> None:
        """Read all rows now, since what they are read of is about to go; an error is told to who asks for them."""
        self._is_kept = True
        self._take(range(len(self._written)))

    def _take(self, places: Sequence[int]) -> None:
        wanted = [place for place in places if place not in self._rows]
        if not wanted:
            return
        try:
            self._rows.update(zip(wanted, self._read(wanted), strict=True))
        except Exception as error:  # noqa: BLE001 - whatever it is, it is raised where the rows are asked for
            self._rows.update(dict.fromkeys(wanted, error))


class Unread(Rows):
    """Rows that are read when somebody wants them, and that their source may also write as JSON.

    For who looks they are what `Rows` are. In an answer that is only to be
    written, the source is asked for its JSON first; one that can write the list
    at once, as a database can, need not make a row of it then.

    It is of use while its source can be read.

    Attributes:
        source: What the rows come from. It does not know its lists, so nothing is left to the collector.
        place: Which of its lists this is.
    """

    __slots__ = ("place", "source")

    def __init__(self, layout: Layout, source: UnreadSource, place: int = 0) -> None:
        """Make it.

        Args:
            layout: What the rows are.
            source: See the attributes.
            place: See the attributes.
        """
        # Not by the constructor of `Rows`, which wants the rows: without them, `__getattr__` is asked for them.
        self.layout = layout
        self.is_whole = True
        self.source = source
        self.place = place

    def __getattr__(self, name: str) -> Any:
        """The rows, when they are first asked for."""
        if name != "rows":
            raise AttributeError(name)
        self.rows = self.source.rows_of(self.place)
        return self.rows

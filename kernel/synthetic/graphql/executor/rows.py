"""`Rows`: objects that are still rows of a table, so that the executor can copy their columns as they are.

A list of ten thousand objects costs ten thousand objects. Where a selection
asks for plain columns only, none of them is needed: generated code copies from
the tuples of the database to the dictionaries of the answer.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias, cast, overload

Row: TypeAlias = tuple[Any, ...]
NOTHING: Mapping[str, Any] = {}


class Layout:
    """What the places of a row are to the objects that it stands for.

    Layouts are compared by identity, and code is generated for each: make few
    of them, and keep them.

    Attributes:
        columns: Name of the attribute at each place.
        places: For each attribute, its place.
        make: Makes the object of a row, for who needs one.
        reads: For an attribute whose value in the row is not what the object's would be: how to read it. Not called
            for None, which stays what it is.
        computed: Attributes that are made of the whole row.
        nested: Attributes that are the same row, seen as another object.
        exact: Columns whose values are known to be of the Python type of the leaf that they are written as (and not
            null where they must not be), as those of a STRICT table are: they are copied without a look. An integer
            column is one only if its values fit GraphQL's Int.
    """

    __slots__ = ("columns", "computed", "exact", "make", "nested", "places", "reads")

    def __init__(
        self,
        columns: Sequence[str],
        make: Callable[[Row], Any],
        *,
        reads: Mapping[str, Callable[[Any], Any]] = NOTHING,
        computed: Mapping[str, Callable[[Row], Any]] = NOTHING,
        nested: Mapping[str, Layout] = NOTHING,
        exact: Collection[str] = (),
    ) -> None:
        """Make it; the arguments are the attributes."""
        self.columns = tuple(columns)
        self.places = {name: place for place, name in enumerate(columns)}
        self.make = make
        self.reads = reads
        self.computed = computed
        self.nested = nested
        self.exact = frozenset(exact)

    def find(self, name: str, row: Row) -> Any:
        """The value of an attribute of the object that a row stands for.

        Raises:
            AttributeError: The rows do not have it.
        """
        if name in self.nested:
            return self.nested[name].make(row)
        if name in self.computed:
            return self.computed[name](row)
        if name not in self.places:
            raise AttributeError(f"the rows that were read do not have {name!r}")
        value = row[self.places[name]]
        return self.reads[name](value) if name in self.reads and value is not None else value


if TYPE_CHECKING:
    _Sequence = Sequence[Any]
else:
    # An abstract base would make every `isinstance` ten times as slow, and each value is asked.
    _Sequence = object


class Rows(_Sequence):
    """A list of objects that are still rows.

    To who iterates over it or takes an item it is a list of objects, which are
    made then, each time anew.

    Attributes:
        rows: The rows; None where there is no object.
        layout: What they are.
        is_whole: Whether it is known that none of the rows is None.
    """

    __slots__ = ("is_whole", "layout", "rows")

    def __init__(self, rows: list[Row | None] | list[Row], layout: Layout, *, is_whole: bool = False) -> None:
        """Make it; the arguments are the attributes."""
        self.rows = rows
        self.layout = layout
        self.is_whole = is_whole

    def __len__(self) -> int:
        return len(self.rows)

    @overload
    def __getitem__(self, index: int) -> Any: ...

    @overload
    def __getitem__(self, index: slice) -> Rows: ...

    def __getitem__(self, index: int | slice) -> Any:
        """One object, or some of the rows."""
        if isinstance(index, slice):
            return Rows(self.rows[index], self.layout, is_whole=self.is_whole)
        row = self.rows[index]
        return None if row is None else self.layout.make(row)

    def __iter__(self) -> Iterator[Any]:
        make = self.layout.make
        for row in self.rows:
            yield None if row is None else make(row)


class Parents(Rows):
    """The parents of a batched field that are still rows: their objects are made when one is looked at, and kept.

    Who only wants attributes of them takes these by `values_of`, and no object is made.
    """

    __slots__ = ("_made",)

    def __init__(self, rows: Rows) -> None:
        """Make it of rows none of which is None."""
        super().__init__(rows.rows, rows.layout, is_whole=True)
        self._made: list[Any] | None = None

    @property
    def objects(self) -> list[Any]:
        """The objects, the same ones each time."""
        if self._made is None:
            self._made = list(super().__iter__())
        return self._made

    def __getitem__(self, index: int | slice) -> Any:
        """One object, or a list of some."""
        return self.objects[index]

    def __iter__(self) -> Iterator[Any]:
        return iter(self.objects)


cast("Any", Sequence).register(Rows)


def values_of(parents: Sequence[Any], name: str) -> list[Any]:
    """An attribute of each of the parents that a batched field is given; where these are rows, no objects are made.

    Args:
        parents: As they were given.
        name: Of the attribute.

    Raises:
        AttributeError: They do not have it.
    """
    if not isinstance(parents, Rows):
        return [getattr(parent, name) for parent in parents]
    layout, rows = parents.layout, cast("list[Row]", parents.rows)
    if name in layout.places and name not in layout.reads and name not in layout.computed and name not in layout.nested:
        place = layout.places[name]
        return [row[place] for row in rows]
    return [layout.find(name, row) for row in rows]

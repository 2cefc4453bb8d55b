"""Objects by the values of their attributes, and lists of rows by the rows of all of them.

The pages of a hundred parents are a hundred connections, of which nobody wants
more than the nodes, and a hundred lists, whose items are completed together.
None of these need be made: the executor takes columns of values, and one list of
rows with the sizes of the parts that it is cut into.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import accumulate
from typing import TYPE_CHECKING, Any, cast

from synthetic.graphql.executor.rows import Rows

if TYPE_CHECKING:
    _Sequence = Sequence[Any]
else:
    # As for `Rows`.
    _Sequence = object


class Columns(_Sequence):
    """Objects of one class, none of which is missing, by the values of their attributes.

    To who iterates over it or takes an item it is a list of objects, which are made then, and kept.

    Attributes:
        columns: For each attribute its values, one of each object.
        is_whole: None is missing.
    """

    __slots__ = ("_count", "_made", "_make", "columns")

    is_whole = True

    def __init__(self, count: int, columns: Mapping[str, Sequence[Any]], make: Callable[[dict[str, Any]], Any]) -> None:
        """Make it.

        Args:
            count: How many objects there are.
            columns: See the attributes.
            make: Makes an object of its attributes.
        """
        self.columns = columns
        self._count = count
        self._make = make
        self._made: list[Any] | None = None

    @property
    def objects(self) -> list[Any]:
        """The objects, the same ones each time."""
        if self._made is None:
            columns = {name: list(values) for name, values in self.columns.items()}
            self._made = [
                self._make({name: values[place] for name, values in columns.items()}) for place in range(self._count)
            ]
        return self._made

    def __len__(self) -> int:
        return self._count

    def __getitem__(self, index: int | slice) -> Any:
        """One object, or a list of some."""
        return self.objects[index]

    def __iter__(self) -> Iterator[Any]:
        return iter(self.objects)


class RowLists(_Sequence):
    """Lists of rows of one layout; to who looks, a list of `Rows`.

    Attributes:
        rows: The rows of all lists, one list after the other; none is None.
        sizes: How many rows each list has.
    """

    __slots__ = ("rows", "sizes")

    def __init__(self, rows: Rows, sizes: Sequence[int]) -> None:
        """Make it; the arguments are the attributes."""
        self.rows = rows
        self.sizes = sizes

    def __len__(self) -> int:
        return len(self.sizes)

    def __getitem__(self, index: int | slice) -> Any:
        """One list, or some."""
        return list(self)[index]

    def __iter__(self) -> Iterator[Any]:
        for end, size in zip(accumulate(self.sizes), self.sizes, strict=True):
            yield self.rows[end - size : end]


cast("Any", Sequence).register(Columns)
cast("Any", Sequence).register(RowLists)

READY: tuple[type[Any], ...] = (Rows, Columns, RowLists)
"""What has no values among it that need be awaited, or looked at one by one."""

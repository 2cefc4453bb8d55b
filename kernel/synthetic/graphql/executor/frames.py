"""Frames: where in the answer the values of a level stand. They are asked only when something has failed.

The executor completes the values of a level as one flat list. A frame says of
each index of such a list to which index of the list above it belongs, and by
which step of the response's path; so no path is built while all goes well.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from itertools import accumulate
from typing import TYPE_CHECKING, NamedTuple

from graphql.pyutils import Path

if TYPE_CHECKING:
    from synthetic.graphql.executor.field_plan import FieldPlan


class Place(NamedTuple):
    """A position in the answers of a run.

    Attributes:
        root: Which of the run's root values.
        order: Comparable: what executes first in depth-first order is smaller.
        path: The response path.
        nulled: How many steps of the path lead to what becomes null when this position must not be null, and is.
    """

    root: int
    order: tuple[int, ...]
    path: tuple[str | int, ...]
    nulled: int


class RootFrame:
    """The root values of a run."""

    __slots__ = ()

    def place(self, index: int) -> Place:
        """The place of a root value."""
        return Place(index, (), (), 0)

    def response_path(self, index: int) -> Path | None:
        """As graphql-core gives it to resolvers."""
        del index
        return None


class FieldFrame:
    """The values of one field, one for each of the objects of the frame above.

    Attributes:
        field: The field.
    """

    __slots__ = ("_above", "_nullable", "field")

    def __init__(self, above: Frame, field: FieldPlan) -> None:
        self._above = above
        self.field = field
        self._nullable = not field.is_non_null

    def place(self, index: int) -> Place:
        """The place of a value."""
        root, order, path, nulled = self._above.place(index)
        path = (*path, self.field.key)
        return Place(root, (*order, self.field.number), path, len(path) if self._nullable else nulled)

    def response_path(self, index: int) -> Path:
        """As graphql-core gives it to resolvers."""
        return Path(self._above.response_path(index), self.field.key, self.field.parent_type.name)


class ItemFrame:
    """The items of lists, put one after the other."""

    __slots__ = ("_above", "_ends", "_nullable", "_owners", "_sizes")

    def __init__(self, above: Frame, owners: Sequence[int], sizes: Sequence[int], *, nullable: bool) -> None:
        """Make it.

        Args:
            above: The frame of the lists.
            owners: For each list that has items here, its index in the frame above.
            sizes: How many items each of them has.
            nullable: Whether an item may be null.
        """
        self._above = above
        self._owners = owners
        self._sizes = sizes
        self._nullable = nullable
        self._ends: list[int] | None = None

    def _find(self, index: int) -> tuple[int, int]:
        """The index of an item's list in the frame above, and that of the item in it."""
        if self._ends is None:
            self._ends = list(accumulate(self._sizes))
        number = bisect_right(self._ends, index)
        return self._owners[number], index - (self._ends[number] - self._sizes[number])

    def place(self, index: int) -> Place:
        """The place of an item."""
        owner, item = self._find(index)
        root, order, path, nulled = self._above.place(owner)
        path = (*path, item)
        return Place(root, (*order, item), path, len(path) if self._nullable else nulled)

    def response_path(self, index: int) -> Path:
        """As graphql-core gives it to resolvers."""
        owner, item = self._find(index)
        return Path(self._above.response_path(owner), item, None)


class SomeFrame:
    """Some of the values of the frame above: those that are not null, or of one type."""

    __slots__ = ("_above", "_chosen")

    def __init__(self, above: Frame, chosen: Sequence[int]) -> None:
        """Make it.

        Args:
            above: The frame of all of them.
            chosen: Their indexes there.
        """
        self._above = above
        self._chosen = chosen

    def place(self, index: int) -> Place:
        """The place of a value."""
        return self._above.place(self._chosen[index])

    def response_path(self, index: int) -> Path | None:
        """As graphql-core gives it to resolvers."""
        return self._above.response_path(self._chosen[index])


Frame = RootFrame | FieldFrame | ItemFrame | SomeFrame

"""Completers: from what resolvers gave to what the answer has, for all values of a level at once.

A completer takes one value for each position and returns one result for each:
what the answer has there, None, or `FAILED` where null must spread upwards
(GraphQL specification, section 6.4.3, "Value Completion"). An exception among
the values is an error at its position.
"""

from __future__ import annotations

import contextlib
import functools
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from graphql.pyutils import Undefined

from synthetic.graphql.executor.core import kind_of
from synthetic.graphql.executor.failures import FAILED
from synthetic.graphql.executor.frames import Frame
from synthetic.graphql.executor.leaves import Leaf, null_error
from synthetic.graphql.executor.rows import Rows
from synthetic.graphql.executor.unread import LeafFields
from synthetic.graphql.executor.waiting import KINDS_KEPT, Step

if TYPE_CHECKING:
    from synthetic.graphql.executor.field_plan import FieldPlan
    from synthetic.graphql.executor.objects import ObjectPlan
    from synthetic.graphql.executor.run import Run

Values = Sequence[Any]


class Completer(ABC):
    """Completes values of one type.

    Attributes:
        field: The field whose values they are.
        is_non_null: Whether null is an error.
        is_listed: Whether they are the items of lists.
    """

    __slots__ = ("field", "is_listed", "is_non_null")

    def __init__(self, field: FieldPlan, *, is_non_null: bool) -> None:
        """Make it; the arguments are the attributes."""
        self.field = field
        self.is_non_null = is_non_null
        self.is_listed = False

    @abstractmethod
    def complete(self, run: Run, values: Values, frame: Frame) -> Step[list[Any]]:
        """One result for each value."""

    @abstractmethod
    def objects(self) -> Iterator[ObjectPlan]:
        """The plans of the objects that it completes."""

    @property
    def leaf_fields(self) -> LeafFields | None:
        """What is selected, where the values are objects of one type that have nothing but leaves."""
        return None

    def fail(self, run: Run, error: Exception, frame: Frame, index: int) -> Any:
        """Note an error; what the position has then."""
        run.failures.add(error, frame, index, self.field.nodes)
        return self.fall(run)

    def fall(self, run: Run) -> Any:
        """What a position has that failed, or that something failed in which must not be null."""
        if not self.is_non_null:
            return None
        run.failures.spread += 1
        return FAILED

    def no_value(self, run: Run, value: Any, frame: Frame, index: int) -> Any:
        """The result of a position that has no value, or an exception."""
        if isinstance(value, Exception):
            return self.fail(run, value, frame, index)
        if self.is_non_null:
            return self.fail(run, null_error(self.field.parent_type.name, self.field.name), frame, index)
        return None

    def chosen(self, run: Run, values: Values, frame: Frame) -> tuple[list[int] | None, list[Any]]:
        """The values that there are.

        Returns:
            Their indexes, or None when it is all; and results for all, of which those of the others are right.
        """
        results: list[Any] = [None] * len(values)
        if isinstance(values, Rows):
            if values.is_whole or None not in values.rows:
                return None, results
            there = [index for index, row in enumerate(values.rows) if row is not None]
        else:
            if not any(map(is_no_value, {*map(type, values)})):
                return None, results
            there = [index for index, value in enumerate(values) if not is_no_value(kind_of(value))]
        for index in set(range(len(values))).difference(there):
            value = None if isinstance(values, Rows) else values[index]
            results[index] = self.no_value(run, value, frame, index)
        return there, results


@functools.lru_cache(maxsize=KINDS_KEPT)
def is_no_value(kind: type[Any]) -> bool:
    """Whether instances of a class stand for a value that is not there."""
    return kind is type(None) or kind is type(Undefined) or issubclass(kind, Exception)


class LeafCompleter(Completer):
    """Completes scalars and enums."""

    __slots__ = ("leaf",)

    def __init__(self, field: FieldPlan, leaf: Leaf) -> None:
        """Make it.

        Args:
            field: The field.
            leaf: How a value is written.
        """
        super().__init__(field, is_non_null=leaf.is_non_null)
        self.leaf = leaf

    def complete(self, run: Run, values: Values, frame: Frame) -> Step[list[Any]]:
        """Write each value."""
        if self.leaf.are_written(values):
            return list(values)
        write = self.leaf.any
        with contextlib.suppress(Exception):
            # What it was shows again below, in its place; a StopIteration among the values would only end the list.
            written = list(map(write, values))
            if len(written) == len(values):
                return written
        results: list[Any] = []
        for index, value in enumerate(values):
            try:
                results.append(write(value))
            except Exception as error:  # noqa: BLE001 - it is the position's error
                results.append(self.fail(run, error, frame, index))
        return results
        yield  # it never waits, but it is a step

    def objects(self) -> Iterator[ObjectPlan]:
        """There are none."""
        return iter(())

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
from collections.abc import AsyncIterable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, cast

from graphql import GraphQLError
from graphql.pyutils import Undefined

from synthetic.graphql.executor.core import is_iterable, kind_of
from synthetic.graphql.executor.failures import FAILED
from synthetic.graphql.executor.frames import Frame, ItemFrame, SomeFrame
from synthetic.graphql.executor.leaves import Leaf, null_error
from synthetic.graphql.executor.records import RecordForm, RecordList
from synthetic.graphql.executor.rows import Rows
from synthetic.graphql.executor.unread import LeafFields, Unread, UnreadSource
from synthetic.graphql.executor.waiting import KINDS_KEPT, Step, listed, may_wait, settled

if TYPE_CHECKING:
    from synthetic.graphql.executor.field_plan import FieldPlan
    from synthetic.graphql.executor.objects import ObjectPlan
    from synthetic.graphql.executor.run import Run

Values = Sequence[Any]

VALUE_CHARACTERS = 30
"""Of a list that is JSON already, so many count as a value."""

LISTS: frozenset[type[Any]] = frozenset({list, Rows, Unread})
"""What nearly all lists are, and nothing that has to be looked at first."""


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
            if not any(map(_is_no_value, {*map(type, values)})):
                return None, results
            there = [index for index, value in enumerate(values) if not _is_no_value(kind_of(value))]
        for index in set(range(len(values))).difference(there):
            value = None if isinstance(values, Rows) else values[index]
            results[index] = self.no_value(run, value, frame, index)
        return there, results


@functools.lru_cache(maxsize=KINDS_KEPT)
def _is_no_value(kind: type[Any]) -> bool:
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


class ListCompleter(Completer):
    """Completes lists: their items are put one after the other and completed together."""

    __slots__ = ("_item",)

    def __init__(self, field: FieldPlan, item: Completer, *, is_non_null: bool) -> None:
        """Make it.

        Args:
            field: The field.
            item: Completes the items.
            is_non_null: Whether a list must not be null.
        """
        super().__init__(field, is_non_null=is_non_null)
        self._item = item
        item.is_listed = True

    def objects(self) -> Iterator[ObjectPlan]:
        """Those of the items."""
        return self._item.objects()

    def complete(self, run: Run, values: Values, frame: Frame) -> Step[list[Any]]:
        """Complete the items of all lists, and make lists of them again; what its source has written stays that."""
        if Unread not in {*map(type, values)}:
            return (yield from self._complete(run, values, frame))
        results = self._written(run, values)
        rest = [index for index, each in enumerate(results) if each is None]
        if rest:
            read = [_read(each) if isinstance(each, Unread) else each for each in map(values.__getitem__, rest)]
            at = frame if len(rest) == len(values) else SomeFrame(frame, rest)
            done = yield from self._complete(run, read, at)
            for index, result in zip(rest, done, strict=True):
                results[index] = result
        return results

    def _complete(self, run: Run, values: Values, frame: Frame) -> Step[list[Any]]:
        kinds: set[type[Any]] = {*map(type, values)}
        results: list[Any] = [None] * len(values)
        owners: Sequence[int] = range(len(values))
        lists: Sequence[Values] = values
        if not kinds <= LISTS:
            if any(issubclass(kind, AsyncIterable) for kind in kinds):
                values = yield from settled(
                    [listed(cast("AsyncIterable[Any]", v)) if isinstance(v, AsyncIterable) else v for v in values]
                )
            results, owners, lists = self._lists(run, values, frame)
        items = _joined(lists)
        sizes = list(map(len, lists))
        at = ItemFrame(frame, owners, sizes, nullable=not self._item.is_non_null)
        if not isinstance(items, Rows) and may_wait(items):
            items = yield from settled(items)
        spread = run.failures.spread
        done = yield from self._item.complete(run, items, at)
        if run.record_form is not None and isinstance(done, RecordList):
            return self._recorded(run.record_form, done, results, owners, sizes)
        start = 0
        for owner, size in zip(owners, sizes, strict=True):
            results[owner] = done[start : start + size]
            start += size
        if run.failures.spread != spread and self._item.is_non_null:
            for owner in owners:
                if FAILED in results[owner]:
                    results[owner] = self.fall(run)
        return results

    def _written(self, run: Run, values: Values) -> list[Any]:
        """For each value what stands for a list that its source has written; None where it cannot, or may not."""
        fields = self._item.leaf_fields if run.record_form is not None else None
        if fields is None or run.record_form is None:
            return [None] * len(values)
        list_of_json = run.record_form.list_of_json
        results: list[Any] = []
        source: UnreadSource | None = None
        lists: Sequence[str | None] = ()
        size = 0
        for value in values:
            written = None
            if isinstance(value, Unread):
                if value.source is not source:
                    source = value.source
                    lists = _try_to_write(source, fields)
                written = lists[value.place] if lists else None
            if written is None:
                results.append(None)
            else:
                size += len(written)
                results.append(list_of_json(written))
        run.cells += size // VALUE_CHARACTERS
        return results

    def _recorded(
        self, record_form: RecordForm, done: RecordList, results: list[Any], owners: Sequence[int], sizes: Sequence[int]
    ) -> list[Any]:
        """The results with lists of records in their places."""
        start = 0
        for owner, size in zip(owners, sizes, strict=True):
            results[owner] = record_form.list_of(done[start : start + size])
            start += size
        return results

    def _lists(self, run: Run, values: Values, frame: Frame) -> tuple[list[Any], list[int], list[Values]]:
        """Results for all; the indexes of what is a list, and the lists."""
        results: list[Any] = []
        owners: list[int] = []
        lists: list[Values] = []
        for index, value in enumerate(values):
            results.append(None)
            if _is_no_value(kind_of(value)):
                results[index] = self.no_value(run, value, frame, index)
                continue
            try:
                lists.append(cast("Values", value) if isinstance(value, list | tuple | Rows) else self._list_of(value))
                owners.append(index)
            except Exception as error:  # noqa: BLE001 - it is the position's error
                results[index] = self.fail(run, error, frame, index)
        return results, owners, lists

    def _list_of(self, value: Any) -> list[Any]:
        if not is_iterable(value):
            place = f"{self.field.parent_type.name}.{self.field.name}"
            raise GraphQLError(f"Expected Iterable, but did not find one for field '{place}'.")
        return list(cast("Iterable[Any]", value))


def _try_to_write(source: UnreadSource, fields: LeafFields) -> Sequence[str | None]:
    try:
        return source.written(fields)
    except Exception:  # noqa: BLE001 - what it was shows again when the rows are read, in its place
        return ()


def _read(unread: Unread) -> Any:
    """The rows, which are read now; or why they cannot be."""
    try:
        unread.rows  # noqa: B018 - to ask for them reads them
    except Exception as error:  # noqa: BLE001 - it is the position's error
        return error
    return unread


def _joined(lists: Sequence[Values]) -> Values:
    """The items of all lists; they stay rows where all are rows of one layout."""
    if len(lists) == 1:
        return lists[0]
    first = lists[0] if lists else ()
    if isinstance(first, Rows) and all(isinstance(each, Rows) and each.layout is first.layout for each in lists):
        all_rows = cast("Sequence[Rows]", lists)
        rows = [row for each in all_rows for row in each.rows]
        return Rows(rows, first.layout, is_whole=all(each.is_whole for each in all_rows))
    return [item for each in lists for item in each]

"""`ListCompleter`: the items of many lists are completed together."""

from __future__ import annotations

from collections.abc import AsyncIterable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, cast

from graphql import GraphQLError

from synthetic.graphql.executor.columns import RowLists
from synthetic.graphql.executor.completion import Completer, Values, is_no_value
from synthetic.graphql.executor.core import is_iterable, kind_of
from synthetic.graphql.executor.failures import FAILED
from synthetic.graphql.executor.frames import Frame, ItemFrame, SomeFrame
from synthetic.graphql.executor.records import RecordForm, RecordList
from synthetic.graphql.executor.rows import Rows
from synthetic.graphql.executor.unread import LeafFields, Unread, UnreadSource
from synthetic.graphql.executor.waiting import Step, listed, may_wait, settled

if TYPE_CHECKING:
    from synthetic.graphql.executor.field_plan import FieldPlan
    from synthetic.graphql.executor.objects import ObjectPlan
    from synthetic.graphql.executor.run import Run

LISTS: frozenset[type[Any]] = frozenset({list, Rows, Unread})
"""What nearly all lists are, and nothing that has to be looked at first."""


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
        if isinstance(values, RowLists):
            results: list[Any] = [None] * len(values)
            return (yield from self._of_items(run, values.rows, values.sizes, range(len(values)), results, frame))
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
        return (yield from self._of_items(run, _joined(lists), list(map(len, lists)), owners, results, frame))

    def _of_items(
        self,
        run: Run,
        items: Values,
        sizes: Sequence[int],
        owners: Sequence[int],
        results: list[Any],
        frame: Frame,
    ) -> Step[list[Any]]:
        """Complete the items of lists, which stand one after the other, and put lists of them among the results.

        Args:
            run: The execution.
            items: Of all lists.
            sizes: How many each list has.
            owners: For each list its place in the results.
            results: What stands at the other places stays.
            frame: Where the lists stand.
        """
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
        run.json_size += size
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
            if is_no_value(kind_of(value)):
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

"""`ObjectPlan`: how all objects of a level that have one type are completed, field by field.

Each level is done in two ways that give the same answer. The fast one lets
generated code copy what can be copied (`synthetic.graphql.executor.builders`)
and knows no failure: at the first surprise it raises, and the level is done
again with care, value by value, where each failure finds its place. What a
resolver has given is kept in between: no resolver is called twice.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, cast

from graphql import GraphQLObjectType

from synthetic.graphql.executor.builders import (
    Builder,
    build_from_columns,
    build_from_items,
    build_from_objects,
    build_from_rows,
)
from synthetic.graphql.executor.columns import READY, Columns
from synthetic.graphql.executor.failures import FAILED
from synthetic.graphql.executor.field_plan import FieldPlan, Parents
from synthetic.graphql.executor.frames import FieldFrame, Frame
from synthetic.graphql.executor.records import RecordForm, RecordList
from synthetic.graphql.executor.rows import Layout, Rows
from synthetic.graphql.executor.sources import Attribute, Batched, Constant, is_mapping
from synthetic.graphql.executor.unread import LeafField, LeafFields
from synthetic.graphql.executor.waiting import Step, abandon, may_wait, settled, together

if TYPE_CHECKING:
    from synthetic.graphql.executor.run import Run

FEW = 16
"""So many parents are cheaper to complete with care than to generate code for, if it is the first time."""

LAYOUTS_KEPT = 16
"""Layouts that one level has code for; a plan meets one or two."""


class ObjectPlan:
    """What is selected on objects of one type.

    Attributes:
        type: The type.
        fields: The fields in the order of the answer.
    """

    __slots__ = (
        "_by_layout",
        "_has_more",
        "_has_run",
        "_is_flat",
        "_items",
        "_leaf_fields",
        "_objects",
        "_objects_of",
        "_of_columns",
        "fields",
        "type",
    )

    def __init__(self, type: GraphQLObjectType, fields: list[FieldPlan]) -> None:
        """Make it; the arguments are the attributes."""
        self.type = type
        self.fields = fields
        self._has_run = False
        self._objects: Builder | None = None
        self._objects_of: frozenset[type[Any]] = frozenset()
        self._items: Builder | None = None
        self._of_columns: Builder | None = None
        self._by_layout: dict[tuple[Layout, RecordForm | None], Builder] = {}
        self._is_flat = all(field.leaf is not None and field.leaf.is_plain for field in fields)
        self._leaf_fields: LeafFields | None = None
        self._has_more = False

    @property
    def leaf_fields(self) -> LeafFields | None:
        """The fields, if all are leaves that follow from the objects alone."""
        if self._leaf_fields is None and not self._has_more:
            fields = list(map(_leaf_field, self.fields))
            self._has_more = None in fields or not fields
            if not self._has_more:
                self._leaf_fields = LeafFields(cast("list[LeafField]", fields))
        return self._leaf_fields

    def run(self, run: Run, parents: Parents, frame: Frame, *, is_listed: bool = False) -> Step[list[Any]]:
        """Complete objects.

        Args:
            run: The execution.
            parents: The objects, none of them null.
            frame: Where they stand.
            is_listed: Whether they go into lists, and may be records.

        Returns:
            For each a dictionary, or `FAILED`; or a `RecordList`.
        """
        if not parents:
            return []
        if run.check is not None:
            run.check()
        run.cells += len(parents) * len(self.fields)
        is_recorded = is_listed and self._is_flat and isinstance(parents, Rows) and len(parents) > FEW
        record_form = run.record_form if is_recorded else None
        builder = self._builder(parents, record_form)
        if builder is None:
            return (yield from self._run_with_care(run, parents, frame, {}))
        apart = builder.apart
        spread = run.failures.spread
        columns = (yield from self._columns(run, apart, parents, frame)) if apart else ()
        try:
            built = builder.build(_given_to_build(parents), *columns)
        except Exception:  # noqa: BLE001 - what it was shows again, in its place
            known = {field.number: column for field, column in zip(apart, columns, strict=True)}
            return (yield from self._run_with_care(run, parents, frame, known))
        if run.failures.spread != spread:
            _spread(built, apart, columns)
        elif record_form is not None:
            return RecordList(built)
        return built

    def run_serially(self, run: Run, parents: Parents, frame: Frame) -> Step[list[Any]]:
        """Complete objects field by field, each with all that is below it before the next begins: mutations."""
        known: dict[int, list[Any]] = {}
        for field in self.fields:
            [known[field.number]] = yield from self._columns(run, [field], parents, frame)
            if field.is_non_null and FAILED in known[field.number]:
                # Nothing is left to answer, so what would follow must not happen.
                return [FAILED] * len(parents)
        return (yield from self._run_with_care(run, parents, frame, known))

    def _builder(self, parents: Parents, record_form: RecordForm | None) -> Builder | None:
        """What builds from parents of this kind; None where they are of several kinds, or it is not worth it yet."""
        if not self._has_run and len(parents) <= FEW:
            # Most documents that are not kept by their clients are executed once.
            self._has_run = True
            return None
        if isinstance(parents, Rows):
            key = parents.layout, record_form
            builder = self._by_layout.get(key)
            if builder is None:
                if len(self._by_layout) >= LAYOUTS_KEPT:
                    self._by_layout.clear()
                builder = self._by_layout[key] = build_from_rows(self.fields, *key)
            return builder
        if isinstance(parents, Columns):
            if self._of_columns is None:
                self._of_columns = build_from_columns(self.fields)
            return self._of_columns
        kinds = {*map(type, parents)}
        if kinds <= self._objects_of or not any(map(is_mapping, kinds)):
            if self._objects is None or not kinds <= self._objects_of:
                self._objects = self._objects or build_from_objects(self.fields)
                self._objects_of = frozenset(kinds)
            return self._objects
        if kinds == {dict}:
            if self._items is None:
                self._items = build_from_items(self.fields)
            return self._items
        return None

    def _columns(self, run: Run, fields: Sequence[FieldPlan], parents: Parents, frame: Frame) -> Step[list[list[Any]]]:
        """The completed values of some fields, for each of the parents."""
        if len(fields) == 1:
            [field] = fields
            at = FieldFrame(frame, field)
            values = field.values(run, parents, at)
            if _may_wait(values):
                values = yield from settled(values)
            return [(yield from field.completer.complete(run, values, at))]
        frames = [FieldFrame(frame, field) for field in fields]
        given: list[Sequence[Any]] = []
        try:
            for field, at in zip(fields, frames, strict=True):
                given.append(field.values(run, parents, at))
            # What need not wait is completed while the others do.
            steps = [
                _settled_and_completed(run, field, values, at)
                if _may_wait(values)
                else field.completer.complete(run, values, at)
                for field, values, at in zip(fields, given, frames, strict=True)
            ]
            return (yield from together(steps))
        except Exception:
            for values in given:
                if _may_wait(values):
                    abandon(values)
            raise

    def _run_with_care(
        self, run: Run, parents: Parents, frame: Frame, known: Mapping[int, list[Any]]
    ) -> Step[list[Any]]:
        """Complete objects value by value; `known` has the columns that are complete already."""
        if not self.fields:
            return [{} for _parent in parents]
        rest = [field for field in self.fields if field.number not in known]
        found = dict(known)
        for field, column in zip(rest, (yield from self._columns(run, rest, parents, frame)), strict=True):
            found[field.number] = column
        columns = [found[field.number] for field in self.fields]
        keys = [field.key for field in self.fields]
        built: list[Any] = [dict(zip(keys, values, strict=True)) for values in zip(*columns, strict=True)]
        _spread(built, self.fields, columns)
        return built


def _leaf_field(field: FieldPlan) -> LeafField | None:
    if field.leaf is None:
        return None
    if isinstance(field.source, Constant):
        return LeafField(field.key, None, field.leaf.kind, field.source.value)
    if field.is_copied and isinstance(field.source, Attribute):
        return LeafField(field.key, field.source.name, field.leaf.kind)
    if isinstance(field.source, Batched) and field.source.written is not None and not field.definition.args:
        return LeafField(field.key, None, field.leaf.kind, written=field.source.written)
    return None


def _given_to_build(parents: Parents) -> Sequence[Any]:
    if isinstance(parents, Rows):
        return parents.rows
    return range(len(parents)) if isinstance(parents, Columns) else parents


def _may_wait(values: Sequence[Any]) -> bool:
    return not isinstance(values, READY) and may_wait(values)


def _settled_and_completed(run: Run, field: FieldPlan, values: Sequence[Any], frame: FieldFrame) -> Step[list[Any]]:
    return (yield from field.completer.complete(run, (yield from settled(values)), frame))


def _spread(built: list[Any], fields: Sequence[FieldPlan], columns: Sequence[list[Any]]) -> None:
    """Let those objects fail of which a field failed that must not be null."""
    for field, column in zip(fields, columns, strict=True):
        if field.is_non_null:
            for index, value in enumerate(column):
                if value is FAILED:
                    built[index] = FAILED

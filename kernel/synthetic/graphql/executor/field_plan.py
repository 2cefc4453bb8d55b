"""`FieldPlan`: one field of a selection, and how its values are found for all parents of a level."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from operator import attrgetter
from typing import TYPE_CHECKING, Any, cast

from graphql import FieldNode, GraphQLError, GraphQLField, GraphQLObjectType, GraphQLSchema
from graphql.pyutils import inspect

from synthetic.graphql.executor.arguments import ArgumentPlan
from synthetic.graphql.executor.asked import Asked
from synthetic.graphql.executor.columns import Columns
from synthetic.graphql.executor.core import Info, is_iterable, kind_of
from synthetic.graphql.executor.frames import FieldFrame, Frame
from synthetic.graphql.executor.rows import Rows
from synthetic.graphql.executor.sources import (
    Attribute,
    Batched,
    Call,
    Constant,
    Default,
    PerParent,
    Source,
    is_mapping,
)

if TYPE_CHECKING:
    from synthetic.graphql.executor.completion import Completer
    from synthetic.graphql.executor.leaves import Leaf
    from synthetic.graphql.executor.objects import ObjectPlan
    from synthetic.graphql.executor.run import Run

Parents = Sequence[Any]

GIVEN: frozenset[type[Any]] = frozenset({list, Rows, Columns})
"""What batched functions mostly give."""


class FieldPlan:
    """One field of a selection, with all that is known before it is executed.

    Attributes:
        number: Its place among the fields of its selection.
        key: What the answer calls it.
        name: What the schema calls it.
        nodes: Where it stands in the document; several that were merged.
        parent_type: Whose field it is.
        definition: graphql-core's.
        source: Where its values come from.
        schema: The schema.
        completer: Completes its values.
        leaf: How its values are written, where it is a scalar or an enum and no list.
        is_non_null: Whether its values must not be null.
    """

    __slots__ = (
        "_arguments",
        "_asked",
        "completer",
        "definition",
        "is_non_null",
        "key",
        "leaf",
        "name",
        "nodes",
        "number",
        "parent_type",
        "schema",
        "source",
    )

    def __init__(
        self,
        number: int,
        key: str,
        nodes: list[FieldNode],
        parent_type: GraphQLObjectType,
        definition: GraphQLField,
        source: Source,
        schema: GraphQLSchema,
    ) -> None:
        """Make it; `complete_by` says the rest."""
        self.schema = schema
        self.number = number
        self.key = key
        self.name = nodes[0].name.value
        self.nodes = nodes
        self.parent_type = parent_type
        self.definition = definition
        self.source = source
        self._asked: Asked | None = None
        self._arguments = ArgumentPlan(definition, nodes[0], source.convert if isinstance(source, Batched) else None)

    def complete_by(self, completer: Completer, leaf: Leaf | None) -> None:
        """Say how the field's values are completed."""
        self.completer = completer
        self.leaf = leaf
        self.is_non_null = completer.is_non_null

    @property
    def is_copied(self) -> bool:
        """Whether generated code may copy its values from objects and dictionaries: leaves without arguments."""
        return self.leaf is not None and isinstance(self.source, Attribute | Default) and not self.definition.args

    @property
    def asked(self) -> Asked:
        """What is selected below it; made when it is first needed, since most fields are leaves."""
        if self._asked is None:
            self._asked = Asked(self)
        return self._asked

    def objects_below(self) -> Iterator[ObjectPlan]:
        """The plans of all types of objects that the field may give."""
        return self.completer.objects()

    def arguments(self, run: Run) -> dict[str, Any]:
        """Its arguments in a run.

        Raises:
            GraphQLError: They do not fit.
        """
        return self._arguments.arguments(run)

    def values(self, run: Run, parents: Parents, frame: FieldFrame) -> Sequence[Any]:
        """The field's value of each parent, before completion; an exception stands for itself."""
        source = self.source
        if isinstance(source, Batched):
            return self._batch(run, source, parents) if parents else []
        if isinstance(source, PerParent):
            return self._resolve(run, source, parents, frame)
        if isinstance(source, Attribute):
            return self._read_attribute(run, source, parents)
        if isinstance(source, Constant):
            return [source.value] * len(parents)
        return self._read_default(run, source, parents, frame)

    def info(self, run: Run, frame: Frame, index: int) -> Info:
        """What graphql-core's resolvers are told of one value's field."""
        root = frame.place(index).root if len(run.roots) > 1 else 0
        return run.info(self.nodes, self.definition, self.parent_type, frame.response_path(index), root)

    @property
    def _place(self) -> str:
        return f"{self.parent_type.name}.{self.name}"

    def _batch(self, run: Run, source: Batched, parents: Parents) -> Sequence[Any]:
        try:
            call = Call(run.context, run.parents_of(parents), self.arguments(run), self.asked)
            values = source.call(call)
            if kind_of(values) not in GIVEN:
                if not is_iterable(values):
                    raise TypeError(f"{self._place} gave no list: {inspect(values)}")
                values = list(values)
            if len(values) != len(parents):
                raise RuntimeError(f"{self._place} was given {len(parents)} parents and gave {len(values)} values")
        except Exception as error:  # noqa: BLE001 - whatever it is, it is the answer of each parent's field
            return [error] * len(parents)
        return values

    def _resolve(self, run: Run, source: PerParent, parents: Parents, frame: FieldFrame) -> list[Any]:
        try:
            arguments = self.arguments(run)
        except GraphQLError as error:
            return [error] * len(parents)
        resolve = source.resolve
        values: list[Any] = []
        for index, parent in enumerate(run.objects_of(parents)):
            try:
                values.append(resolve(parent, self.info(run, frame, index), **arguments))
            except Exception as error:  # noqa: BLE001 - it is the field's answer
                values.append(error)
        return values

    def _read_attribute(self, run: Run, source: Attribute, parents: Parents) -> Sequence[Any]:
        if self.definition.args:
            try:
                self.arguments(run)
            except GraphQLError as error:
                return [error] * len(parents)
        return _read_all(source.name, parents)

    def _read_default(self, run: Run, source: Default, parents: Parents, frame: FieldFrame) -> list[Any]:
        try:
            arguments = self.arguments(run)
        except GraphQLError as error:
            return [error] * len(parents)
        values: list[Any] = []
        for index, parent in enumerate(run.objects_of(parents)):
            try:
                is_mapping = isinstance(parent, Mapping)
                value: Any = cast("Any", parent).get(source.name) if is_mapping else getattr(parent, source.name, None)
                values.append(value(self.info(run, frame, index), **arguments) if callable(value) else value)
            except Exception as error:  # noqa: BLE001 - it is the field's answer
                values.append(error)
        return values


def _read_all(name: str, parents: Parents) -> Sequence[Any]:
    """An attribute of each parent."""
    if isinstance(parents, Rows):
        return _read_rows(name, parents)
    if isinstance(parents, Columns) and name in parents.columns:
        return parents.columns[name]
    if not any(map(is_mapping, {*map(type, parents)})):
        try:
            return list(map(attrgetter(name), parents))
        except Exception:  # noqa: BLE001, S110 - each is asked again below, and the one that fails is found
            pass
    values: list[Any] = []
    for parent in parents:
        try:
            values.append(parent[name] if isinstance(parent, Mapping) else getattr(parent, name))
        except Exception as error:  # noqa: BLE001 - it is the field's answer
            values.append(error)
    return values


def _read_rows(name: str, parents: Rows) -> Sequence[Any]:
    layout = parents.layout
    if name in layout.nested:
        return Rows(parents.rows, layout.nested[name], is_whole=True)
    values: list[Any] = []
    for row in parents.rows:
        try:
            values.append(layout.find(name, row))  # pyright: ignore[reportArgumentType] - rows of a level are not None
        except Exception as error:  # noqa: BLE001 - it is the field's answer
            values.append(error)
    return values

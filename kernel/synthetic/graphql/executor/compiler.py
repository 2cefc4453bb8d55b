"""`Compiler`: from selections to plans of objects and fields; types and sources looked up, completers chosen."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, cast

from graphql import (
    FragmentDefinitionNode,
    GraphQLObjectType,
    GraphQLSchema,
    OperationDefinitionNode,
    is_abstract_type,
    is_leaf_type,
)
from graphql.execution.collect_fields import FieldDetailsList, FragmentDetails, collect_fields, collect_subfields
from graphql.execution.values import VariableValues

from synthetic.graphql.executor.completion import Completer, LeafCompleter
from synthetic.graphql.executor.composites import AbstractCompleter, ObjectCompleter, TypeOfClass
from synthetic.graphql.executor.core import find_item_type, without_non_null
from synthetic.graphql.executor.field_plan import FieldPlan
from synthetic.graphql.executor.leaves import Leaf
from synthetic.graphql.executor.lists import ListCompleter
from synthetic.graphql.executor.objects import ObjectPlan
from synthetic.graphql.executor.sources import Constant, SourceOf


class NotCompiled(Exception):  # noqa: N818 - no error: another executor knows what to do
    """The operation uses something that plans do not know.

    Attributes:
        reason: What; one of a few words, fit for a metric.
    """

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(reason)


NOTHING_REFUSED: Mapping[str, str] = {}


class Knowledge(NamedTuple):
    """What is known of a schema beside its types.

    Attributes:
        source_of: Says where the values of a field come from.
        type_of_class: Classes whose own instances are objects of a type, so that nobody need be asked.
        mark: An attribute of objects that may be of another type than their class says; None: there are none such.
        refused: Names of fields that plans cannot have, with the reason.
    """

    source_of: SourceOf
    type_of_class: TypeOfClass
    mark: str | None = None
    refused: Mapping[str, str] = NOTHING_REFUSED


class Size:
    """How much was compiled.

    Attributes:
        fields: The number of fields; each takes one to two kilobytes.
    """

    __slots__ = ("fields",)

    def __init__(self) -> None:
        self.fields = 0


class Compiler:
    """Makes the selections of one plan."""

    def __init__(
        self,
        schema: GraphQLSchema,
        operation: OperationDefinitionNode,
        fragments: Mapping[str, FragmentDefinitionNode],
        variables: VariableValues,
        knowledge: Knowledge,
        size: Size,
    ) -> None:
        """Make it; `variables` are used for conditions only, and `size` counts the fields."""
        self._size = size
        self._schema = schema
        self._operation = operation
        self._fragments = {name: FragmentDetails(node) for name, node in fragments.items()}
        self._variables = variables
        self._knowledge = knowledge

    def root(self, kind: GraphQLObjectType) -> ObjectPlan:
        """What the operation selects on its root type."""
        collected = collect_fields(self._schema, self._fragments, self._variables, kind, self._operation)
        return self._objects(kind, collected.grouped_field_set)

    def _objects(self, kind: GraphQLObjectType, groups: Mapping[str, FieldDetailsList]) -> ObjectPlan:
        fields: list[FieldPlan] = []
        for key, details in groups.items():
            field = self._field(len(fields), key, kind, details)
            if field is not None:
                fields.append(field)
        self._size.fields += len(fields)
        return ObjectPlan(kind, fields)

    def _field(self, number: int, key: str, kind: GraphQLObjectType, details: FieldDetailsList) -> FieldPlan | None:
        nodes = [each.node for each in details]
        name = nodes[0].name.value
        definition = self._schema.get_field(kind, name)
        if definition is None:
            return None
        source = Constant(kind.name) if name == "__typename" else self._knowledge.source_of(kind, name, definition)
        field = FieldPlan(number, key, nodes, kind, definition, source, self._schema)
        completer = self._completer(field, cast("Any", definition).type, self._below(details))
        leaf = completer.leaf if isinstance(completer, LeafCompleter) else None
        field.complete_by(completer, leaf)
        return field

    def _completer(self, field: FieldPlan, kind: Any, below: Callable[[GraphQLObjectType], ObjectPlan]) -> Completer:
        named, is_non_null = without_non_null(kind)
        item = find_item_type(named)
        if item is not None:
            return ListCompleter(field, self._completer(field, item, below), is_non_null=is_non_null)
        if is_leaf_type(named):
            place = field.parent_type.name, field.name
            return LeafCompleter(field, Leaf(named, place, is_non_null=is_non_null))
        classes, mark = self._knowledge.type_of_class, self._knowledge.mark
        if is_abstract_type(named):
            return AbstractCompleter(field, named, below, classes, mark, is_non_null=is_non_null)
        return ObjectCompleter(field, named, below, classes, mark, is_non_null=is_non_null)

    def _below(self, details: FieldDetailsList) -> Callable[[GraphQLObjectType], ObjectPlan]:
        """The plans of what a field selects, made when a type is first met."""
        plans: dict[str, ObjectPlan] = {}

        def plan_of(kind: GraphQLObjectType) -> ObjectPlan:
            plan = plans.get(kind.name)
            if plan is None:
                collected = collect_subfields(
                    self._schema, self._fragments, self._variables, self._operation, kind, details
                )
                plan = plans[kind.name] = self._objects(kind, collected.grouped_field_set)
            return plan

        return plan_of

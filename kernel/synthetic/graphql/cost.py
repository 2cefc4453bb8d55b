"""The cost of a GraphQL operation: about the number of fields that its answer may have.

A field costs one, and what is selected below it is multiplied by its size:

- A field with an argument `first` or `last` is a page. Its size is what the
  argument says (a literal, a variable, or the variable's default), and
  `page_size_default` where it says nothing. It multiplies the lists that stand
  in it (`edges`, `nodes`), or the field itself when that is a list.
- Another list counts as `LIST_SIZE`.
- Everything else counts as one.

The cost is measured on the syntax tree, before validation, and each fragment
once (see `synthetic.graphql.limits`). A field that the schema does not have
counts as one: validation refuses it next. Nothing here knows the kernel's own
types: the schema tells what is a list.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from graphql import (
    FieldNode,
    FragmentSpreadNode,
    GraphQLCompositeType,
    GraphQLNamedType,
    GraphQLSchema,
    InlineFragmentNode,
    IntValueNode,
    OperationDefinitionNode,
    SelectionNode,
    ValueNode,
    VariableNode,
    is_composite_type,
)

from synthetic.graphql.limits import COUNT_CEILING, FragmentOrder, Fragments

LIST_SIZE = 10
"""How many elements a list is taken to have that is no page."""

PAGE_ARGUMENTS = ("first", "last")
"""The arguments that make a field a page."""


class Cost(NamedTuple):
    """What a selection set costs, as a function of the page that it stands in.

    The lists in a page have the size of the page. A fragment does not know in
    which page it is spread, so its cost has two parts.

    Attributes:
        fixed: What does not depend on the page.
        per_node: What is there once for each node of the page.
    """

    fixed: int
    per_node: int

    def at(self, size: int) -> int:
        """The cost when the page that the selection set stands in has `size` nodes."""
        return min(self.fixed + self.per_node * size, COUNT_CEILING)


NOTHING = Cost(0, 0)


class PageSizes:
    """The sizes of pages that one operation asks for, given its variables.

    Attributes:
        variables_used: Names of the variables that a size was taken from. The
            cost of the operation depends on no others.
        defaults: What stands for variables that are not given.
    """

    def __init__(self, operation: OperationDefinitionNode, variables: Mapping[str, Any], size_default: int) -> None:
        self.variables_used: set[str] = set()
        self._variables = variables
        self._size_default = size_default
        self.defaults: Mapping[str, ValueNode | None] = {
            definition.variable.name.value: definition.default_value
            for definition in operation.variable_definitions or ()
        }

    def size_of(self, node: FieldNode) -> int:
        """The size of the page that a field asks for: the larger one of `first` and `last`."""
        sizes = [
            size
            for argument in node.arguments or ()
            if argument.name.value in PAGE_ARGUMENTS and (size := self._size(argument.value)) is not None
        ]
        return max(sizes, default=self._size_default)

    def _size(self, value: ValueNode | None) -> int | None:
        if isinstance(value, VariableNode):
            self.variables_used.add(value.name.value)
            return size_of_variable(value.name.value, self._variables, self.defaults)
        if isinstance(value, IntValueNode):
            return _size_of_digits(value.value)
        return None


def size_of_variable(name: str, variables: Mapping[str, Any], defaults: Mapping[str, ValueNode | None]) -> int | None:
    """The size that a variable stands for; operations of which all have the same cost the same."""
    if name in variables:
        return _size_of_json(variables[name])
    default = defaults.get(name)
    return _size_of_digits(default.value) if isinstance(default, IntValueNode) else None


def _size_of_digits(digits: str) -> int:
    """A literal as a size. Python refuses to convert thousands of digits, and this many need not be told apart."""
    return COUNT_CEILING if len(digits) > len(str(COUNT_CEILING)) else max(int(digits), 0)


def _size_of_json(value: object) -> int | None:
    """A variable's value as a size; None when it is no whole number, which execution refuses or ignores."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int):
        return None
    return min(max(value, 0), COUNT_CEILING)


class CostMeasure:
    """Measures operations of one document."""

    def __init__(self, schema: GraphQLSchema, fragments: Fragments, order: FragmentOrder) -> None:
        self._schema = schema
        self._fragments = fragments
        self._order = order

    def cost(self, operation: OperationDefinitionNode, sizes: PageSizes) -> int:
        """What the operation costs. Takes time linear in the operation and the fragments that it reaches."""
        costs: dict[str, Cost] = {}
        for name in self._order.below(operation.selection_set):
            fragment = self._fragments[name]
            subject = self._composite(fragment.type_condition.name.value)
            costs[name] = self._selections(fragment.selection_set.selections, subject, sizes, costs)
        root = self._schema.get_root_type(operation.operation)
        return self._selections(operation.selection_set.selections, root, sizes, costs).at(LIST_SIZE)

    def _selections(
        self,
        selections: Sequence[SelectionNode],
        subject: GraphQLCompositeType | None,
        sizes: PageSizes,
        costs: Mapping[str, Cost],
    ) -> Cost:
        """Measure selections on a type; the parser has bounded how deep they are written, so recursion is safe."""
        fixed = per_node = 0
        for selection in selections:
            if isinstance(selection, FragmentSpreadNode):
                part = costs.get(selection.name.value, NOTHING)
            elif isinstance(selection, InlineFragmentNode):
                condition = selection.type_condition
                narrowed = self._composite(condition.name.value) if condition else subject
                part = self._selections(selection.selection_set.selections, narrowed, sizes, costs)
            elif isinstance(selection, FieldNode):
                part = self._field(selection, subject, sizes, costs)
            else:
                continue
            fixed = min(fixed + part.fixed, COUNT_CEILING)
            per_node = min(per_node + part.per_node, COUNT_CEILING)
        return Cost(fixed, per_node)

    def _field(
        self, node: FieldNode, subject: GraphQLCompositeType | None, sizes: PageSizes, costs: Mapping[str, Cost]
    ) -> Cost:
        if node.selection_set is None:
            return Cost(1, 0)
        field = self._schema.get_field(subject, node.name.value) if subject else None
        notation = _type_notation(field)
        below = self._selections(node.selection_set.selections, self._composite(notation.strip("[]!")), sizes, costs)
        if field is None:
            return Cost(1 + below.fixed, below.per_node)
        lists = notation.count("[")
        if any(name in field.args for name in PAGE_ARGUMENTS):
            size = sizes.size_of(node)
            inner = below.at(size) if lists == 0 else size * LIST_SIZE ** (lists - 1) * below.at(LIST_SIZE)
            return Cost(min(1 + inner, COUNT_CEILING), 0)
        if lists:
            return Cost(1, min(LIST_SIZE ** (lists - 1) * below.at(LIST_SIZE), COUNT_CEILING))
        return Cost(1 + below.fixed, below.per_node)

    def _composite(self, name: str) -> GraphQLCompositeType | None:
        found: GraphQLNamedType | None = self._schema.get_type(name)
        return found if is_composite_type(found) else None


def _type_notation(field: Any) -> str:
    """The type of a field as GraphQL writes it, `[Thing!]!`: it tells the named type and the lists around it."""
    return str(field.type) if field is not None else ""

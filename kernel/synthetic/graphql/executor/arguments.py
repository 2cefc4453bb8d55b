"""The arguments of a field: what can be known of them when a plan is made is known then."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from enum import Enum
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias, cast

from graphql import (
    ArgumentNode,
    FieldNode,
    GraphQLField,
    GraphQLNonNull,
    ListValueNode,
    Node,
    ObjectValueNode,
    Undefined,
    VariableNode,
)
from graphql.execution.values import VariableValues, get_argument_values

if TYPE_CHECKING:
    from synthetic.graphql.executor.run import Run

Arguments: TypeAlias = dict[str, Any]

Convert: TypeAlias = Callable[[Arguments], Arguments]
"""From arguments as graphql-core coerces them to those that a function wants."""

UNCHANGEABLE = (str, int, float, bool, bytes, Enum, type(None))
"""Values that calls may share: none of them can change what another is given."""


class ArgumentPlan:
    """How the arguments of one field are found in a run.

    Arguments that are literals, or left to their defaults, are coerced once;
    those that are variables are taken from the coerced variables. What is not
    so simple is left to graphql-core in each run, and so is what does not fit:
    an error of an argument is an error of its field, and belongs there.
    """

    __slots__ = ("_all", "_convert", "_fixed", "_is_kept", "_last", "_rest", "_variables")

    def __init__(self, field: GraphQLField, node: FieldNode, convert: Convert | None) -> None:
        """Look at a field.

        Args:
            field: Its definition.
            node: Where it stands in the document.
            convert: What is done with its arguments; None: nothing.
        """
        self._convert = convert
        self._all = self._rest = field, node
        self._variables: list[_Variable] = []
        self._is_kept = True
        self._last: tuple[VariableValues, Arguments] | None = None
        self._fixed: Arguments | None = None if field.args else {}
        if node.arguments:
            self._look_at(field, node, node.arguments)

    def _look_at(self, field: GraphQLField, node: FieldNode, given: Sequence[ArgumentNode]) -> None:
        """Tell apart the arguments that are variables from those that are not."""
        direct = {each.name.value: each for each in given if isinstance(each.value, VariableNode)}
        rest = tuple(each for each in given if each.name.value not in direct)
        self._is_kept = not any(map(_has_variable, (each.value for each in rest)))
        if direct:
            self._variables = [_Variable.of(each, field) for name, each in direct.items() if name in field.args]
            definitions = {name: each for name, each in field.args.items() if name not in direct}
            self._rest = GraphQLField(cast("Any", field).type, args=definitions), replace(node, arguments=rest)

    def arguments(self, run: Run) -> Arguments:
        """The arguments in a run; they must not be changed.

        Raises:
            GraphQLError: They do not fit.
        """
        if self._fixed is None:
            fixed = get_argument_values(*self._rest, run.variables, None, run.hides_suggestions)
            if not self._variables:
                fixed = self._converted(fixed)
            if not self._is_kept or not all(isinstance(value, UNCHANGEABLE) for value in fixed.values()):
                return fixed if not self._variables else self._with_variables(run, fixed)
            self._fixed = fixed
        if not self._variables:
            return self._fixed
        if not run.keeps_variables:
            return self._with_variables(run, self._fixed)
        last = self._last
        if last is not None and last[0] is run.variables:
            return last[1]
        arguments = self._with_variables(run, self._fixed)
        if all(isinstance(value, UNCHANGEABLE) for value in arguments.values()):
            self._last = run.variables, arguments
        return arguments

    def _with_variables(self, run: Run, fixed: Arguments) -> Arguments:
        """All arguments, of those that are no variables."""
        given, coerced = fixed.copy(), run.variables.coerced
        for variable in self._variables:
            value = coerced.get(variable.name, Undefined)
            if value is Undefined or (value is None and variable.is_non_null):
                return self._converted(get_argument_values(*self._all, run.variables, None, run.hides_suggestions))
            given[variable.argument] = value
        return self._converted(given)

    def _converted(self, given: Arguments) -> Arguments:
        return given if self._convert is None else self._convert(given)


class _Variable(NamedTuple):
    """An argument that is a variable."""

    argument: str
    name: str
    is_non_null: bool

    @classmethod
    def of(cls, node: ArgumentNode, field: GraphQLField) -> _Variable:
        definition = field.args[node.name.value]
        return cls(
            definition.out_name or node.name.value,
            cast("VariableNode", node.value).name.value,
            isinstance(cast("Any", definition).type, GraphQLNonNull),
        )


def _has_variable(node: Node) -> bool:
    """Whether a variable stands anywhere in a value."""
    waiting: list[Node] = [node]
    while waiting:
        match waiting.pop():
            case VariableNode():
                return True
            case ListValueNode(values=values):
                waiting += values
            case ObjectValueNode(fields=fields):
                waiting += (field.value for field in fields)
            case _:
                pass
    return False

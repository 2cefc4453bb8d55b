"""`CheckedDocument`: a parsed document, with what is found out about each of its operations only once.

A document that is kept is checked, measured and compiled when it first comes;
`synthetic.graphql.documents` keeps it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from graphql import (
    DocumentNode,
    FragmentDefinitionNode,
    GraphQLError,
    GraphQLSchema,
    OperationDefinitionNode,
    ValueNode,
)
from graphql.execution.values import VariableValues

from synthetic.errors import BadRequestError
from synthetic.graphql.cost import CostMeasure, PageSizes, size_of_variable
from synthetic.graphql.executor import NotCompiled, OperationPlans, Size
from synthetic.graphql.field_sources import find_knowledge, find_waiting
from synthetic.graphql.lexical import too_complex
from synthetic.graphql.limits import FragmentOrder, check_shapes
from synthetic.graphql.plain_variables import PlainVariables
from synthetic.graphql.plans import KeptPlan, find_kept
from synthetic.kernel_settings import LimitSettings

MESSAGE_LENGTH = 500
"""Messages quote the document, which may hold a name of a hundred thousand letters."""

COSTS_PER_OPERATION = 64
"""Costs remembered for the page sizes that an operation was asked with."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """A document that may be executed.

    Attributes:
        document: The whole document, parsed and valid.
        operation: The operation that was asked for.
        cost: About how many fields the answer may have.
        checked: What is kept of the document.
    """

    document: DocumentNode
    operation: OperationDefinitionNode
    cost: int
    checked: CheckedDocument

    def coerced(self, given: Mapping[str, Any], *, hides_suggestions: bool) -> VariableValues | list[GraphQLError]:
        """The coerced values of the operation's variables, or what is wrong with them; see `PlainVariables`."""
        return self.checked.variables(self.operation).coerced(given, hides_suggestions=hides_suggestions)

    def plan_for(self, variables: VariableValues) -> KeptPlan:
        """The plan of the operation for given values of its variables.

        Raises:
            NotCompiled: It uses something that plans do not know.
            GraphQLError: A condition does not fit.
        """
        return find_kept(self.checked.plans(self.operation), variables, self.checked.waiting)

    def find_plan(self, variables: VariableValues) -> KeptPlan | None:
        """The plan as `plan_for` gives it; None where it would raise."""
        try:
            return self.plan_for(variables)
        except (NotCompiled, GraphQLError):
            return None


class CheckedDocument:
    """A document within the limits that do not depend on variables.

    Attributes:
        document: The syntax tree.
        waiting: Names of the fields of the schema that wait for something before there is a snapshot.
        counted: What of its weight the cache has counted.
    """

    def __init__(self, schema: GraphQLSchema, document: DocumentNode, tokens: int, limits: LimitSettings) -> None:
        self.document = document
        self._tokens = tokens
        self._size = Size()
        self.counted = 0
        self._limits = limits
        self._operations = [node for node in document.definitions if isinstance(node, OperationDefinitionNode)]
        fragments = {node.name.value: node for node in document.definitions if isinstance(node, FragmentDefinitionNode)}
        order = FragmentOrder.of(fragments)
        check_shapes(self._operations, fragments, order, limits)
        self._measure = CostMeasure(schema, fragments, order)
        self.waiting = find_waiting(schema)
        self._schema = schema
        self._plans: dict[int, OperationPlans | NotCompiled] = {}
        self._variables: dict[int, PlainVariables] = {}
        self._measured: dict[int, _Measured] = {}

    @property
    def weight(self) -> int:
        """What it weighs in the cache: its lexical tokens, and the fields of its plans as far as they are compiled."""
        return self._tokens + self._size.fields

    def find_operation(self, name: str | None) -> OperationDefinitionNode | None:
        """The operation of that name; without one, the only operation."""
        if name is None:
            return self._operations[0] if len(self._operations) == 1 else None
        return next((node for node in self._operations if node.name is not None and node.name.value == name), None)

    def operation(self, name: str | None) -> OperationDefinitionNode:
        """The operation that a request asks for.

        Raises:
            BadRequestError: There is none of that name, or none was named and there is not exactly one.
        """
        found = self.find_operation(name)
        if found is not None:
            return found
        if name is not None:
            raise BadRequestError(
                f"The document has no operation named {shortened(name)!r}.",
                action="Send the name of an operation of the document as `operationName`.",
            )
        names = [shortened(operation.name.value) for operation in self._operations if operation.name][:10]
        raise BadRequestError(
            "The document has several operations, and `operationName` does not say which one to run."
            if self._operations
            else "The document has no operation.",
            action="Send the name of an operation of the document as `operationName`."
            if self._operations
            else "Send a document with a query, a mutation or a subscription.",
            details={"operationNames": names} if names else None,
        )

    def plans(self, operation: OperationDefinitionNode) -> OperationPlans:
        """The plans of one of its operations.

        Raises:
            NotCompiled: It uses something that plans do not know.
        """
        plans = self._plans.get(id(operation))
        if plans is None:
            try:
                knowledge = find_knowledge(self._schema)
                plans = OperationPlans(self._schema, self.document, operation, knowledge, self._size)
            except NotCompiled as refusal:
                plans = refusal.with_traceback(None)
            # Another thread may have been faster.
            plans = self._plans.setdefault(id(operation), plans)
        if isinstance(plans, NotCompiled):
            raise plans
        return plans

    def variables(self, operation: OperationDefinitionNode) -> PlainVariables:
        """What coerces the variables of one of its operations, once the document is known to be valid."""
        variables = self._variables.get(id(operation))
        if variables is None:
            variables = self._variables.setdefault(id(operation), PlainVariables(self._schema, operation))
        return variables

    def prepared(self, operation: OperationDefinitionNode, variables: Mapping[str, Any]) -> Prepared:
        """One of its operations, if it may be executed with these variables.

        Raises:
            QueryTooComplexError: It costs more than `limits.cost`.
        """
        measured = self._measured.get(id(operation))
        prepared = None if measured is None else measured.prepared.get(measured.key(variables))
        if prepared is None:
            sizes = PageSizes(operation, variables, self._limits.page_size_default)
            prepared = Prepared(self.document, operation, self._measure.cost(operation, sizes), self)
            if measured is None:
                measured = self._measured[id(operation)] = _Measured(tuple(sizes.variables_used), sizes.defaults)
            if len(measured.prepared) < COSTS_PER_OPERATION:
                measured.prepared[measured.key(variables)] = prepared
        if prepared.cost > self._limits.cost:
            raise too_complex("cost", self._limits.cost, f"The operation may answer {prepared.cost:,} fields")
        return prepared


class _Measured:
    """What one operation costs, by the sizes of pages that it was asked with.

    Attributes:
        prepared: The operation with its costs.
    """

    __slots__ = ("_defaults", "_names", "prepared")

    def __init__(self, names: tuple[str, ...], defaults: Mapping[str, ValueNode | None]) -> None:
        """Remember the variables that the cost depends on, and what stands for those that are not given."""
        self._names = names
        self._defaults = defaults
        self.prepared: dict[tuple[int | None, ...], Prepared] = {}

    def key(self, variables: Mapping[str, Any]) -> tuple[int | None, ...]:
        """The sizes that the variables stand for."""
        return tuple([size_of_variable(name, variables, self._defaults) for name in self._names])


def shortened(text: str) -> str:
    """Text as an error message may quote it."""
    return text if len(text) <= MESSAGE_LENGTH else text[: MESSAGE_LENGTH - 1] + "…"

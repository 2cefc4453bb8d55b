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
    GraphQLSchema,
    OperationDefinitionNode,
)
from graphql.execution.values import VariableValues

from synthetic.errors import BadRequestError
from synthetic.graphql.cost import CostMeasure, PageSizes
from synthetic.graphql.executor import NotCompiled, OperationPlans, Size
from synthetic.graphql.field_sources import find_knowledge, find_waiting
from synthetic.graphql.lexical import too_complex
from synthetic.graphql.limits import FragmentOrder, check_shapes
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

    def plan_for(self, variables: VariableValues) -> KeptPlan:
        """The plan of the operation for given values of its variables.

        Raises:
            NotCompiled: It uses something that plans do not know.
            GraphQLError: A condition does not fit.
        """
        return find_kept(self.checked.plans(self.operation), variables, self.checked.waiting)


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
        self._costs: dict[int, tuple[tuple[str, ...], dict[tuple[int | None, ...], int]]] = {}
        self._prepared: dict[int, Prepared] = {}

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

    def prepared(self, operation: OperationDefinitionNode, variables: Mapping[str, Any]) -> Prepared:
        """One of its operations, if it may be executed with these variables.

        Raises:
            QueryTooComplexError: It costs more than `limits.cost`.
        """
        prepared = self._prepared.get(id(operation))
        if prepared is None:
            prepared = Prepared(self.document, operation, self.check_cost(operation, variables), self)
            if not self._costs[id(operation)][0]:
                # It costs the same with any variables.
                self._prepared[id(operation)] = prepared
        return prepared

    def check_cost(self, operation: OperationDefinitionNode, variables: Mapping[str, Any]) -> int:
        """What an operation costs with these variables.

        Raises:
            QueryTooComplexError: It is more than `limits.cost`.
        """
        sizes = PageSizes(operation, variables, self._limits.page_size_default)
        known = self._costs.get(id(operation))
        cost = known[1].get(sizes.key(known[0])) if known else None
        if cost is None:
            cost = self._measure.cost(operation, sizes)
            names, costs = self._costs.setdefault(id(operation), (tuple(sorted(sizes.variables_used)), {}))
            if len(costs) < COSTS_PER_OPERATION:
                costs[sizes.key(names)] = cost
        if cost > self._limits.cost:
            raise too_complex("cost", self._limits.cost, f"The operation may answer {cost:,} fields")
        return cost


def shortened(text: str) -> str:
    """Text as an error message may quote it."""
    return text if len(text) <= MESSAGE_LENGTH else text[: MESSAGE_LENGTH - 1] + "…"

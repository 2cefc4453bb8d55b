"""`Plan`: an operation that is ready to be executed, and `OperationPlans`, which makes and keeps the plans of one.

The parts of an operation under `@skip` and `@include` depend on variables; a
plan is made for each combination of their values that is met, and a few of
them are kept. All other variables stay open.
"""

from __future__ import annotations

import threading
from collections import OrderedDict, deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, cast

from graphql import (
    DocumentNode,
    ExecutionResult,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    GraphQLSchema,
    InlineFragmentNode,
    OperationDefinitionNode,
    OperationType,
    SelectionNode,
    VariableNode,
)
from graphql.execution import Executor
from graphql.execution.values import VariableValues

from synthetic.graphql.executor.compiler import Compiler, Knowledge, NotCompiled, Size
from synthetic.graphql.executor.core import TypeResolver
from synthetic.graphql.executor.failures import FAILED
from synthetic.graphql.executor.field_plan import FieldPlan
from synthetic.graphql.executor.frames import RootFrame
from synthetic.graphql.executor.objects import ObjectPlan
from synthetic.graphql.executor.records import RecordForm
from synthetic.graphql.executor.run import MakeExecutor, Run
from synthetic.graphql.executor.waiting import Step

PLANS_KEPT = 16
"""Plans of one operation that are kept, for different values of the variables of its `@skip` and `@include`."""

CONDITIONS = ("skip", "include")
TOO_DEEP = "Selections are nested too deeply. Execution aborted."


class Plan:
    """An operation that is ready to be executed, for given values of the variables of its conditions.

    Attributes:
        root: What is selected on the root type.
        kept: For whoever keeps the plan: what they know of it beside.
    """

    def __init__(
        self,
        schema: GraphQLSchema,
        operation: OperationDefinitionNode,
        fragments: Mapping[str, FragmentDefinitionNode],
        root: ObjectPlan,
    ) -> None:
        """Make it; `OperationPlans` does."""
        self.root = root
        self.kept: object = None
        self._schema = schema
        self._operation = operation
        self._fragments = fragments

    def fields(self) -> Iterator[FieldPlan]:
        """All its fields, those of all types that an interface or a union may be of.

        What is below a level is compiled when it is first executed, or asked for here: take no more than you need,
        for fragments that spread each other may be many fields in few words.
        """
        waiting = deque([self.root])
        while waiting:
            for field in waiting.popleft().fields:
                yield field
                waiting.extend(field.objects_below())

    def begin(
        self,
        variables: VariableValues,
        *,
        context: Any = None,
        hides_suggestions: bool = False,
        type_resolver: TypeResolver | None = None,
        make_executor: MakeExecutor = Executor,
        check: Callable[[], None] | None = None,
        record_form: RecordForm | None = None,
        keeps_variables: bool = False,
    ) -> Run:
        """Begin an execution; for the arguments see `Run`."""
        return Run(
            self._schema,
            self._operation,
            self._fragments,
            variables,
            context=context,
            hides_suggestions=hides_suggestions,
            type_resolver=type_resolver,
            make_executor=make_executor,
            check=check,
            record_form=record_form,
            keeps_variables=keeps_variables,
        )

    def execute(self, run: Run, roots: Sequence[Any]) -> Step[list[ExecutionResult]]:
        """Execute the operation for each of several root values, all together.

        Args:
            run: From `begin`.
            roots: The root values: one of a query or mutation, of a subscription the events.

        Returns:
            One result for each root value; that of an operation whose levels are more than Python's stack takes is
            one error, as with graphql-core.
        """
        run.roots = roots
        is_serial = self._operation.operation is OperationType.MUTATION
        step = self.root.run_serially if is_serial else self.root.run
        try:
            built = yield from step(run, roots, RootFrame())
        except RecursionError:
            built = None
        if built is None:
            # Out of reach of the exception, which holds on to all frames.
            return [ExecutionResult(None, [GraphQLError(TOO_DEEP, self._operation)]) for _root in roots]
        return [
            ExecutionResult(None if data is FAILED else data, run.failures.of(index))
            for index, data in enumerate(built)
        ]


class OperationPlans:
    """The plans of one operation.

    It may be used from any thread; two that need the same new plan at once both make it.

    Attributes:
        field_names: The names of all fields that it may select.
    """

    def __init__(
        self,
        schema: GraphQLSchema,
        document: DocumentNode,
        operation: OperationDefinitionNode,
        knowledge: Knowledge,
        size: Size | None = None,
    ) -> None:
        """Look at the operation; plans are made when they are asked for.

        Args:
            schema: The schema.
            document: Where the operation stands, valid.
            operation: The operation.
            knowledge: What is known of the schema.
            size: Where the compiled fields are counted.

        Raises:
            NotCompiled: It uses something that plans do not know.
        """
        self._size = size or Size()
        self._schema = schema
        self._operation = operation
        self._knowledge = knowledge
        self._fragments = {
            node.name.value: node for node in document.definitions if isinstance(node, FragmentDefinitionNode)
        }
        if any(node.variable_definitions for node in self._fragments.values()):
            raise NotCompiled("fragment arguments")
        if any(node.name.value == "experimental_disableErrorPropagation" for node in operation.directives or ()):
            raise NotCompiled("error propagation")
        self.field_names, conditions = _names(operation, self._fragments)
        for name in self.field_names & knowledge.refused.keys():
            raise NotCompiled(knowledge.refused[name])
        self._conditions = tuple(sorted(conditions))
        self._plans: OrderedDict[tuple[Any, ...], Plan] = OrderedDict()
        self._lock = threading.Lock()

    def plan_for(self, variables: VariableValues) -> Plan:
        """The plan for the values of the variables of conditions.

        Raises:
            NotCompiled: The selections are nested too deeply, or a condition is null.
            GraphQLError: A condition does not fit.
        """
        key = tuple(variables.coerced.get(name) for name in self._conditions)
        if None in key:
            # An error of each object whose selection has the condition, and not one of the request.
            raise NotCompiled("a condition that is null")
        with self._lock:
            plan = self._plans.get(key)
            if plan is not None:
                self._plans.move_to_end(key)
                return plan
        plan = self._compile(variables)
        with self._lock:
            self._plans[key] = plan
            if len(self._plans) > PLANS_KEPT:
                self._plans.popitem(last=False)
        return plan

    def _compile(self, variables: VariableValues) -> Plan:
        root_type = self._schema.get_root_type(self._operation.operation)
        if root_type is None:
            kind = self._operation.operation.value
            raise GraphQLError(f"Schema is not configured to execute {kind} operation.", self._operation)
        compiler = Compiler(self._schema, self._operation, self._fragments, variables, self._knowledge, self._size)
        try:
            root = compiler.root(root_type)
        except RecursionError:
            root = None
        if root is None:
            raise NotCompiled("nested too deeply")
        return Plan(self._schema, self._operation, self._fragments, root)


def _names(
    operation: OperationDefinitionNode, fragments: Mapping[str, FragmentDefinitionNode]
) -> tuple[set[str], set[str]]:
    """Of what an operation reaches: the names of the fields, and of the variables that `@skip` and `@include` ask."""
    fields: set[str] = set()
    conditions: set[str] = set()
    spread: set[str] = set()
    waiting: list[SelectionNode] = list(operation.selection_set.selections)
    while waiting:
        node = waiting.pop()
        conditions |= _condition_variables(node)
        if isinstance(node, FragmentSpreadNode):
            fragment = fragments.get(node.name.value)
            if fragment is not None and node.name.value not in spread:
                spread.add(node.name.value)
                waiting += fragment.selection_set.selections
            continue
        if isinstance(node, FieldNode):
            fields.add(node.name.value)
        below = cast("FieldNode | InlineFragmentNode", node).selection_set
        if below is not None:
            waiting += below.selections
    return fields, conditions


def _condition_variables(node: SelectionNode) -> set[str]:
    return {
        argument.value.name.value
        for directive in node.directives or ()
        if directive.name.value in CONDITIONS
        for argument in directive.arguments or ()
        if isinstance(argument.value, VariableNode)
    }

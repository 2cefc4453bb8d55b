"""The same operation by graphql-core and by the executor under test, and whether they agree."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable
from dataclasses import dataclass, field
from pprint import pformat
from typing import Any

import graphql
from graphql import (
    ExecutionResult,
    GraphQLError,
    GraphQLSchema,
    OperationDefinitionNode,
    OverlappingFieldsCanBeMergedRule,
    parse,
    validate,
)
from graphql.execution import get_variable_values
from graphql.execution.values import VariableValues

from synthetic.graphql.executor import (
    Knowledge,
    NotCompiled,
    OperationPlans,
    Plan,
    Step,
    execute,
    finish,
    run_until_waiting,
)

from .made_documents import Document
from .recipes import Recipe
from .resolving import source_of
from .things import CLASSES
from .worlds import World

ADDRESS = re.compile(r" at 0x[0-9a-f]+")
"""Of an object that a scalar or a message shows: each executor has made its own."""

Result = ExecutionResult | Awaitable[ExecutionResult]

Known = tuple[str, tuple[str | int, ...] | None, tuple[tuple[int, int], ...] | None, str]
"""What is compared of an error: message, path, locations, and the type of the original error."""


@dataclass
class Case:
    """An operation on made-up data."""

    recipe: Recipe
    schema: GraphQLSchema = field(repr=False)
    document: Document

    def __post_init__(self) -> None:
        self.parsed = parse(self.document.text)

    def is_mergeable(self) -> bool:
        """Whether fields of the same response name mean the same; all else is valid by the way it was made."""
        return not validate(self.schema, self.parsed, [OverlappingFieldsCanBeMergedRule])

    def roots(self) -> int:
        """How many root values there are: the events of a subscription, else one."""
        return sum(name == self.recipe.root for name, _ in self.recipe.nodes)

    def reference(self, place: int) -> Result:
        """Execute by graphql-core, for one root value."""
        world = World(self.recipe)
        return graphql.execute(self.schema, self.parsed, self.root(world, place), world, *self.asked())

    def compiled(self, place: int) -> Result:
        """Execute by the executor under test, as graphql-core is called."""
        world = World(self.recipe)
        root = self.root(world, place)
        return execute(self.schema, self.parsed, root, world, *self.asked(), source_of=source_of(self.recipe))

    def asked(self) -> tuple[dict[str, Any], str | None]:
        return self.document.variables, self.document.operation_name

    def root(self, world: World, place: int) -> Any:
        return world.node((self.recipe.root, place))

    def plan(self) -> tuple[Plan, VariableValues] | None:
        """The plan of the operation, and the values of its variables; None where there is none."""
        operations = [node for node in self.parsed.definitions if isinstance(node, OperationDefinitionNode)]
        wanted = self.document.operation_name
        operation = next((each for each in operations if wanted in {None, each.name.value}), None)
        if operation is None or (wanted is None and len(operations) > 1):
            return None
        variables = get_variable_values(self.schema, operation.variable_definitions or (), self.document.variables)
        if isinstance(variables, list):
            return None
        types = {CLASSES[name]: self.schema.type_map[name] for name in self.recipe.objects}
        known = Knowledge(source_of(self.recipe), types if self.recipe.knows_classes else {}, "marked")
        plans = OperationPlans(self.schema, self.parsed, operation, known)
        try:
            return plans.plan_for(variables), variables
        except (GraphQLError, NotCompiled):
            return None

    def planned(self, plan: Plan, variables: VariableValues) -> Step[list[ExecutionResult]]:
        """Execute a plan for all root values at once. The second time it has code for what the first time had none."""
        world = World(self.recipe)
        roots = [self.root(world, place) for place in range(self.roots())]
        return plan.execute(plan.begin(variables, context=world), roots)

    def told(self) -> str:
        """The case, to be read by a person."""
        hows = {(each.name, name): how for each in self.recipe.objects.values() for name, how in each.hows.items()}
        parts = {
            "schema": self.recipe.sdl(),
            "types are told by": f"{self.recipe.identity}, is_type_of of {sorted(self.recipe.checked)}"
            f"{', classes are known' if self.recipe.knows_classes else ''}",
            "sources": pformat(hows),
            "data": pformat(self.recipe.nodes, width=160),
            "document": self.document.text,
            "variables": f"{self.document.variables} operation: {self.document.operation_name}",
        }
        return "\n".join(f"--- {name}\n{text}" for name, text in parts.items())


def shown(value: object) -> str:
    """A value as it is told apart from others."""
    return ADDRESS.sub("", repr(value))


def known(error: GraphQLError) -> Known:
    locations = error.locations and tuple((each.line, each.column) for each in error.locations)
    path = None if error.path is None else tuple(error.path)
    return shown(error.message), path, locations, type(error.original_error).__name__


def exact(result: ExecutionResult) -> list[Known]:
    """All errors, in an order that says nothing."""
    return sorted(map(known, result.errors or ()), key=repr)


def surviving(result: ExecutionResult) -> tuple[set[Known], set[tuple[str | int, ...]]]:
    """Errors that the specification determines, and positions that errors below them made null.

    Once a position is null, what else is reported from below it is left open, and
    so is which of several errors made it null.
    """
    plain: set[Known] = set()
    nulled: set[tuple[str | int, ...]] = set()
    for error in map(known, result.errors or ()):
        position = null_above(result.data, error[1])
        if position is None:
            plain.add(error)
        else:
            nulled.add(position)
    return {error for error in plain if error[1] not in nulled}, nulled


def null_above(data: Any, path: tuple[str | int, ...] | None) -> tuple[str | int, ...] | None:
    """The position nearest to the root that is null, where it is above a path."""
    for length, key in enumerate(path or ()):
        if data is None:
            return (path or ())[:length]
        try:
            data = data[key]
        except (KeyError, IndexError, TypeError):
            return None
    return None


async def settled(result: Result) -> ExecutionResult:
    """A result, once it is there and nothing of its execution goes on."""
    answer = result if isinstance(result, ExecutionResult) else await result
    for _ in range(20):
        if len(asyncio.all_tasks()) == 1:
            break
        await asyncio.sleep(0)
    return answer


def disagreement(case: Case, place: int, reference: ExecutionResult, compiled: ExecutionResult, by: str) -> str:
    return (
        f"\n{case.told()}\n--- {by} differ, root {place}\n"
        f"graphql-core: {pformat(reference.data)}\n{pformat(exact(reference))}\n"
        f"compiled:     {pformat(compiled.data)}\n{pformat(exact(compiled))}"
    )


def check_sync(case: Case) -> None:
    """Both executors give the same data, in the same order, and the same errors."""
    references = [case.reference(place) for place in range(case.roots())]
    for place, reference in enumerate(references):
        compare_exactly(case, place, reference, case.compiled(place))
    if planned := case.plan():
        for _ in range(2):
            is_done, results = run_until_waiting(case.planned(*planned))
            assert is_done, case.told()
            for place, (reference, compiled) in enumerate(zip(references, results, strict=True)):
                compare_exactly(case, place, reference, compiled)


def compare_exactly(case: Case, place: int, reference: ExecutionResult, compiled: ExecutionResult) -> None:
    assert isinstance(compiled, ExecutionResult), case.told()
    assert shown(reference.data) == shown(compiled.data), disagreement(case, place, reference, compiled, "data")
    assert exact(reference) == exact(compiled), disagreement(case, place, reference, compiled, "errors")


async def check_async(case: Case) -> None:
    """Both executors give the same data, and the same errors as far as the specification determines them."""
    references = [await settled(case.reference(place)) for place in range(case.roots())]
    for place, reference in enumerate(references):
        compare_as_determined(case, place, reference, await settled(case.compiled(place)))
    if planned := case.plan():
        for _ in range(2):
            is_done, outcome = run_until_waiting(step := case.planned(*planned))
            results = outcome if is_done else await finish(step, outcome)
            for place, (reference, compiled) in enumerate(zip(references, results, strict=True)):
                compare_as_determined(case, place, reference, compiled)


def compare_as_determined(case: Case, place: int, reference: ExecutionResult, compiled: ExecutionResult) -> None:
    assert len(asyncio.all_tasks()) == 1, f"tasks are left\n{case.told()}"
    assert shown(reference.data) == shown(compiled.data), disagreement(case, place, reference, compiled, "data")
    assert surviving(reference) == surviving(compiled), disagreement(case, place, reference, compiled, "errors")

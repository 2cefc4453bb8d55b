"""`KeptPlan`: the plan of an operation of a kept document, and what the engine knows of it beside."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import islice
from typing import Any, cast

from graphql.execution.values import VariableValues

from synthetic.database.database import Database
from synthetic.graphql.executor import Asked, Batched, NotCompiled, OperationPlans, PerParent, Plan, Run, gather
from synthetic.graphql.executor.field_plan import FieldPlan
from synthetic.graphql.field_sources import find_runs, prepare_field
from synthetic.graphql.placement import Placement

FIELDS_IN_PLACE = 300
"""A plan of more fields never runs in place: to compile so many takes some milliseconds by itself."""

FIELDS_LOOKED_THROUGH = 2_000
"""A plan in which fields may wait for something first is looked through up to so many fields; then it is refused."""


@dataclass(slots=True)
class KeptPlan:
    """A plan, and what goes with it.

    Attributes:
        plan: The plan.
        preparing: Its fields that wait for something before there is a snapshot.
        placement: Where it runs best.
    """

    plan: Plan
    preparing: tuple[FieldPlan, ...]
    placement: Placement

    async def prepare(self, run: Run, database: Database) -> dict[Asked, Any]:
        """Await what its fields wait for, all at the same time.

        Args:
            run: An execution with the variables of the one that is being prepared.
            database: What they read, if they do.

        Returns:
            What the function of each field is given; an exception stands for itself.
        """
        results = await gather([prepare_field(field, run, database) for field in self.preparing])
        return {field.asked: result for field, result in zip(self.preparing, results, strict=True)}


def find_kept(plans: OperationPlans, variables: VariableValues, waiting: frozenset[str]) -> KeptPlan:
    """The plan of an operation for given values of variables.

    Args:
        plans: Of the operation.
        variables: Coerced.
        waiting: Names of the fields of the schema that wait for something before there is a snapshot.

    Raises:
        NotCompiled: It uses something that plans do not know, or is too large to look through.
        GraphQLError: A condition does not fit.
    """
    plan = plans.plan_for(variables)
    if plan.kept is None:
        # Two threads that meet here make the same.
        preparing = () if plans.field_names.isdisjoint(waiting) else tuple(_preparing(plan))
        fields: list[FieldPlan] = list(islice(plan.fields(), FIELDS_IN_PLACE + 1))
        is_short = len(fields) <= FIELDS_IN_PLACE and not any(isinstance(each.source, PerParent) for each in fields)
        plan.kept = KeptPlan(plan, preparing, Placement(is_allowed=is_short))
    return cast("KeptPlan", plan.kept)


def _preparing(plan: Plan) -> Iterable[FieldPlan]:
    for number, field in enumerate(plan.fields()):
        if number >= FIELDS_LOOKED_THROUGH:
            raise NotCompiled("too many fields")
        runs = find_runs(field.definition)
        # One with permissions or other extensions waits behind them, if they let it (`OperationContext.prepare_here`).
        if isinstance(field.source, Batched) and runs is not None and runs.prepare is not None:
            yield field

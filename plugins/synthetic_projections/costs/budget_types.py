"""The GraphQL types of budgets."""

# Annotations are left as they are: Strawberry takes far longer to read them as text, at every start.

from collections.abc import Sequence
from typing import Self

import strawberry

from synthetic import (
    EVERYTHING,
    Asked,
    DateTime,
    FromRecord,
    Long,
    Node,
    Snapshot,
    batched,
    find_rows,
    values_of,
)
from synthetic_constructs.types import Construct, find_construct_nodes
from synthetic_projections.costs.budget_model import EVER
from synthetic_projections.costs.budget_model import Budget as BudgetRecord
from synthetic_projections.costs.budget_model import BudgetState as StateRecord
from synthetic_projections.costs.enums import BudgetLevel, BudgetPeriod
from synthetic_projections.costs.store.budgets import find_budgets, read_state
from synthetic_projections.costs.types import READS, exact


@strawberry.type(description="How the present period of a budget stands.")
class BudgetState:
    """A `BudgetState` of the model."""

    level: BudgetLevel = strawberry.field(description="How far it is spent.")
    period_from: DateTime | None = strawberry.field(description="When the period began; null: it has no beginning.")
    period_to: DateTime | None = strawberry.field(description="When it ends; null: it has no end.")
    spent_micros: Long = strawberry.field(description="What was spent in it, in millionths of the currency's unit.")
    remaining_micros: Long = strawberry.field(description="What may still be spent; negative where it is exceeded.")
    uncounted_tokens: Long = strawberry.field(
        description="Tokens of the period that have no price: nobody knows what they cost."
    )
    other_currencies: list[str] = strawberry.field(
        description="Currencies in which something was spent in the period that does not count."
    )

    @classmethod
    def of(cls, budget: BudgetRecord, state: StateRecord) -> Self:
        """The object of a state."""
        is_ever = state.period == EVER
        return cls(
            level=state.level,
            period_from=None if is_ever else DateTime(state.period.from_at),
            period_to=None if is_ever else DateTime(state.period.to_at),
            spent_micros=exact(state.spent_micros),
            remaining_micros=exact(budget.limit_micros - state.spent_micros),
            uncounted_tokens=exact(state.uncounted_tokens),
            other_currencies=list(state.other_currencies),
        )


@strawberry.type(description="How much may be spent in a period: in all, for a project or for a construct.")
class Budget(Node):
    """A row of `budgets`, and how it stands."""

    id: strawberry.ID = strawberry.field(description="The caller's id, or a UUIDv7.")
    name: str = strawberry.field(description="For people.")
    project_id: strawberry.ID | None = strawberry.field(description="Only what this project spends counts.")
    construct_id: strawberry.ID | None = strawberry.field(description="Only what this construct spends counts.")
    period: BudgetPeriod = strawberry.field(description="For how long it is.")
    time_zone: str = strawberry.field(description="By whose calendar.")
    limit_micros: Long = strawberry.field(description="How much may be spent, in millionths of the currency's unit.")
    currency: str = strawberry.field(description="Of the limit; costs in others do not count.")
    warn_at_percent: int = strawberry.field(description="At which share of the limit it warns.")
    version: int = strawberry.field(description="1 at first, one more with each change.")
    created_at: DateTime = strawberry.field(description="When it was stored first.")
    updated_at: DateTime = strawberry.field(description="When it was changed last.")

    of = FromRecord(BudgetRecord)

    @batched(reads=READS, needs=("id",))
    @staticmethod
    def state(snapshot: Snapshot, parents: "Sequence[Budget]") -> list[BudgetState | None]:
        """How its present period stands."""
        budgets = find_budgets(snapshot, values_of(parents, "id"))
        return [
            None if each is None else BudgetState.of(each, read_state(snapshot, each, each.period_at(snapshot.now)))
            for each in budgets
        ]

    @batched(needs=("construct_id",))
    @staticmethod
    def construct(snapshot: Snapshot, parents: "Sequence[Budget]", asked: Asked) -> list[Construct | None]:
        """The construct whose costs count; null where it is for more than one."""
        return find_construct_nodes(snapshot, values_of(parents, "construct_id"), asked)


def find_budget_nodes(snapshot: Snapshot, ids: Sequence[str | None], asked: Asked = EVERYTHING) -> list[Budget | None]:
    """For each id, the budget or None: how `node(id:)` finds them."""
    return find_rows(snapshot, Budget, "budgets", ids, asked)

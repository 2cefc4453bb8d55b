"""Root mutation fields: `recordCost`, `saveBudget`, `deleteBudget`."""

# Annotations are left as they are: Strawberry takes far longer to read them as text, at every start.

import strawberry

from synthetic import BlockingStore, Transaction, mutation
from synthetic_projections.costs.budget_types import Budget
from synthetic_projections.costs.inputs import DeleteBudgetInput, RecordCostInput, SaveBudgetInput
from synthetic_projections.costs.store import budgets, recording
from synthetic_projections.costs.types import CostEvent


@strawberry.type(description="What `recordCost` came to.")
class RecordCostPayload:
    """The payload of `recordCost`."""

    cost: CostEvent = strawberry.field(description="The cost as it is stored.")
    created: bool = strawberry.field(description="Whether it was not there before.")


@strawberry.type(description="What `saveBudget` came to.")
class SaveBudgetPayload:
    """The payload of `saveBudget`."""

    budget: Budget = strawberry.field(description="The budget as it is stored now.")
    created: bool = strawberry.field(description="Whether it was not there before.")
    changed: bool = strawberry.field(description="Whether anything was written; false when it was there as sent.")


@strawberry.type(description="What `deleteBudget` came to.")
class DeleteBudgetPayload:
    """The payload of `deleteBudget`."""

    id: strawberry.ID = strawberry.field(description="Id of the budget, which is not there any more.")


@mutation(entity="cost")
def record_cost(tx: Transaction, input: RecordCostInput) -> RecordCostPayload:
    """Record what something has cost; the same cost again, by its id, changes nothing."""
    saved = recording.record_cost(tx, input.content(), cost_id=input.id)
    return RecordCostPayload(cost=CostEvent.of(saved.cost), created=saved.created)


@mutation(entity="budget")
def save_budget(tx: Transaction, input: SaveBudgetInput) -> SaveBudgetPayload:
    """Store a budget, or change one; what is there already as sent is returned as it is."""
    saved = budgets.save_budget(tx, input.content(), budget_id=input.id, if_version=input.if_version)
    return SaveBudgetPayload(budget=Budget.of(saved.budget), created=saved.created, changed=saved.changed)


@mutation(entity="budget", frees=True)
def delete_budget(store: BlockingStore, input: DeleteBudgetInput) -> DeleteBudgetPayload:
    """Delete a budget, with what was told of it."""
    return DeleteBudgetPayload(id=strawberry.ID(budgets.delete_budget(store, input.id).id))

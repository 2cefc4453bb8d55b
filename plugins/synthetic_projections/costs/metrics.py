"""What `/metrics` shows of costs."""

from __future__ import annotations

from synthetic import MetricReading, Snapshot
from synthetic_projections.costs.budget_model import BudgetLevel
from synthetic_projections.costs.store.budgets import list_budgets, read_state
from synthetic_projections.costs.store.sums import list_unpriced

MODELS_MAX = 1_000
"""The tokens of so many models without a price are counted."""


def count_budgets(snapshot: Snapshot) -> dict[str, float]:
    """How many budgets there are at each level, in their present periods."""
    counts = dict.fromkeys(map(str, BudgetLevel), 0.0)
    for budget in list_budgets(snapshot):
        counts[read_state(snapshot, budget, budget.period_at(snapshot.now)).level] += 1
    return counts


def count_unpriced_tokens(snapshot: Snapshot) -> float:
    """How many tokens have no price."""
    return float(sum(each.sums.tokens for each in list_unpriced(snapshot, MODELS_MAX)))


METRICS = (
    MetricReading(
        name="synthetic_cost_budgets",
        purpose="Budgets, by how far they are spent.",
        read=count_budgets,
        label="level",
        label_values=tuple(map(str, BudgetLevel)),
    ),
    MetricReading(
        name="synthetic_cost_unpriced_tokens",
        purpose="Tokens that no price is known of, since ever.",
        read=count_unpriced_tokens,
    ),
)

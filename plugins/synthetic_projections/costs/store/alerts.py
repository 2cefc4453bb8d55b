"""The rows of `budget_alerts`: what was told of the periods of budgets, once each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from synthetic import Snapshot, Transaction, iso_from_ms
from synthetic_projections.buckets import Span
from synthetic_projections.costs.budget_model import EVER, Budget, BudgetLevel
from synthetic_projections.costs.events import BUDGET_EXCEEDED, BUDGET_WARNED
from synthetic_projections.costs.store.budgets import find_budget, list_budgets, read_state


class Crossing(NamedTuple):
    """A level that a period of a budget has come to, and that was not told of.

    Attributes:
        budget: As it was when that was noticed.
        period: The period.
        level: WARNED or EXCEEDED.
        spent_micros: What was spent.
    """

    budget: Budget
    period: Span
    level: BudgetLevel
    spent_micros: int


def find_crossings(snapshot: Snapshot) -> list[Crossing]:
    """What is to be told, of the periods in which costs may still come in."""
    return [
        Crossing(budget, period, level, state.spent_micros)
        for budget in list_budgets(snapshot)
        for period in budget.watched(snapshot.now)
        # There is nothing beyond it, so that nothing needs to be summed up.
        if not _is_told(snapshot, budget, period, BudgetLevel.EXCEEDED)
        for state in (read_state(snapshot, budget, period),)
        for level in _reached(state.level)
        if not _is_told(snapshot, budget, period, level)
    ]


def tell(tx: Transaction, crossings: Sequence[Crossing]) -> int:
    """Tell of what budgets have come to, each once.

    Returns:
        How much was told; budgets that were changed or deleted meanwhile are left for the next time.
    """
    told = 0
    for crossing in crossings:
        budget = crossing.budget
        if find_budget(tx, budget.id) != budget or _is_told(tx, budget, crossing.period, crossing.level):
            continue
        tx.execute(
            "INSERT INTO budget_alerts (budget_id, period_at, level, spent_micros, limit_micros, told_at)"
            " VALUES (:budget_id, :period_at, :level, :spent_micros, :limit_micros, :now)",
            {
                "budget_id": budget.id,
                "period_at": _begin_of(crossing.period),
                "level": crossing.level.value,
                "spent_micros": crossing.spent_micros,
                "limit_micros": budget.limit_micros,
                "now": tx.now,
            },
        )
        is_ever = crossing.period == EVER
        tx.emit(
            BUDGET_EXCEEDED if crossing.level is BudgetLevel.EXCEEDED else BUDGET_WARNED,
            budget.id,
            construct_id=budget.construct_id,
            payload={
                "name": budget.name,
                "projectId": budget.project_id,
                "constructId": budget.construct_id,
                "periodFrom": None if is_ever else iso_from_ms(crossing.period.from_at),
                "periodTo": None if is_ever else iso_from_ms(crossing.period.to_at),
                "spentMicros": crossing.spent_micros,
                "limitMicros": budget.limit_micros,
                "warnAtPercent": budget.warn_at_percent,
                "currency": budget.currency,
            },
        )
        told += 1
    return told


def _reached(level: BudgetLevel) -> tuple[BudgetLevel, ...]:
    """What is told of a level: whoever exceeds a budget has come past its warning."""
    return {
        BudgetLevel.OK: (),
        BudgetLevel.WARNED: (BudgetLevel.WARNED,),
        BudgetLevel.EXCEEDED: (BudgetLevel.WARNED, BudgetLevel.EXCEEDED),
    }[level]


def _begin_of(period: Span) -> int:
    return 0 if period == EVER else period.from_at


def _is_told(snapshot: Snapshot, budget: Budget, period: Span, level: BudgetLevel) -> bool:
    return (
        snapshot.value(
            "SELECT 1 FROM budget_alerts WHERE budget_id = :id AND period_at = :period_at AND level = :level",
            {"id": budget.id, "period_at": _begin_of(period), "level": level.value},
        )
        is not None
    )

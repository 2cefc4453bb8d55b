"""This theme's part of the demo: each project has a budget for the month, and work costs more than tokens."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from random import Random

from synthetic import BlockingStore, Transaction
from synthetic.demo import Fleet, FleetConstruct, Moment
from synthetic_projections.costs.budget_model import BudgetContent, BudgetPeriod
from synthetic_projections.costs.model import CostContent
from synthetic_projections.costs.store.budgets import save_budget
from synthetic_projections.costs.store.recording import record_cost

MINUTE_MS = 60_000
CURRENCY = "USD"
KINDS = ("web search", "sandbox", "code scan")
MICROS = (4_000, 900_000)
"""What one of them costs: the least and the most."""

LIMIT_MICROS = 40_000_000
LOOKED_AT = 20
"""A step looks at so many of the sessions that are under way."""


def history(fleet: Fleet, construct: FleetConstruct) -> Iterator[Moment]:
    """The project has a budget from the first construct on; whoever works on one pays for a tool now and then."""
    budget: BudgetContent = {
        "name": f"{construct.project}, by the month",
        "project_id": construct.project,
        "period": BudgetPeriod.MONTH.value,
        "limit_micros": LIMIT_MICROS,
        "currency": CURRENCY,
    }
    yield Moment(
        construct.created_at, partial(save_budget, content=budget, budget_id=f"{construct.project}-month"), amount=0
    )
    draw = fleet.random("costs", construct.id)
    for number, (start, end, _) in enumerate(construct.work()):
        at = start + min(end - start - 1, draw.randrange(MINUTE_MS, 45 * MINUTE_MS))
        content = _cost(draw) | {"construct_id": construct.id, "agent": fleet.agent(draw, construct.kind)}
        yield Moment(at, partial(record_cost, content=content, cost_id=fleet.id_at(at, "cost", construct.id, number)))


def live(store: BlockingStore, fleet: Fleet, random: Random) -> None:
    """A session that is under way pays for a tool."""
    del fleet
    store.write(_go_on, random)


def _go_on(tx: Transaction, random: Random) -> None:
    running = tx.rows(
        "SELECT id FROM sessions WHERE status = 'ACTIVE' ORDER BY last_activity_at DESC, id LIMIT :limit",
        {"limit": LOOKED_AT},
    )
    if running:
        (session_id,) = random.choice(running)
        record_cost(tx, _cost(random) | {"session_id": session_id})


def _cost(draw: Random) -> CostContent:
    return {"kind": draw.choice(KINDS), "cost_micros": draw.randrange(*MICROS), "currency": CURRENCY}

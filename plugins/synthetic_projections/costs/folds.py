"""What follows the log."""

from __future__ import annotations

from synthetic import Fold
from synthetic_constructs.events import CONSTRUCT_SAVED
from synthetic_projections.costs.events import COST_RECORDED
from synthetic_projections.costs.folding import finish_costs, fold_costs
from synthetic_projections.costs.model import CostConstruct, CostProgress, CostRollup, CostSession, CostSettled
from synthetic_projections.costs.price_files import price_inputs
from synthetic_projections.costs.selectors import SELECTORS
from synthetic_sessions.events import SESSION_SAVED
from synthetic_transcripts.events import USAGE_EVENTS

COSTS = Fold(
    name="costs",
    purpose="What was spent, by agent, session, construct, project, model and quarter of an hour.",
    tables={
        "cost_rollups": CostRollup,
        "cost_settled": CostSettled,
        "cost_sessions": CostSession,
        "cost_constructs": CostConstruct,
        "cost_progress": CostProgress,
    },
    types=(CONSTRUCT_SAVED, SESSION_SAVED, *USAGE_EVENTS, COST_RECORDED),
    version=2,
    apply=fold_costs,
    finish=finish_costs,
    inputs=price_inputs,
    selectors=SELECTORS,
)

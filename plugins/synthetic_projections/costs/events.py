"""What this theme writes to the log, and what its events carry."""

from __future__ import annotations

from typing import Any

from synthetic import EventType, changed_fields
from synthetic_projections.costs.budget_model import FIELDS, Budget
from synthetic_projections.costs.model import CostEvent

COST_RECORDED = EventType(
    name="cost.recorded",
    entity="cost",
    purpose="A cost of a `kind` was recorded: of `sessionId`, else of `constructId`, else of `projectId`; by `agent`,"
    " for so many tokens of `model`, at `costMicros` of a `currency`, both null where the prices say what the tokens"
    " cost. It occurred when it was spent.",
)
BUDGET_SAVED = EventType(
    name="budget.saved",
    entity="budget",
    purpose="A budget was stored (`created`) or changed; `previousConstructId` is the construct that it has left with"
    " this change, else null; `changed` names the fields that have another value than before.",
)
BUDGET_DELETED = EventType(
    name="budget.deleted",
    entity="budget",
    purpose="A budget was deleted: by itself, or with its construct.",
)
BUDGET_WARNED = EventType(
    name="budget.warned",
    entity="budget",
    purpose="Of a budget, the share at which it warns was spent in the period from `periodFrom` to `periodTo` (null:"
    " it has no end): `spentMicros` of `limitMicros`, in `currency`. Once for each period.",
)
BUDGET_EXCEEDED = EventType(
    name="budget.exceeded",
    entity="budget",
    purpose="More was spent in a period than a budget allows; the payload is that of `budget.warned`. Once for each"
    " period.",
)
EVENTS = (COST_RECORDED, BUDGET_SAVED, BUDGET_DELETED, BUDGET_WARNED, BUDGET_EXCEEDED)


def recorded_payload(cost: CostEvent) -> dict[str, Any]:
    """What `cost.recorded` carries."""
    return {
        "kind": cost.kind,
        "sessionId": cost.session_id,
        "constructId": cost.construct_id,
        "projectId": cost.project_id,
        "agent": cost.agent,
        "model": cost.model,
        "inputTokens": cost.input_tokens,
        "outputTokens": cost.output_tokens,
        "cacheReadTokens": cost.cache_read_tokens,
        "cacheWriteTokens": cost.cache_write_tokens,
        "costMicros": cost.cost_micros,
        "currency": cost.currency,
    }


def saved_budget_payload(before: Budget | None, budget: Budget) -> dict[str, Any]:
    """What `budget.saved` carries.

    Args:
        before: As the budget was; None for a new one.
        budget: As it is now.
    """
    left = None if before is None else before.construct_id
    return {
        "created": before is None,
        "previousConstructId": None if left == budget.construct_id else left,
        "changed": changed_fields(before, budget, FIELDS),
    }

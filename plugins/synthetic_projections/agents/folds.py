"""What follows the log."""

from __future__ import annotations

from synthetic import Fold, FoldInputs, Surroundings
from synthetic_approvals.events import APPROVAL_DECIDED, APPROVAL_EXPIRED, APPROVAL_REQUESTED
from synthetic_jobs.events import JOB_CANCEL_REQUESTED, JOB_DELETED, JOB_STATUS_CHANGED
from synthetic_projections.agents.counting import fold_agents
from synthetic_projections.agents.judging import Rules
from synthetic_projections.agents.model import (
    AgentGroup,
    AgentMetric,
    AgentOutlier,
    AgentRun,
    AgentWindow,
)
from synthetic_projections.agents.selectors import SELECTORS
from synthetic_projections.settings import ProjectionSettings
from synthetic_sessions.events import SESSION_DELETED, SESSION_SAVED
from synthetic_transcripts.events import USAGE_EVENTS


def read_rules(surroundings: Surroundings) -> FoldInputs:
    """When a run is an outlier, as the settings say: others make the fold anew."""
    settings = surroundings.settings(ProjectionSettings)
    rules = Rules(settings.outlier_window, settings.outlier_least, settings.outlier_score)
    return FoldInputs(rules, repr(tuple(rules)))


AGENTS = Fold(
    name="agents",
    purpose="How each agent fares: runs, outcomes, durations, tokens, interventions, and which runs stand out.",
    tables={
        "agent_runs": AgentRun,
        "agent_groups": AgentGroup,
        "agent_metrics": AgentMetric,
        "agent_windows": AgentWindow,
        "agent_outliers": AgentOutlier,
    },
    types=(
        SESSION_SAVED,
        SESSION_DELETED,
        *USAGE_EVENTS,
        JOB_STATUS_CHANGED,
        JOB_CANCEL_REQUESTED,
        JOB_DELETED,
        APPROVAL_REQUESTED,
        APPROVAL_DECIDED,
        APPROVAL_EXPIRED,
    ),
    apply=fold_agents,
    selectors=SELECTORS,
    inputs=read_rules,
)

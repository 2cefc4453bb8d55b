"""This theme's enums as the schema shows them, with what each value means."""

from __future__ import annotations

from enum import StrEnum

from synthetic import describe_enum
from synthetic_projections.agents.model import AgentMeasure, AgentWork

__all__ = ["AgentGrouping", "AgentMeasure", "AgentOutlierOrder", "AgentWork"]


class AgentGrouping(StrEnum):
    """Which runs are added up in one node of `agentMetrics`."""

    AGENT_AND_KIND = "AGENT_AND_KIND"
    AGENT = "AGENT"
    KIND = "KIND"


class AgentOutlierOrder(StrEnum):
    """The orders that outliers are listed in."""

    ENDED_AT_DESC = "desc"
    ENDED_AT_ASC = "asc"


describe_enum(
    AgentWork,
    "What sort of run: the two are counted apart, since a session may work on jobs.",
    {
        AgentWork.SESSION: "A session: one run of an agent. Its agent is the session's.",
        AgentWork.JOB: "A job, from its first claim on. Its agent is the worker that claimed it last.",
    },
)
describe_enum(
    AgentMeasure,
    "What runs of a kind are compared by.",
    {
        AgentMeasure.DURATION_MS: "How long it took, in milliseconds.",
        AgentMeasure.OUTPUT_TOKENS: "How many tokens models wrote in a session.",
    },
)
describe_enum(
    AgentGrouping,
    "Which runs are added up in one node. Sessions and jobs stay apart.",
    {
        AgentGrouping.AGENT_AND_KIND: "Those of one agent and one kind.",
        AgentGrouping.AGENT: "Those of one agent, of all kinds.",
        AgentGrouping.KIND: "Those of one kind, by all agents.",
    },
)
describe_enum(
    AgentOutlierOrder,
    "In which order outliers are listed.",
    {
        AgentOutlierOrder.ENDED_AT_DESC: "The one that ended last first.",
        AgentOutlierOrder.ENDED_AT_ASC: "The one that ended first first.",
    },
)

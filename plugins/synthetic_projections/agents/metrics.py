"""What `/metrics` shows of agents."""

from __future__ import annotations

from synthetic import MetricReading
from synthetic_projections.agents.model import AgentMeasure, AgentWork
from synthetic_projections.agents.store import count_recent_outliers, read_failure_ratios

METRICS = (
    MetricReading(
        name="synthetic_agent_failure_ratio",
        purpose="Runs that failed over those that completed or failed, of those that began within a day.",
        read=read_failure_ratios,
        label="work",
        label_values=tuple(map(str, AgentWork)),
    ),
    MetricReading(
        name="synthetic_agent_outliers",
        purpose="Runs that ended within a day and stand out, by what they stand out in.",
        read=count_recent_outliers,
        label="measure",
        label_values=tuple(map(str, AgentMeasure)),
    ),
)

"""What must hold of the sums, and no constraint can say."""

from __future__ import annotations

from synthetic import Check
from synthetic_projections.agents.model import AgentCounts

_SUMS = ", ".join(f"sum(q.{name})" for name in AgentCounts._fields)
_DAYS = ", ".join(f"d.{name}" for name in AgentCounts._fields)
_REBUILD = "Ask for REBUILD of projections.agents."

CHECKS = (
    Check(
        name="agent_days",
        purpose="The sums of an agent's day are those of its quarters of an hour.",
        sql="SELECT d.work || '/' || d.agent || '/' || d.kind || '/' || d.begin_at,"
        " 'The sums of the ' || lower(d.work) || 's of ' || d.agent || ' for a day are not those of its quarters.'"
        f" FROM agent_metrics AS d WHERE d.grain = 'DAY' AND ({_DAYS}) IS NOT (SELECT {_SUMS} FROM agent_metrics AS q"
        " WHERE q.work = d.work AND q.agent = d.agent AND q.kind = d.kind AND q.grain = 'QUARTER'"
        " AND q.begin_at >= d.begin_at AND q.begin_at < d.begin_at + 86400000)",
        entity="agent_metrics",
        action=_REBUILD,
    ),
    Check(
        name="agent_groups",
        purpose="The runs of an agent are those of its days.",
        sql="SELECT g.work || '/' || g.agent || '/' || g.kind,"
        " 'The ' || lower(g.work) || 's of ' || g.agent || ' are not as many as on its days.'"
        " FROM agent_groups AS g WHERE g.runs IS NOT (SELECT sum(d.runs) FROM agent_metrics AS d WHERE d.work = g.work"
        " AND d.agent = g.agent AND d.kind = g.kind AND d.grain = 'DAY')",
        entity="agent_groups",
        action=_REBUILD,
    ),
)

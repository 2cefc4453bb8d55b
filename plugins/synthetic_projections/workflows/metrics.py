"""What `/metrics` shows of workflows."""

from __future__ import annotations

from synthetic import MetricReading, Snapshot
from synthetic_projections.workflows.model import WorkStatus


def read_workflows(snapshot: Snapshot) -> dict[str, int]:
    """How many workflows have which status, counted from an index alone."""
    return dict(snapshot.rows("SELECT status, count(*) FROM workflows GROUP BY status"))


METRICS = (
    MetricReading(
        name="synthetic_workflows",
        purpose="Workflows, by whether they have ended.",
        read=read_workflows,
        label="status",
        label_values=tuple(map(str, WorkStatus)),
    ),
)

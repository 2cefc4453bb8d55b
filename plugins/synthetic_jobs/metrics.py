"""What `/metrics` shows of jobs."""

from __future__ import annotations

from synthetic import MetricReading
from synthetic_jobs.model import JobStatus
from synthetic_jobs.store import count_all_by_status, count_claimable, count_stuck

METRICS = (
    MetricReading(
        name="synthetic_jobs",
        purpose="Jobs, by status.",
        read=count_all_by_status,
        label="status",
        label_values=tuple(map(str, JobStatus)),
    ),
    MetricReading(
        name="synthetic_jobs_claimable",
        purpose="Jobs that are PENDING and due: what workers could claim now, but for limits.",
        read=count_claimable,
    ),
    MetricReading(
        name="synthetic_jobs_stuck",
        purpose="Jobs whose lease ran out, or whose wait is over, and that nobody has seen to yet.",
        read=count_stuck,
    ),
)

"""What `/metrics` shows of approvals."""

from __future__ import annotations

from synthetic import MetricReading
from synthetic_approvals.model import ApprovalStatus
from synthetic_approvals.store import count_all_by_status

METRICS = (
    MetricReading(
        name="synthetic_approvals",
        purpose="Approvals, by status; ended ones are deleted after a while.",
        read=count_all_by_status,
        label="status",
        label_values=tuple(map(str, ApprovalStatus)),
    ),
)

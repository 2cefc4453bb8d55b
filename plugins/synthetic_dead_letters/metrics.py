"""What `/metrics` shows of dead letters."""

from __future__ import annotations

from synthetic import MetricReading
from synthetic_dead_letters.model import DeadLetterStatus
from synthetic_dead_letters.store.groups import count_by_status

METRICS = (
    MetricReading(
        name="synthetic_dead_letters",
        purpose="Dead letters, by status; ended ones are deleted after a while.",
        read=count_by_status,
        label="status",
        label_values=tuple(map(str, DeadLetterStatus)),
    ),
)

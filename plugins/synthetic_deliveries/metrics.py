"""What `/metrics` shows of deliveries."""

from __future__ import annotations

from synthetic import MetricReading, Snapshot
from synthetic_deliveries.model import DeliveryStatus
from synthetic_deliveries.store import count_by_status


def count_open_circuits(snapshot: Snapshot) -> int:
    """How many targets fail again and again; there are few targets."""
    return snapshot.value("SELECT count(*) FROM delivery_targets WHERE opened_at IS NOT NULL AND enabled = 1")


METRICS = (
    MetricReading(
        name="synthetic_deliveries",
        purpose="Deliveries, by status; what has ended is deleted after a while.",
        read=count_by_status,
        label="status",
        label_values=tuple(map(str, DeliveryStatus)),
    ),
    MetricReading(
        name="synthetic_delivery_circuits_open",
        purpose="Delivery targets that fail again and again, so that they are hardly tried.",
        read=count_open_circuits,
    ),
)

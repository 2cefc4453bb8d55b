"""What `/metrics` shows of sessions."""

from __future__ import annotations

from synthetic import MetricReading, Snapshot
from synthetic_sessions.store import count_stale


def read_stale_ratio(snapshot: Snapshot) -> float:
    """Stale sessions over active ones; 0 where none is active."""
    counts = count_stale(snapshot)
    return counts.stale / counts.active if counts.active else 0.0


METRICS = (
    MetricReading(
        name="stale_state_active_sessions_ratio",
        purpose="Active sessions that nobody has touched within the threshold, over all active ones.",
        read=read_stale_ratio,
    ),
    MetricReading(
        name="synthetic_sessions_active",
        purpose="Sessions that are ACTIVE.",
        read=lambda snapshot: count_stale(snapshot).active,
    ),
    MetricReading(
        name="synthetic_sessions_stale",
        purpose="Sessions that are ACTIVE and that nobody has touched within the threshold.",
        read=lambda snapshot: count_stale(snapshot).stale,
    ),
)

"""What `/metrics` shows of the index."""

from __future__ import annotations

from synthetic import MetricReading, Snapshot


def count_waiting(snapshot: Snapshot) -> float:
    """Entities that have changed and are not indexed."""
    return snapshot.value("SELECT count(*) FROM search_pending WHERE failures = 0")


def count_failing(snapshot: Snapshot) -> float:
    """Entities that could not be read when they were to be indexed."""
    return snapshot.value("SELECT count(*) FROM search_pending WHERE failures > 0")


METRICS = (
    MetricReading(
        name="synthetic_search_waiting",
        purpose="Entities that have changed and wait to be indexed.",
        read=count_waiting,
    ),
    MetricReading(
        name="synthetic_search_failing",
        purpose="Entities that could not be read when they were to be indexed, and are tried again.",
        read=count_failing,
    ),
)

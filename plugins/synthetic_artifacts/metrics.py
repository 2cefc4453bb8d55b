"""What `/metrics` shows of artifacts."""

from __future__ import annotations

from synthetic import MetricReading, Snapshot
from synthetic_artifacts.store import count_damaged, read_usage
from synthetic_artifacts.store.damage import DAMAGED


def count_files(snapshot: Snapshot) -> float:
    """How many artifacts there are, deleted ones too until they are gone."""
    return read_usage(snapshot).files


def sum_bytes(snapshot: Snapshot) -> float:
    """What their files take."""
    return read_usage(snapshot).stored_bytes


METRICS = (
    MetricReading(
        name="synthetic_artifacts",
        purpose="Artifacts; deleted ones count until their grace time is over.",
        read=count_files,
    ),
    MetricReading(
        name="synthetic_artifacts_stored_bytes",
        purpose="Length of all files of artifacts together.",
        read=sum_bytes,
    ),
    MetricReading(
        name="synthetic_artifacts_damaged",
        purpose="Artifacts whose file is gone or is not what was stored, by status.",
        read=count_damaged,
        label="status",
        label_values=tuple(map(str, DAMAGED)),
    ),
)

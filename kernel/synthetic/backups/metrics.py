"""What `/metrics` shows of backups: read from the store, so every process that shares it shows the same."""

from __future__ import annotations

from synthetic.backups.notes import BACKUP, find_proven
from synthetic.database.snapshot import Snapshot
from synthetic.metric_contributions import MetricReading

_LAST_BYTES = (
    "SELECT units FROM sync_attempts WHERE module = :module AND outcome = 'SUCCEEDED' ORDER BY number DESC LIMIT 1"
)


def read_age_seconds(snapshot: Snapshot) -> float | None:
    """How old the last proven backup is; None: none was proven yet."""
    proven = find_proven(snapshot)
    return None if proven is None else max(0, snapshot.now - proven.taken_at) / 1_000


def read_size_bytes(snapshot: Snapshot) -> float | None:
    """What the last proven backup takes once it is restored; None: none was proven among the attempts that are kept."""
    return snapshot.value(_LAST_BYTES, {"module": BACKUP})


BACKUP_METRICS = (
    MetricReading(
        name="synthetic_backup_age_seconds",
        purpose="How old the last proven backup is.",
        read=read_age_seconds,
    ),
    MetricReading(
        name="synthetic_backup_bytes",
        purpose="Bytes that the last proven backup takes once it is restored.",
        read=read_size_bytes,
    ),
)

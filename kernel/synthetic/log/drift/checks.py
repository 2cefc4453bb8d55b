"""Whether the folds are what the log makes of them: some rows of each, or all."""

from __future__ import annotations

from collections.abc import Iterator

from synthetic.check_contributions import Check, Finding
from synthetic.checks.repairs import REBUILD_FOLD
from synthetic.database.snapshot import Snapshot
from synthetic.kernel_settings import SyncSettings
from synthetic.log.consumers.declared import DeclaredConsumer
from synthetic.log.consumers.loaded import LoadedFolds
from synthetic.log.drift.refolding import OneSnapshot, compare_whole
from synthetic.log.drift.sampling import compare_sample

ACTION = "Ask for REBUILD with requestResync: it makes the fold anew from the log."


def find_drift_in_samples(snapshot: Snapshot) -> Iterator[Finding]:
    """Rows drawn from each fold, against the events behind them; a suspicion is looked into."""
    for consumer in snapshot.resource(LoadedFolds).folds.values():
        sampled = compare_sample(snapshot, consumer, None, snapshot.settings(SyncSettings).sample_rows)
        if sampled is not None and sampled.comparison.differing:
            yield from _find_drift(snapshot, consumer)


def find_drift(snapshot: Snapshot) -> Iterator[Finding]:
    """All rows of each fold, against what the whole log makes of them."""
    for consumer in snapshot.resource(LoadedFolds).folds.values():
        yield from _find_drift(snapshot, consumer)


def _find_drift(snapshot: Snapshot, consumer: DeclaredConsumer) -> Iterator[Finding]:
    found = compare_whole(OneSnapshot(snapshot), consumer)
    for row in () if found is None else found.first:
        yield Finding(
            message=f"The row {row.key} of {row.table} is {row.difference.lower()}: the log makes something else of"
            f" the fold {consumer.name}.",
            entity_type=row.table,
            entity_id=row.key,
            details={"module": consumer.name, "difference": row.difference.value},
        )


DRIFT_CHECKS = (
    Check(
        name="fold_samples",
        purpose="Rows drawn from each fold are what the events behind them make.",
        find=find_drift_in_samples,
        action=ACTION,
        effort="full",
        repair=REBUILD_FOLD,
    ),
    Check(
        name="folds",
        purpose="All rows of each fold are what the log makes of them.",
        find=find_drift,
        action=ACTION,
        effort="deep",
        repair=REBUILD_FOLD,
    ),
)

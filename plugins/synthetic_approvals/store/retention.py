"""Deleting ended approvals by age, and setting right the age of those that a clock far ahead has ended."""

from __future__ import annotations

from synthetic import RetentionBatch, Snapshot, Transaction, is_clock_believed, run_retention_batch
from synthetic_approvals.store.rows import TABLE

RULE = "ended"
"""Name of the rule that `plugin.py` contributes."""

AHEAD_MS = 86_400_000
"""What ended further ahead was ended by a clock that had jumped."""

SETTLED_ROWS = 500
"""So many are set right in one transaction."""

_ENDED_AHEAD = f"SELECT id FROM {TABLE} WHERE ended_at > :ahead"


def delete_old_approvals(tx: Transaction) -> RetentionBatch:
    """Delete some of the approvals that ended longer ago than `keep_ended_ms`; pending ones are never deleted by age.

    Returns:
        What went, and whether to call again, in another transaction.

    Raises:
        RetentionSuspendedError: The clock has jumped; an operator has to confirm it.
    """
    return run_retention_batch(tx, f"approvals.{RULE}")


def is_any_end_ahead(snapshot: Snapshot) -> bool:
    """Whether there is anything for `settle_instants` to do, if the clock is believed."""
    return bool(snapshot.rows(f"{_ENDED_AHEAD} LIMIT 1", {"ahead": snapshot.now + AHEAD_MS}))


def settle_instants(tx: Transaction) -> int:
    """Let what ended more than a day ahead of the clock have ended now, if the clock is believed.

    Otherwise it would be kept, and what it allows could be done, until the clock
    has come there. While retention is suspended nothing is set right: then it
    may be the clock of today that is wrong. When it was decided stays as it was
    told to the log.

    Returns:
        How many were set right; there may be more.
    """
    if not is_clock_believed(tx):
        return 0
    return tx.execute(
        f"UPDATE {TABLE} SET ended_at = :now WHERE id IN ({_ENDED_AHEAD} LIMIT :rows)",
        {"now": tx.now, "ahead": tx.now + AHEAD_MS, "rows": SETTLED_ROWS},
    )

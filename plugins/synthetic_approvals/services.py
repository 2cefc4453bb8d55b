"""Background work: approvals that nobody decides, jobs that wait for nothing any more, and what a wrong clock ended.

It looks first, on a connection that takes no lock: most of the time there is nothing to do.
"""

from __future__ import annotations

from synthetic import BlockingStore, Snapshot, Transaction
from synthetic_approvals.store import (
    cancel_moot_approvals,
    expire_approvals,
    is_any_approval_over,
    is_any_end_ahead,
    is_any_job_ready,
    settle_instants,
    settle_jobs,
)


def watch(store: BlockingStore) -> int:
    """One step: expire some approvals, cancel some whose job has finished, let some jobs go on.

    Returns:
        How many approvals and jobs were changed; 0 when there are none left.
    """
    if not store.read(_is_anything_to_do):
        return 0
    return store.write(_go_on)


def settle_ends(store: BlockingStore) -> int:
    """One step: set right when approvals have ended that a clock far ahead has ended; how many."""
    return store.write(settle_instants) if store.read(is_any_end_ahead) else 0


def _is_anything_to_do(snapshot: Snapshot) -> bool:
    return is_any_approval_over(snapshot) or is_any_job_ready(snapshot)


def _go_on(tx: Transaction) -> int:
    return expire_approvals(tx) + cancel_moot_approvals(tx) + settle_jobs(tx)

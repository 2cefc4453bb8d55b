"""Deleting ended approvals by age."""

from __future__ import annotations

from synthetic import RetentionBatch, Transaction, run_retention_batch

RULE = "ended"
"""Name of the rule that `plugin.py` contributes."""


def delete_old_approvals(tx: Transaction) -> RetentionBatch:
    """Delete some of the approvals that ended longer ago than `keep_ended_ms`; pending ones are never deleted by age.

    Returns:
        What went, and whether to call again, in another transaction.

    Raises:
        RetentionSuspendedError: The clock has jumped; an operator has to confirm it.
    """
    return run_retention_batch(tx, f"approvals.{RULE}")

"""Deleting finished jobs by age, with their checkpoints and attempts."""

from __future__ import annotations

from synthetic import RetentionBatch, Transaction, run_retention_batch

RULE = "finished"
"""Name of the rule that `plugin.py` contributes."""


def delete_expired_jobs(tx: Transaction) -> RetentionBatch:
    """Delete some of the jobs that finished longer ago than `keep_finished_ms`, and what belongs to them.

    Jobs that have not finished are never deleted by age. Each that goes is
    told to the log.

    Returns:
        What went, and whether to call again, in another transaction.

    Raises:
        RetentionSuspendedError: The clock has jumped; an operator has to confirm it.
    """
    return run_retention_batch(tx, f"jobs.{RULE}")

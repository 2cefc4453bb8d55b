"""How deliveries fare, as a module of sync status."""

from __future__ import annotations

from synthetic import RecoveryAction, SyncOutcome, Transaction, report_sync
from synthetic_deliveries.errors import TargetFailingError
from synthetic_deliveries.model import DeliveryTarget
from synthetic_deliveries.store.circuits import close_circuit

MODULE = "deliveries"
COLUMNS = ", ".join(DeliveryTarget._fields)
NAMED_MAX = 20

HURRIED_MAX = 1_000
"""Deliveries that one request of an operator brings forward; the others come at their own time."""


def report_state(tx: Transaction) -> None:
    """Say how deliveries fare: FAILED while a circuit is open, DISABLED while no target is enabled.

    What an operator has asked for (RETRY, RESYNC) is done at once: everything is tried.
    """
    requested = _report(tx)
    if requested is not None:
        retry_all(tx)
        _report(tx)


def _report(tx: Transaction) -> RecoveryAction | None:
    enabled = tx.value("SELECT count(*) FROM delivery_targets WHERE enabled = 1")
    if not enabled:
        return report_sync(tx, MODULE, SyncOutcome.DISABLED).requested
    failing = tx.rows(
        "SELECT id, name FROM delivery_targets WHERE enabled = 1 AND opened_at IS NOT NULL ORDER BY id LIMIT :limit",
        {"limit": NAMED_MAX},
    )
    if not failing:
        return report_sync(tx, MODULE, SyncOutcome.SUCCEEDED, expected_interval_ms=0).requested
    names = ", ".join(name for _id, name in failing)
    error = TargetFailingError(
        f"Nothing arrives at {len(failing)} of {enabled} delivery targets: {names}.",
        details={"targetIds": [id for id, _name in failing]},
    )
    return report_sync(tx, MODULE, SyncOutcome.FAILED, error=error).requested


def retry_all(tx: Transaction) -> int:
    """Try everything now: close the circuits, and let what waits for its next attempt be due.

    Returns:
        How many deliveries are due now that were not.
    """
    for target in tx.records(DeliveryTarget, f"SELECT {COLUMNS} FROM delivery_targets WHERE opened_at IS NOT NULL"):
        close_circuit(tx, target)
    return tx.execute(
        "UPDATE deliveries SET next_attempt_at = :now WHERE id IN (SELECT d.id FROM delivery_targets t"
        " JOIN deliveries d ON d.target_id = t.id WHERE t.enabled = 1 AND d.next_attempt_at > :now LIMIT :limit)",
        {"now": tx.now, "limit": HURRIED_MAX},
    )

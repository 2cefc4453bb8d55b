"""The circuit of a target: closed while it works, open while it fails again and again.

While it is open nothing is tried until its time is up; then a single delivery
is, and decides. Attempts that are not made are not counted, so that an outage
of hours does not use up those of everything that waits.
"""

from __future__ import annotations

from typing import Any

from synthetic import Transaction, to_json
from synthetic_deliveries.events import CIRCUIT_CLOSED, CIRCUIT_OPENED
from synthetic_deliveries.model import DeliveryTarget, is_due, pause_ms
from synthetic_deliveries.settings import DeliverySettings

_SET = (
    "UPDATE delivery_targets SET failures = :failures, opened_at = :opened_at, closed_until_at = :closed_until_at,"
    " last_success_at = :last_success_at, last_error = :last_error WHERE id = :id"
)


def note_success(tx: Transaction, target: DeliveryTarget) -> DeliveryTarget:
    """Something has arrived: whatever was wrong with the target is over."""
    works = target._replace(last_success_at=tx.now)
    return _closed(tx, works)


def note_failure(
    tx: Transaction, target: DeliveryTarget, error: dict[str, Any], settings: DeliverySettings
) -> DeliveryTarget:
    """An attempt has failed: one more in a row, after which the circuit may be open, or stay so for longer."""
    failing = target._replace(failures=target.failures + 1, last_error=to_json(error))
    beyond = failing.failures - settings.circuit_failures
    if beyond >= 0:
        # Attempts that ran side by side when it opened must not each double the pause.
        longer = target.closed_until_at is None or is_due(target.closed_until_at, tx.now)
        if longer:
            steps = 1 if target.opened_at is None else beyond + 1
            pause = pause_ms(steps, settings.circuit_first_ms, settings.circuit_ceiling_ms)
            failing = failing._replace(
                opened_at=tx.now if target.opened_at is None else target.opened_at, closed_until_at=tx.now + pause
            )
        else:
            failing = failing._replace(failures=target.failures)
    tx.execute(_SET, _values(failing))
    if failing.opened_at is not None and target.opened_at is None:
        payload = {"name": failing.name, "failures": failing.failures, "code": error["code"]}
        tx.emit(CIRCUIT_OPENED, failing.id, payload=payload)
    return failing


def close_circuit(tx: Transaction, target: DeliveryTarget) -> DeliveryTarget:
    """Somebody wants the target to be tried: all that waits for it is due again at its own time."""
    return _closed(tx, target)


def _closed(tx: Transaction, target: DeliveryTarget) -> DeliveryTarget:
    closed = target._replace(failures=0, opened_at=None, closed_until_at=None)
    tx.execute(_SET, _values(closed))
    if target.opened_at is not None:
        tx.emit(CIRCUIT_CLOSED, target.id, payload={"name": target.name})
    return closed


def _values(target: DeliveryTarget) -> dict[str, Any]:
    return {
        "id": target.id,
        "failures": target.failures,
        "opened_at": target.opened_at,
        "closed_until_at": target.closed_until_at,
        "last_success_at": target.last_success_at,
        "last_error": target.last_error,
    }

"""What becomes of a delivery after an attempt, and of its target."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from synthetic import Transaction, from_json, is_clock_believed, iso_from_ms, to_json
from synthetic_deliveries.events import DELIVERY_FAILED, TARGET_DISABLED
from synthetic_deliveries.model import FARTHEST_MS, GONE, Delivery, DeliveryStatus, DeliveryTarget, Outcome, pause_ms
from synthetic_deliveries.settings import DeliverySettings
from synthetic_deliveries.store.circuits import close_circuit, note_failure, note_success
from synthetic_deliveries.store.deliveries import COLUMNS, find_delivery, write_attempt
from synthetic_deliveries.store.reports import report_state
from synthetic_deliveries.store.resending import note_arrival, note_arrived_before
from synthetic_deliveries.store.targets import get_target, write_target

STATUS_GONE = 410
GIVEN_UP_MAX = 200
"""Deliveries that one transaction ends for being too old: more go with the next failure."""


def record_outcomes(tx: Transaction, outcomes: Sequence[Outcome]) -> int:
    """Write down what some attempts came to.

    What has ended or gone meanwhile, since it was deleted, stays as it is.

    Returns:
        How many were written.
    """
    written, is_news = 0, False
    failing: dict[str, dict[str, Any]] = {}
    for outcome in outcomes:
        delivery = find_delivery(tx, outcome.delivery_id)
        if delivery is None or delivery.status != DeliveryStatus.PENDING:
            continue
        target = get_target(tx, delivery.target_id)
        after = (
            _note_arrival(tx, target, delivery, outcome)
            if outcome.error is None
            else _note_miss(tx, target, delivery, outcome, _error_of(tx, outcome.error))
        )
        is_news = is_news or (after.opened_at is None) != (target.opened_at is None) or after.enabled != target.enabled
        written += 1
        if outcome.error is None or not after.enabled:
            failing.pop(target.id, None)
        else:
            failing[target.id] = _error_of(tx, outcome.error)
    _give_up_old(tx, failing)
    if is_news:
        report_state(tx)
    return written


def _note_arrival(tx: Transaction, target: DeliveryTarget, delivery: Delivery, outcome: Outcome) -> DeliveryTarget:
    arrived = delivery._replace(
        status=DeliveryStatus.DELIVERED.value,
        attempts=delivery.attempts + 1,
        next_attempt_at=None,
        last_attempt_at=tx.now,
        last_status_code=outcome.status_code,
        last_error=None,
        ended_at=tx.now,
    )
    write_attempt(tx, arrived)
    if arrived.resend_of is not None:
        note_arrival(tx, arrived)
    return note_success(tx, target)


def _note_miss(
    tx: Transaction, target: DeliveryTarget, delivery: Delivery, outcome: Outcome, error: dict[str, Any]
) -> DeliveryTarget:
    settings = tx.settings(DeliverySettings)
    tried = delivery._replace(
        attempts=delivery.attempts + 1,
        last_attempt_at=tx.now,
        last_status_code=outcome.status_code,
        last_error=to_json(error),
    )
    if outcome.status_code == STATUS_GONE:
        # It is the target that has gone: what waits for it is kept for whoever enables it again.
        write_attempt(tx, tried._replace(next_attempt_at=tx.now))
        return _disable(tx, target, error)
    pause = pause_ms(tried.attempts, settings.retry_first_ms, settings.retry_ceiling_ms)
    asked = min(outcome.retry_after_ms or 0, FARTHEST_MS)
    write_attempt(tx, tried._replace(next_attempt_at=tx.now + max(pause, asked)))
    if tried.attempts >= settings.attempts_max:
        fail_delivery(tx, tried)
    return note_failure(tx, target, error, settings)


def _error_of(tx: Transaction, told: Mapping[str, Any]) -> dict[str, Any]:
    return {**told, "correlationId": tx.origin.correlation_id, "occurredAt": iso_from_ms(tx.now)}


def put_off(tx: Transaction, outcome: Outcome) -> None:
    """Count an attempt whose outcome cannot be written, since what reacts to it refuses it, and make it again later."""
    delivery = find_delivery(tx, outcome.delivery_id)
    if delivery is None or delivery.status != DeliveryStatus.PENDING:
        return
    settings = tx.settings(DeliverySettings)
    attempts = delivery.attempts + 1
    pause = pause_ms(attempts, settings.retry_first_ms, settings.retry_ceiling_ms)
    write_attempt(tx, delivery._replace(attempts=attempts, last_attempt_at=tx.now, next_attempt_at=tx.now + pause))


def fail_delivery(tx: Transaction, delivery: Delivery) -> None:
    """End a delivery for good, for the reason of its last attempt; it becomes a dead letter where these are kept."""
    failed = delivery._replace(status=DeliveryStatus.FAILED.value, next_attempt_at=None, ended_at=tx.now)
    tx.emit(
        DELIVERY_FAILED,
        failed.id,
        construct_id=failed.construct_id,
        payload={
            "targetId": failed.target_id,
            "eventId": failed.event_id,
            "eventType": failed.event_type,
            "attempts": failed.attempts,
            "code": from_json(failed.last_error or "{}").get("code"),
        },
    )
    write_attempt(tx, failed)
    if failed.resend_of is not None:
        note_arrived_before(tx, failed)


def _give_up_old(tx: Transaction, failing: Mapping[str, dict[str, Any]]) -> None:
    """End what has waited for too long for targets that fail: while a circuit is open, hardly anything is tried.

    Age alone ends nothing: after the store was off for days, everything is tried first.

    Args:
        tx: To write in.
        failing: The targets' ids, and why the last attempt at each has failed.
    """
    if not failing or not is_clock_believed(tx):
        return
    before = tx.now - tx.settings(DeliverySettings).give_up_ms
    left = GIVEN_UP_MAX
    for target_id, error in failing.items():
        old = tx.records(
            Delivery,
            f"SELECT {COLUMNS} FROM deliveries WHERE target_id = :target_id AND status = 'PENDING'"
            " AND created_at < :before ORDER BY created_at, id LIMIT :limit",
            {"target_id": target_id, "before": before, "limit": left},
        )
        for delivery in old:
            fail_delivery(tx, delivery._replace(last_error=delivery.last_error or to_json(error)))
        left -= len(old)


def _disable(tx: Transaction, target: DeliveryTarget, error: dict[str, Any]) -> DeliveryTarget:
    closed = close_circuit(tx, target._replace(last_error=to_json(error)))
    disabled = closed._replace(enabled=0, disabled_reason=GONE, version=target.version + 1, updated_at=tx.now)
    write_target(tx, disabled)
    tx.emit(TARGET_DISABLED, target.id, payload={"name": target.name, "reason": GONE})
    return disabled

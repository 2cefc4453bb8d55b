"""Sending again what has ended: one delivery, or all that a filter finds and that have failed for good.

What is sent again is a new delivery behind all that waits then. It has the
webhook id of the one that it repeats, by which a receiver knows the message,
and with it go all deliveries of one message.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import NamedTuple

from synthetic import BlockingStore, Snapshot, Transaction, bad_input
from synthetic_deliveries.errors import StillPendingError
from synthetic_deliveries.events import DELIVERY_RESENT
from synthetic_deliveries.model import Criteria, Delivery, DeliveryStatus
from synthetic_deliveries.store.deliveries import (
    SELECT,
    Message,
    find_delivery,
    get_delivery,
    insert_delivery,
    message_of,
    new_delivery,
)
from synthetic_deliveries.store.filters import select_deliveries

BATCH_DELIVERIES = 100
"""Most deliveries of one transaction."""

CALL_DELIVERIES = 10_000
"""Most deliveries of one call."""

_UNDELIVERED = (
    "arrived_as IS NULL",
    (
        "NOT EXISTS (SELECT 1 FROM deliveries r WHERE r.event_id = deliveries.event_id"
        " AND +r.target_id = deliveries.target_id AND r.webhook_id = deliveries.webhook_id AND r.id <> deliveries.id"
        " AND (r.status <> 'FAILED' OR (r.position, r.id) > (deliveries.position, deliveries.id)))"
    ),
)
"""Of the deliveries of a message that has not arrived, and is not on its way, the last one alone."""


class BulkResend(NamedTuple):
    """What became of the deliveries that a filter finds.

    Attributes:
        matched: How many there were to send again, at most `CALL_DELIVERIES`.
        resent: How many are sent again.
        complete: Whether there are no more.
    """

    matched: int
    resent: int
    complete: bool


class _Place(NamedTuple):
    """Where a list goes on: behind this delivery."""

    created_at: int
    id: str


_START = _Place(-(2**63), "")

_OF_MESSAGE = "event_id = :event_id AND +target_id = :target_id AND webhook_id = :webhook_id"
"""The deliveries of one message, among those of its event: a unary plus keeps the target off its index."""


def resend_delivery(tx: Transaction, delivery_id: str) -> Delivery:
    """Send once more what has ended, as a new delivery behind all that waits now, with the same webhook id.

    Returns:
        The new delivery, or the one that repeats this one already and is pending.

    Raises:
        BadUserInputError: It can be no id.
        NotFoundError: There is no such delivery.
        StillPendingError: It has not ended.
    """
    delivery = get_delivery(tx, delivery_id)
    if delivery.status == DeliveryStatus.PENDING:
        raise StillPendingError(
            f"The delivery {delivery.id!r} is still to be sent, or to be tried again.",
            details={"field": "id", "id": delivery.id, "nextAttemptAt": delivery.next_attempt_at},
        )
    repeated = tx.record(
        Delivery,
        SELECT + " WHERE event_id = :event_id AND resend_of = :id AND +status = 'PENDING'",
        {"event_id": delivery.event_id, "id": delivery.id},
    )
    if repeated is not None:
        return repeated
    return send_again(tx, message_of(delivery), resend_of=delivery.id)


def resend_deliveries(store: BlockingStore, criteria: Criteria, *, dry_run: bool = False) -> BulkResend:
    """Send once more what a filter finds and has failed for good, the first taken up first.

    A message that has arrived after all, or is on its way again, is left alone,
    and one that has failed several times is sent once. What this call sends
    again, and fails meanwhile, is left to the next call.

    Args:
        store: To read and write through.
        criteria: Which deliveries; of those, the ones that are FAILED.
        dry_run: Only count them.

    Raises:
        BadUserInputError: The criteria say nothing, or a value is not acceptable.
    """
    if criteria == Criteria():
        raise bad_input("filter", "must say which deliveries are meant", action="Name at least one condition.")
    has_failed = criteria.statuses is None or DeliveryStatus.FAILED in criteria.statuses
    wanted = dataclasses.replace(criteria, statuses=(DeliveryStatus.FAILED,) if has_failed else ())
    last = store.read(_find_last)
    if dry_run:
        found = len(store.read(_list_between, wanted, _START, last, CALL_DELIVERIES + 1))
        return BulkResend(matched=min(found, CALL_DELIVERIES), resent=0, complete=found <= CALL_DELIVERIES)
    place, looked_at, resent = _START, 0, 0
    while looked_at < CALL_DELIVERIES:
        limit = min(BATCH_DELIVERIES, CALL_DELIVERIES - looked_at)
        found = store.read(_list_between, wanted, place, last, limit)
        if found:
            resent += store.write(_resend_some, found)
            looked_at, place = looked_at + len(found), found[-1]
        if len(found) < limit:
            return BulkResend(matched=resent, resent=resent, complete=True)
    complete = not store.read(_list_between, wanted, place, last, 1)
    return BulkResend(matched=resent, resent=resent, complete=complete)


def send_again(tx: Transaction, message: Message, *, resend_of: str) -> Delivery:
    """Make a new delivery of what was to be posted before.

    Args:
        tx: To write in.
        message: What is to be posted, and where.
        resend_of: Id of the delivery that it repeats, which may be gone.
    """
    # Behind all that was taken up for the target, and before what will be.
    place: int = tx.value(
        "SELECT followed_position FROM delivery_targets WHERE id = :target_id", {"target_id": message.target_id}
    )
    again = insert_delivery(tx, new_delivery(tx, message, place, resend_of=resend_of))
    tx.emit(
        DELIVERY_RESENT,
        again.id,
        construct_id=again.construct_id,
        payload={"targetId": again.target_id, "resendOf": resend_of},
    )
    return again


def note_arrival(tx: Transaction, arrived: Delivery) -> None:
    """Write on the deliveries that a message has failed in by which one it has arrived: those are kept for longer."""
    tx.execute(
        f"UPDATE deliveries SET arrived_as = :id WHERE {_OF_MESSAGE} AND +status = 'FAILED' AND arrived_as IS NULL",
        {**_message_in(arrived), "id": arrived.id},
    )


def note_arrived_before(tx: Transaction, failed: Delivery) -> None:
    """Write on a delivery that has failed by which other one its message has arrived before, if it has.

    Retention takes what has arrived first: by this it stays known that the message has.
    """
    arrived_as: str | None = tx.value(
        f"SELECT coalesce(arrived_as, id) FROM deliveries WHERE {_OF_MESSAGE}"
        " AND (+status = 'DELIVERED' OR arrived_as IS NOT NULL) ORDER BY created_at, id LIMIT 1",
        _message_in(failed),
    )
    if arrived_as is not None:
        tx.execute(
            "UPDATE deliveries SET arrived_as = :arrived_as WHERE id = :id AND status = 'FAILED'",
            {"id": failed.id, "arrived_as": arrived_as},
        )


def _message_in(delivery: Delivery) -> dict[str, str]:
    """The parameters of `_OF_MESSAGE`."""
    return {"event_id": delivery.event_id, "target_id": delivery.target_id, "webhook_id": delivery.webhook_id}


def _find_last(snapshot: Snapshot) -> _Place:
    """The place of the delivery behind which there is none now."""
    last = snapshot.record(_Place, "SELECT created_at, id FROM deliveries ORDER BY created_at DESC, id DESC LIMIT 1")
    return last or _START


def _list_between(snapshot: Snapshot, criteria: Criteria, place: _Place, last: _Place, limit: int) -> list[_Place]:
    """The next deliveries that are to be sent again, behind one place and up to another."""
    selection = select_deliveries(criteria)
    where = [
        "(created_at, id) > (:place_at, :place_id)",
        "(created_at, id) <= (:last_at, :last_id)",
        *selection.where,
        *_UNDELIVERED,
    ]
    between = dataclasses.replace(selection, where=where)
    return snapshot.records(
        _Place,
        f"{between.sql('created_at, id')} ORDER BY created_at, id LIMIT :limit",
        {
            **selection.params,
            "place_at": place.created_at,
            "place_id": place.id,
            "last_at": last.created_at,
            "last_id": last.id,
            "limit": limit,
        },
    )


def _resend_some(tx: Transaction, found: Sequence[_Place]) -> int:
    """Send again what was found, and is meant still; how many."""
    resent = 0
    for place in found:
        is_meant = tx.row(
            f"SELECT 1 FROM deliveries WHERE id = :id AND status = 'FAILED' AND {' AND '.join(_UNDELIVERED)}",
            {"id": place.id},
        )
        delivery = find_delivery(tx, place.id) if is_meant else None
        if delivery is not None:
            send_again(tx, message_of(delivery), resend_of=delivery.id)
            resent += 1
    return resent

"""From the log to deliveries: which events each target wants, taken up in their order, each once."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from synthetic import Event, Snapshot, Transaction, read_events
from synthetic_deliveries.events import EVENTS_MISSED, TARGET_TESTED
from synthetic_deliveries.model import DeliveryTarget, Wanted, body_of
from synthetic_deliveries.settings import DeliverySettings
from synthetic_deliveries.store.deliveries import Message, count_pending, insert_delivery, new_delivery
from synthetic_deliveries.store.targets import list_targets

OWN_MODULE = "deliveries"
OWN_SERVICES = "service:deliveries."
SYNC = "sync."
LETTERS = "dead_letter."
LETTERS_OWN = "delivery"
"""The source of the dead letters that deliveries become."""

EVENTS_MAX = 500
INSERTS_MAX = 500
"""Deliveries of one transaction: it holds the writer for some 20 ms at most. One event may exceed it."""


def list_with_room(snapshot: Snapshot) -> list[str]:
    """Ids of the enabled targets that were not told of all, and for which not too much waits.

    The log keeps what comes for the others. Counting what waits takes its time,
    so it is done before the writer is held.
    """
    most = snapshot.settings(DeliverySettings).pending_max
    return [each.id for each in _behind(snapshot) if count_pending(snapshot, each.id, most) < most]


def gather_events(tx: Transaction, target_ids: Collection[str]) -> int:
    """Take up the next events of the log for the targets that want them.

    Args:
        tx: To write in.
        target_ids: The targets that have room; another one is left alone.

    Returns:
        How many events were looked at, or targets that were set right; 0 when there is nothing new.
    """
    targets = [each for each in _behind(tx) if each.id in target_ids]
    if not targets:
        return 0
    moved = _set_right(tx, targets)
    if moved:
        return moved
    start = min(each.followed_position for each in targets)
    page = read_events(tx, start, EVENTS_MAX)
    if page.through <= start:
        return 0
    through = _take_up(tx, targets, page.events, page.through)
    tx.execute_many(
        "UPDATE delivery_targets SET followed_position = :through WHERE id = :id AND followed_position < :through",
        ({"id": each.id, "through": through} for each in targets),
    )
    return through - start


def _take_up(tx: Transaction, targets: Sequence[DeliveryTarget], events: Sequence[Event], through: int) -> int:
    """Make the deliveries of some events; up to where it came before there were too many for one transaction."""
    wanted = [(each, Wanted.of(each)) for each in targets]
    inserted = 0
    for event in events:
        takers = [
            each for each, wants in wanted if each.followed_position < event.position and _goes(event, each, wants)
        ]
        if takers:
            body = body_of(event)
            for target in takers:
                insert_delivery(tx, new_delivery(tx, _message_of(event, target, body), event.position))
            inserted += len(takers)
        if inserted >= INSERTS_MAX:
            return event.position
    return through


def _goes(event: Event, target: DeliveryTarget, wants: Wanted) -> bool:
    if event.module == OWN_MODULE:
        return event.type == TARGET_TESTED.name and event.entity_id == target.id
    if _tells_of_deliveries(event):
        return False
    return wants.takes(event)


def _tells_of_deliveries(event: Event) -> bool:
    """Whether an event tells of what became of deliveries: a target that fails would feed itself with those."""
    if event.actor.startswith(OWN_SERVICES) or (event.entity_id == OWN_MODULE and event.type.startswith(SYNC)):
        return True
    return event.type.startswith(LETTERS) and event.data().get("source") == LETTERS_OWN


def _message_of(event: Event, target: DeliveryTarget, body: str) -> Message:
    return Message(
        target_id=target.id,
        webhook_id="",
        event_id=event.id,
        event_type=event.type,
        construct_id=event.construct_id,
        entity_type=event.entity_type,
        entity_id=event.entity_id,
        body=body,
    )


def _behind(snapshot: Snapshot) -> list[DeliveryTarget]:
    """The targets that are enabled, and were not told of the whole log."""
    head = snapshot.position().number
    return [each for each in list_targets(snapshot) if each.enabled and each.followed_position != head]


def _set_right(tx: Transaction, targets: Sequence[DeliveryTarget]) -> int:
    """Bring targets whose place the log does not have any more to one that it has; how many there were."""
    page = read_events(tx, 0, 1)
    moved = 0
    for target in targets:
        place = min(max(target.followed_position, page.ends.horizon), page.ends.head)
        if place == target.followed_position:
            continue
        moved += 1
        tx.execute(
            "UPDATE delivery_targets SET followed_position = :place WHERE id = :id", {"id": target.id, "place": place}
        )
        if place > target.followed_position:
            payload = {"name": target.name, "after": target.followed_position, "through": place}
            tx.emit(EVENTS_MISSED, target.id, payload=payload)
    return moved

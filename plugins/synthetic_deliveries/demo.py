"""The plugin's part of the demo: a target that is disabled, with what it was told before and what waits for it.

The demo posts nothing. The target's name is one that no name server knows, for
whoever enables it to see what becomes of deliveries to a receiver that is gone.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from synthetic import Event, Transaction, read_events
from synthetic.demo import Fleet, FleetConstruct, Moment
from synthetic_deliveries.model import Outcome, body_of
from synthetic_deliveries.store import TargetContent, find_target, record_outcomes, save_target
from synthetic_deliveries.store.deliveries import Message, insert_delivery, new_delivery
from synthetic_deliveries.store.targets import write_target

HOUR_MS = 3_600_000
RECENT_MS = 20 * HOUR_MS
"""What has arrived is kept for a day, so nothing older is told."""

WAITING_MS = 2 * HOUR_MS
"""What happened since then waits: the target was disabled at that time."""

ANSWERED_MS = 1_500
LOOKED_AT = 200
"""Among so many events at the end of the log is what has just happened to a construct."""

TARGET = "demo-on-call"
REASON = "The demo posts nothing: this target is made up."
_CONTENT = TargetContent(
    name="On-call channel of the demo",
    url="https://on-call.invalid/hooks",
    event_types=["construct.saved"],
    enabled=False,
)


def history(fleet: Fleet, construct: FleetConstruct) -> Iterator[Moment]:
    """Of what has become of a construct in the last day whoever was on call was told; of the last two hours, nobody."""
    for at, _ in construct.phases:
        if not fleet.now - RECENT_MS <= at <= fleet.now:
            continue
        delivery_id = fleet.id_at(at, "delivery", construct.id)
        yield Moment(at, partial(_take_up, construct_id=construct.id, delivery_id=delivery_id))
        if at < fleet.now - WAITING_MS:
            yield Moment(at + ANSWERED_MS, partial(record_outcomes, outcomes=[Outcome(delivery_id, 204)]), amount=0)


def _take_up(tx: Transaction, construct_id: str, delivery_id: str) -> None:
    """Make the delivery of what has just happened to a construct."""
    if find_target(tx, TARGET) is None:
        target = save_target(tx, _CONTENT, target_id=TARGET).target
        write_target(tx, target._replace(disabled_reason=REASON))
    # Moments share a transaction, whose events are in the log only now.
    tx.flush_events()
    event = _find_last_event(tx, construct_id)
    if event is None:
        return
    message = Message(
        target_id=TARGET,
        webhook_id=delivery_id,
        event_id=event.id,
        event_type=event.type,
        construct_id=event.construct_id,
        entity_type=event.entity_type,
        entity_id=event.entity_id,
        body=body_of(event),
    )
    insert_delivery(tx, new_delivery(tx, message, event.position)._replace(id=delivery_id))


def _find_last_event(tx: Transaction, construct_id: str) -> Event | None:
    head = tx.position().number
    events = read_events(tx, max(0, head - LOOKED_AT), LOOKED_AT).events
    wanted = (each for each in reversed(events) if each.type == "construct.saved" and each.entity_id == construct_id)
    return next(wanted, None)

"""Taking events in: the transactions of consumers, each with the position that it comes to.

Events go into the tables that answer (`Lane.LIVE`) or into a rebuild
(`Lane.REBUILD`). A mirror has but one set of tables: while it is rebuilt, the
position of the rebuild says which events it has seen, and a cursor how far it
has scanned.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from enum import Enum
from typing import Any, cast

from synthetic.consumer_contributions import Entity, Fold, Mirror, Scanned
from synthetic.database.snapshot import Snapshot, Value
from synthetic.database.transaction import Transaction
from synthetic.faults import crash_point
from synthetic.json_text import to_json
from synthetic.log.consumers.declared import DeclaredConsumer
from synthetic.log.consumers.fold_state import FoldState
from synthetic.log.consumers.loaded import fold_in
from synthetic.log.consumers.rebuilding import end_rebuild, fail
from synthetic.log.consumers.refused import tell_refused, tell_settled
from synthetic.log.consumers.shadows import exchange, shadow_of
from synthetic.log.consumers.store import (
    NO_FAILURE,
    NO_REQUEST,
    SET_ASIDE_KEPT,
    ConsumerRecord,
    change_consumer,
    count_set_aside,
    get_consumer,
)
from synthetic.log.events import Event, read_events
from synthetic.log.positions import read_ends
from synthetic.log.sync.attempts import record_attempt
from synthetic.refusal_contributions import Refusal, Settlement, refusal_key

BATCH_EVENTS = 500
"""Events in one transaction; also entities of a scan."""


class Lane(Enum):
    """Which tables events go into."""

    LIVE = "position"
    REBUILD = "rebuild_through"

    def position_of(self, record: ConsumerRecord) -> int:
        """How far it has come."""
        return record.position if self is Lane.LIVE else record.rebuild_through or 0

    @property
    def phase(self) -> str:
        """What a consumer does that works on it."""
        return "FOLLOWING" if self is Lane.LIVE else "REBUILDING"


def lane_of_failure(record: ConsumerRecord) -> Lane:
    """Where a consumer has failed that is FAILED: in the rebuild, if there is one."""
    return Lane.LIVE if record.rebuild_through is None else Lane.REBUILD


def fold_events(
    snapshot: Snapshot, consumer: DeclaredConsumer, lane: Lane, events: Sequence[Event]
) -> FoldState | None:
    """What events make of a fold's rows, to be written by `take_in`; None for a mirror.

    It is computed outside the write transaction, so that a slow fold holds no
    write up. Nobody else changes the rows meanwhile: only the process that has
    the lease writes them, and `take_in` is refused if that is another by then.
    """
    if not isinstance(consumer.record, Fold):
        return None
    rename: Callable[[str], str] = shadow_of if lane is Lane.REBUILD else str
    state = consumer.state(snapshot, rename)
    fold_in(consumer, state, events)
    return state


def take_in(
    tx: Transaction,
    consumer: DeclaredConsumer,
    lane: Lane,
    events: Sequence[Event],
    state: FoldState | None,
    through: int,
    started_at: int,
) -> None:
    """Take in a batch of events, and come to a position.

    Args:
        tx: To write in.
        consumer: Whose.
        lane: Into which tables.
        events: Those that concern it, in order; may be empty.
        state: What they make of a fold's rows.
        through: Everything up to here was looked at.
        started_at: When they were read, Unix milliseconds.
    """
    if state is not None:
        state.write_back(tx, read_ends(tx).horizon)
    elif events:
        mirror = cast("Mirror", consumer.record)
        mirror.refresh(tx, list(dict.fromkeys((event.entity_type, event.entity_id) for event in events)))
    come_to(tx, consumer, lane, through, has_taken_in=bool(events))
    if events:
        record_attempt(tx, consumer.name, started_at=started_at, units=len(events))


def come_to(
    tx: Transaction,
    consumer: DeclaredConsumer,
    lane: Lane,
    through: int,
    has_taken_in: bool = False,
    is_refused: bool = False,
) -> None:
    """Keep how far a lane has come; what was taken in, or set aside, is not in the way any more."""
    record = get_consumer(tx, consumer.name)
    changes: dict[str, Value] = {lane.value: max(lane.position_of(record), through)}
    if consumer.kind == "MIRROR" and lane is Lane.REBUILD and record.fingerprint == record.rebuild_fingerprint:
        # Its tables are those that answer, and by the same code: they are as fresh as before, only being gone over.
        changes["position"] = max(record.position, through)
    if has_taken_in and not is_refused:
        changes |= {"last_attempt_at": tx.now, "last_success_at": tx.now}
    if has_taken_in and record.phase == "FAILED" and record.failed_position and lane_of_failure(record) is lane:
        changes |= {"phase": lane.phase, **NO_FAILURE, **NO_REQUEST}
        if through >= record.failed_position and not is_refused:
            tell_settled(tx, Settlement(consumer.name, refusal_key(consumer.name, record.failed_position, "", "")))
    change_consumer(tx, consumer.name, **changes)


def finish_fold(tx: Transaction, consumer: DeclaredConsumer, through: int, started_at: int) -> bool:
    """Take in the last events, and put the shadows in the place of their tables.

    Args:
        tx: To write in.
        consumer: Whose.
        through: Everything up to here was looked at.
        started_at: When that was, Unix milliseconds.

    Returns:
        False if there are more events than one transaction should take in, or if some have left the log meanwhile;
        what is left comes from where a rebuild reads.
    """
    page = read_events(tx, through, BATCH_EVENTS, consumer.wanted)
    if through < page.ends.horizon:
        return False
    state = fold_events(tx, consumer, Lane.REBUILD, page.events)
    take_in(tx, consumer, Lane.REBUILD, page.events, state, page.through, started_at)
    if page.through < page.ends.head:
        return False
    for table in consumer.tables:
        exchange(tx, table.name)
        crash_point("rebuild.exchanging")
    end_rebuild(tx, consumer.name)
    _note_success(tx, consumer, 0, started_at)
    return True


def scan_on(tx: Transaction, consumer: DeclaredConsumer, scanned: Sequence[Scanned], started_at: int) -> None:
    """Refresh entities that a mirror's scan came upon; when there are none any more, the rebuild is done."""
    if not scanned:
        end_rebuild(tx, consumer.name)
        _note_success(tx, consumer, 0, started_at)
        return
    mirror = cast("Mirror", consumer.record)
    mirror.refresh(tx, list(dict.fromkeys((entity_type, entity_id) for _, entity_type, entity_id in scanned)))
    if _scanned_to(tx, consumer, scanned[-1]):
        tell_settled(tx, Settlement(consumer.name, refusal_key(consumer.name, 0, *scanned[-1][1:])))
    _note_success(tx, consumer, len(scanned), started_at)


def refuse(
    tx: Transaction,
    consumer: DeclaredConsumer,
    lane: Lane,
    refused: Event | Scanned,
    error: dict[str, Any],
    started_at: int,
) -> bool:
    """Decide about what a consumer cannot take in: go on without it, or stop.

    Args:
        tx: To write in.
        consumer: Which.
        lane: Where it works.
        refused: The event, or what a scan came upon.
        error: Why, in the shape of the contract.
        started_at: When it tried, Unix milliseconds.

    Returns:
        Whether it goes on.
    """
    record = get_consumer(tx, consumer.name)
    position = refused.position if isinstance(refused, Event) else 0
    entity = refused[1:] if not isinstance(refused, Event) else (refused.entity_type, refused.entity_id)
    event_id = refused.id if isinstance(refused, Event) else None
    told = Refusal(consumer.name, position, *entity, event_id, to_json(error), tx.now, is_set_aside=True)
    if (
        consumer.record.on_error == "skip"
        or record.requested == "RESUME"
        or (lane is Lane.REBUILD and _was_set_aside(tx, consumer, position, entity))
    ):
        _set_aside(tx, consumer, told)
        if isinstance(refused, Event):
            come_to(tx, consumer, lane, position, has_taken_in=True, is_refused=True)
        else:
            _scanned_to(tx, consumer, refused)
        tell_refused(tx, told)
        change_consumer(tx, consumer.name, last_attempt_at=tx.now)
        record_attempt(tx, consumer.name, started_at=started_at, units=0, error=error)
        return True
    if lane is Lane.LIVE and record.rebuild_through is not None:
        # What comes out of the rebuild takes its place: that one says whether the event can be taken in.
        return False
    fail(tx, consumer.name, position or None, error, started_at)
    tell_refused(tx, told._replace(is_set_aside=False))
    return False


def _scanned_to(tx: Transaction, consumer: DeclaredConsumer, last: Scanned) -> bool:
    """Keep how far a scan has come; whether it had failed there."""
    changes: dict[str, Value] = {"rebuild_cursor": last[0]}
    record = get_consumer(tx, consumer.name)
    had_failed = record.phase == "FAILED" and record.failed_position is None
    if had_failed:
        changes |= {"phase": "REBUILDING", **NO_FAILURE, **NO_REQUEST}
    change_consumer(tx, consumer.name, **changes)
    return had_failed


def _note_success(tx: Transaction, consumer: DeclaredConsumer, units: int, started_at: int) -> None:
    change_consumer(tx, consumer.name, last_attempt_at=tx.now, last_success_at=tx.now)
    record_attempt(tx, consumer.name, started_at=started_at, units=units)


def _was_set_aside(tx: Transaction, consumer: DeclaredConsumer, position: int, entity: Entity) -> bool:
    return (
        tx.value(
            "SELECT 1 FROM set_aside_events WHERE consumer = :consumer AND position = :position"
            " AND entity_type = :entity_type AND entity_id = :entity_id",
            {"consumer": consumer.name, "position": position, "entity_type": entity[0], "entity_id": entity[1]},
        )
        is not None
    )


def _set_aside(tx: Transaction, consumer: DeclaredConsumer, refusal: Refusal) -> None:
    tx.execute(
        "INSERT INTO set_aside_events (consumer, position, entity_type, entity_id, event_id, error, set_aside_at)"
        " VALUES (:consumer, :position, :entity_type, :entity_id, :event_id, :error, :refused_at)"
        " ON CONFLICT (consumer, position, entity_type, entity_id)"
        " DO UPDATE SET error = excluded.error, set_aside_at = excluded.set_aside_at",
        refusal._asdict(),
    )
    tx.execute(
        "DELETE FROM set_aside_events WHERE (consumer, position, entity_type, entity_id) IN (SELECT consumer, position,"
        " entity_type, entity_id FROM set_aside_events WHERE consumer = :consumer"
        " ORDER BY position DESC LIMIT -1 OFFSET :kept)",
        {"consumer": consumer.name, "kept": SET_ASIDE_KEPT},
    )
    count_set_aside(tx, consumer.name)

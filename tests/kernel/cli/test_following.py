"""`follow_log`: what a command sees of the log while it runs, without a server."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence

import pytest

from synthetic import Event, EventType, Snapshot, Store, Transaction
from synthetic.cli import follow_log
from synthetic.cli.following import PAGE_EVENTS
from synthetic.log.errors import ResyncRequiredError
from synthetic.log.event_types import EPOCH_BEGAN, SYNC_REQUESTED
from synthetic.log.positions import begin_epoch, read_position
from synthetic.testing import open_test_store

PATIENCE_SECONDS = 60.0
TYPES: tuple[EventType, ...] = (EPOCH_BEGAN,)


@pytest.fixture
def stop() -> Iterator[threading.Event]:
    """Ends what follows when the test has done so, or when what it waits for does not come."""
    event = threading.Event()
    timer = threading.Timer(PATIENCE_SECONDS, event.set)
    timer.start()
    yield event
    event.set()
    timer.cancel()


def emit(tx: Transaction, *entity_ids: str) -> None:
    for entity_id in entity_ids:
        tx.emit(EPOCH_BEGAN, entity_id)


def names(_snapshot: Snapshot, events: Sequence[Event]) -> list[str]:
    return [event.entity_id for event in events]


def test_the_first_look_has_no_events_and_says_where_the_log_stands(store: Store, stop):
    store.write(emit, "before")
    looks = follow_log(store, names, TYPES, stop)
    assert next(looks) == (store.read(read_position), [])
    looks.close()


def test_each_event_is_handed_over_once_and_in_order_whoever_wrote_it(store: Store, data_dir, stop):
    looks = follow_log(store, names, TYPES, stop)
    next(looks)
    seen: list[str] = []
    with open_test_store(data_dir) as other:
        for writer, name in ((store, "a"), (other, "b"), (store, "c")):
            writer.write(emit, name)
            while name not in seen:
                seen += next(looks)[1]
    assert seen == ["a", "b", "c"]


def test_more_events_than_one_look_takes_come_in_several(store: Store, stop):
    looks = follow_log(store, names, TYPES, stop)
    next(looks)
    wanted = [str(number) for number in range(2 * PAGE_EVENTS + 1)]
    store.write(emit, *wanted)
    found = [next(looks)[1] for _ in range(3)]
    assert [len(look) for look in found] == [PAGE_EVENTS, PAGE_EVENTS, 1]
    assert [name for look in found for name in look] == wanted


def test_events_of_other_types_are_passed_over_without_reading(store: Store, stop):
    calls: list[int] = []

    def read(_snapshot: Snapshot, events: Sequence[Event]) -> None:
        calls.append(len(events))

    looks = follow_log(store, read, TYPES, stop)
    next(looks)
    store.write(lambda tx: tx.emit(SYNC_REQUESTED, "other"))
    store.write(emit, "own")
    position, _ = next(looks)
    assert calls == [0, 1]
    assert position == store.read(read_position)


def test_the_events_are_there_in_the_snapshot_that_is_read(store: Store, stop):
    def read(snapshot: Snapshot, events: Sequence[Event]) -> bool:
        return all(read_position(snapshot).number >= event.position for event in events)

    looks = follow_log(store, read, TYPES, stop)
    next(looks)
    store.write(emit, "a")
    assert next(looks)[1]


def test_it_ends_when_it_is_told_to_also_while_nothing_happens(store: Store, stop):
    looks = follow_log(store, names, TYPES, stop)
    next(looks)
    threading.Timer(0.1, stop.set).start()
    assert list(looks) == []


def test_a_store_that_was_taken_back_is_not_followed_any_further(store: Store, stop):
    looks = follow_log(store, names, TYPES, stop)
    next(looks)
    store.write(begin_epoch)
    with pytest.raises(ResyncRequiredError):
        next(looks)


def test_nobody_listens_any_more_when_it_is_over(store: Store, stop):
    looks = follow_log(store, names, TYPES, stop)
    next(looks)
    assert store.kernel.database.watch._listeners
    looks.close()
    assert not store.kernel.database.watch._listeners

"""Events are written with the rows that they speak of, or not at all."""

from __future__ import annotations

import pytest

from synthetic import EventType, Origin, Transaction
from synthetic.errors import PluginFailedError
from synthetic.log.event_types import EPOCH_BEGAN
from synthetic.log.events import Event, find_events, read_events
from synthetic.log.positions import begin_epoch, read_ends

UNDECLARED = EventType(name="note.saved", entity="note", purpose="Nobody declares it.")


def log_of(store) -> list[Event]:
    return store.read(read_events, 0, 10_000).events


def emit(tx: Transaction, entity_id: str, **fields) -> str:
    return tx.emit(EPOCH_BEGAN, entity_id, **fields)


def test_an_event_has_all_that_is_known_of_it(store):
    origin = Origin("a token", "correlation", "cause")
    id = store.kernel.database.write_blocking(
        lambda tx: emit(tx, "e", construct_id="c", payload={"n": 1}, occurred_at=5), origin=origin
    )
    (event,) = log_of(store)
    ends = store.read(read_ends)
    assert event._replace(ingested_at_utc=0) == Event(
        position=1,
        epoch=ends.epoch,
        id=id,
        type="log.epoch_began",
        module="kernel",
        construct_id="c",
        entity_type="log",
        entity_id="e",
        payload='{"n":1}',
        actor="a token",
        correlation_id="correlation",
        causation_id="cause",
        occurred_at_utc=5,
        ingested_at_utc=0,
    )
    assert event.data() == {"n": 1}
    assert store.read(find_events, ["nothing", id]) == [None, event]


def test_without_an_origin_a_program_writes_and_each_write_has_a_correlation_of_its_own(store):
    store.write(emit, "a")
    store.write(emit, "b")
    first, second = log_of(store)
    assert first.actor == second.actor == "program"
    assert first.correlation_id != second.correlation_id
    assert first.occurred_at_utc == first.ingested_at_utc


def test_what_fails_leaves_no_event_and_no_gap(store):
    def fail(tx: Transaction) -> None:
        emit(tx, "lost")
        raise LookupError

    store.write(emit, "a")
    with pytest.raises(LookupError):
        store.write(fail)
    store.write(emit, "b")
    assert [(event.position, event.entity_id) for event in log_of(store)] == [(1, "a"), (2, "b")]


def test_a_type_that_nobody_declares_is_refused(store):
    with pytest.raises(PluginFailedError, match=r"note\.saved, which no loaded plugin declares"):
        store.write(lambda tx: tx.emit(UNDECLARED, "n"))
    assert log_of(store) == []


def test_a_body_is_no_payload(store):
    with pytest.raises(ValueError, match="carries no bodies"):
        store.write(lambda tx: emit(tx, "e", payload={"body": "x" * 20_000}))


def test_many_events_of_one_write_stand_in_the_order_in_which_they_were_emitted(store):
    def many(tx: Transaction) -> int:
        for number in range(2_500):
            emit(tx, str(number))
        return tx.position().number

    assert store.write(many) == 2_500
    assert [event.entity_id for event in log_of(store)] == [str(number) for number in range(2_500)]


def test_positions_are_not_used_again_when_events_were_deleted(store):
    store.write(emit, "a")
    store.write(lambda tx: tx.execute("DELETE FROM domain_events"))
    assert store.read(read_ends).head == 1
    store.write(emit, "b")
    assert [event.position for event in log_of(store)] == [2]


def test_a_new_epoch_is_told_in_the_log_and_positions_go_on(store):
    store.write(emit, "a")
    before = store.read(read_ends)
    store.write(begin_epoch)
    after = store.read(read_ends)
    assert after.epoch != before.epoch
    assert after.head == before.head + 1
    assert [event.epoch for event in log_of(store)] == [before.epoch, after.epoch]


def test_another_store_has_another_epoch(store, tmp_path):
    import synthetic

    with synthetic.open(tmp_path / "other") as other:
        assert other.read(read_ends).epoch != store.read(read_ends).epoch


@pytest.mark.parametrize("name", ["saved", "Note.saved", "note.", "note.saved.twice", "note saved"])
def test_an_event_type_has_an_entity_and_a_verb(name):
    with pytest.raises(ValueError, match="event type"):
        EventType(name=name, entity="note", purpose="It is misspelt.")

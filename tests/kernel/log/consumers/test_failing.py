"""An event that cannot be taken in: who stops, who goes on, what is said, and how it is mended."""

from __future__ import annotations

import pytest

from synthetic.errors import StorageFullError
from synthetic.json_text import from_json
from synthetic.log.consumers import batches
from synthetic.log.consumers.store import list_called
from synthetic.testing import CONTRACT_KEYS, open_test_store, wait_until

from .kit import (
    ask,
    count,
    digest,
    rebuild,
    record_of,
    rows_of,
    running,
    until_failed,
    until_following,
    write_source,
)


def set_aside(store, name="tally.totals"):
    return store.read(lambda snapshot: snapshot.rows(
        "SELECT position, entity_id, error FROM set_aside_events WHERE consumer = :name ORDER BY position",
        {"name": name},
    ))  # fmt: skip


def test_a_consumer_stops_at_the_event_says_which_and_holds_no_other_up(tally_dir, monkeypatch, caplog):
    monkeypatch.setenv("TALLY_BUG", "b7")
    with running(tally_dir) as store:
        until_following(store, count(store, "a1", "a2", "a3"))
        poison = count(store, "b7")
        last = count(store, *(f"c{number}" for number in range(400)))
        failed = until_failed(store)
        assert failed.failed_position == poison > failed.position
        error = from_json(failed.error)
        assert set(error) == CONTRACT_KEYS
        assert (error["code"], error["details"]) == ("INTERNAL", {"exception": "LookupError"})
        assert "secret" not in failed.error
        assert error["correlationId"] in caplog.text
        assert "secret of b7" in caplog.text
        until_following(store, last, "tally.sizes")
        assert [row[:3] for row in rows_of(store)] == [("a", 1, 3)]
        attempts = store.read(lambda snapshot: snapshot.value(
            "SELECT count(*) FROM sync_attempts WHERE module = 'tally.totals' AND outcome = 'FAILED'"
        ))  # fmt: skip
        assert attempts == 1


def test_a_mended_consumer_goes_on_where_it_stopped_and_equals_a_rebuild(tally_dir, monkeypatch):
    monkeypatch.setenv("TALLY_BUG", "b7")
    with running(tally_dir) as store:
        last = count(store, *(f"{letter}{number}" for number in range(300) for letter in "abc"))
        until_failed(store)
        monkeypatch.setenv("TALLY_BUG", "")
        ask(store, "RETRY")
        until_following(store, last)
        assert [row[:3] for row in rows_of(store)] == [("a", 1, 300), ("b", 1, 300), ("c", 1, 300)]
        assert (record_of(store).error, record_of(store).requested) == (None, None)
        before = digest(store)
        rebuild(store, "tally.totals")
        assert digest(store) == before


def test_a_retry_that_fails_again_changes_nothing_but_the_time(tally_dir, monkeypatch):
    monkeypatch.setenv("TALLY_BUG", "b1")
    with running(tally_dir) as store:
        count(store, "a1", "b1", "c1")
        failed = until_failed(store)
        ask(store, "RETRY")
        again = wait_until(lambda: record if (record := record_of(store)).requested is None else None)
        assert again.phase == "FAILED"
        assert (again.failed_position, again.position) == (failed.failed_position, failed.position)
        assert again.failed_at >= failed.failed_at


def test_a_failed_consumer_is_tried_once_more_when_it_is_started(tally_dir, monkeypatch):
    monkeypatch.setenv("TALLY_BUG", "b1")
    with running(tally_dir) as store:
        last = count(store, "a1", "b1", "c1")
        until_failed(store)
    monkeypatch.setenv("TALLY_BUG", "")
    with running(tally_dir) as store:
        until_following(store, last)
        assert len(rows_of(store)) == 3


def test_resume_goes_on_without_the_event_and_a_rebuild_does_so_again(tally_dir, monkeypatch):
    monkeypatch.setenv("TALLY_BUG", "b1,c2")
    with running(tally_dir) as store:
        last = count(store, "a1", "b1", "c1", "c2", "d1")
        first = until_failed(store)
        ask(store, "RESUME")
        second = wait_until(lambda: record if (record := until_failed(store)).failed_position == last - 1 else None)
        assert second.set_aside == 1
        ask(store, "RESUME")
        until_following(store, last)
        assert [row[:3] for row in rows_of(store)] == [("a", 1, 1), ("c", 1, 1), ("d", 1, 1)]
        assert [row[:2] for row in set_aside(store)] == [(first.failed_position, "b1"), (last - 1, "c2")]
        before = digest(store)
        rebuild(store, "tally.totals")
        assert (digest(store), record_of(store).set_aside) == (before, 2)
        # Once it can take them in, a rebuild does, and nothing is set aside any more.
        monkeypatch.setenv("TALLY_BUG", "")
        rebuild(store, "tally.totals")
        assert (len(rows_of(store)), record_of(store).set_aside, set_aside(store)) == (4, 0, [])


def test_a_consumer_that_skips_sets_events_aside_and_never_stops(tally_dir, monkeypatch):
    monkeypatch.setenv("TALLY_BUG", "b1,b3")
    monkeypatch.setenv("TALLY_ON_ERROR", "skip")
    with running(tally_dir) as store:
        until_following(store, count(store, "b1", "b2", "b3", "b4"))
        assert [row[:3] for row in rows_of(store)] == [("b", 1, 2)]
        record = record_of(store)
        assert (record.phase, record.set_aside) == ("FOLLOWING", 2)
        assert [(row[1], from_json(row[2])["code"]) for row in set_aside(store)] == [
            ("b1", "INTERNAL"),
            ("b3", "INTERNAL"),
        ]
        metrics = store.kernel.metrics.registry
        assert metrics.get_sample_value("synthetic_consumer_set_aside_total", {"consumer": "tally.totals"}) == 2


def test_only_the_last_events_that_were_set_aside_are_kept(tally_dir, monkeypatch):
    monkeypatch.setattr(batches, "SET_ASIDE_KEPT", 2)
    monkeypatch.setenv("TALLY_BUG", "b1,b2,b3")
    monkeypatch.setenv("TALLY_ON_ERROR", "skip")
    with running(tally_dir) as store:
        until_following(store, count(store, "b1", "b2", "b3", "b4"))
        assert [row[1] for row in set_aside(store)] == ["b2", "b3"]
        assert record_of(store).set_aside == 2


def test_a_row_that_the_table_refuses_is_the_fault_of_its_event(tally_dir):
    with running(tally_dir) as store:
        count(store, "a1")
        poison = count(store, "b1", amount=999_999)
        count(store, "c1")
        until_following(store, poison)
        refused = count(store, "b2", "b3", amount=1)
        failed = until_failed(store)
        assert failed.failed_position == refused - 1
        assert from_json(failed.error)["code"] == "INTERNAL"


def test_a_mirror_stops_at_an_entity_and_goes_on_without_it(tally_dir, monkeypatch):
    monkeypatch.setenv("TALLY_BUG", "two")
    with running(tally_dir) as store:
        until_following(store, write_source(store, "one", "text"), "tally.copies")
        poison = write_source(store, "two", "text")
        last = write_source(store, "three", "text")
        assert until_failed(store, "tally.copies").failed_position == poison
        ask(store, "RESUME", "tally.copies")
        until_following(store, last, "tally.copies")
        assert [row[0] for row in rows_of(store, "tally.copies")] == ["one", "three"]
        assert [row[:2] for row in set_aside(store, "tally.copies")] == [(poison, "two")]


def test_a_scan_stops_at_an_entity_and_goes_on_without_it(tally_dir, monkeypatch):
    monkeypatch.setenv("TALLY_BUG", "two")
    with running(tally_dir) as store:
        until_following(store, write_source(store, "one", "text"), "tally.copies")
    with open_test_store(tally_dir) as store:
        store.write(lambda tx: tx.execute("INSERT INTO tally_sources (id, body) VALUES ('two', ''), ('zero', '')"))
    with running(tally_dir) as store:
        ask(store, "REBUILD", "tally.copies")
        failed = until_failed(store, "tally.copies")
        assert (failed.failed_position, failed.rebuild_cursor) == (None, "one")
        ask(store, "RESUME", "tally.copies")
        until_following(store, 1, "tally.copies")
        assert [row[0] for row in rows_of(store, "tally.copies")] == ["one", "zero"]
        assert [row[:2] for row in set_aside(store, "tally.copies")] == [(0, "two")]


@pytest.mark.parametrize("fault", [StorageFullError])
def test_a_fault_of_the_store_is_waited_out(tally_dir, monkeypatch, fault):
    faults = [fault(), fault()]
    real = batches.record_attempt

    def failing(tx, module, **arguments):
        if module == "tally.totals" and faults:
            raise faults.pop()
        real(tx, module, **arguments)

    monkeypatch.setattr(batches, "record_attempt", failing)
    with running(tally_dir) as store:
        until_following(store, count(store, "a1", "a2"), "tally.totals")
        assert faults == []
        assert [row[:3] for row in rows_of(store)] == [("a", 1, 2)]
        assert record_of(store).set_aside == 0
        failures = store.kernel.metrics.registry.get_sample_value(
            "synthetic_service_failures_total", {"service": "tally.totals"}
        )
        assert failures == 2


def test_nothing_that_was_asked_for_stays_asked_for(tally_dir, monkeypatch):
    monkeypatch.setenv("TALLY_BUG", "b1")
    with running(tally_dir) as store:
        count(store, "b1")
        for action in ("RETRY", "RETRY", "REBUILD"):
            until_failed(store)
            ask(store, action)
            wait_until(lambda: not store.read(list_called))
        until_failed(store)
        ask(store, "RESUME")
        wait_until(lambda: not store.read(list_called))
        wait_until(lambda: record_of(store).phase == "FOLLOWING")
        assert (record_of(store).requested, record_of(store).set_aside) == (None, 1)

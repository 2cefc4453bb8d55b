"""Consumers whose next events leave the log before they come to them: no way of going on skips any."""

from __future__ import annotations

import threading

import pytest

from synthetic.backups.running import back_up_store
from synthetic.cli.main import main
from synthetic.clock import SystemClock
from synthetic.log.archive import archive_step
from synthetic.log.consumers import looking as looking_module
from synthetic.log.positions import read_ends
from synthetic.testing import ManualClock, open_test_store, wait_until

from .kit import ask, count, digest, rebuild, record_of, rows_of, until_failed, until_following, write_source

SETTINGS = {"kernel.events.keep_ms": "60000", "kernel.events.segment_events": "100"}


@pytest.fixture
def clock():
    return ManualClock(monotonic=SystemClock())


@pytest.fixture
def store(tally_dir, clock):
    """A store that is followed, with a log that ends after a minute."""
    with open_test_store(tally_dir, settings=SETTINGS, clock=clock) as opened:
        runner = opened.kernel.services()
        runner.start()
        yield opened
        runner.stop()


def archive_all(store, clock) -> None:
    clock.advance(2 * 86_400_000)
    while archive_step(store.kernel.directory.archive, store):
        pass


def test_a_restored_store_is_brought_forward_from_the_archive_that_came_with_it(tally_dir, clock):
    """Nothing follows the log while most of it is written and archived, so the backup holds folds that are behind."""
    with open_test_store(tally_dir, settings=SETTINGS, clock=clock) as store:
        runner = store.kernel.services()
        runner.start()
        until_following(store, count(store, "a1"))
        runner.stop()
        count(store, *(f"c{number}" for number in range(300)))
        archive_all(store, clock)
        behind = record_of(store)
        assert behind.position < store.read(read_ends).horizon
        back_up_store(store, store.kernel.backups, "manual", lambda _done_bytes: None)
    assert main(["restore", "latest", "--discard-replaced", "--data", str(tally_dir)]) == 0
    with open_test_store(tally_dir, settings=SETTINGS, clock=clock) as store:
        assert record_of(store).position == behind.position
        runner = store.kernel.services()
        runner.start()
        until_following(store, count(store, "d1"))
        rows = [row[:3] for row in rows_of(store)]
        runner.stop()
    assert rows == [("a", 1, 1), ("c", 1, 300), ("d", 1, 1)]


@pytest.mark.parametrize("action", ["RETRY", "RESUME"])
def test_a_fold_that_stopped_before_what_was_archived_loses_nothing_when_it_goes_on(store, clock, monkeypatch, action):
    monkeypatch.setenv("TALLY_BUG", "b7")
    until_following(store, count(store, "a1"))
    count(store, "b7")
    failed = until_failed(store)
    last = count(store, *(f"c{number}" for number in range(300)))
    until_following(store, last, "tally.sizes")
    archive_all(store, clock)
    assert failed.position < store.read(read_ends).horizon
    monkeypatch.setenv("TALLY_BUG", "")
    ask(store, action)
    until_following(store, count(store, "d1"))
    assert [row[:3] for row in rows_of(store)] == [("a", 1, 1), ("b", 1, 1), ("c", 1, 300), ("d", 1, 1)]
    before = digest(store)
    rebuild(store, "tally.totals")
    assert digest(store) == before


def test_a_mirror_that_stopped_before_what_was_archived_loses_nothing_when_it_goes_on(store, clock, monkeypatch):
    monkeypatch.setenv("TALLY_BUG", "bad")
    until_following(store, write_source(store, "one", "text"), "tally.copies")
    write_source(store, "bad", "text")
    until_failed(store, "tally.copies")
    write_source(store, "two", "text")
    archive_all(store, clock)
    monkeypatch.setenv("TALLY_BUG", "")
    ask(store, "RETRY", "tally.copies")
    until_following(store, write_source(store, "three", "text"), "tally.copies")
    assert [row[0] for row in rows_of(store, "tally.copies")] == ["bad", "one", "three", "two"]


def test_what_is_archived_between_two_looks_is_not_skipped(store, clock, monkeypatch):
    until_following(store, count(store, "a1"))
    real = looking_module.read_events
    steps: list[int] = []

    def read(snapshot, after, limit, wanted):
        page = real(snapshot, after, limit, wanted)
        if not steps and len(page.events) > 1:
            steps.append(1)
            # Another process archives, just before the next page is read.
            thread = threading.Thread(target=archive_all, args=(store, clock))
            thread.start()
            thread.join()
            return store.read(real, after, limit, wanted)
        return page

    monkeypatch.setattr(looking_module, "read_events", read)
    last = count(store, *(f"c{number}" for number in range(250)))
    wait_until(lambda: steps)
    until_following(store, last)
    assert [row[:3] for row in rows_of(store)] == [("a", 1, 1), ("c", 1, 250)]
    assert rows_of(store, "tally.sizes") == [(2, 11), (3, 90), (4, 150)]

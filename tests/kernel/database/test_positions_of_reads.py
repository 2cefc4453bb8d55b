"""The position that each answer carries: remembered between reads, and never out of date."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest

from synthetic.clock import SystemClock
from synthetic.database.interruption import Interruption
from synthetic.log.event_types import EPOCH_BEGAN
from synthetic.log.positions import begin_epoch, read_position
from synthetic.store import Store
from synthetic.testing import open_test_store

from .in_place_kit import second_process


def emit(tx: Any) -> None:
    tx.emit_as("kernel", EPOCH_BEGAN, "log")


@pytest.fixture(params=["in place", "pool"])
def read(request: pytest.FixtureRequest, store: Store):
    if request.param == "pool":
        return store.read
    return lambda function: store.kernel.database.read_in_place(
        function, interruption=Interruption(SystemClock()), steps_max=100_000
    )


def both(snapshot: Any) -> tuple[Any, Any]:
    """The position as it may be remembered, and as the log has it; asked when a statement has run already."""
    snapshot.value("SELECT 1 FROM meta")
    return snapshot.position(), read_position(snapshot)


def test_it_is_that_of_the_log_after_each_commit_and_in_between(store: Store, read: Any):
    seen = []
    for _ in range(5):
        store.write(emit)
        for _ in range(3):
            remembered, asked = read(both)
            assert remembered == asked
        seen.append(remembered.number)
    assert seen == list(range(seen[0], seen[0] + 5))


def test_it_is_right_before_any_other_statement(store: Store, read: Any):
    first = read(lambda snapshot: snapshot.position())
    store.write(emit)
    assert read(lambda snapshot: snapshot.position()).number == first.number + 1
    store.write(lambda tx: tx.execute("UPDATE leases SET name = name"))
    assert read(lambda snapshot: snapshot.position()).number == first.number + 1


def test_it_stays_that_of_the_snapshot_when_something_is_committed_meanwhile(store: Store, read: Any):
    def around(snapshot: Any) -> tuple[Any, Any]:
        before = both(snapshot)
        writer = threading.Thread(target=store.write, args=(emit,))
        writer.start()
        writer.join()
        return before, both(snapshot)

    before, after = read(around)
    assert before == after
    assert read(both)[0].number == before[0].number + 1


def test_it_follows_the_commits_of_another_process_and_a_new_epoch(data_dir: Path, store: Store, read: Any):
    store.write(emit)
    before = read(both)[0]
    writing = """
connection = apsw.Connection(path)
connection.execute("UPDATE sqlite_sequence SET seq = seq + 7 WHERE name = 'domain_events'")
connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_RESTART)
"""
    with second_process(data_dir / "synthetic.db", writing):
        assert read(both)[0].number == before.number + 7
    store.write(begin_epoch)
    assert read(both)[0].epoch != before.epoch
    assert read(both)[0] == read(both)[1]


def test_a_store_that_is_opened_again_remembers_nothing(data_dir: Path):
    with open_test_store(data_dir) as store:
        store.write(emit)
        expected = store.read(read_position)
    with open_test_store(data_dir) as store:
        assert store.read(lambda snapshot: snapshot.position()) == expected

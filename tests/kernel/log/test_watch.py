"""Watching the log: what was committed elsewhere is told, even where it could not be read at first."""

from __future__ import annotations

import threading
from typing import Any

import apsw
import pytest

from synthetic import Transaction
from synthetic.kernel_settings import DatabaseSettings
from synthetic.log import watch as watch_module
from synthetic.log.appended import Appended
from synthetic.log.event_types import EPOCH_BEGAN, SYNC_FORGOTTEN
from synthetic.testing import open_test_store

PATIENCE_SECONDS = 30


def emit(tx: Transaction) -> int:
    tx.emit(EPOCH_BEGAN, "a")
    return tx.position().number


def emit_both(tx: Transaction) -> int:
    tx.emit(EPOCH_BEGAN, "a")
    tx.emit(SYNC_FORGOTTEN, "a")
    return tx.position().number


class Connection:
    """A connection that cannot read the log the next few times."""

    def __init__(self, connection: apsw.Connection, failures: list[threading.Event]) -> None:
        self._connection = connection
        self._failures = failures

    def execute(self, sql: str, *given: Any) -> Any:
        if "data_version" not in sql and self._failures:
            self._failures.pop().set()
            raise apsw.BusyError("planted")
        return self._connection.execute(sql, *given)

    def close(self) -> None:
        self._connection.close()


def test_a_commit_whose_position_could_not_be_read_is_told_of_all_the_same(
    store, data_dir, monkeypatch: pytest.MonkeyPatch
):
    failures: list[threading.Event] = []
    real = watch_module.open_reader
    monkeypatch.setattr(watch_module, "open_reader", lambda *given: Connection(real(*given), failures))
    monkeypatch.setattr(watch_module, "UNREADABLE_SECONDS", 0.01)
    told: list[int] = []
    changed = threading.Condition()

    def listen(appended: Appended) -> None:
        with changed:
            told.append(appended.head)
            changed.notify_all()

    end = store.kernel.database.watch.listen(listen)
    with changed:
        assert changed.wait_for(lambda: bool(told), PATIENCE_SECONDS)
    failed = threading.Event()
    failures.append(failed)
    with open_test_store(data_dir) as other:
        position = other.write(emit)
        assert failed.wait(PATIENCE_SECONDS)
        with changed:
            assert changed.wait_for(lambda: position in told, 2), "nobody commits again"
    end()


def test_one_who_wants_to_be_told_soon_need_not_wait_for_those_who_have_time(
    store, data_dir, monkeypatch: pytest.MonkeyPatch
):
    """The thread that looks is in a long pause when somebody comes for whom it is to look often."""
    paused = threading.Event()

    class Pause(threading.Event):
        def wait(self, timeout: float | None = None) -> bool:
            if timeout == 600:
                paused.set()
            return super().wait(timeout)

    watch = watch_module.LogWatch(data_dir / "synthetic.db", DatabaseSettings())
    monkeypatch.setattr(watch, "_hurried", Pause())
    end = watch.listen(lambda _appended: None, poll_seconds=600)
    assert paused.wait(PATIENCE_SECONDS)
    heads: list[int] = []
    told = threading.Event()

    def listen(appended: Appended) -> None:
        heads.append(appended.head)
        if appended.head >= position:
            told.set()

    position = store.write(emit)
    end_other = watch.listen(listen)
    assert told.wait(PATIENCE_SECONDS), heads
    end(), end_other()
    watch.close()


def test_it_is_told_which_types_of_events_were_appended_by_whomever(store, data_dir):
    """Consumers are woken by it: who is not told of a type misses its events until it looks by itself."""
    told: list[Appended] = []
    changed = threading.Condition()

    def listen(appended: Appended) -> None:
        with changed:
            told.append(appended)
            changed.notify_all()

    def is_told_of(after: int, head: int, *types: str) -> bool:
        with changed:
            wanted = after, head, frozenset(types)
            return changed.wait_for(lambda: wanted in [each[:3] for each in told], PATIENCE_SECONDS)

    end = store.kernel.database.watch.listen(listen)
    first = store.write(emit)
    second = store.write(emit_both)
    assert is_told_of(first, second, "log.epoch_began", "sync.module_forgotten"), told
    with open_test_store(data_dir) as other:
        third = other.write(emit)
        assert is_told_of(second, third, "log.epoch_began"), told
    end()

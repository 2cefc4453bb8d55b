"""Watching the log: what was committed elsewhere is told, even where it could not be read at first."""

from __future__ import annotations

import threading
from typing import Any

import apsw
import pytest

from synthetic import Transaction
from synthetic.log import watch as watch_module
from synthetic.log.event_types import EPOCH_BEGAN
from synthetic.testing import open_test_store

PATIENCE_SECONDS = 30


def emit(tx: Transaction) -> int:
    tx.emit(EPOCH_BEGAN, "a")
    return tx.position().number


class Connection:
    """A connection that cannot read the log the next few times."""

    def __init__(self, connection: apsw.Connection, failures: list[threading.Event]) -> None:
        self._connection = connection
        self._failures = failures

    def execute(self, sql: str) -> Any:
        if "data_version" not in sql and self._failures:
            self._failures.pop().set()
            raise apsw.BusyError("planted")
        return self._connection.execute(sql)

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

    def listen(head: int) -> None:
        with changed:
            told.append(head)
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

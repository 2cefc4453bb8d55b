"""The writer: what is answered is stored, what failed left nothing, and nobody waits for ever.

A group is made visible by holding the writer in its first write until the
others wait in line.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import apsw
import pytest

from synthetic.clock import SystemClock
from synthetic.database.connections import open_writer
from synthetic.database.database import Database
from synthetic.database.interruption import Interruption
from synthetic.database.tickets import BlockingTicket
from synthetic.database.work_in_line import Write
from synthetic.errors import (
    BadUserInputError,
    CancelledError,
    DatabaseBusyError,
    DeadlineExceededError,
    InternalError,
    OverloadedError,
    StorageFailedError,
    StoreNewerError,
)
from synthetic.kernel_settings import DatabaseSettings
from synthetic.origin import Origin

from .conftest import SETTINGS, open_database


def insert(tx, number: int) -> int:
    tx.execute("INSERT INTO t (n) VALUES (:n)", {"n": number})
    return number


def numbers(database: Database) -> list[int]:
    return database.read_blocking(lambda snapshot: [n for (n,) in snapshot.rows("SELECT n FROM t ORDER BY n")])


class Held:
    """Keeps the writer busy in one write until it is released."""

    def __init__(self, database: Database) -> None:
        self.entered, self.release = threading.Event(), threading.Event()
        self.ticket = BlockingTicket()
        clock = SystemClock()
        # In line, so that the writer's own thread does it.
        database._writer.submit(
            Write(self._hold, (), Interruption(clock), self.ticket, clock.monotonic(), Origin("test"))
        )
        assert self.entered.wait(10)

    def _hold(self, tx) -> None:
        self.entered.set()
        assert self.release.wait(10)

    def let_go(self) -> None:
        self.release.set()
        self.ticket.wait()


def waiting_writes(database: Database) -> int:
    return database._writer._queue.qsize()


def submit_while_held(database: Database, pool: ThreadPoolExecutor, *calls):
    """Put writes in line behind one that is held, then let all of them run; their futures."""
    held = Held(database)
    futures = []
    for count, (function, *args) in enumerate(calls, 1):
        futures.append(pool.submit(database.write_blocking, function, *args))
        while waiting_writes(database) < count:
            pass
    held.let_go()
    return futures


def test_a_write_is_there_for_the_next_read(database):
    assert database.write_blocking(insert, 7) == 7
    assert numbers(database) == [7]


def test_waiting_writes_share_a_commit_and_each_gets_its_own_answer(database):
    with ThreadPoolExecutor(8) as pool:
        futures = submit_while_held(database, pool, *[(insert, n) for n in range(8)])
        assert [future.result() for future in futures] == list(range(8))
    registry = database._writer._metrics.registry
    assert registry.get_sample_value("synthetic_commit_group_size_count") == 1
    assert registry.get_sample_value("synthetic_commit_group_size_sum") == 9  # the one that was held, and these
    assert numbers(database) == list(range(8))


def test_a_write_that_fails_in_a_group_undoes_itself_alone(database):
    def fail_late(tx) -> None:
        insert(tx, 100)
        raise LookupError("changed my mind")

    with ThreadPoolExecutor(3) as pool:
        before, failing, after = submit_while_held(database, pool, (insert, 1), (fail_late,), (insert, 2))
        assert (before.result(), after.result()) == (1, 2)
        with pytest.raises(LookupError, match="changed my mind"):
            failing.result()
    assert numbers(database) == [1, 2]


def test_writes_of_a_lost_group_are_run_again_alone(database):
    attempts: list[int] = []

    def lose_the_transaction_once(tx) -> str:
        attempts.append(1)
        insert(tx, 50)
        if len(attempts) == 1:
            # As SQLite does by itself on a full disk.
            database._writer._connection.roll_back()
            raise apsw.FullError("database or disk is full")
        return "stored"

    with ThreadPoolExecutor(3) as pool:
        first, lossy, last = submit_while_held(database, pool, (insert, 1), (lose_the_transaction_once,), (insert, 2))
        assert (first.result(), lossy.result(), last.result()) == (1, "stored", 2)
    assert numbers(database) == [1, 2, 50]
    assert len(attempts) == 2


ROLLING_BACK = {
    "a conflict": ["INSERT INTO t (n) VALUES (50)", "INSERT OR ROLLBACK INTO t (n) VALUES (50)"],
    "a trigger": ["INSERT INTO t (n, label) VALUES (51, 'stop everything')"],
}


@pytest.mark.parametrize("cause", ROLLING_BACK)
@pytest.mark.parametrize("in_group", [False, True])
def test_a_write_that_ignores_the_loss_of_its_transaction_stores_nothing(database, path, cause, in_group):
    with apsw.Connection(str(path)) as other:
        other.execute(
            "CREATE TRIGGER stop BEFORE INSERT ON t WHEN NEW.label = 'stop everything'"
            " BEGIN SELECT RAISE(ROLLBACK, 'stopped'); END"
        )
    other.close()

    def go_on_regardless(tx) -> str:
        with contextlib.suppress(InternalError):
            for sql in ROLLING_BACK[cause]:
                tx.execute(sql)
        with contextlib.suppress(InternalError):
            tx.execute("INSERT INTO t (n) VALUES (60)")
        with contextlib.suppress(InternalError):
            tx.execute_many("INSERT INTO t (n) VALUES (:n)", [{"n": 61}, {"n": 62}])
        return "all is well"

    if in_group:
        with ThreadPoolExecutor(3) as pool:
            first, lossy, last = submit_while_held(database, pool, (insert, 1), (go_on_regardless,), (insert, 2))
            assert (first.result(), last.result()) == (1, 2)
            assert isinstance(lossy.exception(), InternalError)
    else:
        with pytest.raises(InternalError):
            database.write_blocking(go_on_regardless)
    assert numbers(database) == ([1, 2] if in_group else [])


def test_a_write_within_a_write_is_refused_and_the_next_one_succeeds(database):
    def nested(tx) -> None:
        database.write_blocking(insert, 1)

    with ThreadPoolExecutor(1) as pool:
        for start in (
            database.write_blocking,
            lambda function: pool.submit(database.write_blocking, function).result(),
        ):
            with pytest.raises(RuntimeError, match="within a write"):
                start(nested)
    assert database.write_blocking(insert, 2) == 2
    assert numbers(database) == [2]


def test_a_failure_of_the_writer_itself_answers_everybody(database, monkeypatch):
    def broken(*args) -> None:
        raise apsw.IOError("disk I/O error")

    with monkeypatch.context() as patched:
        patched.setattr(database._writer._connection, "commit", broken)
        patched.setattr(database._writer._connection, "roll_back", broken)
        with pytest.raises(StorageFailedError):
            database.write_blocking(insert, 1)
        with pytest.raises(StorageFailedError, match="cannot write any more"):
            database.write_blocking(insert, 2)
    assert numbers(database) == []


def test_an_operations_own_deadline_ends_the_wait_for_the_lock(database, path):
    clock = SystemClock()
    other = apsw.Connection(str(path))
    other.execute("BEGIN IMMEDIATE")
    watch = Interruption(clock, clock.monotonic() + 0.01)
    with pytest.raises((DatabaseBusyError, DeadlineExceededError)):
        database.write_blocking(insert, 1, interruption=watch)
    retries = database._writer._metrics.registry.get_sample_value("synthetic_write_retries_total", {"reason": "busy"})
    # How long SQLite waits at a time differs; until the writer's own deadline it would be twice as many.
    assert retries <= 3
    other.close()


def test_a_write_cannot_end_its_transaction_or_reach_another_file(database, tmp_path):
    for sql in (
        "COMMIT",
        "ROLLBACK",
        "SAVEPOINT x",
        f"ATTACH '{tmp_path / 'other.db'}' AS other",
        "PRAGMA user_version = 5",
    ):

        def attempt(tx, sql=sql) -> None:
            insert(tx, 1)
            tx.execute(sql)

        with pytest.raises(InternalError):
            database.write_blocking(attempt)
    assert numbers(database) == []


def test_more_writes_than_the_queue_holds_are_turned_away(path):
    with open_database(path, replace(SETTINGS, writer_queue=2)) as database, ThreadPoolExecutor(2) as pool:
        held = Held(database)
        futures = [pool.submit(database.write_blocking, insert, n) for n in range(2)]
        while waiting_writes(database) < 2:
            pass
        with pytest.raises(OverloadedError) as refused:
            database.write_blocking(insert, 99)
        assert refused.value.recoverable
        assert refused.value.retry_after_ms
        held.let_go()
        assert [future.result() for future in futures] == [0, 1]
        assert numbers(database) == [0, 1]


def test_a_lock_held_elsewhere_is_answered_busy_and_the_next_attempt_succeeds(database, path):
    other = apsw.Connection(str(path))
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(DatabaseBusyError) as busy:
        database.write_blocking(insert, 1)
    assert busy.value.retry_after_ms
    assert numbers(database) == []  # reads go on
    other.execute("ROLLBACK")
    assert database.write_blocking(insert, 1) == 1
    other.close()
    retries = database._writer._metrics.registry.get_sample_value("synthetic_write_retries_total", {"reason": "busy"})
    assert retries >= 1


def test_the_writes_of_a_stop_share_their_patience_with_a_lock(path):
    patient = replace(SETTINGS, busy_timeout_ms=50, write_deadline_ms=600_000)
    with open_database(path, patient) as database:
        other = apsw.Connection(str(path))
        other.execute("BEGIN IMMEDIATE")
        database.hurry(0.1)
        for number in range(3):
            with pytest.raises(DatabaseBusyError):
                database.write_blocking(insert, number)
        other.execute("ROLLBACK")
        assert database.write_blocking(insert, 7) == 7
        other.close()


def test_a_write_cancelled_in_line_is_dropped_and_one_cancelled_between_statements_undone(database):
    clock = SystemClock()
    in_line, running = Interruption(clock), Interruption(clock)

    def cancel_between(tx) -> None:
        insert(tx, 1)
        running.cancel()
        insert(tx, 2)

    held = Held(database)
    with ThreadPoolExecutor(2) as pool:
        dropped = pool.submit(lambda: database.write_blocking(insert, 9, interruption=in_line))
        while waiting_writes(database) < 1:
            pass
        in_line.cancel()
        held.let_go()
        with pytest.raises(CancelledError):
            dropped.result()
    with pytest.raises(CancelledError):
        database.write_blocking(cancel_between, interruption=running)
    assert numbers(database) == []


def test_a_write_past_its_deadline_stores_nothing(database):
    clock = SystemClock()
    with pytest.raises(DeadlineExceededError):
        database.write_blocking(insert, 1, interruption=Interruption(clock, clock.monotonic() - 1))
    assert numbers(database) == []


def test_a_cancelled_await_drops_the_write(database):
    async def scenario() -> None:
        held = Held(database)
        task = asyncio.create_task(database.write(insert, 1))
        await asyncio.sleep(0)  # lets the task put its write in line
        assert waiting_writes(database) == 1
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        held.let_go()
        assert await database.write(insert, 2) == 2

    asyncio.run(scenario())
    assert numbers(database) == [2]


def test_values_that_sqlite_cannot_hold_are_the_callers_fault(database):
    for value in (10**30, "lone surrogate \ud800"):
        with pytest.raises(BadUserInputError):
            database.write_blocking(
                lambda tx, value=value: tx.execute("INSERT INTO t (label) VALUES (:v)", {"v": value})
            )
    assert numbers(database) == []


def test_a_guard_stops_writing_once_another_process_has_changed_the_store(path):
    refusals: list[int] = []

    def guard(connection: apsw.Connection) -> None:
        if connection.execute("SELECT count(*) FROM t WHERE n = 1000").get:
            refusals.append(1)
            raise StoreNewerError

    with open_database(path, guard=guard) as database:
        database.write_blocking(insert, 1)
        with apsw.Connection(str(path)) as other:
            other.execute("INSERT INTO t (n) VALUES (1000)")
        other.close()
        with pytest.raises(StoreNewerError):
            database.write_blocking(insert, 2)
        assert refusals
        assert numbers(database) == [1, 1000]


def test_the_guard_is_not_asked_again_while_nobody_else_writes(path):
    asked: list[int] = []
    with open_database(path, guard=lambda _: asked.append(1)) as database:
        for number in range(3):
            database.write_blocking(insert, number)
        assert len(asked) == 1  # once, for what happened before the store was opened
        with apsw.Connection(str(path)) as other:
            other.execute("INSERT INTO t (n) VALUES (1000)")
        other.close()
        database.write_blocking(insert, 4)
        assert len(asked) == 2


def test_a_transaction_is_dead_after_its_function_returned(database):
    kept = []
    database.write_blocking(kept.append)
    with pytest.raises(RuntimeError, match="after the function"):
        kept[0].execute("DELETE FROM t")


def test_closing_answers_the_writes_in_line(path):
    with open_database(path) as database, ThreadPoolExecutor(4) as pool:
        futures = submit_while_held(database, pool, *[(insert, n) for n in range(4)])
        database._writer.stop()
        assert sorted(future.result() for future in futures) == [0, 1, 2, 3]
        with pytest.raises(OverloadedError, match="being closed"):
            database.write_blocking(insert, 5)
    connection = apsw.Connection(str(path))
    assert connection.execute("SELECT count(*) FROM t").get == 4
    connection.close()


def test_a_new_store_is_durable_keeps_its_keys_and_can_shrink(path):
    connection = open_writer(path, DatabaseSettings())
    connection.execute("CREATE TABLE t (n)")
    pragmas = {
        name: connection.pragma(name)
        for name in ("journal_mode", "synchronous", "foreign_keys", "auto_vacuum", "mmap_size")
    }
    connection.close()
    assert pragmas == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "auto_vacuum": 2, "mmap_size": 0}


def test_only_the_kernels_writer_begins_and_commits():
    kernel = Path(__file__).parents[3] / "kernel" / "synthetic"
    plugins = Path(__file__).parents[3] / "plugins"
    offenders = [
        str(file)
        for file in [*kernel.rglob("*.py"), *plugins.rglob("*.py")]
        if "apsw.Connection(" in file.read_text() and file.name != "connections.py"
    ]
    assert offenders == []

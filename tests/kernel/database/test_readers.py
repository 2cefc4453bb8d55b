"""The readers: one snapshot each, never a write, and stopped when nobody waits any more."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import threading
from dataclasses import replace

import pytest

from synthetic.clock import SystemClock
from synthetic.database import connections, readers
from synthetic.database.interruption import Interruption
from synthetic.errors import CancelledError, DeadlineExceededError, OverloadedError
from synthetic.testing import wait_until

from .conftest import SETTINGS, open_database

ENDLESS = "WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c) SELECT count(*) FROM c"


def insert(tx, number: int) -> None:
    tx.execute("INSERT INTO t (n) VALUES (:n)", {"n": number})


def count(snapshot) -> int:
    return snapshot.value("SELECT count(*) FROM t")


def test_a_read_sees_one_instant_whatever_is_written_meanwhile(database):
    def read_around_a_write(snapshot) -> tuple[int, int]:
        before = count(snapshot)
        writer = threading.Thread(target=database.write_blocking, args=(insert, 1))
        writer.start()
        writer.join()
        return before, count(snapshot)

    assert database.read_blocking(read_around_a_write) == (0, 0)
    assert database.read_blocking(count) == 1


def test_a_snapshot_is_refused_to_other_threads(database):
    """A reader's connection has no lock of its own: two threads on it at once would be two in one engine."""

    def read_beside(snapshot) -> tuple[str, int]:
        refusals: list[RuntimeError] = []

        def read() -> None:
            try:
                count(snapshot)
            except RuntimeError as error:
                refusals.append(error)

        other = threading.Thread(target=read)
        other.start()
        other.join()
        [refusal] = refusals
        return str(refusal), count(snapshot)

    database.write_blocking(insert, 1)
    refusal, seen = database.read_blocking(read_beside)
    assert "belongs to the thread" in refusal
    assert seen == 1


def test_what_a_read_left_half_read_ends_with_it_and_never_by_the_collector_in_another_thread(database, monkeypatch):
    opened: list[None] = []

    def open_reader(*arguments):
        opened.append(None)
        return connections.open_reader(*arguments)

    monkeypatch.setattr(readers, "open_reader", open_reader)
    for number in range(3):
        database.write_blocking(insert, number)
    kept: list[object] = []

    def read_one(snapshot) -> tuple[int]:
        rows = snapshot.iterate("SELECT n FROM t ORDER BY n")
        # In a cycle, as an exception and its frames often are: only the collector finds it.
        cycle: list[object] = [rows]
        cycle.append(cycle)
        return next(rows)

    def read_and_keep(snapshot) -> tuple[int]:
        kept.append(rows := snapshot.iterate("SELECT n FROM t ORDER BY n"))
        return next(rows)

    for _ in range(20):
        assert database.read_blocking(read_one) == (0,)
    assert database.read_blocking(read_and_keep) == (0,)
    database.write_blocking(insert, 3)
    assert database.read_blocking(count) == 4
    with pytest.raises(RuntimeError, match="after the function"):
        next(kept[0])
    collector = threading.Thread(target=gc.collect)
    collector.start()
    collector.join()
    assert database.read_blocking(count) == 4
    # A connection on which a statement is still open would have been replaced.
    assert len(opened) == 1


def test_what_is_broken_off_within_a_transaction_holds_nothing_in_it(database):
    def drop_after_a_look(tx) -> None:
        tx.execute("CREATE TABLE scratch (a)")
        tx.execute("INSERT INTO scratch (a) VALUES (1), (2)")
        for _row in tx.iterate("SELECT a FROM scratch"):
            break
        tx.execute("DROP TABLE scratch")

    database.write_blocking(drop_after_a_look)
    assert database.read_blocking(count) == 0


def test_a_read_cannot_write(database):
    from synthetic.errors import SyntheticError

    with pytest.raises(SyntheticError):
        database.read_blocking(lambda snapshot: snapshot.rows("INSERT INTO t (n) VALUES (1)"))
    assert database.read_blocking(count) == 0


def test_a_read_past_its_deadline_is_stopped_within_a_statement(database):
    clock = SystemClock()
    with pytest.raises(DeadlineExceededError):
        database.read_blocking(
            lambda snapshot: snapshot.value(ENDLESS), interruption=Interruption(clock, clock.monotonic() + 0.05)
        )
    assert database.read_blocking(count) == 0


@pytest.mark.timeout(60)
def test_every_thread_of_the_pool_ends_whichever_hears_of_the_close_first(path, monkeypatch):
    with open_database(path, replace(SETTINGS, readers=3)) as database:
        pool = database._readers
        # Whoever has read waits behind the others from now on.
        assert asyncio.run(database.read(count)) == 0
        put = pool._queue.put

        def put_and_wait(item: None) -> None:
            running = sum(thread.is_alive() for thread in pool._threads)
            put(item)
            wait_until(lambda: sum(thread.is_alive() for thread in pool._threads) < running)

        monkeypatch.setattr(pool._queue, "put", put_and_wait)
    assert not any(thread.is_alive() for thread in pool._threads)


def test_a_connection_that_never_comes_back_does_not_keep_the_store_from_closing(path, monkeypatch):
    monkeypatch.setattr(readers, "CLOSE_PATIENCE_SECONDS", 0.05)
    with contextlib.ExitStack() as lost, open_database(path, replace(SETTINGS, readers=1)) as database:
        lost.enter_context(database.snapshot(Interruption(SystemClock())))
    with open_database(path) as again:
        assert again.read_blocking(count) == 0


def test_a_store_that_is_closed_can_be_closed_again_and_refuses_reads(path, monkeypatch):
    monkeypatch.setattr(readers, "CLOSE_PATIENCE_SECONDS", 3_600.0)
    with open_database(path) as database:
        database.close()
        database.close()
        for _ in range(2):
            with pytest.raises(OverloadedError, match="being closed"):
                database.read_blocking(lambda snapshot: snapshot.value("SELECT 1"))


def test_a_cancelled_await_interrupts_the_sql_and_frees_the_reader(path):
    async def scenario() -> None:
        with open_database(path, replace(SETTINGS, readers=1)) as database:
            started, ended = threading.Event(), threading.Event()

            def endless(snapshot) -> None:
                started.set()
                try:
                    snapshot.value(ENDLESS)
                except CancelledError:
                    ended.set()
                    raise

            task = asyncio.create_task(database.read(endless))
            await asyncio.to_thread(started.wait, 10)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            # The only reader answers again: its statement was interrupted.
            assert await database.read(count) == 0
            assert ended.is_set()

    asyncio.run(scenario())


def test_more_reads_than_the_queue_holds_are_turned_away(path):
    async def scenario() -> None:
        with open_database(path, replace(SETTINGS, readers=1, reader_queue=1)) as database:
            entered, release = threading.Event(), threading.Event()

            def hold(snapshot) -> str:
                entered.set()
                assert release.wait(10)
                return "held"

            held = asyncio.create_task(database.read(hold))
            await asyncio.to_thread(entered.wait, 10)
            in_line = asyncio.create_task(database.read(count))
            await asyncio.sleep(0)
            with pytest.raises(OverloadedError):
                await database.read(count)
            release.set()
            assert await held == "held"
            assert await in_line == 0

    asyncio.run(scenario())


def test_rows_can_be_read_one_by_one_and_as_records(database):
    for number in range(3):
        database.write_blocking(insert, number)

    def read(snapshot):
        return list(snapshot.iterate("SELECT n FROM t ORDER BY n")), snapshot.records(
            lambda n: n * 10, "SELECT n FROM t ORDER BY n"
        )

    assert database.read_blocking(read) == ([(0,), (1,), (2,)], [0, 10, 20])


def test_a_snapshot_is_dead_after_its_function_returned(database):
    kept = []
    database.read_blocking(kept.append)
    with pytest.raises(RuntimeError, match="after the function"):
        kept[0].rows("SELECT 1")

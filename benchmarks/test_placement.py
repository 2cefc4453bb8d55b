"""Reads in place: what they cost beyond their SQL, and for how long they hold an event loop.

The time is that of the whole call: waits for the disk, for locks and for Python's
own lock are in it. What is taken off is for how long the thread could have gone
on and had no processor, since other programs had them all: a loop that does
nothing would have been held for as long. Linux counts that.

A thread that computes is the worst of neighbours: it takes Python's lock whenever
SQLite runs, and keeps it for the interpreter's switch interval.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from synthetic.clock import SystemClock
from synthetic.database.connections import open_reader
from synthetic.database.database import Database
from synthetic.database.in_place_connection import OverBudget
from synthetic.database.interruption import Interruption
from synthetic.database.snapshot import Row, Snapshot, Value
from synthetic.graphql.placer import BYTES_MAX, CUT_SECONDS, HELD_SECONDS_MAX, STEPS_MAX
from synthetic.graphql.written_pages import page_of
from synthetic.json_text import from_json, to_json
from synthetic.store import Store

from .promises import Comparison, Promise, in_time

ROWS = 200_000
READS = 20_000
SLOW_READS = 2_000
ONE = "SELECT id, name, note FROM sessions_like WHERE id = :id"
PAGE = "SELECT id, name, note FROM sessions_like WHERE id > :id ORDER BY id LIMIT 100"
SCAN = "SELECT count(*) FROM sessions_like WHERE note LIKE '%' || :id || '%'"
BODIES = "SELECT id, body FROM bodies_like WHERE kind = :kind ORDER BY id LIMIT 50"
BODY_SIZES = {"500 bytes": 500, "10 KB": 10_000, "60 KB": 60_000, "900 KB": 900_000}
BODY_ROWS = 50
LONG_BEHIND_SHORT = "5 bytes, then 30 KB of quotes"
SHORT_BEFORE, LONG_BEHIND = 300, 300
COUNTS = {"by rows": "SELECT count(*) FROM sessions_like WHERE TRUE", "at once": "SELECT count(*) FROM sessions_like"}
HOLD_INDEX = """
import fcntl, os, sys
index = os.open(sys.argv[1] + "-shm", os.O_RDWR)
fcntl.lockf(index, fcntl.LOCK_EX | fcntl.LOCK_NB, 8, 120)
print("held", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def filled(durable_store: Store) -> Store:
    """A store with a table that takes long to read through."""

    def fill(tx: Any) -> None:
        tx.execute("CREATE TABLE sessions_like (id INTEGER PRIMARY KEY, name TEXT, note TEXT) STRICT")
        tx.execute(
            "INSERT INTO sessions_like WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < :rows)"
            " SELECT n, 'session ' || n, hex(zeroblob(40)) FROM c",
            {"rows": ROWS},
        )

    durable_store.write(fill)
    return durable_store


def holds(
    database: Database,
    sql: str,
    reads: int,
    *,
    is_json: bool = False,
    then: Callable[[Snapshot, list[Row]], object] = lambda _snapshot, _rows: None,
    **more: Value,
) -> list[float]:
    """How long each of many reads in place held the thread, whether it was answered or cut short; ascending.

    Args:
        database: What is read.
        sql: The statement; `:id` is another one each time.
        reads: How many.
        is_json: Whether the statement makes JSON.
        then: What is done with the rows.
        more: Further parameters.
    """
    clock, seconds = SystemClock(), list[float]()
    with Path(f"/proc/self/task/{threading.get_native_id()}/schedstat").open("rb", buffering=0) as schedule:

        def seconds_without_processor() -> float:
            return int(os.pread(schedule.fileno(), 100, 0).split()[1]) / 1e9

        def run(snapshot: Snapshot, params: dict[str, Value]) -> object:
            rows = snapshot.rows_of_json(sql, params) if is_json else snapshot.rows(sql, params)
            return then(snapshot, rows or []), snapshot.position()

        for number in range(reads):
            watch = Interruption(clock, clock.monotonic() + 30)
            params = {"id": number * 7919 % ROWS} | more
            without, started = seconds_without_processor(), time.perf_counter()
            with contextlib.suppress(OverBudget):
                database.read_in_place(
                    run,
                    params,
                    interruption=watch,
                    steps_max=STEPS_MAX,
                    bytes_max=BYTES_MAX,
                    hold_seconds_max=CUT_SECONDS,
                )
            held = time.perf_counter() - started
            seconds.append(max(0.0, held - (seconds_without_processor() - without)))
    return sorted(seconds)


@contextlib.contextmanager
def beside(work: Callable[[], object]) -> Iterator[None]:
    """Another thread that does something again and again."""
    stop = threading.Event()

    def run() -> None:
        while not stop.is_set():
            work()

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


@contextlib.contextmanager
def index_held(path: Path) -> Iterator[None]:
    """Another process that was stopped with all locks of the log's index."""
    with subprocess.Popen(
        [sys.executable, "-c", HOLD_INDEX, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdin is not None
        assert process.stdout.readline() == "held\n"
        yield
        process.stdin.close()


def promise_holds(
    promise: Callable[[Promise], None], name: str, seconds: list[float], *, at_most: float | None = 1.0
) -> None:
    """Add the 99.9th percentile to the report, held against what was promised."""
    held = seconds[int(len(seconds) * 0.999)]
    promise(
        Promise(
            f"loop held, p99.9: {name}",
            in_time(held),
            in_time(HELD_SECONDS_MAX),
            held / HELD_SECONDS_MAX,
            at_most=at_most,
        )
    )


@pytest.mark.parametrize(("name", "sql"), [("a row by id", ONE), ("100 rows", PAGE)])
def test_a_read_in_place_costs_little_more_than_its_sql(compare: Comparison, filled: Store, name: str, sql: str):
    database, clock = filled.kernel.database, SystemClock()
    connection = open_reader(filled.kernel.directory.database, filled.kernel.settings.database)
    execute, params = connection.cursor().execute, {"id": 4_711}
    watch = Interruption(clock, clock.monotonic() + 3_600)

    def by_hand() -> None:
        for _ in range(200):
            execute("BEGIN")
            execute(sql, params).fetchall()
            execute("ROLLBACK")

    def ours() -> None:
        for _ in range(200):
            database.read_in_place(
                lambda snapshot: snapshot.rows(sql, params),
                interruption=watch,
                steps_max=STEPS_MAX,
                hold_seconds_max=1.0,
            )

    compare(f"200 reads in place of {name}", ours=ours, limit=by_hand, rounds=100)
    connection.close()


@pytest.mark.parametrize(("name", "sql"), [("a row by id", ONE), ("100 rows", PAGE)])
def test_short_reads_hold_the_loop_for_no_time(promise, filled: Store, name: str, sql: str):
    database = filled.kernel.database
    promise_holds(promise, name, holds(database, sql, READS))
    with beside(lambda: filled.write(lambda tx: tx.execute("UPDATE sessions_like SET name = name WHERE id = 1"))):
        promise_holds(promise, f"{name}, beside durable writes", holds(database, sql, READS))


def test_reads_through_a_large_table_are_cut_short_in_time(promise, filled: Store):
    promise_holds(promise, f"a scan of {ROWS:,} rows", holds(filled.kernel.database, SCAN, SLOW_READS))


def decode(snapshot: Snapshot, rows: list[Row]) -> None:
    """What the fields of messages do: take the text out of JSON, a budget of bytes permitting."""
    snapshot.spend(sum(len(body) for _id, body in rows))
    for _id, body in rows:
        from_json(body)["text"].encode()


@pytest.fixture
def with_bodies(filled: Store) -> Store:
    """A store with texts of several sizes, as JSON."""

    def fill(tx: Any) -> None:
        tx.execute("CREATE TABLE bodies_like (id INTEGER PRIMARY KEY, kind TEXT, body TEXT) STRICT")
        tx.execute("CREATE INDEX bodies_like_by_kind ON bodies_like (kind)")
        for kind, size in BODY_SIZES.items():
            body = to_json({"text": "hällo " * (size // 7)})
            store_bodies(tx, kind, body, BODY_ROWS)
        # As many as no budget of time is enough for, behind those that make the rows look short.
        store_bodies(tx, LONG_BEHIND_SHORT, "short", SHORT_BEFORE)
        store_bodies(tx, LONG_BEHIND_SHORT, '"' * 30_000, LONG_BEHIND)

    filled.write(fill)
    return filled


def store_bodies(tx: Any, kind: str, body: str, count: int) -> None:
    for _ in range(count):
        tx.execute("INSERT INTO bodies_like (kind, body) VALUES (:kind, :body)", {"kind": kind, "body": body})


@pytest.mark.parametrize("kind", [*BODY_SIZES, LONG_BEHIND_SHORT])
@pytest.mark.parametrize("how", ["a page", "a page each"])
def test_pages_of_long_texts_that_are_written_as_json_are_cut_short_in_time(
    promise, with_bodies: Store, how: str, kind: str
):
    row = "json_object('body', own.body)" if how == "a page each" else "json_object('body', body)"
    if how == "a page":
        sql = f"SELECT {page_of(row)} FROM bodies_like WHERE kind = '{kind}'"
    else:
        page = f"SELECT {page_of(row)} FROM bodies_like AS own WHERE own.id = bodies_like.id"
        sql = f"SELECT id, ({page}) FROM bodies_like WHERE kind = '{kind}'"
    seconds = holds(with_bodies.kernel.database, sql, SLOW_READS, is_json=True)
    promise_holds(promise, f"bodies of {kind}, {how}, written as JSON", seconds)


@pytest.mark.parametrize("kind", BODY_SIZES)
def test_reads_of_long_bodies_that_are_decoded_are_cut_short_in_time(promise, with_bodies: Store, kind: str):
    seconds = holds(with_bodies.kernel.database, BODIES, SLOW_READS, then=decode, kind=kind)
    promise_holds(promise, f"{BODY_ROWS} bodies of {kind}, decoded", seconds)


@pytest.mark.parametrize("how", COUNTS)
def test_counts_of_a_large_table_are_cut_short_in_time(promise, filled: Store, how: str):
    promise_holds(promise, f"a count of {ROWS:,} rows, {how}", holds(filled.kernel.database, COUNTS[how], SLOW_READS))


def test_reads_of_a_locked_store_are_given_up_in_time(promise, filled: Store):
    database = filled.kernel.database
    holds(database, ONE, 1)
    with index_held(filled.kernel.directory.database):
        promise_holds(promise, "a locked store", holds(database, ONE, SLOW_READS))


@pytest.mark.parametrize(("name", "sql"), [("a row by id", ONE), ("100 rows", PAGE)])
def test_reads_beside_a_thread_that_computes_are_held_up_by_it_and_not_by_sql(
    promise, filled: Store, name: str, sql: str
):
    before = sys.getswitchinterval()
    with beside(lambda: sum(range(10_000))):
        for interval in (before, 0.0005):
            sys.setswitchinterval(interval)
            try:
                seconds = holds(filled.kernel.database, sql, SLOW_READS)
            finally:
                sys.setswitchinterval(before)
            promise_holds(
                promise, f"{name}, beside a computing thread, switch {in_time(interval)}", seconds, at_most=None
            )

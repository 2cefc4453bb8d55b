"""A job costs little to keep, to find, to hand out and to delete, however many there are."""

from __future__ import annotations

import contextlib
import itertools
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import apsw
import pytest

from synthetic import Transaction
from synthetic.store import Store
from synthetic.testing import open_test_store
from synthetic_jobs import store as jobs
from synthetic_jobs.criteria import Criteria
from synthetic_jobs.model import Job, JobStatus

from .promises import Comparison, Promise, at_rate, in_bytes, in_time

CONTENT: Any = {"kind": "build", "key": "repository-1", "command": "make", "params": {"target": "all", "depth": 3}}
ROW = {
    **dict.fromkeys(Job._fields),
    "kind": "build", "key": "repository-1", "command": "make", "params": '{"depth":3,"target":"all"}', "priority": 5,
    "max_attempts": 5, "on_lapse": "REQUEUE", "metadata": "{}", "status": "PENDING", "progress": 0, "attempts": 0,
    "lease_token": 0, "version": 1,
}  # fmt: skip
COLUMNS = ", ".join(Job._fields)
INSERT = f"INSERT INTO sync_jobs ({COLUMNS}) VALUES ({', '.join(f':{name}' for name in Job._fields)})"
LOAD = f"SELECT {COLUMNS} FROM sync_jobs WHERE id = ?"
WORKERS = 8
QUEUE = 400
DAY_MS = 86_400_000
FLEET = """
WITH RECURSIVE numbers (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM numbers WHERE n < :count - 1)
INSERT INTO sync_jobs (
    id, user_id, project_id, construct_id, parent_id, replay_of, schedule_id, kind, key, params, priority,
    max_attempts, on_lapse, metadata, status, progress, attempts, run_after, lease_token, error_message, version,
    created_at, started_at, completed_at, updated_at
)
SELECT
    printf('job-%06d', n), 'user-' || (n % 50), 'project-' || (n % 49), 'construct-' || (n % 48),
    'parent-' || (n % 47), 'first-' || (n % 46), 'schedule-' || (n % 45), 'kind-' || (n % 10), 'key-' || (n % 44),
    '{"target":"all"}', n % 10, 5, 'REQUEUE', '{"team":"t"}', status, 0, 1, 0, 1,
    CASE status WHEN 'FAILED' THEN 'It broke.' END, 1, n * 1000, n * 1000,
    CASE status WHEN 'PENDING' THEN NULL ELSE n * 1000 + 500 END, n * 1000 + 500
FROM (
    SELECT n, CASE n % 20 WHEN 0 THEN 'FAILED' WHEN 1 THEN 'CANCELLED' WHEN 2 THEN 'PENDING' ELSE 'COMPLETED' END
        AS status FROM numbers
)
"""
CONSTRUCTS = """
WITH RECURSIVE numbers (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM numbers WHERE n < 47)
INSERT INTO constructs (id, type, status, title, metadata, version, created_at, updated_at)
SELECT 'construct-' || n, 'task', 'PLANNED', 'A task', '{}', 1, 1, 1 FROM numbers
"""
FILTERS = {
    "all": Criteria(),
    "100 ids": Criteria(ids=[f"job-{number:06}" for number in range(0, 10_000, 100)]),
    "user": Criteria(user_id="user-7"),
    "project": Criteria(project_id="project-7"),
    "construct": Criteria(construct_id="construct-7"),
    "parent": Criteria(parent_id="parent-7"),
    "replay of": Criteria(replay_of="first-7"),
    "schedule": Criteria(schedule_id="schedule-7"),
    "kind": Criteria(kinds=["kind-7"]),
    "three kinds": Criteria(kinds=["kind-1", "kind-2", "kind-7"]),
    "key": Criteria(keys=["key-7"]),
    "status": Criteria(statuses=[JobStatus.FAILED]),
    "two statuses": Criteria(statuses=[JobStatus.FAILED, JobStatus.CANCELLED]),
    "dates": Criteria(created_from=2_000_000, created_before=3_000_000),
}

_numbers = itertools.count()


def new_id() -> str:
    return f"measured-{next(_numbers):08}"


def timed(function: Callable[[], object]) -> float:
    started = time.perf_counter()
    function()
    return time.perf_counter() - started


def within(name: str, seconds: float, limit_seconds: float) -> Promise:
    """An absolute promise: a figure, and what it must not be over."""
    return Promise(name, in_time(seconds), in_time(limit_seconds), seconds / limit_seconds, at_most=1)


def test_a_job_saved_durably_and_loaded_back(
    compare: Comparison, durable_store: Store, hand: apsw.Connection, promise: Callable[[Promise], None]
):
    def ours() -> None:
        id = new_id()
        durable_store.write(lambda tx: jobs.save_job(tx, CONTENT, job_id=id))
        assert durable_store.read(jobs.get_job, id).id == id

    def limit() -> None:
        id = new_id()
        hand.execute("BEGIN IMMEDIATE")
        insert_by_hand(hand, id)
        hand.execute("COMMIT")
        assert Job(*hand.execute(LOAD, (id,)).get).id == id

    compare("save one job durably and load it back", ours=ours, limit=limit, at_most=2, rounds=300)
    promise(
        within("save one job durably and load it back, slowest of 300", max(timed(ours) for _ in range(300)), 0.010)
    )


def insert_by_hand(connection: apsw.Connection, id: str) -> None:
    now = time.time_ns() // 1_000_000
    # Whether it is there already has to be asked by hand, too.
    assert not connection.execute("SELECT 1 FROM sync_jobs WHERE id = ?", (id,)).fetchall()
    connection.execute(INSERT, {**ROW, "id": id, "run_after": now, "created_at": now, "updated_at": now})


@pytest.fixture(scope="module")
def fleets(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[int, Store]]:
    """Stores of ten thousand and of a hundred thousand jobs."""

    def fill(tx: Transaction, count: int) -> None:
        tx.execute(CONSTRUCTS)
        tx.execute(FLEET, {"count": count})

    with contextlib.ExitStack() as stack:
        found: dict[int, Store] = {}
        for count in (10_000, 100_000):
            found[count] = stack.enter_context(open_test_store(tmp_path_factory.mktemp("fleet") / "store"))
            found[count].write(fill, count)
        yield found


@pytest.mark.parametrize("name", FILTERS)
def test_a_page_by_an_indexed_filter_costs_the_same_of_ten_times_as_many(
    compare: Comparison, fleets: dict[int, Store], name: str, promise: Callable[[Promise], None]
):
    def read(count: int) -> None:
        page = fleets[count].read(lambda snapshot: jobs.query_jobs(snapshot, FILTERS[name], first=100))
        assert len(page.edges) == 100

    title = f"100 of 100,000 jobs by {name}"
    compare(title, ours=lambda: read(100_000), limit=lambda: read(10_000), at_most=1.2, rounds=60)
    promise(within(f"{title}, slowest of 60", max(timed(lambda: read(100_000)) for _ in range(60)), 0.100))


def test_cleanup_of_a_thousand_finished_jobs(durable_store: Store, promise: Callable[[Promise], None]):
    def fill(tx: Transaction, count: int) -> None:
        at = tx.now - 8 * DAY_MS
        ended = {"status": "COMPLETED", "run_after": at, "created_at": at, "updated_at": at, "started_at": at,
                 "completed_at": at, "attempts": 1, "lease_token": 1, "progress": 100}  # fmt: skip
        for _ in range(count):
            id = new_id()
            tx.execute(INSERT, {**ROW, **ended, "id": id})
            tx.execute("INSERT INTO job_checkpoints VALUES (:id, 'parse', 1, :data, 1)", {"id": id, "data": body()})
            tx.execute("INSERT INTO job_attempts VALUES (:id, 1, 'w', 1, 2, 'COMPLETED', NULL)", {"id": id})

    durable_store.write(fill, 2_000)
    durable_store.write(jobs.save_job, CONTENT)
    warm, holds, deleted = durable_store.write(jobs.delete_expired_jobs), [], 0
    assert warm.has_more
    while deleted < 1_000:
        started = time.perf_counter()
        batch = durable_store.write(jobs.delete_expired_jobs)
        holds.append(time.perf_counter() - started)
        deleted += batch.rows
        assert batch.tables["job_checkpoints"] == batch.tables["job_attempts"] == batch.rows
    promise(within(f"cleanup of {deleted:,} jobs with a checkpoint and an attempt each", sum(holds), 1.0))
    promise(within("longest that cleanup held the writer", max(holds), 0.050))


def body() -> str:
    """A checkpoint of a kilobyte."""
    return '{"files":"' + "x" * 1_012 + '"}'


def test_size_of_ten_thousand_jobs_with_checkpoints(tmp_path: Path, promise: Callable[[Promise], None]):
    def live(tx: Transaction, count: int) -> None:
        for _ in range(count):
            jobs.save_job(tx, CONTENT)
        for job in jobs.claim_jobs(tx, ["build"], "builder-1", limit=count):
            jobs.save_checkpoint(tx, job.id, job.lease_token, "parse", {"files": "x" * 1_012})
            jobs.complete_job(tx, job.id, job.lease_token, {"files": 3})

    with open_test_store(tmp_path / "store") as store:
        for _ in range(100):
            store.write(live, 100)
        assert store.read(jobs.count_jobs) == [("build", "COMPLETED", 10_000)]
    size = (tmp_path / "store" / "synthetic.db").stat().st_size
    name = "10,000 jobs with a checkpoint of 1 kB each, and all their events"
    promise(Promise(name, in_bytes(size), in_bytes(1e8), size / 1e8, at_most=1))


def in_threads(work: Callable[[int], None]) -> None:
    threads = [threading.Thread(target=work, args=(number,)) for number in range(WORKERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


CLAIM_BY_HAND = """
UPDATE sync_jobs SET status = 'RUNNING', attempts = attempts + 1, lease_owner = :worker, lease_token = lease_token + 1,
    lease_ms = 60000, lease_expires_at = :now + 60000, started_at = coalesce(started_at, :now), updated_at = :now
WHERE id = (
    SELECT id FROM sync_jobs WHERE status = 'PENDING' AND kind = 'build' AND priority = 5 AND run_after <= :now
    ORDER BY run_after, id LIMIT 1
) RETURNING id, lease_token
"""
COMPLETE_BY_HAND = """
UPDATE sync_jobs SET status = 'COMPLETED', progress = 100, lease_owner = NULL, lease_ms = NULL,
    lease_expires_at = NULL, completed_at = :now, updated_at = :now, result = '{"files":3}'
WHERE id = :id AND lease_token = :token AND status = 'RUNNING'
"""


def work_by_hand(path: Path, number: int, turn: threading.Lock) -> None:
    """Claim and complete until nothing is left, on a connection of its own, with attempts but without events.

    The lock spares them SQLite's busy handler, which sleeps and looks again.
    """
    connection = apsw.Connection(str(path))
    connection.pragma("synchronous", "FULL")
    connection.pragma("foreign_keys", 1)

    def claim(now: int) -> list[Any]:
        claimed = connection.execute(CLAIM_BY_HAND, {"worker": f"w{number}", "now": now}).fetchall()
        for id, token in claimed:
            connection.execute("INSERT INTO job_attempts VALUES (?, ?, 'w', ?, NULL, NULL, NULL)", (id, token, now))
        return claimed

    with contextlib.closing(connection):
        while True:
            now = time.time_ns() // 1_000_000
            with turn, connection:
                claimed = claim(now)
            if not claimed:
                return
            ((id, token),) = claimed
            with turn, connection:
                connection.execute(COMPLETE_BY_HAND, {"id": id, "token": token, "now": now})
                connection.execute(
                    "UPDATE job_attempts SET ended_at = ?, outcome = 'COMPLETED' WHERE job_id = ? AND number = ?",
                    (now, id, token),
                )


def test_eight_workers_claim_and_complete(
    compare: Comparison, durable_store: Store, hand: apsw.Connection, tmp_path: Path
):
    turn = threading.Lock()

    def prepare() -> None:
        for id in [new_id() for _ in range(QUEUE)]:
            durable_store.write(lambda tx, id=id: jobs.save_job(tx, CONTENT, job_id=id))
        hand.execute("BEGIN IMMEDIATE")
        for _ in range(QUEUE):
            insert_by_hand(hand, new_id())
        hand.execute("COMMIT")

    def work(number: int) -> None:
        while claimed := durable_store.write(lambda tx: jobs.claim_jobs(tx, ["build"], f"w{number}")):
            (job,) = claimed
            durable_store.write(jobs.complete_job, job.id, job.lease_token, {"files": 3})

    compare(
        f"{WORKERS} workers claim and complete {QUEUE} jobs one by one",
        ours=lambda: in_threads(work),
        limit=lambda: in_threads(lambda number: work_by_hand(tmp_path / "hand" / "synthetic.db", number, turn)),
        rounds=5,
        prepare=prepare,
        shown=at_rate(QUEUE, "jobs"),
    )
    assert durable_store.read(jobs.count_jobs) == [("build", "COMPLETED", QUEUE * 7)]

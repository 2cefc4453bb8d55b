"""Jobs that failed by the thousand are redriven at a rate, each once, and in order within their key.

The clock stands still until the test moves it, so the rate is exact, whatever
the machine does. In the middle the store is closed and opened again, as a new
process would.
"""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

import pytest

from synthetic import Snapshot, Store, Transaction
from synthetic.testing import ManualClock, open_test_store
from synthetic_dead_letters.store import Criteria
from synthetic_dead_letters.store.redrives import get_redrive, redrive_dead_letters
from synthetic_dead_letters.store.redriving import go_on_with_redrives
from synthetic_jobs import store as job_store

STEP_MS = 100
SEED_JOBS = 500


def number_of(job_id: str) -> int:
    return int(job_id.removeprefix("job-"))


def fail_jobs(tx: Transaction, numbers: range, keys: int) -> None:
    """Make jobs, and have them fail for good; one in eleven has no key."""
    for number in numbers:
        key = None if number % 11 == 0 else f"repository-{number % keys}"
        job_id = f"job-{number:05}"
        job_store.save_job(tx, {"kind": "build", "key": key, "max_attempts": 1}, job_id=job_id)
        token = job_store.claim_job(tx, job_id, "builder-1").lease_token
        job_store.fail_job(tx, job_id, token, f"Disk {number} is gone.")


def do_what_is_due(tx: Transaction) -> list[tuple[str | None, str]]:
    """Complete the jobs that can be claimed now: key and id, as they were given out."""
    jobs = job_store.claim_jobs(tx, ["build"], "builder-2", limit=1_000)
    for job in jobs:
        job_store.complete_job(tx, job.id, job.lease_token)
    return [(job.key, job.id) for job in jobs]


def count_open(snapshot: Snapshot) -> int:
    return snapshot.value("SELECT count(*) FROM dead_letters WHERE status IN ('PENDING', 'RETRYING')")


class Progress:
    """What a redrive has come to so far.

    Attributes:
        done: Ids of the jobs of each key, as they were completed.
        retried: Retries of each step.
    """

    def __init__(self) -> None:
        self.done: dict[str | None, list[str]] = defaultdict(list)
        self.retried: list[int] = []

    def go_on(self, store: Store, clock: ManualClock, until_open: int) -> None:
        """Step by step, until so few letters are open."""
        for _ in range(100_000):
            if store.read(count_open) <= until_open:
                return
            clock.advance(STEP_MS)
            self.retried.append(go_on_with_redrives(store))
            for key, job_id in store.write(do_what_is_due):
                self.done[key].append(job_id)
        raise AssertionError("the redrive does not end")


@pytest.mark.parametrize(
    ("jobs", "keys", "rate"), [(300, 30, 500.0), pytest.param(10_000, 200, 1_000.0, marks=pytest.mark.full)]
)
def test_letters_are_redriven_once_each_at_the_rate_and_in_order_within_their_key(
    data_dir: Path, jobs: int, keys: int, rate: float
):
    clock, progress = ManualClock(), Progress()
    with open_test_store(data_dir, clock=clock) as store:
        for first in range(0, jobs, SEED_JOBS):
            store.write(fail_jobs, range(first, min(jobs, first + SEED_JOBS)), keys)
        assert store.read(count_open) == jobs
        redrive = redrive_dead_letters(store, Criteria(sources=["job"]), rate_per_second=rate)
        assert redrive.matched == jobs
        progress.go_on(store, clock, until_open=jobs // 2)
    with open_test_store(data_dir, clock=clock) as store:
        progress.go_on(store, clock, until_open=0)
        go_on_with_redrives(store)
        ended = store.read(get_redrive, redrive.id)
        assert (ended.status, ended.retried, ended.failed) == ("DONE", jobs, 0)
        statuses = store.read(Snapshot.rows, "SELECT DISTINCT status, retries, redrive_id FROM dead_letters")
        assert statuses == [("RESOLVED", 1, redrive.id)]
        attempts = store.read(Snapshot.rows, "SELECT DISTINCT attempts, status FROM sync_jobs")
        assert attempts == [(2, "COMPLETED")], "each job was tried once more, and no more"
    assert sum(map(len, progress.done.values())) == jobs
    for key, done in progress.done.items():
        assert key is None or done == sorted(done, key=number_of), key
    most = int(rate * STEP_MS / 1_000)
    for width in (1, 7):
        windows = [sum(progress.retried[at : at + width]) for at in range(len(progress.retried))]
        assert max(windows) <= most * width + most, "the rate holds over every stretch of time"
    assert len(progress.retried) >= jobs / most

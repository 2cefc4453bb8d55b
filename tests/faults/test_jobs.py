"""Workers that die at random, over and over: every job ends once, none is lost, and each goes on where it stood."""

from __future__ import annotations

import contextlib
import random
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

from synthetic.testing import running_server, wait_until
from synthetic.testing_commands import ForkedProcess
from synthetic.worker import Client
from tests.kernel.worker.kit import SECONDS, Jobs, lines_of, process

from .kit import check_sound

QUICK = ("--set", "plugins.jobs.reap_every_ms=100", "--set", "plugins.jobs.retry_first_ms=10")
STEPS = 8
LEASE_MS = 1_000
FINISHED = {"COMPLETED", "FAILED"}


Process = subprocess.Popen[str] | ForkedProcess


def find_busy(jobs: Jobs, alive: list[Process]) -> list[Process]:
    """The worker processes that run a job now."""
    running = jobs.client.execute("{ jobs(filter: {statuses: [RUNNING]}, first: 500) { nodes { leaseOwner } } }")
    owners = {job["leaseOwner"] for job in running["jobs"]["nodes"]}
    return [worker for worker in alive if any(f":{worker.pid}:" in owner for owner in owners)]


def check_job(job: dict[str, Any], folder: Path) -> None:
    """That a job ended once, and that each attempt began where the one before it stood."""
    outcomes = [attempt["outcome"] for attempt in job["history"]]
    assert outcomes.count("COMPLETED") == (job["status"] == "COMPLETED"), outcomes
    assert None not in outcomes
    assert set(outcomes[:-1]) <= {"LAPSED"}, outcomes
    attempts: dict[int, list[str]] = {}
    for line in lines_of(folder / job["id"]):
        token, words = line.split(" ", 1)
        attempts.setdefault(int(token), []).append(words)
    stood = {0}
    for token in sorted(attempts):
        begin, *steps = attempts[token]
        start = int(begin.removeprefix("from "))
        assert start in stood, attempts
        assert steps == [f"step {number}" for number in range(start, start + len(steps))], attempts
        # A step is written before its checkpoint is: only the last one of an attempt may not have been saved.
        stood = {start + len(steps), start + len(steps) - 1} if steps else {start}
    if job["status"] == "COMPLETED":
        assert job["result"] == {"steps": STEPS, "attempt": job["history"][-1]["number"]}
        assert job["checkpoints"] == [{"phase": "steps", "data": {"done": STEPS}}]
        assert STEPS in stood
    else:
        # Those that had one attempt only, and lost it.
        assert (job["maxAttempts"], job["attempts"], outcomes) == (1, 1, ["LAPSED"])


def kill_at_random(data: Path, folder: Path, *, rounds: int, jobs_each: int, workers: int) -> None:
    """In each round store some jobs, kill a worker while it runs one, and start another in its place."""
    chance = random.Random(17)
    with contextlib.ExitStack() as stack:
        server = stack.enter_context(running_server(data, *QUICK))
        jobs = Jobs(stack.enter_context(Client(server.url, token=server.token)))

        def start():
            return stack.enter_context(process(server, folder, "steps", lease_ms=LEASE_MS, concurrency=6))

        alive = [start() for _ in range(workers)]
        ids: list[str] = []
        for number in range(rounds):
            for place in range(jobs_each):
                params = {"steps": STEPS, "step_seconds": 0.1}
                ids.append(jobs.save("steps", params=params, maxAttempts=1 if place == 0 else 100))
            victim = chance.choice(wait_until(lambda: find_busy(jobs, alive), f"a worker to kill in round {number}"))
            # Where in its work it is struck is left to chance.
            time.sleep(chance.uniform(0, 0.3))
            victim.kill()
            victim.wait()
            alive[alive.index(victim)] = start()
        for job_id in ids:
            wait_until(lambda job_id=job_id: jobs.get(job_id)["status"] in FINISHED, f"the end of {job_id}")
        for worker in alive:
            worker.terminate()
            assert worker.wait(SECONDS) == 0
        ended = [jobs.get(job_id) for job_id in ids]
        assert sum(job["leaseToken"] > 1 for job in ended) >= 1
        for job in ended:
            check_job(job, folder)
    check_sound(data).close()


def test_jobs_whose_workers_are_killed_end_once_and_go_on_where_they_stood(data_dir, tmp_path):
    kill_at_random(data_dir, tmp_path, rounds=5, jobs_each=6, workers=2)


@pytest.mark.full
@pytest.mark.timeout(1_800)
def test_a_thousand_jobs_survive_a_hundred_kills(data_dir, tmp_path):
    kill_at_random(data_dir, tmp_path, rounds=100, jobs_each=10, workers=4)

"""When a worker looks for jobs."""

from __future__ import annotations

import threading
import time

from synthetic.testing import copy_template, running_server
from synthetic.worker import Client, Job, Worker
from synthetic.worker.claiming import INSTANTS_MAX, Schedule

from .kit import SECONDS, Jobs, working


def made(poll_seconds: float) -> Schedule:
    """A schedule whose first look is over."""
    schedule = Schedule(poll_seconds)
    assert schedule.is_due()
    schedule.looked(may_be_more=False)
    assert not schedule.is_due()
    return schedule


def test_whatever_has_come_while_the_worker_was_full_is_one_look():
    schedule = made(60.0)
    for _ in range(5_000):
        schedule.add(time.monotonic())
        schedule.wait(for_news_only=True)
        assert not schedule._instants
    assert schedule.is_due()
    assert not schedule.is_due()


def test_instants_to_come_are_few_however_many_were_added_and_none_is_early():
    for poll_seconds in (60.0, 36_000.0):
        schedule = made(poll_seconds)
        begins = time.monotonic()
        for n in range(1, 20_001):
            schedule.add(begins + poll_seconds * n / 20_000)
        schedule.add(begins + 2 * poll_seconds)
        schedule.is_due()
        assert 0 < len(schedule._instants) <= INSTANTS_MAX + 1
        assert len(schedule._instants) == len(schedule._kept)
    instant = time.monotonic() + 0.2
    schedule = made(5.0)
    schedule.add(instant)
    while not schedule.is_due():
        schedule.wait()
    assert time.monotonic() >= instant
    assert not schedule._instants
    assert not schedule._kept


def test_a_claim_that_the_server_cut_short_is_followed_by_another(template, tmp_path):
    together = threading.Barrier(6)
    with (
        running_server(copy_template(template, tmp_path / "store"), "--set", "plugins.jobs.claim_bytes=40") as server,
        Client(server.url, token=server.token) as client,
    ):
        jobs = Jobs(client)
        ids = [jobs.save("cut", params={"text": "x" * 20}) for _ in range(6)]
        worker = Worker(server.url, token=server.token, concurrency=8, poll_ms=600_000)

        @worker.handles("cut")
        def cut(job: Job) -> None:
            together.wait(SECONDS)

        with working(worker):
            for job_id in ids:
                jobs.wait(job_id, "COMPLETED")

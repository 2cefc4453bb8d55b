"""What handlers may do, and what their ends mean for their jobs; workers in threads, on a real server."""

from __future__ import annotations

import asyncio
import math
import signal
import subprocess
import sys
import threading
import time
from datetime import UTC, datetime, timedelta

import pytest

from synthetic.testing import wait_until
from synthetic.worker import (
    AsyncJob,
    Job,
    JobCancelled,
    LeaseLost,
    PermanentFailure,
    RetryLater,
    StoreError,
    Worker,
)

from .kit import SECONDS, working

NAME = "synthetic.worker"


@pytest.fixture
def worker(server) -> Worker:
    return Worker(server.url, token=server.token, poll_ms=60_000)


def test_a_result_completes_the_job_and_what_was_said_on_the_way_is_stored(jobs, worker):
    told: dict = {}

    @worker.handles("embed")
    def embed(job: Job) -> object:
        told.update(params=job.params, metadata=job.metadata, key=job.key, attempts=job.attempts, user=job.user_id)
        told["before"] = job.load_checkpoint()
        job.progress(40, phase="parse")
        job.checkpoint("parse", {"tokens": 12})
        job.checkpoint("store", None)
        told["latest"], told["parse"] = job.load_checkpoint(), job.load_checkpoint("parse")
        job.progress(90)
        job.raise_if_cancelled()
        return {"vectors": [1.5, None]}

    job_id = jobs.save("embed", params={"n": 1}, metadata={"m": "é"}, key="k", userId="u")
    with working(worker):
        done = jobs.wait(job_id, "COMPLETED")
    assert told["before"] is None
    assert (told["latest"].phase, told["latest"].data) == ("store", None)
    assert told["parse"].data == {"tokens": 12}
    assert told["parse"].created_at.tzinfo is not None
    assert {**told, "before": 0, "latest": 0, "parse": 0} == {
        "params": {"n": 1}, "metadata": {"m": "é"}, "key": "k", "attempts": 1, "user": "u",
        "before": 0, "latest": 0, "parse": 0,
    }  # fmt: skip
    assert (done["result"], done["phase"], done["progress"]) == ({"vectors": [1.5, None]}, "parse", 100)
    assert [(row["outcome"], row["worker"]) for row in done["history"]] == [("COMPLETED", worker.name)]


def test_jobs_run_at_once_up_to_the_concurrency_and_a_new_one_starts_without_a_poll(jobs, server):
    worker = Worker(server.url, token=server.token, concurrency=3, poll_ms=60_000)
    together = threading.Barrier(3)
    running, most = set(), []

    @worker.handles("together")
    def handle(job: Job) -> None:
        running.add(job.id)
        most.append(len(running))
        together.wait(SECONDS)
        running.discard(job.id)

    with working(worker):
        for _ in range(2):
            ids = [jobs.save("together") for _ in range(3)]
            for job_id in ids:
                jobs.wait(job_id, "COMPLETED")
    assert max(most) == 3


def test_an_exception_is_tried_again_until_it_goes_well(jobs, worker):
    @worker.handles("flaky", lease_ms=5_000)
    def flaky(job: Job) -> object:
        if job.attempts < 3:
            raise ValueError(f"no {job.attempts}")
        return job.attempts

    job_id = jobs.save("flaky")
    with working(worker):
        done = jobs.wait(job_id, "COMPLETED")
    assert done["result"] == 3
    assert [row["error"] for row in done["history"]] == ["ValueError: no 1", "ValueError: no 2", None]


def test_attempts_that_are_used_up_and_permanent_failures_fail_for_good(jobs, worker):
    @worker.handles("hopeless")
    def hopeless(job: Job) -> None:
        raise KeyError(job.id)

    @worker.handles("wrong")
    def wrong(job: Job) -> None:
        raise PermanentFailure("there is no such model")

    @worker.handles("unspeakable")
    def unspeakable(job: Job) -> object:
        return math.nan

    @worker.handles("huge")
    def huge(job: Job) -> object:
        return "x" * 1_100_000

    @worker.handles("leaving")
    def leaving(job: Job) -> None:
        sys.exit(3)

    ids = {kind: jobs.save(kind, maxAttempts=2) for kind in ("hopeless", "wrong", "unspeakable", "huge", "leaving")}
    with working(worker):
        failed = {kind: jobs.wait(job_id, "FAILED") for kind, job_id in ids.items()}
    assert failed["hopeless"]["errorMessage"] == f"KeyError: '{ids['hopeless']}'"
    assert failed["wrong"]["errorMessage"] == "PermanentFailure: there is no such model"
    assert "is no JSON" in failed["unspeakable"]["errorMessage"]
    assert "result was refused: " in failed["huge"]["errorMessage"]
    assert failed["leaving"]["errorMessage"] == "SystemExit: 3"
    attempts = {kind: job["attempts"] for kind, job in failed.items()}
    assert attempts == {"hopeless": 2, "wrong": 1, "unspeakable": 1, "huge": 1, "leaving": 2}


def test_a_handler_chooses_the_pause_before_the_next_attempt(jobs, worker):
    @worker.handles("later")
    def later(job: Job) -> None:
        raise RetryLater(3_600, "the quota is used up")

    before = datetime.now(UTC)
    job_id = jobs.save("later")
    with working(worker):
        job = wait_until(lambda: (found := jobs.get(job_id))["history"] and found["status"] == "PENDING" and found)
    due = datetime.fromisoformat(job["runAfter"])
    assert before + timedelta(minutes=59) < due < before + timedelta(minutes=62)
    assert (job["errorMessage"], job["attempts"]) == ("RetryLater: the quota is used up", 1)


def test_a_job_that_waits_goes_on_with_its_checkpoint_when_that_has_come(jobs, worker):
    @worker.handles("deploy")
    def deploy(job: Job) -> object:
        if job.load_checkpoint("built") is None:
            job.checkpoint("built", {"image": 7})
            try:
                job.wait_for("approval:1", until=datetime.now(UTC) + timedelta(days=1))
            except Exception:  # noqa: BLE001 - what handlers have around their items
                pytest.fail("what lets go of a job is nothing that a handler catches by the way")
        return job.load_checkpoint("built").data

    job_id = jobs.save("deploy")
    with working(worker):
        waiting = jobs.wait(job_id, "WAITING")
        assert (waiting["waitingFor"], waiting["leaseOwner"], waiting["attempts"]) == ("approval:1", None, 0)
        assert waiting["runAfter"]
        jobs.mutate("updateJobStatus", id=job_id, status="PENDING")
        done = jobs.wait(job_id, "COMPLETED")
    assert (done["result"], done["attempts"]) == ({"image": 7}, 1)
    assert [row["outcome"] for row in done["history"]] == ["WAITING", "COMPLETED"]


def test_a_wait_for_something_that_no_store_takes_is_the_handlers_mistake(jobs, worker):
    @worker.handles("vague")
    def vague(job: Job) -> None:
        job.wait_for(job.params["what"], until=datetime(2026, 1, 1))  # noqa: DTZ001 - the mistake

    ids = [jobs.save("vague", maxAttempts=1, params={"what": what}) for what in ("", "morning")]
    with working(worker):
        failed = [jobs.wait(job_id, "FAILED")["errorMessage"] for job_id in ids]
    assert failed[0].startswith("ValueError: what the job waits for must")
    assert failed[1] == "ValueError: until needs a time zone"


def test_a_cancel_reaches_a_handler_that_asks_one_that_speaks_and_one_that_waits(jobs, worker):
    @worker.handles("asking", lease_ms=600)
    def asking(job: Job) -> None:
        while True:
            job.raise_if_cancelled()
            time.sleep(0.01)

    @worker.handles("speaking", lease_ms=60_000)
    def speaking(job: Job) -> None:
        percent = 0
        while True:
            percent = (percent + 1) % 100
            job.progress(percent)

    @worker.handles("waiting", lease_ms=600)
    def waiting(job: Job) -> None:
        assert job.cancelled.wait(SECONDS)
        assert job.is_cancelled
        raise JobCancelled

    @worker.handles("deaf", lease_ms=600)
    def deaf(job: Job) -> object:
        job.cancelled.wait(SECONDS)
        return "done all the same"

    ids = {kind: jobs.save(kind) for kind in ("asking", "speaking", "waiting", "deaf")}
    with working(worker):
        for job_id in ids.values():
            jobs.wait(job_id, "RUNNING")
            jobs.mutate("cancelJob", id=job_id)
        for kind in ("asking", "speaking", "waiting"):
            job = jobs.wait(ids[kind], "CANCELLED")
            assert [row["outcome"] for row in job["history"]] == ["CANCELLED"], kind
        assert jobs.wait(ids["deaf"], "COMPLETED")["result"] == "done all the same"


def test_a_lease_that_is_lost_ends_the_handler_and_its_result_is_thrown_away(jobs, worker):
    ended = {}

    @worker.handles("asking-lost", lease_ms=600)
    def asking(job: Job) -> None:
        try:
            while True:
                job.raise_if_cancelled()
                time.sleep(0.01)
        except LeaseLost:
            ended["asking"] = job.is_lost
            raise

    @worker.handles("speaking-lost", lease_ms=60_000)
    def speaking(job: Job) -> None:
        wait_until(lambda: jobs.get(job.id)["status"] == "CANCELLED")
        try:
            job.checkpoint("too late", {})
        finally:
            ended["speaking"] = True

    @worker.handles("deaf-lost", lease_ms=600)
    def deaf(job: Job) -> object:
        wait_until(lambda: job.is_lost)
        ended["deaf"] = True
        return "nobody wants it"

    ids = [jobs.save(kind) for kind in ("asking-lost", "speaking-lost", "deaf-lost")]
    with working(worker):
        for job_id in ids:
            jobs.wait(job_id, "RUNNING")
            jobs.mutate("cancelJob", id=job_id, force=True)
        wait_until(lambda: len(ended) == 3)
    assert ended == {"asking": True, "speaking": True, "deaf": True}
    for job_id in ids:
        job = jobs.get(job_id)
        assert (job["status"], job["result"], job["checkpoints"]) == ("CANCELLED", None, [])


def test_a_lease_that_runs_out_while_the_server_is_silent_is_lost(server, jobs, worker, caplog):
    began, first_noticed = threading.Event(), threading.Event()

    @worker.handles("unheard", lease_ms=900)
    def unheard(job: Job) -> object:
        if not began.is_set():
            began.set()
            wait_until(lambda: job.is_lost)
            first_noticed.set()
        return job.lease_token

    job_id = jobs.save("unheard")
    with working(worker):
        assert began.wait(SECONDS)
        server.process.send_signal(signal.SIGSTOP)
        try:
            assert first_noticed.wait(SECONDS)
        finally:
            server.process.send_signal(signal.SIGCONT)
        done = jobs.wait(job_id, "COMPLETED")
    assert done["history"][0]["outcome"] == "LAPSED"
    assert done["result"] == done["leaseToken"] > 1
    assert {"heartbeat failed", "lease ran out"} <= {record.event for record in caplog.records if record.name == NAME}


def test_coroutine_functions_share_an_event_loop_and_may_do_all_that_others_do(jobs, server):
    worker = Worker(server.url, token=server.token, concurrency=2, poll_ms=60_000)
    both = asyncio.Barrier(2)

    @worker.handles("meeting")
    async def meeting(job: AsyncJob) -> object:
        async with asyncio.timeout(SECONDS):
            await both.wait()
        await job.progress(50, phase="meeting")
        await job.checkpoint("met", {"with": 1})
        stored = await job.load_checkpoint("met")
        assert stored is not None
        return stored.data

    ids = [jobs.save("meeting") for _ in range(2)]
    with working(worker):
        for job_id in ids:
            assert jobs.wait(job_id, "COMPLETED")["result"] == {"with": 1}


def test_a_cancel_or_a_lost_lease_cancels_the_task_of_a_coroutine_function(jobs, server):
    worker = Worker(server.url, token=server.token, poll_ms=60_000)
    tidied: list[str] = []

    @worker.handles("sleeping", lease_ms=600)
    async def sleeping(job: AsyncJob) -> None:
        try:
            await asyncio.sleep(3600)
        finally:
            tidied.append(job.id)

    @worker.handles("group")
    async def group(job: AsyncJob) -> None:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(asyncio.sleep(3600))
            tasks.create_task(speak(job))

    async def speak(job: AsyncJob) -> None:
        job.wait_for("group")

    @worker.handles("own")
    async def own(job: AsyncJob) -> None:
        raise asyncio.CancelledError("its own affair")

    wanted, forced, in_group = jobs.save("sleeping"), jobs.save("sleeping"), jobs.save("group")
    by_itself = jobs.save("own", maxAttempts=1)
    with working(worker):
        for job_id in (wanted, forced):
            jobs.wait(job_id, "RUNNING")
        jobs.mutate("cancelJob", id=wanted)
        jobs.mutate("cancelJob", id=forced, force=True)
        assert [row["outcome"] for row in jobs.wait(wanted, "CANCELLED")["history"]] == ["CANCELLED"]
        wait_until(lambda: sorted(tidied) == sorted([wanted, forced]))
        assert jobs.wait(in_group, "WAITING")["waitingFor"] == "group"
        assert "CancelledError" in jobs.wait(by_itself, "FAILED")["errorMessage"]


def test_a_job_that_is_due_later_is_claimed_then_although_the_next_poll_is_far_off(jobs, worker):
    @worker.handles("soon")
    def soon(job: Job) -> object:
        return time.time()

    with working(worker):
        jobs.wait(jobs.save("soon"), "COMPLETED")
        due = datetime.now(UTC) + timedelta(seconds=0.5)
        job_id = jobs.save("soon", runAfter=due.isoformat())
        assert jobs.wait(job_id, "COMPLETED")["result"] >= due.timestamp()


def test_a_stop_waits_for_handlers_tells_them_and_gives_back_what_does_not_end(jobs, server):
    worker = Worker(server.url, token=server.token, stop_ms=1_000, poll_ms=60_000)
    release = threading.Event()

    @worker.handles("ending")
    def ending(job: Job) -> object:
        wait_until(lambda: job.is_stopping)
        return "ended well"

    @worker.handles("handing-over")
    def handing_over(job: Job) -> None:
        wait_until(lambda: job.is_stopping)
        job.release()

    @worker.handles("stubborn")
    def stubborn(job: Job) -> object:
        release.wait(SECONDS)
        return "too late"

    ids = [jobs.save(kind) for kind in ("ending", "handing-over", "stubborn")]
    thread = threading.Thread(target=worker.run)
    thread.start()
    for job_id in ids:
        jobs.wait(job_id, "RUNNING")
    worker.stop()
    thread.join(SECONDS)
    assert not thread.is_alive()
    release.set()
    assert jobs.get(ids[0])["result"] == "ended well"
    for job_id in ids[1:]:
        job = jobs.get(job_id)
        assert (job["status"], job["attempts"]) == ("PENDING", 0)
        assert [row["outcome"] for row in job["history"]] == ["RELEASED"]


def test_a_kind_has_one_handler_and_a_worker_at_least_one(worker):
    with pytest.raises(ValueError, match="register a handler"):
        worker.run()
    worker.handles("once")(lambda job: None)
    with pytest.raises(ValueError, match="already"):
        worker.handles("once")
    with pytest.raises(ValueError, match="positive"):
        Worker(concurrency=0)


@pytest.mark.parametrize(("given", "code"), [({"token": "x" * 30}, "UNAUTHENTICATED"), ({}, "BAD_USER_INPUT")])
def test_a_worker_that_asks_for_something_wrong_says_so_and_ends(server, given, code):
    worker = Worker(server.url, **{"token": server.token, **given})
    worker.handles("any", lease_ms=1)(lambda job: None)
    with pytest.raises(StoreError) as refused:
        worker.run()
    assert refused.value.code == code
    assert refused.value.action


def test_the_server_does_not_load_the_library_nor_its_http_client():
    names = "[name in sys.modules for name in ('synthetic.worker', 'httpx')]"
    script = f"import sys, synthetic.app, synthetic.server.serve; print({names})"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout == "[False, False]\n"

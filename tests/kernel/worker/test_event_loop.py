"""Coroutine functions share a loop and threads: what one of them does with these leaves the others alone."""

from __future__ import annotations

import asyncio
import signal
import sys
import threading

import pytest

from synthetic.testing import wait_until
from synthetic.worker import AsyncJob, Worker
from synthetic.worker.daemon_threads import DaemonThreads
from synthetic.worker.event_loop import BLOCKING_THREADS_MAX, EventLoop

from .kit import SECONDS, lines_of, process, working


@pytest.fixture
def worker(server) -> Worker:
    return Worker(server.url, token=server.token, poll_ms=60_000)


async def leave() -> None:
    sys.exit(4)


async def ends_it_now() -> None:
    sys.exit(3)


async def interrupts() -> None:
    await asyncio.sleep(0)
    raise KeyboardInterrupt


async def ends_it_in_a_task() -> None:
    await asyncio.create_task(leave())


async def ends_it_in_a_group() -> None:
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(leave())
        tasks.create_task(asyncio.sleep(3600))


async def ends_it_in_a_thread() -> None:
    await asyncio.to_thread(sys.exit, 5)


async def stops_the_loop() -> None:
    asyncio.get_running_loop().stop()
    await asyncio.sleep(0)
    raise RuntimeError("the loop goes on")


ENDS = {
    ends_it_now: "SystemExit: 3",
    interrupts: "KeyboardInterrupt",
    ends_it_in_a_task: "SystemExit: 4",
    ends_it_in_a_group: "SystemExit: 4",
    ends_it_in_a_thread: "SystemExit: 5",
    stops_the_loop: "RuntimeError: the loop goes on",
}


def test_a_handler_that_ends_the_process_or_stops_the_loop_ends_its_own_attempt_alone(jobs, worker):
    goes_on = threading.Event()
    acts = {act.__name__: act for act in ENDS}

    @worker.handles("acting")
    async def acting(job: AsyncJob) -> None:
        await acts[job.params["act"]]()

    @worker.handles("bystander")
    async def bystander(job: AsyncJob) -> object:
        await asyncio.to_thread(goes_on.wait, SECONDS)
        await job.progress(50)
        return "not disturbed"

    stays = jobs.save("bystander")
    with working(worker):
        jobs.wait(stays, "RUNNING")
        for act, words in ENDS.items():
            job_id = jobs.save("acting", params={"act": act.__name__}, maxAttempts=1)
            assert jobs.wait(job_id, "FAILED")["errorMessage"] == words
            assert jobs.outcomes(job_id) == ["FAILED"]
        goes_on.set()
        assert jobs.wait(stays, "COMPLETED")["result"] == "not disturbed"
    assert jobs.outcomes(stays) == ["COMPLETED"]


def test_whoever_waits_for_a_loop_that_broke_is_told_so():
    loop = EventLoop(1)
    is_ready = threading.Event()
    heard: list[BaseException] = []

    async def leaves_when_cancelled() -> None:
        try:
            await asyncio.sleep(3600)
        finally:
            sys.exit(6)

    async def stays() -> None:
        task = asyncio.create_task(leaves_when_cancelled())
        await asyncio.sleep(0)
        is_ready.set()
        while True:
            try:
                await task
            except asyncio.CancelledError:
                task = asyncio.create_task(asyncio.sleep(3600))

    def wait() -> None:
        try:
            loop.run(stays(), lambda interrupt: None)
        except BaseException as error:  # noqa: BLE001 - what is looked at
            heard.append(error)

    waiting = threading.Thread(target=wait)
    waiting.start()
    assert is_ready.wait(SECONDS)
    loop.close()
    waiting.join(SECONDS)
    assert [str(error) for error in heard] == ["the event loop has ended"]


def test_what_a_handler_has_to_say_does_not_wait_for_blocking_calls(jobs, server):
    worker = Worker(server.url, token=server.token, concurrency=1, poll_ms=60_000)
    gate = threading.Event()

    @worker.handles("blocking")
    async def blocking(job: AsyncJob) -> object:
        loop = asyncio.get_running_loop()
        blocked = [loop.run_in_executor(None, gate.wait, SECONDS) for _ in range(BLOCKING_THREADS_MAX + 1)]
        await job.progress(10)
        await job.checkpoint("blocked", len(blocked))
        gate.set()
        return await asyncio.gather(*blocked)

    job_id = jobs.save("blocking")
    with working(worker):
        assert set(jobs.wait(job_id, "COMPLETED")["result"]) == {True}


def test_a_worker_ends_when_it_is_told_to_although_a_handler_blocks_in_a_thread(server, jobs, tmp_path):
    with process(server, tmp_path, "blocks", stop_ms=100) as worker:
        job_id = jobs.save("blocks")
        wait_until(lambda: lines_of(tmp_path / job_id))
        worker.send_signal(signal.SIGTERM)
        assert worker.wait(SECONDS) == 0
    assert jobs.outcomes(job_id) == ["RELEASED"]


def test_daemon_threads_call_in_turn_hand_on_what_comes_of_it_and_do_not_wait_at_the_end():
    threads = DaemonThreads(2, "calls")
    together, gate, began = threading.Barrier(2), threading.Event(), threading.Semaphore(0)

    def block() -> bool:
        began.release()
        return gate.wait(SECONDS)

    meeting = [threads.submit(together.wait, SECONDS) for _ in range(2)]
    assert sorted(future.result(SECONDS) for future in meeting) == [0, 1]
    assert isinstance(threads.submit(sys.exit, 1).exception(SECONDS), SystemExit)
    blocked = [threads.submit(block) for _ in range(2)]
    for _ in blocked:
        assert began.acquire(timeout=SECONDS)
    third = threads.submit(str)
    threads.shutdown(cancel_futures=True)
    assert third.cancelled()
    with pytest.raises(RuntimeError):
        threads.submit(str)
    gate.set()
    assert [future.result(SECONDS) for future in blocked] == [True, True]

"""`Started` does what `await` does, less the waiting that is not needed."""

from __future__ import annotations

import asyncio
import gc

import anyio
import pytest

from synthetic.graphql.started import Started

pytestmark = pytest.mark.anyio


async def test_what_waits_for_nothing_is_done_at_once():
    async def work() -> str:
        return "done"

    started = Started(work())
    assert started.is_done
    assert started.result == "done"


async def test_what_waits_is_gone_on_with_by_awaiting_it():
    steps: list[str] = []

    async def work() -> str:
        steps.append("begun")
        await asyncio.sleep(0)
        steps.append("woken")
        await asyncio.sleep(0.001)
        return "done"

    started = Started(work())
    assert not started.is_done
    assert steps == ["begun"]
    assert await started == "done"
    assert started.is_done
    assert started.result == "done"


async def test_an_error_comes_from_where_it_is_raised():
    async def at_once() -> None:
        raise ValueError("at once")

    async def later() -> None:
        await asyncio.sleep(0)
        raise ValueError("later")

    with pytest.raises(ValueError, match="at once"):
        Started(at_once())
    started = Started(later())
    with pytest.raises(ValueError, match="later"):
        await started


async def test_the_work_is_told_of_a_failure_of_what_it_waits_for():
    failing: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    async def work() -> str:
        try:
            await failing
        except ValueError as error:
            return f"told of: {error}"
        return "not told"

    started = Started(work())
    failing.set_exception(ValueError("it broke"))
    assert await started == "told of: it broke"


async def test_cancellation_reaches_the_work():
    ended: list[str] = []

    async def work() -> None:
        try:
            await asyncio.sleep(3_600)
        finally:
            ended.append("cleaned up")

    async def serve() -> None:
        await Started(work())

    serving = asyncio.create_task(serve())
    await asyncio.sleep(0)
    serving.cancel()
    with anyio.fail_after(30), pytest.raises(asyncio.CancelledError):
        await serving
    assert ended == ["cleaned up"]


async def test_a_timeout_around_the_rest_ends_the_work():
    started = Started(asyncio.sleep(3_600))
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.001):
            await started


async def test_work_that_is_given_up_is_closed():
    ended: list[str] = []

    async def work() -> None:
        try:
            await asyncio.sleep(3_600)
        finally:
            ended.append("closed")

    waiting = Started(work()).__await__()
    next(waiting)
    waiting.close()
    gc.collect()
    assert ended == ["closed"]

"""Coroutines that are begun outside of a task: what waits goes on as if it had been awaited from the beginning."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from synthetic.graphql.stepping import Suspended, begin

pytestmark = [pytest.mark.anyio, pytest.mark.timeout(60)]


class Waiter:
    """A coroutine that waits for its futures, one after the other, and notes what it was given."""

    def __init__(self, count: int = 1) -> None:
        loop = asyncio.get_running_loop()
        self.futures: list[asyncio.Future[str]] = [loop.create_future() for _ in range(count)]
        self.given: list[str] = []
        self.raised: list[type[BaseException]] = []

    async def wait(self) -> None:
        for future in self.futures:
            try:
                self.given.append(await future)
            except ValueError as error:
                self.raised.append(type(error))
            except asyncio.CancelledError as error:
                self.raised.append(type(error))
                raise


def begun(waiter: Waiter) -> Suspended:
    suspended = begin(waiter.wait())
    assert suspended is not None
    return suspended


async def go_on(suspended: Suspended) -> None:
    while not suspended.is_over:
        await suspended


async def test_what_waits_for_nothing_is_over_at_once():
    waiter = Waiter(count=2)
    for future in waiter.futures:
        future.set_result("there")
    assert begin(waiter.wait()) is None
    assert waiter.given == ["there", "there"]


async def test_what_is_raised_before_it_waits_is_raised_where_it_is_begun():
    async def fail() -> None:
        raise OSError("gone")

    with pytest.raises(OSError, match="gone"):
        begin(fail())


async def test_to_await_it_waits_for_one_thing_at_a_time():
    waiter = Waiter(count=2)
    suspended = begun(waiter)
    waiter.futures[0].set_result("one")
    await suspended
    assert (waiter.given, suspended.is_over) == (["one"], False)
    waiter.futures[1].set_result("two")
    await suspended
    assert (waiter.given, suspended.is_over) == (["one", "two"], True)


async def test_a_bare_step_is_a_turn_of_the_loop():
    turns: list[str] = []

    async def step() -> None:
        for _ in range(2):
            await asyncio.sleep(0)
            turns.append("stepped")

    suspended = begin(step())
    assert suspended is not None
    asyncio.get_running_loop().call_soon(turns.append, "others")
    await go_on(suspended)
    assert turns == ["others", "stepped", "stepped"]


async def test_an_error_of_what_it_waits_for_is_raised_inside_and_may_be_dealt_with_there():
    waiter = Waiter(count=2)
    suspended = begun(waiter)
    waiter.futures[0].set_exception(ValueError("no"))
    waiter.futures[1].set_result("two")
    await go_on(suspended)
    assert (waiter.raised, waiter.given) == ([ValueError], ["two"])


async def test_what_it_raises_after_it_has_waited_is_raised_to_who_awaits_it():
    async def fail() -> None:
        await asyncio.sleep(0)
        raise OSError("gone")

    suspended = begin(fail())
    assert suspended is not None
    with pytest.raises(OSError, match="gone"):
        await suspended
    assert suspended.is_over


async def test_the_cancellation_of_who_awaits_it_reaches_what_it_waits_for_and_the_coroutine():
    waiter = Waiter()
    suspended = begun(waiter)
    task = asyncio.create_task(go_on(suspended))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert waiter.futures[0].cancelled()
    assert (waiter.raised, suspended.is_over) == ([asyncio.CancelledError], True)


@pytest.mark.parametrize(("make", "is_over"), [(asyncio.CancelledError, True), (ValueError, False)])
async def test_what_is_thrown_is_raised_where_it_waits(make: Callable[[], BaseException], is_over: bool):
    waiter = Waiter(count=2)
    suspended = begun(waiter)
    if is_over:
        with pytest.raises(asyncio.CancelledError):
            suspended.throw(make())
    else:
        suspended.throw(make())
    assert waiter.futures[0].cancelled(), "nobody waits for it any more"
    assert waiter.raised == [type(make())]
    assert suspended.is_over is is_over
    if not is_over:
        waiter.futures[1].set_result("two")
        await suspended
        assert (waiter.given, suspended.is_over) == (["two"], True)

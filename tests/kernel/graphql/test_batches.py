"""Batches of a source: what comes together, when there is no more, and how a source is ended."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from synthetic import Store, Transaction
from synthetic.graphql.batches import BATCH_MAX, Batches
from synthetic.log.event_types import EPOCH_BEGAN
from synthetic.log.hub import Hub
from synthetic.log.live import Live
from synthetic.log.positions import Position, read_position
from synthetic.metrics import Metrics

pytestmark = [pytest.mark.anyio, pytest.mark.timeout(60)]


def emit(tx: Transaction, count: int) -> None:
    for number in range(count):
        tx.emit(EPOCH_BEGAN, str(number))


@pytest.fixture
def live(store: Store) -> Live:
    start = store.read(read_position)._replace(number=0)
    return Live(store.kernel.database, Hub(store.kernel.database, Metrics()), start)


def followed(live: Live) -> AsyncIterator[int]:
    async def source() -> AsyncIterator[int]:
        async for event in live.follow(None):
            yield event.position

    return source()


async def test_what_one_commit_brought_comes_together(store: Store, live: Live):
    store.write(emit, 5)
    batches = Batches(followed(live), live, is_latest=False)
    assert await batches.next() == [1, 2, 3, 4, 5]
    next_batch = asyncio.create_task(batches.next())
    await asyncio.to_thread(store.write, emit, 2)
    assert await next_batch == [6, 7]
    await batches.close()


async def test_reads_of_the_store_do_not_divide_a_batch(store: Store, live: Live):
    async def source() -> AsyncIterator[int]:
        async for event in live.follow(None):
            await live.read(read_position)
            yield event.position

    store.write(emit, 5)
    batches = Batches(source(), live, is_latest=False)
    assert await batches.next() == [1, 2, 3, 4, 5]
    await batches.close()


async def test_what_waits_for_something_else_does_not_hold_back_what_was_yielded(live: Live):
    waits = asyncio.Event()

    async def source() -> AsyncIterator[int]:
        yield 1
        await waits.wait()
        yield 2

    batches = Batches(source(), live, is_latest=False)
    assert await batches.next() == [1]
    waits.set()
    assert [await batches.next(), await batches.next()] == [[2], []]


async def test_a_batch_is_bounded(store: Store, live: Live):
    store.write(emit, BATCH_MAX + 1)
    batches = Batches(followed(live), live, is_latest=False)
    sizes = [len(await batches.next()), len(await batches.next())]
    assert (sum(sizes), max(sizes)) == (BATCH_MAX + 1, BATCH_MAX)
    await batches.close()


@pytest.mark.parametrize("is_latest", [True, False])
async def test_nothing_is_taken_ahead_of_what_does_not_come_from_the_log_or_is_about_the_latest(
    store: Store, live: Live, is_latest: bool
):
    taken: list[int] = []

    async def source() -> AsyncIterator[int]:
        if is_latest:
            async for event in live.follow(None):
                taken.append(event.position)
                yield event.position
        for number in range(10):
            taken.append(number)
            yield number

    store.write(emit, 3)
    batches = Batches(source(), live, is_latest=is_latest)
    for count in (1, 2):
        assert len(await batches.next()) == 1
        assert len(taken) == count
    await batches.close()


@pytest.mark.parametrize("is_latest", [True, False])
async def test_a_source_that_never_waits_lets_others_run_between_two_batches(live: Live, is_latest: bool):
    turns = 0

    async def source() -> AsyncIterator[int]:
        for number in range(1_000_000):
            yield number

    async def count_turns() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    counting = asyncio.create_task(count_turns())
    batches = Batches(source(), live, is_latest=is_latest)
    for number in range(50):
        assert await batches.next() == [number]
        assert turns > number
    await batches.close()
    counting.cancel()


async def test_when_all_was_taken_it_says_up_to_where(store: Store, live: Live):
    store.write(emit, 3)
    batches = Batches(followed(live), live, is_latest=False)
    assert batches.find_end() is None
    assert await batches.next(to_end=True) == [1, 2, 3]
    assert await batches.next(to_end=True) == []
    assert batches.find_end() == store.read(read_position)
    await batches.close()


async def test_of_a_source_that_follows_twice_nobody_knows_how_far_it_has_come(store: Store, live: Live):
    async def source() -> AsyncIterator[int]:
        first, second = live.follow(None), live.follow(None)
        yield (await anext(first)).position
        yield (await anext(second)).position
        async for event in second:
            yield event.position

    store.write(emit, 1)
    batches = Batches(source(), live, is_latest=False)
    assert [await batches.next(), await batches.next()] == [[1], [1]]
    waiting = asyncio.create_task(batches.next(to_end=True))
    await asyncio.to_thread(store.write, emit, 1)
    assert await waiting == [2]
    await batches.close()


async def test_a_failure_comes_after_what_was_yielded_before_it(store: Store, live: Live):
    async def source() -> AsyncIterator[int]:
        async for event in live.follow(None):
            if event.position == 3:
                raise ValueError("planted")
            yield event.position

    store.write(emit, 3)
    batches = Batches(source(), live, is_latest=False)
    assert await batches.next() == [1, 2]
    with pytest.raises(ValueError, match="planted"):
        await batches.next()
    await batches.close()


@pytest.mark.parametrize("is_cancelled", [True, False])
async def test_a_source_that_waits_is_ended_with_all_that_it_does_at_its_end(
    store: Store, live: Live, is_cancelled: bool
):
    done: list[Position] = []

    async def source() -> AsyncIterator[int]:
        try:
            async for event in live.follow(None):
                yield event.position
        finally:
            done.append(await live.read(read_position))

    store.write(emit, 1)
    batches = Batches(source(), live, is_latest=False)
    assert await batches.next() == [1]
    if is_cancelled:
        waiting = asyncio.create_task(batches.next())
        await asyncio.sleep(0)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
    else:
        assert await batches.next(to_end=True) == []
    await batches.close()
    assert [position.number for position in done] == [1]

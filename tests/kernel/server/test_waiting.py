from __future__ import annotations

import asyncio

import pytest

from synthetic.server.waiting import OneReaderQueue, RareEvent

pytestmark = [pytest.mark.anyio, pytest.mark.timeout(60)]


async def test_messages_come_in_order_whether_they_were_waited_for_or_not():
    queue = OneReaderQueue()
    queue.put_nowait(1)
    queue.put_nowait(2)
    assert [await queue.get(), await queue.get(), queue.empty()] == [1, 2, True]
    waiting = asyncio.create_task(queue.get())
    await asyncio.sleep(0)
    queue.put_nowait(3)
    queue.put_nowait(4)
    assert (await waiting, await queue.get()) == (3, 4)


async def test_a_reader_that_was_cancelled_takes_nothing_with_it():
    queue = OneReaderQueue()
    waiting = asyncio.create_task(queue.get())
    await asyncio.sleep(0)
    queue.put_nowait(1)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert await queue.get() == 1


async def test_all_who_wait_for_an_event_go_on_and_later_ones_wait_again():
    event = RareEvent()
    waiting = [asyncio.create_task(event.wait()) for _ in range(3)]
    await asyncio.sleep(0)
    assert not any(task.done() for task in waiting)
    event.set()
    await asyncio.gather(*waiting)
    await event.wait()
    event.clear()
    later = asyncio.create_task(event.wait())
    await asyncio.sleep(0)
    assert (event.is_set(), later.done()) == (False, False)
    event.set()
    await later

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from synthetic.graphql import outbox as outbox_module
from synthetic.graphql.body import ClientGone
from synthetic.graphql.outbox import ClientTooSlow, Outbox
from synthetic.graphql.parcels import Parcel
from synthetic.log.positions import Position


class Connection:
    """The sending half of a connection, which takes messages only while it is open."""

    def __init__(self) -> None:
        self.open = asyncio.Event()
        self.sent: asyncio.Queue[str] = asyncio.Queue()
        self.failure: Exception | None = None
        self.ended: asyncio.Queue[ClientGone | ClientTooSlow] = asyncio.Queue()

    async def send(self, parcel: Parcel) -> None:
        await self.open.wait()
        if self.failure is not None:
            raise self.failure
        self.sent.put_nowait(parcel.message.decode())

    def outbox(self, *, messages_max: int = 10, stall_ms: int = 60_000, **given: Any) -> Outbox:
        return Outbox(self.send, self.ended.put_nowait, messages_max=messages_max, stall_ms=stall_ms, **given)


async def fill(outbox: Outbox, count: int, message: bytes = b"m") -> list[asyncio.Task[None]]:
    """Put messages by tasks of their own, and let them come as far as they can."""
    tasks = [asyncio.create_task(outbox.put(message)) for _ in range(count)]
    await settle()
    return tasks


def test_a_connection_that_takes_all_at_once_needs_no_task():
    async def scene() -> None:
        connection = Connection()
        connection.open.set()
        outbox = connection.outbox()
        running = asyncio.all_tasks()
        assert all(outbox.offer(str(number).encode()) for number in range(100))
        assert [connection.sent.get_nowait() for _ in range(100)] == [str(number) for number in range(100)]
        assert asyncio.all_tasks() == running

    asyncio.run(scene())


def test_a_short_way_is_taken_as_long_as_it_can_and_nothing_overtakes():
    async def scene() -> None:
        connection, short = Connection(), True

        def send_now(message: bytes) -> bool:
            if short:
                connection.sent.put_nowait(message.decode() + "!")
            return short

        outbox = connection.outbox(send_now=send_now)
        outbox.offer(b"1")
        short = False
        outbox.offer(b"2")
        short = True
        outbox.offer(b"3")
        connection.open.set()
        await outbox.emptied()
        outbox.offer(b"4")
        assert [await connection.sent.get() for _ in range(4)] == ["1!", "2", "3", "4!"]

    asyncio.run(scene())


def test_messages_wait_in_order_and_whoever_finds_no_room_waits_too():
    async def scene() -> None:
        connection = Connection()
        outbox = connection.outbox(messages_max=2)
        tasks = await fill(outbox, 6)
        # One is on its way, two wait in the outbox, three before it.
        assert sum(task.done() for task in tasks) == 3
        assert not outbox.offer(b"not now")
        connection.open.set()
        await asyncio.gather(*tasks)
        for number in range(50):
            await outbox.put(str(number).encode())
        sent = [await connection.sent.get() for _ in range(56)]
        assert sent == ["m"] * 6 + [str(number) for number in range(50)]

    asyncio.run(scene())


def test_bytes_are_bounded_as_well_and_one_large_message_still_passes(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(outbox_module, "BYTES_WAITING_MAX", 10)

    async def scene() -> None:
        connection = Connection()
        outbox = connection.outbox(messages_max=100)
        tasks = await fill(outbox, 4, b"x" * 100)
        # One is on its way, and one waits.
        assert sum(task.done() for task in tasks) == 2
        connection.open.set()
        await asyncio.gather(*tasks)

    asyncio.run(scene())


def test_what_is_left_before_there_is_a_connection_waits_for_it():
    async def scene() -> None:
        connection = Connection()
        connection.open.set()
        outbox = Outbox(connection.send, None, messages_max=2, stall_ms=60_000)
        assert outbox.offer(b"1")
        assert outbox.offer(b"2")
        assert not outbox.offer(b"3")
        outbox.fill(b":")
        outbox.fill(b":")
        assert connection.sent.empty()
        outbox.release(connection.ended.put_nowait)
        await outbox.emptied()
        outbox.offer(b"3")
        assert [connection.sent.get_nowait() for _ in range(3)] == ["1", "2", "3"]

    asyncio.run(scene())


def test_a_connection_that_takes_nothing_is_given_up():
    async def scene() -> None:
        connection = Connection()
        outbox = connection.outbox(messages_max=2, stall_ms=20)
        await outbox.put(b"m")
        error = await connection.ended.get()
        assert isinstance(error, ClientTooSlow)
        assert error.resume is None

    asyncio.run(scene())


@pytest.mark.parametrize("is_at_once", [True, False])
@pytest.mark.parametrize("failure", [ConnectionResetError(), RuntimeError("after websocket.close")])
def test_a_connection_that_has_ended_is_told_of_once_and_takes_no_more(failure: Exception, is_at_once: bool):
    async def scene() -> None:
        connection = Connection()
        connection.failure = failure
        if is_at_once:
            connection.open.set()
        outbox = connection.outbox(messages_max=1)
        for number in range(3):
            await fill(outbox, 1, str(number).encode())
        connection.open.set()
        assert isinstance(await connection.ended.get(), ClientGone)
        await outbox.put(b"dropped")
        await outbox.emptied()
        assert (connection.ended.empty(), connection.sent.empty()) == (True, True)

    asyncio.run(scene())


async def settle() -> None:
    """Let all tasks come as far as they can."""
    for _ in range(10):
        await asyncio.sleep(0)


def test_a_client_that_is_given_up_resumes_where_none_of_its_operations_has_a_gap():
    async def scene() -> None:
        connection = Connection()
        outbox = connection.outbox(messages_max=10, stall_ms=20)
        fast, slow, silent = (outbox.open_lane(id) for id in ("fast", "slow", "silent"))
        connection.open.set()
        await outbox.put(b"1", slow, Position("0123456789", 1))
        await outbox.put(b"2", fast, Position("0123456789", 2))
        await outbox.put(b"3", fast, Position("0123456789", 3))
        await settle()
        connection.open.clear()
        await outbox.put(b"4", slow, Position("0123456789", 4))
        error = await connection.ended.get()
        assert isinstance(error, ClientTooSlow)
        assert error.resume == Position("0123456789", 1), "what was not handed over was not received"
        assert silent.sent is None

    asyncio.run(scene())


@pytest.mark.parametrize("messages_max", [1, 10])
def test_no_position_is_named_while_the_first_message_of_an_operation_still_waits(messages_max: int):
    """Where that operation goes on from, only its client knows: whether it waits in the outbox or for room there."""

    async def scene() -> None:
        connection = Connection()
        outbox = connection.outbox(messages_max=messages_max, stall_ms=20)
        ahead, behind = outbox.open_lane("ahead"), outbox.open_lane("behind")
        connection.open.set()
        await outbox.put(b"100", ahead, Position("0123456789", 100))
        await settle()
        connection.open.clear()
        await outbox.put(b"101", ahead, Position("0123456789", 101))
        await settle()
        await outbox.put(b"102", ahead, Position("0123456789", 102))
        waiting = asyncio.create_task(outbox.put(b"6", behind, Position("0123456789", 6)))
        error = await connection.ended.get()
        assert isinstance(error, ClientTooSlow)
        assert error.resume is None
        waiting.cancel()

    asyncio.run(scene())


def test_an_operation_that_is_over_holds_no_position_back():
    """Its last message may still wait when it ends, and so may those before."""

    async def scene() -> None:
        connection = Connection()
        outbox = connection.outbox(messages_max=10, stall_ms=60_000)
        complete, cancelled, lasting = (outbox.open_lane(id) for id in ("complete", "cancelled", "lasting"))
        await outbox.put(b"1", complete, Position("0123456789", 1))
        await outbox.put(b"complete", complete, is_last=True)
        await outbox.put(b"on its way", cancelled, Position("0123456789", 2))
        await outbox.put(b"5", lasting, Position("0123456789", 5))
        connection.open.set()
        await settle()
        outbox.close_lane(cancelled)
        assert outbox.positions() == {"lasting": Position("0123456789", 5)}

    asyncio.run(scene())


def test_what_a_cancelled_operation_has_left_is_not_sent_and_makes_room():
    async def scene() -> None:
        connection = Connection()
        outbox = connection.outbox(messages_max=2, stall_ms=60_000)
        unwanted = outbox.open_lane("unwanted")
        await outbox.put(b"on its way", unwanted)
        await settle()
        await outbox.put(b"unwanted", unwanted)
        await outbox.put(b"wanted")
        (waiting,) = await fill(outbox, 1, b"wanted too")
        assert not waiting.done()
        outbox.close_lane(unwanted)
        await settle()
        assert waiting.done()
        connection.open.set()
        assert [await connection.sent.get() for _ in range(3)] == ["on its way", "wanted", "wanted too"]

    asyncio.run(scene())


def test_an_operation_is_told_when_its_own_messages_are_handed_over_whatever_others_leave():
    async def scene() -> None:
        connection = Connection()
        outbox = connection.outbox(messages_max=10, stall_ms=60_000)
        own, other = outbox.open_lane("own"), outbox.open_lane("other")
        await outbox.put(b"own", own)
        waiting = asyncio.create_task(outbox.handed_over(own))
        await settle()
        assert not waiting.done()
        connection.open.set()
        await settle()
        assert waiting.done()
        connection.open.clear()
        await outbox.put(b"other", other)
        await outbox.put(b"other", other)
        await outbox.handed_over(own)
        emptied = asyncio.create_task(outbox.emptied())
        await settle()
        assert not emptied.done()
        connection.open.set()
        await emptied

    asyncio.run(scene())


def test_silence_is_filled():
    async def scene() -> None:
        connection = Connection()
        connection.open.set()
        outbox = connection.outbox()
        outbox.fill(b":")
        outbox.offer(b"m")
        outbox.fill(b":")
        assert connection.sent.qsize() == 1, "something was said since the last time"
        outbox.fill(b":")
        outbox.fill(b":")
        assert [connection.sent.get_nowait() for _ in range(3)] == ["m", ":", ":"]
        connection.open.clear()
        outbox.offer(b"waits")
        outbox.fill(b":")
        outbox.fill(b":")
        connection.open.set()
        await outbox.emptied()
        assert [connection.sent.get_nowait() for _ in range(connection.sent.qsize())] == ["waits"]

    asyncio.run(scene())

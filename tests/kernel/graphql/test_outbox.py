from __future__ import annotations

import asyncio
from typing import Any

import pytest

from synthetic.graphql import outbox as outbox_module
from synthetic.graphql.outbox import Outbox
from synthetic.graphql.socket_messages import CloseCode, SocketEnd


class Connection:
    """The sending half of an ASGI socket, which takes messages only while it is open."""

    def __init__(self) -> None:
        self.open = asyncio.Event()
        self.sent: asyncio.Queue[str] = asyncio.Queue()
        self.failure: Exception | None = None

    async def send(self, message: Any) -> None:
        await self.open.wait()
        if self.failure is not None:
            raise self.failure
        self.sent.put_nowait(message["text"])


async def fill(outbox: Outbox, count: int, message: bytes = b"m") -> list[asyncio.Task[None]]:
    """Put messages by tasks of their own, and let them come as far as they can."""
    tasks = [asyncio.create_task(outbox.put(message)) for _ in range(count)]
    for _ in range(10):
        await asyncio.sleep(0)
    return tasks


def test_messages_wait_in_order_and_whoever_finds_no_room_waits_too():
    async def scene() -> None:
        connection = Connection()
        outbox = Outbox(connection.send, messages_max=2, stall_ms=60_000)
        sending = asyncio.create_task(outbox.drain())
        tasks = await fill(outbox, 6)
        # One is on its way, two wait in the outbox, three before it.
        assert sum(task.done() for task in tasks) == 3
        connection.open.set()
        await asyncio.gather(*tasks)
        for number in range(50):
            await outbox.put(str(number).encode())
        sent = [await connection.sent.get() for _ in range(56)]
        assert sent == ["m"] * 6 + [str(number) for number in range(50)]
        sending.cancel()

    asyncio.run(scene())


def test_bytes_are_bounded_as_well_and_one_large_message_still_passes(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(outbox_module, "BYTES_WAITING_MAX", 10)

    async def scene() -> None:
        connection = Connection()
        outbox = Outbox(connection.send, messages_max=100, stall_ms=60_000)
        tasks = await fill(outbox, 4, b"x" * 100)
        assert sum(task.done() for task in tasks) == 1
        connection.open.set()
        sending = asyncio.create_task(outbox.drain())
        await asyncio.gather(*tasks)
        sending.cancel()

    asyncio.run(scene())


def test_a_connection_that_takes_nothing_is_given_up():
    async def scene() -> None:
        outbox = Outbox(Connection().send, messages_max=2, stall_ms=20)
        await outbox.put(b"m")
        with pytest.raises(SocketEnd) as caught:
            await outbox.drain()
        assert caught.value.code is CloseCode.TOO_SLOW

    asyncio.run(scene())


@pytest.mark.parametrize("failure", [ConnectionResetError(), RuntimeError("after websocket.close")])
def test_a_connection_that_has_ended_is_no_failure(failure: Exception):
    async def scene() -> None:
        connection = Connection()
        connection.failure = failure
        connection.open.set()
        outbox = Outbox(connection.send, messages_max=2, stall_ms=60_000)
        await outbox.put(b"m")
        with pytest.raises(SocketEnd) as caught:
            await outbox.drain()
        assert caught.value.code is None

    asyncio.run(scene())

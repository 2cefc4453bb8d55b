"""A proxy on loopback that cuts the connections which go through it, and clients that follow the log through it."""

from __future__ import annotations

import asyncio
import contextlib
import subprocess
import threading
from collections.abc import Iterator
from typing import Self
from urllib.parse import urlsplit

from .live_server import PATIENCE_SECONDS
from .node_tools import running_script

PART_BYTES = 65_536


class Proxy:
    """Forwards connections to a server, which may change, until they are cut.

    Attributes:
        url: What clients are given in place of the server's.
        cuts: How many connections were cut so far.
    """

    def __init__(self, target: str) -> None:
        self.url = ""
        self.cuts = 0
        self._target = target
        self._loop = asyncio.new_event_loop()
        self._writers: set[asyncio.StreamWriter] = set()
        self._thread = threading.Thread(target=self._loop.run_forever)

    def aim(self, target: str) -> None:
        """Forward new connections to another URL."""
        self._target = target

    def cut(self) -> int:
        """Reset all connections, in the middle of whatever they carry; how many there were."""
        return asyncio.run_coroutine_threadsafe(self._cut(), self._loop).result(PATIENCE_SECONDS)

    def count(self) -> int:
        """How many connections go through it now; each has two ends here."""
        return len(self._writers) // 2

    async def _cut(self) -> int:
        count = self.count()
        for writer in tuple(self._writers):
            writer.transport.abort()
        self.cuts += count
        return count

    def __enter__(self) -> Self:
        self._thread.start()
        opening = asyncio.start_server(self._forward, "127.0.0.1", 0)
        self._server = asyncio.run_coroutine_threadsafe(opening, self._loop).result(PATIENCE_SECONDS)
        port = self._server.sockets[0].getsockname()[1]
        self.url = f"http://127.0.0.1:{port}{urlsplit(self._target).path}"
        return self

    def __exit__(self, *_: object) -> None:
        asyncio.run_coroutine_threadsafe(self._close(), self._loop).result(PATIENCE_SECONDS)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(PATIENCE_SECONDS)
        self._loop.close()

    async def _close(self) -> None:
        self._server.close()
        await self._cut()
        running = asyncio.all_tasks() - {asyncio.current_task()}
        if running:
            await asyncio.wait(running)

    async def _forward(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        parts = urlsplit(self._target)
        try:
            there, back = await asyncio.open_connection(parts.hostname, parts.port)
        except OSError:
            writer.transport.abort()
            return
        both = {writer, back}
        self._writers |= both
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(_copy(reader, back))
                tasks.create_task(_copy(there, writer))
        finally:
            self._writers -= both


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while part := await reader.read(PART_BYTES):
            writer.write(part)
            await writer.drain()
    writer.transport.abort()


class Follower:
    """A client in a process of its own.

    Attributes:
        transport: What it speaks.
        positions: What it has received so far, in that order.
    """

    def __init__(self, transport: str, process: subprocess.Popen[str]) -> None:
        self.transport = transport
        self.positions: list[str] = []
        self._process = process
        self._reading = threading.Thread(target=self._read)
        self._reading.start()

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self.positions.append(line.strip())

    def finish(self, seconds: float) -> int:
        """Wait until it has received the last event; how often it has connected."""
        try:
            code = self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"{self.transport} still waits after {len(self.positions)} events") from None
        self._reading.join(seconds)
        assert self._process.stderr is not None
        assert code == 0, self._process.stderr.read()
        return int(self.positions.pop())

    def join(self) -> None:
        """Wait until all that it has printed was read; it has been ended."""
        self._reading.join(PATIENCE_SECONDS)


@contextlib.contextmanager
def following(transport: str, proxy: Proxy, token: str, after: str, end: str) -> Iterator[Follower]:
    """A client of another project that follows the log until the event about the entity `end`."""
    with running_script("follow.mjs", transport, proxy.url, token, after, end) as process:
        follower = Follower(transport, process)
        try:
            yield follower
        finally:
            process.kill()
            follower.join()

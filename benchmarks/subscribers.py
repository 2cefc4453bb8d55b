"""Subscribers that cost next to nothing: raw sockets and a minimal reader of frames, in a process of their own.

`python -m benchmarks.subscribers` reads what to do from its standard input, a
line of JSON first (`Plan`), then a number of messages to wait for on each
line; and writes `ready` when all have subscribed, and for each number the
instant at which the last socket had received so many messages more.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import IO

PING = b'{"type":"ping"}'
MASK = b"\0\0\0\0"
"""Frames of clients are masked; with this mask they stay as they are."""

SHORT_MAX = 125
TWO_BYTES = 126
RECEIVE_BYTES = 65_536
AT_ONCE = 100
"""Sockets that wait for the answers to their first messages at the same time."""


@dataclass(frozen=True)
class Plan:
    """What the subscribers do.

    Attributes:
        host: Of the server.
        port: Of the server.
        count: How many sockets.
        says: Messages that each of them sends first.
        until: A socket has subscribed when it has received a message with this text; none: once it is open.
    """

    host: str
    port: int
    count: int
    says: Sequence[str] = ()
    until: str = ""


class Subscribers:
    """From the outside: the process, and what it is told and asked."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def expect(self, count: int) -> None:
        """Begin to count: so many messages to each socket."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{count}\n")
        self._process.stdin.flush()
        assert self.answer() == "counting"

    def last_at(self) -> float:
        """The instant (monotonic, seconds) at which the last socket had received what was expected."""
        return float(self.answer())

    def answer(self) -> str:
        """The next line of the process."""
        assert self._process.stdout is not None
        line = self._process.stdout.readline().strip()
        if not line:
            raise RuntimeError("the subscribers have ended")
        return line


@contextlib.contextmanager
def subscribers(plan: Plan) -> Iterator[Subscribers]:
    """Sockets that have subscribed, until the end of the `with`."""
    with subprocess.Popen(
        [sys.executable, "-m", "benchmarks.subscribers"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin is not None
        process.stdin.write(json.dumps(asdict(plan)) + "\n")
        process.stdin.flush()
        running = Subscribers(process)
        try:
            assert running.answer() == "ready"
            yield running
        finally:
            process.kill()


def frame(text: str) -> bytes:
    """A text frame as a client sends it."""
    content = text.encode()
    if len(content) <= SHORT_MAX:
        return bytes((0x81, 0x80 | len(content))) + MASK + content
    return bytes((0x81, 0x80 | TWO_BYTES)) + len(content).to_bytes(2, "big") + MASK + content


class Reader:
    """Takes the messages out of what one socket receives."""

    __slots__ = ("_rest", "socket")

    def __init__(self, connection: socket.socket) -> None:
        self.socket = connection
        self._rest = b""

    def read(self) -> list[bytes]:
        """The messages that have come."""
        data = self.socket.recv(RECEIVE_BYTES)
        if not data:
            raise RuntimeError("the server has closed a socket")
        if self._rest:
            data = self._rest + data
        found: list[bytes] = []
        begin = 0
        while len(data) - begin >= 2:
            size, body = data[begin + 1], begin + 2
            if size >= TWO_BYTES:
                wide = 2 if size == TWO_BYTES else 8
                size = int.from_bytes(data[body : body + wide], "big")
                body += wide
            if len(data) < body + size:
                break
            found.append(data[body : body + size])
            begin = body + size
        self._rest = data[begin:]
        return found


def opened(plan: Plan) -> Reader:
    """A socket after the handshake, which has sent its first messages."""
    connection = socket.create_connection((plan.host, plan.port), timeout=60)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    connection.sendall(
        b"GET /graphql HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
        b"Sec-WebSocket-Protocol: graphql-transport-ws\r\n\r\n"
    )
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        head += connection.recv(1)
    if not head.startswith(b"HTTP/1.1 101"):
        raise RuntimeError(head.decode())
    for text in plan.says:
        connection.sendall(frame(text))
    return Reader(connection)


def wait_until_subscribed(reader: Reader, plan: Plan) -> None:
    """Read until the server has answered the last of the first messages."""
    while plan.until and not any(plan.until.encode() in message for message in reader.read()):
        pass


class Crowd:
    """The sockets of one process."""

    def __init__(self) -> None:
        self._readers: dict[int, Reader] = {}
        self._polling = select.epoll()
        self._pong = frame('{"type":"pong"}')
        self._missing = 0

    def add(self, reader: Reader) -> None:
        """Take one more in, which has subscribed."""
        reader.socket.setblocking(False)  # noqa: FBT003 - the standard library's
        self._readers[reader.socket.fileno()] = reader
        self._polling.register(reader.socket, select.EPOLLIN)

    def answer_pings(self, output: IO[str]) -> None:
        """Read what has come."""
        for descriptor, _ in self._polling.poll(0):
            self._receive(self._readers[descriptor], output)

    def serve(self, output: IO[str]) -> None:
        """Receive, answer pings and count, until the standard input ends."""
        self._polling.register(sys.stdin.fileno(), select.EPOLLIN)
        while True:
            for descriptor, _ in self._polling.poll():
                if descriptor in self._readers:
                    self._receive(self._readers[descriptor], output)
                    continue
                line = os.read(descriptor, 100)
                if not line:
                    return
                self._missing += int(line) * len(self._readers)
                output.write("counting\n")
                output.flush()

    def _receive(self, reader: Reader, output: IO[str]) -> None:
        for message in reader.read():
            if message == PING:
                reader.socket.send(self._pong)
                continue
            self._missing -= 1
            if not self._missing:
                output.write(f"{time.monotonic()}\n")
                output.flush()


def main() -> None:
    """Open the sockets, then serve."""
    plan = Plan(**json.loads(sys.stdin.buffer.raw.readline()))  # pyright: ignore[reportAttributeAccessIssue]
    crowd = Crowd()
    for begun in range(0, plan.count, AT_ONCE):
        for reader in [opened(plan) for _ in range(min(AT_ONCE, plan.count - begun))]:
            wait_until_subscribed(reader, plan)
            crowd.add(reader)
        crowd.answer_pings(sys.stdout)
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    crowd.serve(sys.stdout)


if __name__ == "__main__":
    main()

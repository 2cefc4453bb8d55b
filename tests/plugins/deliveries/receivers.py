"""Receivers on loopback that do what they are told: answer, refuse, lie, break off, or say nothing."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import hmac
import json
import socket
import threading
from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

SECRET_KEY = b"k" * 32
SECRET = "whsec_" + base64.b64encode(SECRET_KEY).decode()


class Received(NamedTuple):
    """A request, as it came in."""

    line: str
    headers: dict[str, str]
    body: bytes

    @property
    def webhook_id(self) -> str:
        return self.headers["webhook-id"]

    @property
    def event(self) -> dict[str, Any]:
        return json.loads(self.body)

    def expected_signature(self) -> str:
        """What Standard Webhooks says that `webhook-signature` must be."""
        signed = b".".join([self.webhook_id.encode(), self.headers["webhook-timestamp"].encode(), self.body])
        return "v1," + base64.b64encode(hmac.new(SECRET_KEY, signed, hashlib.sha256).digest()).decode()


Behaviour = Callable[[socket.socket, Received], None]


def answering(status: int, *headers: str, body: bytes = b"") -> Behaviour:
    """Answers with a status, and keeps the connection."""
    lines = [f"HTTP/1.1 {status} Whatever", f"Content-Length: {len(body)}", *headers, "", ""]

    def behave(connection: socket.socket, _received: Received) -> None:
        connection.sendall("\r\n".join(lines).encode() + body)

    return behave


def saying(text: bytes) -> Behaviour:
    """Sends just these bytes, and closes."""

    def behave(connection: socket.socket, _received: Received) -> None:
        connection.sendall(text)
        connection.shutdown(socket.SHUT_RDWR)

    return behave


def endless(head: bytes) -> Behaviour:
    """Goes on and on with its body, until nobody listens any more."""

    def behave(connection: socket.socket, _received: Received) -> None:
        connection.sendall(head)
        with contextlib.suppress(OSError):
            while True:
                connection.sendall(b"x" * 65_536)

    return behave


@dataclass
class Receiver:
    """A server of one thread for each connection.

    Attributes:
        port: Where it listens.
        received: What came in, in order.
        behave: What it does with a request; may be changed at any time.
    """

    listener: socket.socket
    behave: Behaviour = field(default_factory=lambda: answering(204))
    received: list[Received] = field(default_factory=list)
    connections: list[socket.socket] = field(default_factory=list)
    threads: list[threading.Thread] = field(default_factory=list)

    @property
    def port(self) -> int:
        return self.listener.getsockname()[1]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hooks?of=store"

    def accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self.listener.accept()
                self.connections.append(connection)
                thread = threading.Thread(target=self._serve, args=(connection,), daemon=True)
                self.threads.append(thread)
                thread.start()

    def _serve(self, connection: socket.socket) -> None:
        with contextlib.suppress(OSError), connection, connection.makefile("rb") as stream:
            while line := stream.readline().decode():
                headers = {}
                while (header := stream.readline().decode().strip()) != "":
                    name, _, value = header.partition(":")
                    headers[name.lower()] = value.strip()
                received = Received(line.strip(), headers, stream.read(int(headers["content-length"])))
                self.received.append(received)
                self.behave(connection, received)

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        for connection in self.connections:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        for thread in self.threads:
            thread.join(10)


@contextlib.contextmanager
def receiving(behave: Behaviour | None = None) -> Generator[Receiver]:
    """A receiver, until the `with` ends."""
    receiver = Receiver(socket.create_server(("127.0.0.1", 0)))
    if behave is not None:
        receiver.behave = behave
    thread = threading.Thread(target=receiver.accept, daemon=True)
    thread.start()
    try:
        yield receiver
    finally:
        receiver.close()
        thread.join(10)

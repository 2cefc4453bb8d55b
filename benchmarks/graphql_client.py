"""A client that costs next to nothing: ready bytes, a few connections that stay open, and no library."""

from __future__ import annotations

import contextlib
import socket
from typing import Any

import orjson

CONNECTIONS = 8
"""So many requests are on their way at once: a server that is busy has its event loop turn for several of them."""

BUFFER_BYTES = 1 << 22
HEAD_END = b"\r\n\r\n"
LENGTH = b"content-length: "


class Client(contextlib.AbstractContextManager["Client"]):
    """Asks one thing of one server, again and again."""

    def __init__(self, address: tuple[str, int], path: str, body: dict[str, Any], token: str = "") -> None:
        content = orjson.dumps(body)
        head = [
            f"POST {path} HTTP/1.1",
            f"Host: {address[0]}:{address[1]}",
            "Accept: application/json",
            "Content-Type: application/json",
            f"Content-Length: {len(content)}",
        ]
        if token:
            head.append(f"Authorization: Bearer {token}")
        self._request = "\r\n".join(head).encode() + HEAD_END + content
        self._buffer = memoryview(bytearray(BUFFER_BYTES))
        self._sockets = [socket.create_connection(address) for _ in range(CONNECTIONS)]
        for each in self._sockets:
            each.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def __exit__(self, *_: object) -> None:
        for each in self._sockets:
            each.close()

    def ask(self) -> Any:
        """The answer to one request, as JSON."""
        self._sockets[0].sendall(self._request)
        return orjson.loads(self._answer(self._sockets[0]))

    def repeat(self, requests: int) -> None:
        """Ask so many times, a request on each connection at once."""
        for _ in range(-(-requests // CONNECTIONS)):
            for each in self._sockets:
                each.sendall(self._request)
            for each in self._sockets:
                self._answer(each)

    def _answer(self, connection: socket.socket) -> bytes | memoryview:
        """The body of an answer; only its first piece is kept where it is larger than the buffer."""
        size = connection.recv_into(self._buffer)
        end = -1
        while end < 0:
            end = bytes(self._buffer[:size]).find(HEAD_END)
            if end < 0:
                size += self._receive(connection, size)
        head = bytes(self._buffer[:end])
        if not head.startswith(b"HTTP/1.1 200 "):
            raise RuntimeError(bytes(self._buffer[:size]).decode())
        at = head.index(LENGTH) + len(LENGTH)
        whole = end + len(HEAD_END) + int(head[at:].split(b"\r\n", 1)[0])
        while size < whole:
            size += self._receive(connection, size)
        return self._buffer[end + len(HEAD_END) : whole]

    def _receive(self, connection: socket.socket, size: int) -> int:
        received = connection.recv_into(self._buffer[size:])
        if not received:
            raise RuntimeError("the server closed the connection")
        return received

"""Posting to an endpoint, each request bounded in time and size as a whole.

A client's time-outs are for one read, so an endpoint that sends a byte now and
then holds a request for ever. Here what is left of the request's time bounds
each step: connecting, TLS, what is sent, headers and body.
"""

from __future__ import annotations

import ssl
import threading
import time
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple, cast

import httpcore
import httpx

CONNECTIONS = 8
WRITTEN_AT_ONCE = 65_536


class Answer(NamedTuple):
    """What an endpoint has answered.

    Attributes:
        status: Of HTTP.
        content: The body.
    """

    status: int
    content: bytes


class TooLargeError(Exception):
    """The body of an answer is larger than was asked for."""


class Poster:
    """Keeps connections, and posts over them; several threads may do so at once."""

    def __init__(self) -> None:
        """Make it; it connects with the first request."""
        self._clock = _Clock()
        context: ssl.SSLContext = httpx.create_ssl_context()
        self._pool = httpcore.ConnectionPool(
            context, max_connections=CONNECTIONS, retries=1, network_backend=_TimedBackend(self._clock)
        )

    def post(
        self, url: httpx.URL, headers: Mapping[str, str], body: bytes, *, timeout_ms: int, bytes_max: int
    ) -> Answer:
        """Post, and read all of the answer.

        Args:
            url: Where to.
            headers: Beside `Host` and `Content-Length`.
            body: What is posted.
            timeout_ms: For all of it.
            bytes_max: Of the answer's body.

        Raises:
            TooLargeError: The answer is larger.
            httpcore.TimeoutException: It took longer.
            httpcore.NetworkError: There is no connection, or it has ended.
            httpcore.ProtocolError: The answer is no HTTP.
        """
        seconds = timeout_ms / 1_000
        self._clock.begin(seconds)
        sent = [(b"Host", url.netloc), *((name.encode(), value.encode()) for name, value in headers.items())]
        target = httpcore.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path)
        waiting = {"connect": seconds, "read": seconds, "write": seconds, "pool": seconds}
        with self._pool.stream(
            "POST",
            target,
            headers=[*sent, (b"Content-Length", str(len(body)).encode())],
            content=body,
            extensions={"timeout": waiting},
        ) as response:
            content = bytearray()
            for chunk in response.iter_stream():
                content += chunk
                if len(content) > bytes_max:
                    raise TooLargeError
            return Answer(response.status, bytes(content))

    def close(self) -> None:
        """Close the connections."""
        self._pool.close()


class _Clock(threading.local):
    """When the request of a thread is to have ended; a request is made in the thread that asks for it."""

    ends_at = 0.0

    def begin(self, seconds: float) -> None:
        self.ends_at = time.monotonic() + seconds

    def left(self, failure: type[httpcore.TimeoutException]) -> float:
        """The seconds that are left.

        Raises:
            httpcore.TimeoutException: None are; of the class `failure`.
        """
        seconds = self.ends_at - time.monotonic()
        if seconds <= 0:
            raise failure("The request has taken too long.")
        return seconds


class _TimedBackend(httpcore.NetworkBackend):
    """Makes connections whose every step is bounded by what is left of the request's time."""

    def __init__(self, clock: _Clock) -> None:
        self._clock = clock
        self._network = cast("httpcore.NetworkBackend", httpcore.SyncBackend())

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ARG002 - the deadline bounds it
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        """A connection to a host."""
        left = self._clock.left(httpcore.ConnectTimeout)
        return _TimedStream(self._clock, self._network.connect_tcp(host, port, left, local_address, socket_options))

    def sleep(self, seconds: float) -> None:
        """Pause before another attempt to connect."""
        time.sleep(min(seconds, self._clock.left(httpcore.ConnectTimeout)))


class _TimedStream(httpcore.NetworkStream):
    """A connection whose every step is bounded by what is left of the request's time."""

    def __init__(self, clock: _Clock, stream: httpcore.NetworkStream) -> None:
        self._clock = clock
        self._stream = stream

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ARG002 - as above
        """Some bytes, as soon as there are any."""
        return self._stream.read(max_bytes, self._clock.left(httpcore.ReadTimeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ARG002 - as above
        """Send all."""
        for begin in range(0, len(buffer), WRITTEN_AT_ONCE):
            self._stream.write(buffer[begin : begin + WRITTEN_AT_ONCE], self._clock.left(httpcore.WriteTimeout))

    def close(self) -> None:
        """Close it."""
        self._stream.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,  # noqa: ARG002 - as above
    ) -> httpcore.NetworkStream:
        """The same connection, encrypted."""
        left = self._clock.left(httpcore.ConnectTimeout)
        return _TimedStream(self._clock, self._stream.start_tls(ssl_context, server_hostname, left))

    def get_extra_info(self, info: str) -> Any:
        """What is known of the connection."""
        return self._stream.get_extra_info(info)

"""Posting over the network: one request an attempt, bounded in time and size, and to a judged address alone.

The requests run on an event loop in a thread of its own, which knows nothing of
the store. `httpcore` makes them rather than a client that follows redirects,
reads proxies from the environment or unpacks bodies: it does none of that, and
lets the connection be made by us, while the name stays in `Host`, in TLS's SNI
and in what the certificate is checked against.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
import threading
from collections.abc import AsyncIterable, Iterable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from email.utils import parsedate_to_datetime
from typing import Any, NamedTuple, Self, cast

import anyio
import httpcore

from synthetic import SyntheticError, logger_for
from synthetic_deliveries.addresses import choose_addresses
from synthetic_deliveries.errors import (
    AddressRefusedError,
    AnswerBrokenError,
    DeliveryError,
    NotAcceptedError,
    TimedOutError,
    UnreachableError,
)
from synthetic_deliveries.model import Outcome
from synthetic_deliveries.settings import DeliverySettings

EXCERPT_CHARACTERS = 300
"""So much of the body of an answer that refuses is kept: usually it says why."""

KEPT_CONNECTION_SECONDS = 30.0
NO_CONTENT = 204
FINISH_SECONDS = 1.0
"""So long is waited for the rest of an answer that has accepted; the connection is closed then."""

log = logger_for(__name__)


class Posting(NamedTuple):
    """A request to be made.

    Attributes:
        delivery_id: What it is an attempt of.
        url: Where to.
        allow_private: Whether private and loopback addresses may be connected to.
        headers: Beside `Host` and `Content-Length`.
        body: What is posted.
        now: Unix milliseconds UTC, to understand a `Retry-After` that names an instant.
    """

    delivery_id: str
    url: str
    allow_private: bool
    headers: Mapping[str, str]
    body: bytes
    now: int


class JudgedBackend(httpcore.AsyncNetworkBackend):
    """Makes connections to judged addresses alone, tried one after the other."""

    def __init__(self, *, allow_private: bool) -> None:
        self._network = cast("httpcore.AsyncNetworkBackend", httpcore.AnyIOBackend())
        self._allow_private = allow_private

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - as httpcore calls it
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """A connection to one of the addresses that a host has now.

        Raises:
            AddressRefusedError: It has none that may be posted to.
            httpcore.ConnectError: It has none at all, or none answers.
            httpcore.ConnectTimeout: All that took longer than `timeout` seconds.
        """
        try:
            async with asyncio.timeout(timeout):
                return await self._connect(host, port, local_address, socket_options)
        except TimeoutError as error:
            raise httpcore.ConnectTimeout("No address has answered in time.") from error

    async def _connect(
        self, host: str, port: int, local_address: str | None, socket_options: Iterable[Any] | None
    ) -> httpcore.AsyncNetworkStream:
        try:
            found = await anyio.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as error:
            raise httpcore.ConnectError("The name cannot be resolved.") from error
        addresses = choose_addresses((str(each[4][0]) for each in found), allow_private=self._allow_private)
        if not addresses:
            raise AddressRefusedError(details={"host": host})
        failure: Exception | None = None
        for address in addresses:
            try:
                return await self._network.connect_tcp(address, port, None, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = error
        raise failure or httpcore.ConnectError("No address answers.")

    async def sleep(self, seconds: float) -> None:
        """Pause; the pool asks for it where it repeats something."""
        await anyio.sleep(seconds)


class Sender:
    """Makes requests, many at once, from `__enter__` to `__exit__`, which ends those that still run."""

    def __init__(self, settings: DeliverySettings) -> None:
        """Make it.

        Args:
            settings: Of the plugin.
        """
        self._settings = settings
        self._loop = asyncio.new_event_loop()
        # Names are looked up in these: one that takes its time may need two attempts' worth of them.
        self._loop.set_default_executor(ThreadPoolExecutor(2 * settings.concurrency, "synthetic-deliveries-names"))
        self._thread = threading.Thread(target=self._run, name="synthetic-deliveries", daemon=True)
        self._pools: dict[bool, httpcore.AsyncConnectionPool] = {}

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        asyncio.run_coroutine_threadsafe(self._end(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def drop(self) -> None:
        """End the requests that run, and wait until they have ended; connections are kept."""
        asyncio.run_coroutine_threadsafe(self._drop(), self._loop).result()

    def post(self, posting: Posting) -> Future[Outcome]:
        """Begin a request; the future never raises but when it is cancelled."""
        return asyncio.run_coroutine_threadsafe(self._attempt(posting), self._loop)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_forever()

    async def _drop(self) -> None:
        tasks = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _end(self) -> None:
        await self._drop()
        for pool in self._pools.values():
            await pool.aclose()

    async def _attempt(self, posting: Posting) -> Outcome:
        """One attempt, whatever happens, as its outcome."""
        seconds = self._settings.timeout_ms / 1000
        try:
            async with asyncio.timeout(seconds) as limit:
                return await self._request(posting, limit)
        except (TimeoutError, httpcore.TimeoutException):
            error: DeliveryError = TimedOutError(details={"timeoutMs": self._settings.timeout_ms})
        except DeliveryError as refusal:
            error = refusal
        except (httpcore.ProtocolError, ValueError) as problem:
            error = AnswerBrokenError(details={"reason": str(problem)})
        except (httpcore.NetworkError, OSError) as problem:
            error = UnreachableError(details={"reason": _reason(problem)})
        except Exception as problem:
            # Whatever it is, it ends one attempt and no more.
            log.exception("attempt failed unexpectedly", delivery_id=posting.delivery_id)
            error = UnreachableError(details={"reason": type(problem).__name__})
        return Outcome(posting.delivery_id, None, told(error))

    async def _request(self, posting: Posting, limit: asyncio.Timeout) -> Outcome:
        pool = self._pool(allow_private=posting.allow_private)
        seconds = self._settings.connect_ms / 1000
        # A pause within the answer is bounded by the time for all of it.
        extensions = {"timeout": {"connect": seconds, "pool": None, "read": None, "write": None}}
        async with pool.stream(
            "POST", posting.url, headers=list(posting.headers.items()), content=posting.body, extensions=extensions
        ) as answer:
            status = answer.status
            if 200 <= status < 300:
                # The receiver has spoken: what it does with the rest of its answer makes no failure of it.
                limit.reschedule(None)
                await self._finish(answer)
                return Outcome(posting.delivery_id, status)
            excerpt = await _read_some(answer.aiter_stream(), self._settings.response_bytes)
            headers = {name.lower(): value for name, value in answer.headers}
        details: dict[str, Any] = {"statusCode": status}
        if excerpt:
            details["answer"] = excerpt.decode("utf-8", "replace").replace("\0", "")[:EXCERPT_CHARACTERS]
        error = NotAcceptedError(f"The receiver answered with the status {status}.", details=details)
        return Outcome(posting.delivery_id, status, told(error), _retry_after_ms(headers, posting.now))

    async def _finish(self, answer: httpcore.Response) -> None:
        """Read the rest of an answer that says how short it is, so that the connection can be used again."""
        lengths = [value for name, value in answer.headers if name.lower() == b"content-length"]
        is_short = answer.status == NO_CONTENT or (
            len(lengths) == 1 and lengths[0].isdigit() and int(lengths[0][:9]) <= self._settings.response_bytes
        )
        if is_short:
            with contextlib.suppress(TimeoutError, httpcore.NetworkError, httpcore.ProtocolError):
                async with asyncio.timeout(FINISH_SECONDS):
                    async for _ in answer.aiter_stream():
                        pass

    def _pool(self, *, allow_private: bool) -> httpcore.AsyncConnectionPool:
        """The connections that may, or may not, lead to private addresses; they are never shared."""
        pool = self._pools.get(allow_private)
        if pool is None:
            pool = self._pools[allow_private] = httpcore.AsyncConnectionPool(
                ssl_context=_tls(self._settings.ca_file),
                max_connections=self._settings.concurrency,
                max_keepalive_connections=self._settings.concurrency,
                keepalive_expiry=KEPT_CONNECTION_SECONDS,
                network_backend=JudgedBackend(allow_private=allow_private),
            )
        return pool


def told(error: SyntheticError) -> dict[str, Any]:
    """What is kept of why an attempt failed; who and when are added where it is written down."""
    return {
        "code": error.code,
        "message": error.message,
        "recoverable": error.recoverable,
        "retryAfterMs": error.retry_after_ms,
        "action": error.suggested_action,
        "details": error.details,
    }


def _tls(ca_file: str) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=ca_file) if ca_file else httpcore.default_ssl_context()


async def _read_some(stream: AsyncIterable[bytes], most: int) -> bytes:
    """The beginning of a body, also of one that breaks off."""
    read = bytearray()
    try:
        async for chunk in stream:
            read += chunk[: most - len(read)]
            if len(read) >= most:
                break
    except (httpcore.NetworkError, httpcore.ProtocolError):
        return bytes(read)
    return bytes(read)


def _retry_after_ms(headers: Mapping[bytes, bytes], now: int) -> int | None:
    """How long a receiver asks to be left alone: seconds, or an instant."""
    value = headers.get(b"retry-after", b"").decode("latin-1").strip()
    if value.isascii() and value.isdigit():
        return int(value[:9]) * 1000
    try:
        return max(0, round(parsedate_to_datetime(value).timestamp() * 1000) - now) if value else None
    except (ValueError, OverflowError):
        return None


def _reason(problem: BaseException) -> str:
    """What the network said, without what Python makes of it."""
    return str(problem) or type(problem).__name__

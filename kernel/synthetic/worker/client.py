"""GraphQL over HTTP, and over server-sent events for subscriptions.

One client serves all threads of a worker; connections are kept and shared.
What went wrong is either a `StoreError` (the store has answered) or an
`UnreachableError` (it has not); nothing is repeated here.
"""

from __future__ import annotations

import contextlib
import ipaddress
import json
import os
import socket
from collections.abc import Generator, Iterator, Mapping
from typing import Any, Self, cast

import httpx

from synthetic.worker.errors import StoreError, UnreachableError

DEFAULT_URL = "http://127.0.0.1:8787/graphql"
URL_VARIABLE = "SYNTHETIC_URL"
TOKEN_VARIABLE = "SYNTHETIC_TOKEN"  # noqa: S105 - the name of a variable
ACCEPT = "application/graphql-response+json, application/json;q=0.9"
CONNECT_SECONDS = 5.0
SILENCE_SECONDS = 45.0
"""The server says something on a stream every 15 seconds; three of them missing mean that it is gone."""

BUSY_STATUSES = frozenset({408, 425, 429, 500, 502, 503, 504})
"""Answered without a contract, by what stands between client and server."""


class Client:
    """Sends GraphQL operations to a server, from any thread.

    Attributes:
        url: Of the endpoint.
    """

    def __init__(
        self, url: str | None = None, *, token: str | None = None, timeout_seconds: float = 30.0, connections: int = 10
    ) -> None:
        """Make it; the first request connects.

        Args:
            url: Of `/graphql`; None: SYNTHETIC_URL, else the port of this machine that `synthetic serve` takes.
            token: None: SYNTHETIC_TOKEN, else none at all.
            timeout_seconds: How long an answer may take, where the call does not say.
            connections: How many are kept open when nothing is sent.

        Raises:
            ValueError: The URL is none of HTTP.
        """
        self.url = url or os.environ.get(URL_VARIABLE) or DEFAULT_URL
        if not self.url.startswith(("http://", "https://")):
            raise ValueError(f"{self.url!r} must begin with http:// or https://")
        given = os.environ.get(TOKEN_VARIABLE) if token is None else token
        self._http = httpx.Client(
            headers={"authorization": f"Bearer {given}"} if given else {},
            timeout=timeout_seconds,
            limits=httpx.Limits(max_connections=None, max_keepalive_connections=connections),
            # A proxy that the environment names is not for this machine itself.
            trust_env=not _is_loopback(self.url),
        )
        self._timeout_seconds = timeout_seconds

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    def close(self) -> None:
        """Close all connections; what is under way fails."""
        self._http.close()

    def execute(
        self, document: str, variables: Mapping[str, Any] | None = None, *, timeout_seconds: float | None = None
    ) -> dict[str, Any]:
        """Run a query or a mutation.

        Args:
            document: One operation.
            variables: Its variables, as JSON has them.
            timeout_seconds: How long the answer may take; None: as the client was made.

        Returns:
            `data` of the answer.

        Raises:
            StoreError: The store has refused it, wholly or in part.
            UnreachableError: No answer of the store came.
            TypeError, ValueError: The variables are nothing that JSON has.
        """
        content = as_json({"query": document, "variables": variables or {}})
        seconds = self._timeout_seconds if timeout_seconds is None else timeout_seconds
        try:
            answer = self._http.post(
                self.url,
                content=content,
                headers={"content-type": "application/json", "accept": ACCEPT},
                timeout=httpx.Timeout(seconds, connect=min(seconds, CONNECT_SECONDS)),
            )
        except (httpx.TransportError, RuntimeError) as error:
            # httpx says RuntimeError when another thread has closed the client.
            raise UnreachableError(_words(error)) from error
        return _data_of(answer.status_code, answer.content)

    @contextlib.contextmanager
    def subscribe(self, document: str, variables: Mapping[str, Any]) -> Generator[Subscription]:
        """Open a subscription for the length of a `with`.

        Yields:
            Its answers, to iterate over.

        Raises:
            StoreError: The store has refused it.
            UnreachableError: No answer of the store came, or the stream was interrupted.
        """
        headers = {"content-type": "application/json", "accept": "text/event-stream"}
        timeout = httpx.Timeout(SILENCE_SECONDS, connect=CONNECT_SECONDS)
        content = as_json({"query": document, "variables": variables})
        with contextlib.ExitStack() as stack:
            try:
                sent = self._http.stream("POST", self.url, content=content, headers=headers, timeout=timeout)
                answer = stack.enter_context(sent)
                if not answer.headers.get("content-type", "").startswith("text/event-stream"):
                    _data_of(answer.status_code, answer.read())
                    raise UnreachableError("the server did not answer with a stream")
            except (httpx.TransportError, RuntimeError) as error:
                raise UnreachableError(_words(error)) from error
            yield Subscription(answer)


class Subscription:
    """An open stream; iterating ends when the server completes it."""

    def __init__(self, answer: httpx.Response) -> None:
        """Take an answer whose body is still to come."""
        self._answer = answer

    def __iter__(self) -> Iterator[dict[str, Any]]:
        """`data` of each answer.

        Raises:
            StoreError: An answer has errors.
            UnreachableError: The stream ended without being complete.
        """
        try:
            for event, data in _events(_lines(self._answer.iter_bytes())):
                if event == "complete":
                    return
                yield _data_of(self._answer.status_code, data)
        except (httpx.TransportError, httpx.StreamError) as error:
            raise UnreachableError(_words(error)) from error
        raise UnreachableError("the stream was interrupted")

    def cut(self) -> None:
        """End it from another thread: whoever iterates gets an error at once."""
        stream = self._answer.extensions.get("network_stream")
        connection = stream.get_extra_info("socket") if stream is not None else None
        if isinstance(connection, socket.socket):
            # It may have ended by itself in the meantime.
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)


def as_json(value: Any) -> bytes:
    """JSON text of a value; `NaN` and its like, which JSON has not, are refused.

    Raises:
        TypeError, ValueError: JSON has no such value.
    """
    return json.dumps(value, allow_nan=False, separators=(",", ":")).encode()


def _data_of(status: int, content: bytes) -> dict[str, Any]:
    """The data of an answer without errors."""
    try:
        body: object = json.loads(content)
    except ValueError:
        body = None
    if not isinstance(body, dict):
        if status in BUSY_STATUSES:
            raise UnreachableError(f"HTTP status {status}")
        raise StoreError({"code": f"HTTP_{status}", "message": "The answer is not the one of a store."})
    answer = cast("dict[str, Any]", body)
    errors: Any = answer.get("errors")
    if errors:
        first = errors[0]
        raise StoreError(first.get("extensions") or {}, str(first.get("message") or ""))
    data: Any = answer.get("data")
    if isinstance(data, dict):
        return cast("dict[str, Any]", data)
    # Paths beside /graphql answer with the contract itself.
    raise StoreError({"code": f"HTTP_{status}", "message": "The answer has no data.", **answer})


def _lines(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """Lines of a body, at line feeds alone: JSON may hold other characters that some take for line ends."""
    rest = b""
    for chunk in chunks:
        *lines, rest = (rest + chunk).split(b"\n")
        yield from (line.removesuffix(b"\r") for line in lines)


def _events(lines: Iterator[bytes]) -> Iterator[tuple[str, bytes]]:
    """Name and data of each event."""
    name, data = "", list[bytes]()
    for line in lines:
        if line:
            field, _, value = line.partition(b":")
            value = value.removeprefix(b" ")
            if field == b"event":
                name = value.decode()
            elif field == b"data":
                data.append(value)
        elif name:
            yield name, b"\n".join(data)
            name, data = "", []


def _is_loopback(url: str) -> bool:
    host = httpx.URL(url).host
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _words(error: Exception) -> str:
    """What a failure of the transport was; some say nothing themselves."""
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__

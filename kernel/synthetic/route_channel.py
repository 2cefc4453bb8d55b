"""`RouteChannel`: what passes between a client and the route of a plugin."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Protocol

from starlette.types import Message, Receive, Send

from synthetic.graphql.http_exchange import RequestHeaders

DOCUMENT_TYPE = "text/html"
"""A page gets headers of its own, so it is sent in messages."""

_OF_THE_MESSAGE = frozenset({b"content-length", b"transfer-encoding", b"connection"})
"""What the server says itself in the head of a whole answer."""

_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_NO_VALUE = re.compile(r"[^\t\x20-\x7e\x80-\xff]")


class WholeAnswers(Protocol):
    """What sends a whole answer in one piece, beside ASGI, which has messages for head and body."""

    def answer(self, headers: bytes, body: bytes, given: frozenset[bytes]) -> bool:
        """Send it, with the status 200; see `synthetic.graphql.http_exchange.Direct`.

        Args:
            headers: Lines of the head.
            body: The body.
            given: The names in `headers`: what every answer has, it then has as they say.
        """
        ...


class RouteChannel:
    """What comes from and goes to a client, with a look at how far both are.

    Attributes:
        headers: Of the request.
        is_begun: Whether an answer has begun.
        is_taken: Whether a part of the body was taken, or all of it.
        refusal_headers: What the answer says in its head if it is an error of the contract, by lower-case names.
    """

    __slots__ = ("_is_read", "_receive", "_send", "_whole", "headers", "is_begun", "is_taken", "refusal_headers")

    def __init__(
        self, headers: RequestHeaders, receive: Receive, send: Send, whole: WholeAnswers | None = None
    ) -> None:
        """Stand between an application and the server, whose channels these are; `whole` where it offers more."""
        self._receive = receive
        self._send = send
        self._whole = whole
        self._is_read = False
        self.headers = headers
        self.is_begun = False
        self.is_taken = False
        self.refusal_headers: dict[str, str] = {}

    @property
    def has_unread_body(self) -> bool:
        """Whether the client may still be sending."""
        if self._is_read:
            return False
        return "transfer-encoding" in self.headers or self.headers.get("content-length") not in (None, "0")

    async def receive(self) -> Message:
        """See ASGI."""
        message = await self._receive()
        self.is_taken = True
        self._is_read = self._is_read or not message.get("more_body", False)
        return message

    async def send(self, message: Message) -> None:
        """See ASGI."""
        self.is_begun = True
        await self._send(message)

    def answer(self, headers: Mapping[str, str], body: bytes) -> bool:
        """Send a whole answer with the status 200 at once.

        Args:
            headers: By lower-case names, in Latin-1, without the length.
            body: The bytes.

        Returns:
            False where it has to be sent in messages.

        Raises:
            ValueError: A header cannot be sent.
        """
        if self._whole is None or self.is_begun or headers.get("content-type", "").startswith(DOCUMENT_TYPE):
            return False
        lines, names = _head_of(tuple(headers.items()))
        if not names.isdisjoint(_OF_THE_MESSAGE) or not self._whole.answer(lines, body, names):
            return False
        self.is_begun = True
        return True


@lru_cache(maxsize=1_024)
def _head_of(headers: tuple[tuple[str, str], ...]) -> tuple[bytes, frozenset[bytes]]:
    """Lines of the head of an answer, and the names in them.

    Raises:
        ValueError: A name or a value would not be one line, or cannot be encoded.
    """
    for name, value in headers:
        if not _NAME.fullmatch(name) or _NO_VALUE.search(value):
            raise ValueError(f"the header {name!r} cannot be sent")
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers)
    return lines.encode("latin-1"), frozenset(name.lower().encode("latin-1") for name, _ in headers)

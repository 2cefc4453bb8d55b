"""Bytes from a client: read with limits as they stream, and turned into JSON without surprises.

A body is counted while it arrives, so that no more of it is held than a
request may have, and its parts must keep coming. JSON is measured before it is
parsed, so that nesting cannot exhaust a stack, and parsed by orjson, which
refuses what JSON does not have: NaN, lone surrogates, byte order marks, bytes
that are not UTF-8, and numbers that no double can hold.
"""

from __future__ import annotations

import asyncio
import json
import re
from itertools import accumulate
from typing import Any

import orjson
from starlette.types import Message, Receive

from synthetic.errors import BadRequestError, PayloadTooLargeError, RequestTimeoutError
from synthetic.graphql.started import Started

SLOWEST_BYTES_PER_S = 4_096
"""A body that arrives more slowly in all than this, beside one time-out, is given up."""

DISCARDED_BYTES_MAX = 64 * 1024 * 1024
"""How much of a refused body is read on, so that a client that sends before it reads sees the answer."""

DISCARD_MS = 1_000
"""How long a refused body is read on."""

NOT_STRUCTURE = bytes(set(range(256)) - set(b'"[]{}'))
STEPS = bytes.maketrans(b"[{]}", b"\x01\x01\xff\xff")
"""From a bracket to the step that it makes in depth, as a signed byte."""

CONTAINERS_MAX = 500_000
"""Arrays and objects in one JSON text. Empty ones take three bytes to send, and sixty to hold."""

STEPS_AT_ONCE = 65_536
"""A text that is too deep is given up at the next of these."""
LONG_NUMBER_DIGITS = 20
LONG_NUMBER = re.compile(rb"[0-9]{20}")
"""What may be an integer beyond 64 bits."""

NO_DIGITS = bytes(set(range(256)) - set(b"0123456789"))


class ClientGone(Exception):  # noqa: N818 - no error: nobody is left to tell
    """The client closed the connection before its request was answered."""


async def read_body(receive: Receive, *, limit_bytes: int, timeout_ms: int, announced: str | None = None) -> bytes:
    """Read the body of a request.

    Args:
        receive: The ASGI channel, of which nothing was read yet.
        limit_bytes: More than this is refused, as soon as it is seen.
        timeout_ms: How long each part may take. All parts together have as
            long, and a second more for each `SLOWEST_BYTES_PER_S`.
        announced: The `Content-Length` header; too large a one is refused at once.

    Raises:
        PayloadTooLargeError: The body is larger than the limit.
        RequestTimeoutError: A part did not come in time.
        ClientGone: The client left.
    """
    if announced is not None and announced.isdecimal() and (len(announced) > 18 or int(announced) > limit_bytes):
        raise _too_large(limit_bytes)
    loop = asyncio.get_running_loop()
    started = loop.time()
    parts: list[bytes] = []
    size = 0
    while True:
        coming = Started(_next_message(receive))
        if coming.is_done:
            message = coming.result
        else:
            latest = started + timeout_ms / 1000 + size / SLOWEST_BYTES_PER_S
            try:
                async with asyncio.timeout_at(min(loop.time() + timeout_ms / 1000, latest)):
                    message = await coming
            except TimeoutError:
                raise RequestTimeoutError from None
        if message["type"] != "http.request":
            raise ClientGone
        part: bytes = message.get("body", b"")
        size += len(part)
        if size > limit_bytes:
            raise _too_large(limit_bytes)
        if part:
            parts.append(part)
        if not message.get("more_body", False):
            return parts[0] if len(parts) == 1 else b"".join(parts)


def check_size(body: bytes, limit_bytes: int) -> bytes:
    """A body that is here as a whole.

    Raises:
        PayloadTooLargeError: It is larger than the limit.
    """
    if len(body) > limit_bytes:
        raise _too_large(limit_bytes)
    return body


async def _next_message(receive: Receive) -> Message:
    return await receive()


async def discard_body(receive: Receive) -> None:
    """Read on for a while what a refused request still sends.

    A connection that is closed with unread bytes is reset, and the reset may
    overtake the answer. So whoever refuses a body sends the answer, discards
    for a bounded time, and closes then.
    """
    size = 0
    try:
        async with asyncio.timeout(DISCARD_MS / 1000):
            while size <= DISCARDED_BYTES_MAX:
                message = await receive()
                if message["type"] != "http.request" or not message.get("more_body", False):
                    return
                size += len(message.get("body", b""))
    except TimeoutError:
        return


def _too_large(limit_bytes: int) -> PayloadTooLargeError:
    return PayloadTooLargeError(
        f"The request body is larger than {limit_bytes:,} bytes.",
        details={"limit": "kernel.limits.body_bytes", "allowed": limit_bytes},
    )


def parse_json(text: bytes, depth_max: int) -> Any:
    """The value of a JSON text.

    Args:
        text: The text in UTF-8.
        depth_max: How deep arrays and objects may be nested.

    Raises:
        BadRequestError: It is no JSON, nested too deeply, or has more than
            `CONTAINERS_MAX` arrays and objects.
    """
    _check_structure(text, depth_max)
    try:
        value = orjson.loads(text)
        # orjson rounds an integer beyond 64 bits to a float; whoever refuses such a number should see it as it came.
        # Most texts have fewer digits in all, and counting them is faster than looking for so many in a row.
        has_many = len(text.translate(None, NO_DIGITS)) >= LONG_NUMBER_DIGITS
        return json.loads(text) if has_many and LONG_NUMBER.search(text) else value
    except ValueError as error:
        raise BadRequestError(f"What was sent is not JSON: {error}.", action="Send JSON in UTF-8.") from None


def _check_structure(text: bytes, depth_max: int) -> None:
    """Refuse JSON that would cost too much to hold.

    Takes no recursion, and time linear in the text. Text that is no JSON gets
    some answer here, and then the parser's refusal.
    """
    if text.count(b"[") + text.count(b"{") <= depth_max:
        return
    steps = memoryview(_outside_strings(text).translate(STEPS)).cast("b")
    if len(steps) > 2 * CONTAINERS_MAX:
        raise BadRequestError(
            f"The JSON has more than {CONTAINERS_MAX:,} arrays and objects.", action="Send less at once."
        )
    depth = 0
    for start in range(0, len(steps), STEPS_AT_ONCE):
        depths = list(accumulate(steps[start : start + STEPS_AT_ONCE], initial=depth))
        if max(depths) > depth_max:
            raise BadRequestError(
                f"The JSON is nested more than {depth_max} levels deep.",
                action="Send flatter JSON, or raise `kernel.limits.json_depth`.",
                details={"limit": "kernel.limits.json_depth", "allowed": depth_max},
            )
        depth = depths[-1]


def _outside_strings(text: bytes) -> bytes:
    """Only the brackets of a JSON text that stand outside of strings.

    Escapes go first, a pair of backslashes before an escaped quote, so that
    every quote that is left begins or ends a string. Two quotes side by side
    then are an empty string, or two strings with nothing between them that
    counts, and taking them out changes nothing outside of strings.
    """
    if b"\\" in text:
        text = text.replace(b"\\\\", b"").replace(b'\\"', b"")
    text = text.translate(None, NOT_STRUCTURE).replace(b'""', b"")
    if b'"' not in text:
        return text
    return b"".join(text.split(b'"')[::2])

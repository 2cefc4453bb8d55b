"""The text of GraphQL over SSE: events, comments, and the ids from which a client goes on.

The protocol is that of the npm package `graphql-sse`. The id of an event is
what a client sends back as `Last-Event-ID` when it connects again. Where a
stream has one operation, it is a position. Where it has several, it holds the
position of each of them, by its operation id.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping
from typing import Any, cast

import orjson

from synthetic.errors import BadUserInputError
from synthetic.graphql.delivery import Frames
from synthetic.graphql.published import Published
from synthetic.log.positions import Position

RETRY_MS = 2_000
"""How long a browser waits before it connects again."""

COMMENT = b":\n\n"
"""Keeps a silent connection from being closed by what is between client and server."""

OPENING = b"retry: %d\n\n:\n\n" % RETRY_MS
"""Sent at once, since some browsers believe in a stream only when something comes."""

LAST_EVENT_ID_LENGTH_MAX = 49_152
"""Ids hold those of all operations, and must fit into the headers of a request."""

_LINE_END = re.compile(rb"\r\n|\r|\n")


def event_text(event: str, data: bytes, id: str | None = None) -> bytes:
    """An event.

    Args:
        event: `next` or `complete`.
        data: JSON, or nothing. Line ends in it, which JSON takes for white space, divide it into several lines.
        id: What a client that has received it resumes from.
    """
    head = b"" if id is None else b"id: " + id.encode() + b"\n"
    if b"\n" in data or b"\r" in data:
        data = _LINE_END.sub(b"\ndata: ", data)
    return head + b"event: " + event.encode() + b"\ndata: " + data + b"\n\n"


def operation_data(id: str, payload: bytes | None = None) -> bytes:
    """The data of an event on a stream of several operations.

    Args:
        id: The operation's.
        payload: Its answer, as JSON; None where it is complete.
    """
    head = b'{"id":' + orjson.dumps(id)
    return head + b"}" if payload is None else head + b',"payload":' + payload + b"}"


def _data(id: str, body: bytes | None = None) -> bytes:
    """The data of an event: on a stream of one operation, which has no id, the answer alone."""
    return operation_data(id, body) if id else body or b""


def _next(id: str, body: bytes) -> bytes:
    return event_text("next", _data(id, body))


def _last(id: str, refused: Published | None) -> tuple[bytes, ...]:
    """An answer that was not executed goes as any other."""
    complete = event_text("complete", _data(id))
    return (complete,) if refused is None else (_next(id, refused.body), complete)


STREAM_FRAMES = Frames(_next, _last)


def id_of_positions(positions: Mapping[str, Position]) -> str:
    """The id of an event on a stream of several operations: how far each of them has come."""
    by_epoch: dict[str, dict[str, int]] = {}
    for operation, position in positions.items():
        by_epoch.setdefault(position.epoch, {})[operation] = position.number
    return base64.urlsafe_b64encode(orjson.dumps(by_epoch)).decode().rstrip("=")


def find_position(last_event_id: str | None) -> Position | None:
    """Where a stream of one operation was interrupted; None if it begins.

    Raises:
        BadUserInputError: The `Last-Event-ID` is none that the store gave out.
    """
    if not last_event_id:
        return None
    try:
        return Position.parse(last_event_id)
    except BadUserInputError:
        raise _not_ours() from None


def find_positions(last_event_id: str | None, operations_max: int) -> dict[str, Position]:
    """Where the operations of a stream of several were interrupted, by their ids.

    Args:
        last_event_id: The header, or None.
        operations_max: More than so many make it none of ours.

    Raises:
        BadUserInputError: The `Last-Event-ID` is none that the store gave out.
    """
    if not last_event_id:
        return {}
    if len(last_event_id) > LAST_EVENT_ID_LENGTH_MAX:
        raise _not_ours()
    try:
        text = base64.b64decode(last_event_id + "=" * (-len(last_event_id) % 4), altchars=b"-_", validate=True)
        given = orjson.loads(text)
    except (binascii.Error, ValueError):
        raise _not_ours() from None
    positions: dict[str, Position] = {}
    for epoch, numbers in _object(given).items():
        for operation, number in _object(numbers).items():
            try:
                positions[operation] = Position.parse(f"{epoch}:{number}")
            except BadUserInputError:
                raise _not_ours() from None
    if len(positions) > operations_max:
        raise _not_ours()
    return positions


def _object(value: object) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise _not_ours()
    return cast("dict[str, Any]", value)


def _not_ours() -> BadUserInputError:
    return BadUserInputError(
        "Last-Event-ID is not the id of an event of this store's streams.",
        action="Send the id of the last event that was received, or leave the header out.",
        details={"field": "Last-Event-ID"},
    )

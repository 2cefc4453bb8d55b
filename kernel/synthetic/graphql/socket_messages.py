"""The messages of graphql-transport-ws: what clients send, what goes back, and why a socket is closed.

Every message is checked to the letter of the protocol before anything acts on
it; what is not of it closes the socket with 4400, and nothing else happens.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, Literal, Protocol, cast

import orjson
from starlette.types import Message

from synthetic.errors import BadRequestError, ForbiddenError, SyntheticError, UnauthenticatedError
from synthetic.graphql.answers import GraphQLRequest
from synthetic.graphql.body import parse_json
from synthetic.graphql.delivery import Frames
from synthetic.graphql.published import Published
from synthetic.graphql.requests import request_of
from synthetic.kernel_settings import LimitSettings
from synthetic.log.positions import Position
from synthetic.logs import logger_for

log = logger_for(__name__)

SUBPROTOCOL = "graphql-transport-ws"

REASON_BYTES_MAX = 123
"""A close frame has no room for a longer reason (RFC 6455, 5.5)."""

ACKNOWLEDGEMENT = b'{"type":"connection_ack"}'
PING = b'{"type":"ping"}'

SHORT_FRAME_BYTES_MAX = 125
MEDIUM_FRAME_BYTES_MAX = 65_535

FRAMES_EXTENSION = "synthetic.frames"
"""Under this name the server offers a `FrameConnection` among the extensions of an ASGI scope."""


class FrameConnection(Protocol):
    """What the server's connection does for a socket, beside ASGI.

    A publish sends the same frame to thousands, and each of them says now and
    then that it is there: what ASGI costs is spared for these two.

    Attributes:
        on_pong: Called for each `pong` in place of handing it on; None: they are handed on.
    """

    on_pong: Callable[[], None] | None

    @property
    def closed_code(self) -> int | None:
        """Code with which the server has closed the socket by itself; None where the client closed it, or nobody."""
        ...

    def send_frame(self, frame: bytes) -> bool:
        """Send a whole frame as it is, if the connection takes it now; False where it has to be sent by ASGI."""
        ...


class CloseCode(IntEnum):
    """Why the server closes a socket.

    Those from 4400 to 4429 are the protocol's. Clients of the protocol take
    1012, 1013, 4403, 4408, 4508 and 4509 as reasons to connect again, and the
    others as mistakes of their own.
    """

    TOO_BIG = 1009
    """A message is larger than `limits.socket_frame_bytes`."""
    INTERNAL = 1011
    """Something unexpected went wrong in the server."""
    RESTART = 1012
    """The server stops or starts again."""
    TRY_AGAIN = 1013
    """Too many requests, or the store cannot be reached now."""
    BAD_MESSAGE = 4400
    """A message that the protocol does not have."""
    UNAUTHORIZED = 4401
    """An operation before the connection was acknowledged."""
    FORBIDDEN = 4403
    """The token is missing, unknown, expired, or was revoked."""
    SUBPROTOCOL = 4406
    """The client does not speak graphql-transport-ws."""
    INIT_TIMEOUT = 4408
    """No `connection_init` came in time."""
    DUPLICATE = 4409
    """An operation with this id is running already."""
    TOO_MANY_INITS = 4429
    """A second `connection_init`."""
    TOO_SLOW = 4508
    """The client did not read for `limits.socket_ping_ms` while a message waited; the reason says from which
    position to resume. (The store's own code.)"""
    SILENT = 4509
    """Nothing came between two pings, no pong either. (The store's own code.)"""


class SocketEnd(Exception):  # noqa: N818 - the end of a conversation, wanted or not
    """The conversation is over.

    Attributes:
        code: What the socket is closed with; None when the client has left already.
        reason: A few words for the client.
    """

    def __init__(self, code: CloseCode | None = None, reason: str = "") -> None:
        self.code = code
        self.reason = reason.encode("utf-8", "replace")[:REASON_BYTES_MAX].decode("utf-8", "ignore")
        super().__init__(code, self.reason)


def end_of(error: BaseException) -> SocketEnd:
    """How a socket is closed when the error concerns it as a whole; what was not foreseen is logged."""
    if isinstance(error, SocketEnd):
        return error
    if not isinstance(error, SyntheticError):
        log.error("socket failed", exc_info=error)
        return SocketEnd(CloseCode.INTERNAL, "Internal error")
    if isinstance(error, UnauthenticatedError | ForbiddenError):
        return SocketEnd(CloseCode.FORBIDDEN, error.message)
    return SocketEnd(CloseCode.TRY_AGAIN if error.recoverable else CloseCode.INTERNAL, error.message)


def too_slow(resume: Position | None) -> SocketEnd:
    """The end of a socket whose client does not read.

    Args:
        resume: The position that none of its operations is behind, if there is one.
    """
    reason = "Messages are not read fast enough"
    return SocketEnd(CloseCode.TOO_SLOW, reason if resume is None else f"{reason}; resume after {resume}")


@dataclass(frozen=True, slots=True)
class ConnectionInit:
    """The client's first message.

    Attributes:
        payload: What it says of itself.
    """

    payload: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Signal:
    """A ping or a pong, which either side may send at any time."""

    kind: Literal["ping", "pong"]
    payload: dict[str, Any] | None


@dataclass(frozen=True, slots=True)
class Subscribe:
    """An operation that the client wants to be run, of any kind."""

    id: str
    request: GraphQLRequest


@dataclass(frozen=True, slots=True)
class Complete:
    """The client has heard enough of an operation."""

    id: str


PONG_TEXT = '{"type":"pong"}'
PONG = Signal("pong", None)

ClientMessage = ConnectionInit | Signal | Subscribe | Complete


def read_message(message: Message, limits: LimitSettings) -> ClientMessage:
    """What a client said.

    Args:
        message: ASGI's `websocket.receive` or `websocket.disconnect`.
        limits: `socket_frame_bytes` and `json_depth`.

    Raises:
        SocketEnd: The client left, or said something that the protocol does not have.
    """
    if message["type"] != "websocket.receive":
        raise SocketEnd
    text: str | None = message.get("text")
    if text is None:
        raise SocketEnd(CloseCode.BAD_MESSAGE, "Binary messages are not supported")
    if text == PONG_TEXT:
        # Of a socket at rest there is nothing else to read.
        return PONG
    content = text.encode("utf-8", "surrogatepass")
    if len(content) > limits.socket_frame_bytes:
        raise SocketEnd(CloseCode.TOO_BIG, f"A message may have {limits.socket_frame_bytes} bytes")
    try:
        return _client_message(parse_json(content, limits.json_depth))
    except BadRequestError as error:
        raise SocketEnd(CloseCode.BAD_MESSAGE, error.message) from None


def _client_message(value: object) -> ClientMessage:
    if not isinstance(value, dict):
        raise BadRequestError("A message must be a JSON object.")
    given = cast("dict[str, Any]", value)
    match given.get("type"):
        case "connection_init":
            return ConnectionInit(_payload(given) or {})
        case "ping" | "pong" as kind:
            return Signal(kind, _payload(given))
        case "subscribe":
            return Subscribe(_id(given), request_of(given.get("payload")))
        case "complete":
            return Complete(_id(given))
        case _:
            raise BadRequestError("The type of the message is unknown.")


def _payload(given: dict[str, Any]) -> dict[str, Any] | None:
    payload = given.get("payload")
    if payload is not None and not isinstance(payload, dict):
        raise BadRequestError("The payload must be an object.")
    return cast("dict[str, Any] | None", payload)


def _id(given: dict[str, Any]) -> str:
    id = given.get("id")
    if not isinstance(id, str) or not id:
        raise BadRequestError("The id must be a string that is not empty.")
    return id


def pong_message(payload: dict[str, Any] | None) -> bytes:
    """The answer to a ping, with the same payload."""
    return orjson.dumps({"type": "pong"} if payload is None else {"type": "pong", "payload": payload})


def operation_message(kind: Literal["next", "error", "complete"], id: str, payload: bytes | None = None) -> bytes:
    """A message about an operation.

    Args:
        kind: `next` with an execution result, `error` with a list of errors, or `complete` with nothing.
        id: The operation's.
        payload: JSON.
    """
    head = b'{"id":' + orjson.dumps(id) + b',"type":"' + kind.encode() + b'"'
    return head + b"}" if payload is None else head + b',"payload":' + payload + b"}"


def frame_of(message: bytes) -> bytes:
    """A message as a text frame (RFC 6455, 5.2), which servers send unmasked."""
    size = len(message)
    if size <= SHORT_FRAME_BYTES_MAX:
        return b"\x81" + size.to_bytes(1, "big") + message
    if size <= MEDIUM_FRAME_BYTES_MAX:
        return b"\x81\x7e" + size.to_bytes(2, "big") + message
    return b"\x81\x7f" + size.to_bytes(8, "big") + message


def text_of(frame: bytes) -> str:
    """The text of a frame that `frame_of` made."""
    return frame[{0x7E: 4, 0x7F: 10}.get(frame[1], 2) :].decode()


def _next(id: str, body: bytes) -> bytes:
    return frame_of(operation_message("next", id, body))


def _last(id: str, refused: Published | None) -> tuple[bytes, ...]:
    """An answer that was not executed goes as `error`, and nothing follows it."""
    if refused is None:
        return (frame_of(operation_message("complete", id)),)
    return (frame_of(operation_message("error", id, orjson.dumps(refused.answer.body["errors"]))),)


SOCKET_FRAMES = Frames(_next, _last)

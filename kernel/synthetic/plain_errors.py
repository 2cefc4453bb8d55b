"""The error contract on routes that are not GraphQL, and where no route has been found yet."""

from __future__ import annotations

import time
from http import HTTPStatus

from starlette.responses import Response

from synthetic.clock import new_id
from synthetic.errors import SyntheticError
from synthetic.json_text import to_json
from synthetic.logs import correlation_id

MEDIA_TYPE = "application/json"

SECURITY_HEADERS = (
    (b"x-content-type-options", b"nosniff"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
    (b"cache-control", b"no-store"),
)
"""On every answer, unless its route has set them itself: nothing here is to be sniffed, embedded, framed or cached."""

DOCUMENT_HEADERS = (
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-opener-policy", b"same-origin"),
)
"""On every page beside: a token in the page's address or window must not reach other sites."""


def error_response(error: SyntheticError) -> Response:
    """The answer of a plain route that failed; it belongs to the request being served."""
    return Response(
        _body(error, correlation_id()), status_code=error.http_status, media_type=MEDIA_TYPE, headers=_hints(error)
    )


def error_bytes(error: SyntheticError, status: int | None = None) -> bytes:
    """A whole HTTP/1.1 answer, for a connection whose request never became one; it is the connection's last.

    Args:
        error: What went wrong.
        status: The HTTP status, where it is not the error's own.
    """
    identity = new_id()
    body = _body(error, identity).encode()
    code = HTTPStatus(error.http_status if status is None else status)
    lines = [f"HTTP/1.1 {code.value} {code.phrase}", "connection: close", f"content-length: {len(body)}"]
    lines.append(f"content-type: {MEDIA_TYPE}")
    lines.append(f"x-correlation-id: {identity}")
    lines.extend(f"{name}: {value}" for name, value in _hints(error).items())
    lines.extend(f"{name.decode()}: {value.decode()}" for name, value in SECURITY_HEADERS)
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def _body(error: SyntheticError, identity: str) -> str:
    return to_json(error.to_contract(identity, time.time_ns() // 1_000_000))


def _hints(error: SyntheticError) -> dict[str, str]:
    hints: dict[str, str] = {}
    if error.retry_after_ms is not None:
        hints["retry-after"] = str(-(-error.retry_after_ms // 1000))
    if error.http_status == HTTPStatus.UNAUTHORIZED:
        hints["www-authenticate"] = 'Bearer realm="synthetic"'
    return hints

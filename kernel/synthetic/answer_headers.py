"""The headers that every answer over HTTP has, whoever makes it."""

from __future__ import annotations

import re
from collections.abc import Mapping

from synthetic.clock import new_id
from synthetic.plain_errors import SECURITY_HEADERS

GIVEN_ID = re.compile(rb"[A-Za-z0-9._-]{1,64}")
"""What a client may send as its `X-Correlation-Id`; anything else is replaced."""

CORRELATION_HEADER = b"x-correlation-id"
VARY = (b"vary", b"Origin")


class EveryAnswer:
    """The headers that every answer has, beside the id of its request.

    Attributes:
        headers: Lower-case names and values.
        names: Their names.
    """

    __slots__ = ("_block", "headers", "names")

    def __init__(self, *, varies_by_origin: bool) -> None:
        """Make them; `varies_by_origin` where pages of other origins may read answers, and each only its own."""
        self.headers = (*SECURITY_HEADERS, VARY) if varies_by_origin else SECURITY_HEADERS
        self.names = frozenset(name for name, _ in self.headers)
        self._block = b"".join(b"%b: %b\r\n" % header for header in self.headers)

    def lines(self, correlation_id: str) -> bytes:
        """Their lines in the head of an answer, and that of the request's id."""
        return b"%b%b: %b\r\n" % (self._block, CORRELATION_HEADER, correlation_id.encode())


def correlation_id_of(headers: Mapping[bytes, bytes]) -> str:
    """The id that a request brings, or a new one."""
    given = headers.get(CORRELATION_HEADER)
    return given.decode("ascii") if given is not None and GIVEN_ID.fullmatch(given) else new_id()

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

    __slots__ = ("_blocks", "headers", "names")

    def __init__(self, *, varies_by_origin: bool) -> None:
        """Make them; `varies_by_origin` where pages of other origins may read answers, and each only its own."""
        self.headers = (*SECURITY_HEADERS, VARY) if varies_by_origin else SECURITY_HEADERS
        self.names = frozenset(name for name, _ in self.headers)
        self._blocks: dict[frozenset[bytes], bytes] = {}

    def lines(self, correlation_id: str, given: frozenset[bytes] = frozenset()) -> bytes:
        """Their lines in the head of an answer, and that of the request's id.

        Args:
            correlation_id: Of the request.
            given: Names of headers that the answer has already: they are left out.
        """
        own = self.names & given if given else given
        block = self._blocks.get(own)
        if block is None:
            # One for each set of the few headers that routes set themselves.
            block = b"".join(b"%b: %b\r\n" % header for header in self.headers if header[0] not in own)
            self._blocks[own] = block
        return b"%b%b: %b\r\n" % (block, CORRELATION_HEADER, correlation_id.encode())


def correlation_id_of(headers: Mapping[bytes, bytes]) -> str:
    """The id that a request brings, or a new one."""
    return find_correlation_id(headers) or new_id()


def find_correlation_id(headers: Mapping[bytes, bytes]) -> str | None:
    """The id that a request brings, or None."""
    given = headers.get(CORRELATION_HEADER)
    return given.decode("ascii") if given is not None and GIVEN_ID.fullmatch(given) else None

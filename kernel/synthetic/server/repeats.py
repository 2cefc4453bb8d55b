"""Requests whose head is that of the one before on their connection, to the last byte, as clients mostly send them.

Parsing a head, and finding out what it says, takes as long as a short query.
"""

from __future__ import annotations

from typing import NamedTuple

from synthetic.graphql.http_exchange import PromptHead

HEAD_END = b"\r\n\r\n"
HEAD_BYTES_MAX = 4_096
"""The longest head that a connection remembers."""


class Repeat(NamedTuple):
    """A head that was answered at once.

    Attributes:
        head: Its bytes, up to the body.
        size: Bytes of the whole request: the head says how long the body is.
        says: What was found in it.
    """

    head: bytes
    size: int
    says: PromptHead

    def begins(self, data: bytes) -> bool:
        """Whether data that came where a request begins is a whole request with this head, and nothing else."""
        return len(data) == self.size and data.startswith(self.head)


def find_repeat(data: bytes, body: bytes, says: PromptHead) -> Repeat | None:
    """What to remember of a request for the next on its connection.

    Args:
        data: What came where the request began, with the end of its body.
        body: The body.
        says: What was found in the head.

    Returns:
        None where more came with it, or the body came in chunks, so that it is shorter than what follows the head.
    """
    end = data.find(HEAD_END)
    size = end + len(HEAD_END)
    if end < 0 or size > HEAD_BYTES_MAX or data[size:] != body:
        return None
    return Repeat(data[:size], len(data), says)

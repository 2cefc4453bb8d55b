"""`Appended`: what one commit brought to the log, for those who need not read it to know that it is nothing to them."""

from __future__ import annotations

from typing import NamedTuple


class Appended(NamedTuple):
    """A stretch of the log that was appended.

    Attributes:
        after: The position before its first event.
        head: The position of its last.
        types: The names of the types of all its events; None where they are not known.
    """

    after: int
    head: int
    types: frozenset[str] | None


def join(first: Appended | None, second: Appended | None) -> Appended | None:
    """Two stretches, of which the second follows the first, as one."""
    if first is None or second is None:
        return first or second
    types = None if first.types is None or second.types is None else first.types | second.types
    return Appended(first.after, second.head, types)

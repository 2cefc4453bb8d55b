"""Pages of what was found: stable while the index grows.

A cursor holds the rank and the row of a hit, and what the index was when the
first page was made: its last row, how many documents it had, and how long they
were. The pages that follow look no further and score by the same numbers, so
that what was indexed since neither takes a place in them nor changes the order
of the others. A page goes on behind its cursor's hit wherever that has come to,
and at its rank where it is not there any more.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, cast

from synthetic import Order, Snapshot, Window, encode_cursor
from synthetic_search.asking.model import Found
from synthetic_search.index.extent import Extent, last_row, measure

ORDER = Order(("rank", "row", "through", "documents", "length"), (int,) * 5)
"""What cursors hold; `rank` counts from 0."""


class Page(NamedTuple):
    """A part of what was found.

    Attributes:
        found: In order.
        cursors: Of each; empty where nobody wants them.
        has_more: Whether the list goes on in the direction in which it was read.
    """

    found: Sequence[Found]
    cursors: Sequence[str]
    has_more: bool


def extent_of(snapshot: Snapshot, window: Window, *, has_words: bool) -> Extent:
    """What of the index a list is of: that of the page that a cursor is from, else all of it.

    Args:
        snapshot: To measure in.
        window: Which part of the list is asked for.
        has_words: Whether words are searched for; else nothing is scored by them, and only the last row matters.
    """
    cursor = window.after or window.before
    if cursor is not None:
        # A cursor comes from a client, who may have made it up: no number in it may be one that has no logarithm.
        through, documents, length = cast("tuple[int, int, int]", tuple(cursor[2:]))
        return Extent(through, max(0, documents), max(0, length))
    return measure(snapshot) if has_words else Extent(last_row(snapshot), 0, 0)


def listed_for(window: Window) -> int | None:
    """How many of the best a page needs, and one more to know whether there are more; None: all that are listed."""
    if window.backward or window.before is not None:
        return None
    behind = 0 if window.after is None else _rank_and_row(window.after)[0] + 1
    return max(0, behind) + window.size + 1


def is_far_enough(found: Sequence[Found], window: Window) -> bool:
    """Whether what was listed for a page has the hit of its cursor where that was: else it is looked for in all."""
    return window.after is None or _place(found, window.after) == (_rank_and_row(window.after)[0], True)


def page_of(found: Sequence[Found], window: Window, extent: Extent, *, with_cursors: bool) -> Page:
    """The page that a window asks for.

    Args:
        found: Best first, all of them.
        window: Which part.
        extent: What of the index the list is of.
        with_cursors: Whether anybody wants cursors.
    """
    start = 0 if window.after is None else _behind(found, window.after)
    end = len(found) if window.before is None else _place(found, window.before)[0]
    if window.backward:
        begin = max(start, end - window.size)
        has_more = begin > start
    else:
        begin, has_more = start, end > start + window.size
        end = max(start, min(end, start + window.size))
    page = found[begin:end]
    cursors = [""] * len(page)
    if with_cursors:
        cursors = [encode_cursor(ORDER, (rank, each.id, *extent)) for rank, each in enumerate(page, begin)]
    return Page(page, cursors, has_more)


def _behind(listed: Sequence[Found], cursor: Sequence[object]) -> int:
    """Where a list goes on behind the hit of a cursor; where that is gone, the next one has taken its place."""
    place, is_there = _place(listed, cursor)
    return place + 1 if is_there else place


def _place(listed: Sequence[Found], cursor: Sequence[object]) -> tuple[int, bool]:
    """Where the hit of a cursor is now, or was, and whether it is there."""
    rank, row = _rank_and_row(cursor)
    if 0 <= rank < len(listed) and listed[rank].id == row:
        return rank, True
    found = next((place for place, each in enumerate(listed) if each.id == row), None)
    return (min(max(0, rank), len(listed)), False) if found is None else (found, True)


def _rank_and_row(cursor: Sequence[object]) -> tuple[int, int]:
    return cast("tuple[int, int]", tuple(cursor[:2]))

"""Orders of lists, and cursors: a place in a list, told by the values of its order's columns.

So a page starts where the last one ended whatever was inserted or deleted
meanwhile, and costs the same at the end of a table as at its start.
"""

from __future__ import annotations

import base64
import binascii
import functools
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from synthetic.database.snapshot import Value
from synthetic.errors import BadUserInputError
from synthetic.json_text import from_json, to_json
from synthetic.kernel_settings import LimitSettings

INTEGER_MIN, INTEGER_MAX = -(2**63), 2**63 - 1
"""What SQLite takes for an integer."""


@dataclass(frozen=True, slots=True)
class Order:
    """The order of a list.

    Attributes:
        columns: Columns without NULLs; the last one is unique, so that the order is total.
        kinds: For each of them the type of its values, `int`, `str` or `float`, which those in a cursor must have.
        descending: All of them from the largest down.
    """

    columns: tuple[str, ...]
    kinds: tuple[type[int | str | float], ...]
    descending: bool = False

    def __post_init__(self) -> None:
        """Check it.

        Raises:
            ValueError: There is not one type for each column.
        """
        if len(self.kinds) != len(self.columns):
            raise ValueError(f"the order by {', '.join(self.columns)} must name one type for each of these columns")

    @property
    def mark(self) -> int:
        """Tells cursors of this order from those of others."""
        return _mark(self.columns, self.descending)

    def clause(self, *, reverse: bool) -> str:
        """For ORDER BY."""
        return _clause(self.columns, self.descending != reverse)

    def beyond(self, prefix: str, *, forward: bool) -> str:
        """Condition for rows that follow (or precede) the values `:prefix0`, `:prefix1` and on."""
        names = ", ".join(f":{prefix}{index}" for index in range(len(self.columns)))
        sign = ">" if forward != self.descending else "<"
        return f"({', '.join(self.columns)}) {sign} ({names})"

    def fits(self, values: Sequence[Any]) -> bool:
        """Whether these can be values of its columns: each of its column's type, integers of 64 bits."""
        return [*map(type, values)] == [*self.kinds] and all(
            INTEGER_MIN <= value <= INTEGER_MAX for value in values if isinstance(value, int)
        )


@functools.lru_cache(maxsize=256)
def _clause(columns: tuple[str, ...], descending: bool) -> str:
    direction = "DESC" if descending else "ASC"
    return ", ".join(f"{column} {direction}" for column in columns)


@functools.lru_cache(maxsize=256)
def _mark(columns: tuple[str, ...], descending: bool) -> int:
    # Kept, because each row of a page has a cursor, and this would cost more than reading the row.
    return zlib.crc32(repr((columns, descending)).encode())


class Window(NamedTuple):
    """Which part of a list is asked for, checked.

    Attributes:
        size: How many rows.
        backward: Counted from the end.
        after, before: Values of the order's columns, or None.
    """

    size: int
    backward: bool
    after: list[Value] | None
    before: list[Value] | None


FROM_THE_START = Window(size=1, backward=False, after=None, before=None)
"""The first row of a list."""


def encode_cursor(order: Order, values: Sequence[Value]) -> str:
    """The opaque text of a place in a list."""
    return base64.urlsafe_b64encode(to_json([order.mark, *values]).encode()).decode().rstrip("=")


def decode_cursor(order: Order, cursor: str, argument: str) -> list[Value]:
    """The values behind a cursor.

    Raises:
        BadUserInputError: It is not a cursor of this order.
    """
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        mark, *values = from_json(base64.b64decode(padded, altchars=b"-_", validate=True))
    except (ValueError, TypeError, binascii.Error):
        mark, values = None, []
    if mark != order.mark or not order.fits(values):
        raise BadUserInputError(
            f"`{argument}` is not a cursor of this list in this order.",
            action="Use a cursor that the same field gave with the same orderBy, or start without one.",
            details={"field": argument},
        )
    return values


def read_window(
    limits: LimitSettings, order: Order, first: int | None, after: str | None, last: int | None, before: str | None
) -> Window:
    """Check the four arguments of a page.

    Raises:
        BadUserInputError: Both or neither direction makes sense, a size is
            out of bounds, or a cursor is not of this list.
    """
    if first is not None and last is not None:
        raise BadUserInputError("Give `first` or `last`, not both.", details={"field": "last"})
    name, size = ("last", last) if last is not None else ("first", first)
    if size is None:
        size = limits.page_size_default
    if not 0 <= size <= limits.page_size:
        raise BadUserInputError(f"`{name}` must be from 0 to {limits.page_size}.", details={"field": name})
    return Window(
        size=size,
        backward=last is not None,
        after=None if after is None else decode_cursor(order, after, "after"),
        before=None if before is None else decode_cursor(order, before, "before"),
    )

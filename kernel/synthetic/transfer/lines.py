"""Rows as lines of JSON: an array of values, in the order of the columns.

JSON has no form for bytes and for numbers that are not finite, so these stand
as objects with one name: `{"base64": "..."}` and `{"real": "inf"}`. Everything
else is as SQLite has it: text, integers of 64 bits, reals, null.
"""

from __future__ import annotations

import base64
import binascii
import math
from collections.abc import Mapping, Sequence
from typing import Any, cast

import orjson

from synthetic.database.transaction import Value

BYTES_NAME = "base64"
REAL_NAME = "real"
_REALS = {"inf": math.inf, "-inf": -math.inf}


def encode_line(values: Sequence[Value]) -> bytes:
    """A row as a line, with its end.

    Raises:
        TypeError: A text has a lone surrogate, for which UTF-8 has no form.
    """
    return orjson.dumps([_plain(value) for value in values], option=orjson.OPT_APPEND_NEWLINE)


def decode_line(line: bytes, columns: int) -> list[Value]:
    """The row of a line.

    Args:
        line: The line.
        columns: How many values it must have.

    Raises:
        ValueError: It is no such row.
    """
    values = orjson.loads(line)
    if not isinstance(values, list):
        raise ValueError("it is no array")  # noqa: TRY004 - a line that is wrong, as any other
    found = cast("list[Any]", values)
    if len(found) != columns:
        raise ValueError(f"it has {len(found)} values in place of {columns}")
    return [_value(each) for each in found]


def _plain(value: Value) -> Any:
    if isinstance(value, bytes):
        return {BYTES_NAME: base64.b64encode(value).decode()}
    if isinstance(value, float) and not math.isfinite(value):
        return {REAL_NAME: str(value)}
    return value


def _value(plain: Any) -> Value:
    if plain is None or (isinstance(plain, str | int | float) and not isinstance(plain, bool)):
        if isinstance(plain, int) and not -(2**63) <= plain < 2**63:
            raise ValueError("a number has more than 64 bits")
        return plain
    if isinstance(plain, dict):
        items = cast("Mapping[str, Any]", plain)
        if len(items) == 1:
            ((name, text),) = items.items()
            if name == BYTES_NAME and isinstance(text, str):
                return _bytes(text)
            if name == REAL_NAME and text in _REALS:
                return _REALS[text]
    raise ValueError("a value is neither text, a number, bytes nor null")


def _bytes(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error as error:
        raise ValueError("bytes are not in base64") from error

"""Rows as lines of JSON: an array of values, in the order of the columns.

JSON has no form for bytes and for numbers that are not finite, so these stand
as objects with one name: `{"base64": "..."}` and `{"real": "inf"}`. Everything
else is as SQLite has it: text, integers of 64 bits, reals, null.
"""

from __future__ import annotations

import base64
import binascii
import math
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import msgspec
import orjson

from synthetic.database.snapshot import Value

_REALS = {"inf": math.inf, "-inf": -math.inf}


class _Packed(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True):
    """A value for which JSON has no form: one of the two names stands there."""

    base64: str | None = None
    real: str | None = None


def encode_line(values: Sequence[Value]) -> bytes:
    """A row as a line, with its end.

    Raises:
        TypeError: A text has a lone surrogate, for which UTF-8 has no form.
    """
    return orjson.dumps([_plain(value) for value in values], option=orjson.OPT_APPEND_NEWLINE)


def decode_line(line: bytes, columns: int) -> list[Value]:
    """The row of a line; of one that has more values, no more than these are ever in memory.

    Args:
        line: The line.
        columns: How many values it must have.

    Raises:
        ValueError: It is no such row.
    """
    return [_value(each) for each in _decoder(columns).decode(line)]


@lru_cache(maxsize=256)
def _decoder(columns: int) -> msgspec.json.Decoder[tuple[Any, ...]]:
    plain = str | int | float | _Packed | None
    return msgspec.json.Decoder(tuple[(plain,) * columns])  # pyright: ignore[reportInvalidTypeArguments]


def _plain(value: Value) -> Any:
    if isinstance(value, bytes):
        return {"base64": base64.b64encode(value).decode()}
    if isinstance(value, float) and not math.isfinite(value):
        return {"real": str(value)}
    return value


def _value(plain: str | float | _Packed | None) -> Value:
    if isinstance(plain, _Packed):
        if plain.real is None and plain.base64 is not None:
            return _bytes(plain.base64)
        if plain.base64 is None and plain.real in _REALS:
            return _REALS[plain.real]
        raise ValueError("a value is neither text, a number, bytes nor null")
    if isinstance(plain, int) and not -(2**63) <= plain < 2**63:
        raise ValueError("a number has more than 64 bits")
    return plain


def _bytes(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error as error:
        raise ValueError("bytes are not in base64") from error

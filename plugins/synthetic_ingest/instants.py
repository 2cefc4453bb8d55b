"""Times as agents write them: ISO 8601 texts and numbers since 1970, to Unix milliseconds UTC."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)

LATEST = 253_402_300_799_999
"""The last millisecond of the year 9999, beyond which no calendar here goes."""

_SECONDS_END = 100_000_000_000
"""A number below this counts seconds (until the year 5138), one above it milliseconds (since 1973)."""

_MILLISECONDS_END = _SECONDS_END * 1_000


def instant_of(value: Any) -> int | None:
    """Unix milliseconds of a time as it stands in a source.

    Args:
        value: An ISO 8601 text (without a zone it is taken as UTC), or a
            number of seconds, milliseconds, microseconds or nanoseconds since
            1970, told apart by its size.

    Returns:
        None for what is no time between 1970 and 9999.
    """
    if type(value) is str:
        return _from_text(value)
    if type(value) is int or type(value) is float:
        return _from_number(value)
    return None


def _from_text(text: str) -> int | None:
    try:
        instant = datetime.fromisoformat(text)
        if instant.tzinfo is None:
            instant = instant.replace(tzinfo=UTC)
        milliseconds = (instant - _EPOCH) // _MILLISECOND
    except (ValueError, OverflowError):
        return None
    return milliseconds if milliseconds >= 0 else None


def _from_number(number: float) -> int | None:
    if not 0 <= number <= LATEST * 1_000_000:
        return None
    if number < _SECONDS_END:
        return int(number * 1_000)
    while number >= _MILLISECONDS_END:
        number = number // 1_000
    return int(number)

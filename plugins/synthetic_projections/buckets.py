"""Windows of time and the buckets that a series has: hours, days, weeks and months, as the clocks of a zone show them.

Read models keep quarters of an hour, in UTC: every zone that is in use differs
from UTC by whole quarters, so that each of its hours and days is made of them.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from typing import Annotated, NamedTuple, TypeAlias
from zoneinfo import ZoneInfo

import strawberry

from synthetic import bad_input, describe_enum
from synthetic_transcripts.events import quarter_of

HOUR_MS = 3_600_000
DAY_MS = 86_400_000

BUCKETS_MAX = 1_000
"""Most buckets of one series."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)
_INSTANT_MIN = (datetime(1, 2, 2, tzinfo=UTC) - _EPOCH) // _MILLISECOND
_INSTANT_MAX = (datetime(9999, 11, 1, tzinfo=UTC) - _EPOCH) // _MILLISECOND
"""Between these the calendar has a month on either side, in every zone."""


class TimeBucket(StrEnum):
    """How long a bucket of a series is."""

    HOUR = "HOUR"
    DAY = "DAY"
    WEEK = "WEEK"
    MONTH = "MONTH"


describe_enum(
    TimeBucket,
    "How long a bucket of a series is, by the clocks and the calendar of its time zone.",
    {
        TimeBucket.HOUR: "An hour.",
        TimeBucket.DAY: "A day: of 23 or 25 hours where the clocks are changed.",
        TimeBucket.WEEK: "A week, from Monday on.",
        TimeBucket.MONTH: "A month of the calendar.",
    },
)

TimeZone: TypeAlias = Annotated[
    str,
    strawberry.argument(
        description="Whose hours, days, weeks and months are meant: a name of the IANA database, such as Europe/Berlin."
    ),
]
Bucket: TypeAlias = Annotated[TimeBucket, strawberry.argument(description="How long each bucket is.")]


class Span(NamedTuple):
    """A stretch of time, in Unix milliseconds UTC.

    Attributes:
        from_at: Its first instant.
        to_at: The first instant behind it.
    """

    from_at: int
    to_at: int


def read_zone(name: str) -> ZoneInfo:
    """The time zone of a name.

    Raises:
        BadUserInputError: There is no such zone.
    """
    try:
        return ZoneInfo(name)
    except (LookupError, ValueError, OSError) as error:
        # What names a folder of the database, or is no path at all, raises the latter two.
        raise bad_input("timeZone", "must be the name of a time zone, such as Europe/Berlin or UTC") from error


def window_of(from_at: int | None, to_at: int | None, now: int, default_ms: int) -> Span:
    """The window that a client asks for, widened to whole quarters of an hour.

    Args:
        from_at: Its begin; None: `default_ms` before its end.
        to_at: Its end; None: right behind now.
        now: Unix milliseconds.
        default_ms: How long it is where the client does not say.

    Raises:
        BadUserInputError: It ends before it begins, or lies outside of the calendar.
    """
    end = now + 1 if to_at is None else to_at
    begin = end - default_ms if from_at is None else from_at
    for field, at in (("from", begin), ("to", end)):
        if not _INSTANT_MIN <= at <= _INSTANT_MAX:
            raise bad_input(field, "must be an instant between the years 1 and 9999")
    if begin >= end:
        raise bad_input("to", "must be after `from`")
    return Span(quarter_of(begin), -quarter_of(-end))


def buckets_of(window: Span, bucket: TimeBucket, zone: ZoneInfo) -> list[Span]:
    """The buckets that a window touches, whole, in order and without gaps.

    Args:
        window: As `window_of` gives it.
        bucket: How long each is.
        zone: By whose clocks.

    Raises:
        BadUserInputError: There would be too many.
    """
    found: list[Span] = []
    boundaries = _hours(window, zone) if bucket is TimeBucket.HOUR else _dates(window, bucket, zone)
    begin = next(boundaries)
    for end in boundaries:
        if end == begin:
            # A day that the calendar of the zone leaves out.
            continue
        if len(found) == BUCKETS_MAX:
            raise bad_input("bucket", f"must be longer, or the window shorter: there are at most {BUCKETS_MAX:,}")
        found.append(Span(begin, end))
        if end >= window.to_at:
            return found
        begin = end
    return found


def _hours(window: Span, zone: ZoneInfo) -> Iterator[int]:
    """Where hours begin, from the one that the window begins in."""
    at = window.from_at - _into_hour(window.from_at, zone)
    while True:
        yield at
        # Where the clocks are changed by half an hour, the next hour is nearer than an hour.
        at += HOUR_MS - _into_hour(at, zone)


def _into_hour(at_ms: int, zone: ZoneInfo) -> int:
    local = (_EPOCH + at_ms * _MILLISECOND).astimezone(zone)
    return (local.minute * 60 + local.second) * 1_000 + local.microsecond // 1_000


def _dates(window: Span, bucket: TimeBucket, zone: ZoneInfo) -> Iterator[int]:
    """Where days, weeks or months begin, from the one that the window begins in."""
    day = (_EPOCH + window.from_at * _MILLISECOND).astimezone(zone).date()
    if bucket is TimeBucket.WEEK:
        day -= timedelta(days=day.weekday())
    elif bucket is TimeBucket.MONTH:
        day = day.replace(day=1)
    while True:
        # Of a midnight that the clocks show twice the first one; of one that they leave out, the instant of the leap.
        midnight = datetime(day.year, day.month, day.day, tzinfo=zone)
        yield (midnight.astimezone(UTC) - _EPOCH) // _MILLISECOND
        day = _next_date(day, bucket)


def _next_date(day: date, bucket: TimeBucket) -> date:
    match bucket:
        case TimeBucket.MONTH:
            return (day.replace(day=28) + timedelta(days=4)).replace(day=1)
        case TimeBucket.WEEK:
            return day + timedelta(days=7)
        case _:
            return day + timedelta(days=1)

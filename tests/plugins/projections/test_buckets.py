"""Buckets of series: whole, without gaps, and right where clocks are changed."""

from __future__ import annotations

from datetime import datetime
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest

from synthetic import BadUserInputError
from synthetic_projections.buckets import Span, TimeBucket, buckets_of, read_zone, window_of

HOUR_MS, DAY_MS = 3_600_000, 86_400_000
FIRST = -62_132_832_000_000
"""0001-02-02T00:00:00Z: before it, the calendar has no whole month in every zone."""


def ms(text: str) -> int:
    return int(datetime.fromisoformat(text).timestamp() * 1000)


def hours(zone: str, bucket: TimeBucket, begin: str, end: str) -> list[float]:
    """How many hours each bucket has."""
    spans = buckets_of(Span(ms(begin), ms(end)), bucket, read_zone(zone))
    for one, next_one in pairwise(spans):
        assert one.to_at == next_one.from_at
    assert spans[0].from_at <= ms(begin) < spans[0].to_at
    assert spans[-1].from_at < ms(end) <= spans[-1].to_at
    return [(span.to_at - span.from_at) / HOUR_MS for span in spans]


@pytest.mark.parametrize(
    ("zone", "begin", "end", "expected"),
    [
        ("UTC", "2026-03-28T00:00:00+00:00", "2026-03-31T00:00:00+00:00", [24, 24, 24]),
        ("Europe/Berlin", "2026-03-28T12:00:00+01:00", "2026-03-30T12:00:00+02:00", [24, 23, 24]),
        ("Europe/Berlin", "2026-10-24T12:00:00+02:00", "2026-10-26T12:00:00+01:00", [24, 25, 24]),
        # Its clocks are changed by half an hour.
        ("Australia/Lord_Howe", "2026-04-04T12:00:00+11:00", "2026-04-06T12:00:00+10:30", [24, 24.5, 24]),
        # They leave out midnight itself.
        ("America/Santiago", "2026-09-05T12:00:00-04:00", "2026-09-07T12:00:00-03:00", [24, 23, 24]),
        # They show midnight twice.
        ("America/Havana", "2026-10-31T12:00:00-04:00", "2026-11-02T12:00:00-05:00", [24, 25, 24]),
        # A day that they leave out.
        ("Pacific/Apia", "2011-12-29T12:00:00-10:00", "2012-01-01T00:00:00+14:00", [24, 24]),
        ("Asia/Kathmandu", "2026-01-01T00:00:00+05:45", "2026-01-01T00:15:00+05:45", [24]),
    ],
)
def test_days_are_those_of_the_zones_clocks(zone, begin, end, expected):
    assert hours(zone, TimeBucket.DAY, begin, end) == expected


def test_hours_weeks_and_months_follow_the_clocks_too():
    assert hours("Europe/Berlin", TimeBucket.HOUR, "2026-03-29T01:30:00+01:00", "2026-03-29T04:00:00+02:00") == [1, 1]
    half = hours("Australia/Lord_Howe", TimeBucket.HOUR, "2026-04-05T01:00:00+11:00", "2026-04-05T03:00:00+10:30")
    assert half == [1, 0.5, 1]
    assert hours("Europe/Berlin", TimeBucket.WEEK, "2026-03-25T00:00:00+01:00", "2026-03-30T00:00:01+02:00") == [
        167,
        168,
    ]
    months = hours("UTC", TimeBucket.MONTH, "2026-01-31T23:00:00+00:00", "2026-04-01T00:00:00+00:00")
    assert months == [31 * 24, 28 * 24, 31 * 24]


def test_an_hour_of_a_zone_between_hours_begins_between_those_of_utc():
    at = ms("2026-01-01T10:05:00+05:45")
    (span,) = buckets_of(Span(at, at + 1), TimeBucket.HOUR, ZoneInfo("Asia/Kathmandu"))
    assert span == (ms("2026-01-01T10:00:00+05:45"), ms("2026-01-01T11:00:00+05:45"))


@pytest.mark.parametrize("name", ["", "Nowhere/Atlantis", "../../etc/passwd", "Europe", "UTC\0", "x" * 5_000])
def test_what_is_no_zone_is_refused(name):
    with pytest.raises(BadUserInputError) as refused:
        read_zone(name)
    assert refused.value.details["field"] == "timeZone"


def test_a_window_is_widened_to_quarters_and_has_a_default():
    now = ms("2026-01-01T10:07:00+00:00")
    assert window_of(None, None, now, DAY_MS) == (now - DAY_MS - 7 * 60_000, now + 8 * 60_000)
    quarter = ms("2026-01-01T10:15:00+00:00")
    assert window_of(quarter, quarter + 1, now, DAY_MS) == (quarter, quarter + 900_000)


@pytest.mark.parametrize(
    ("begin", "end", "field"),
    [(5, 5, "to"), (6, 5, "to"), (-(2**53), 0, "from"), (FIRST - 1, 0, "from"), (0, 2**53, "to")],
)
def test_a_window_that_is_none_is_refused(begin, end, field):
    with pytest.raises(BadUserInputError) as refused:
        window_of(begin, end, 0, DAY_MS)
    assert refused.value.details["field"] == field


@pytest.mark.parametrize("bucket", list(TimeBucket))
@pytest.mark.parametrize("zone", ["UTC", "Pacific/Kiritimati", "Asia/Tokyo", "America/Los_Angeles", "Pacific/Niue"])
def test_the_first_window_of_the_calendar_has_buckets_in_every_zone(bucket, zone):
    window = window_of(FIRST, FIRST + 1, 0, DAY_MS)
    (span,) = buckets_of(window, bucket, ZoneInfo(zone))
    assert span.from_at <= FIRST < span.to_at


def test_too_many_buckets_are_refused():
    window = Span(0, 1_000 * DAY_MS)
    assert len(buckets_of(window, TimeBucket.DAY, ZoneInfo("UTC"))) == 1_000
    with pytest.raises(BadUserInputError, match="at most 1,000"):
        buckets_of(Span(0, 1_000 * DAY_MS + 1), TimeBucket.DAY, ZoneInfo("UTC"))

"""Records of schedules, and the instants that they name: pure, no SQL.

Cron expressions have five fields and mean what Debian's cron makes of them,
daylight saving included: a job of a fixed time that falls into the hour which
is left out runs right after it, and one in the hour that comes twice runs once.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from enum import StrEnum
from itertools import count, islice, takewhile
from typing import TYPE_CHECKING, Any, NamedTuple, TypedDict

from synthetic import bad_input, check_text
from synthetic_jobs.content import check_whole
from synthetic_jobs.model import JobContent

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

EVERY_MS_MIN = 1_000
EVERY_MS_MAX = 366 * 24 * 3_600_000
STARTED_MS_MAX = 366 * 24 * 3_600_000
"""How long ago a schedule may have started when it is stored."""

SET_BACK_MS_MAX = 24 * 3_600_000
"""A clock that is set back by more than this was wrong before, and so are the instants that it made jobs for."""

CRON_FIELDS = 5


class MissedPolicy(StrEnum):
    """What becomes of instants that passed while nothing looked; `enums.py` says what each value means."""

    SKIP = "SKIP"
    ONCE = "ONCE"
    ALL = "ALL"


class OverlapPolicy(StrEnum):
    """What happens at an instant when the job of the one before is not finished."""

    ALLOW = "ALLOW"
    SKIP = "SKIP"


class Schedule(NamedTuple):
    """A row of `job_schedules`; instants are Unix milliseconds UTC.

    Attributes:
        id: The caller's, or a UUIDv7.
        cron: Five fields; None where it goes by an interval.
        every_ms: The interval; None where it goes by cron.
        timezone: In which the cron expression is read, an IANA name.
        missed: A `MissedPolicy`.
        overlap: An `OverlapPolicy`.
        job: The columns of the jobs that it makes, as a JSON object.
        starts_at: It makes no job for an instant before this one; None: nobody said.
        paused_at: When it was paused; None: it is not.
        pause_reason: What went wrong, where it was paused because of that.
        next_at: The first instant that has not been seen to.
        overlapped_from: The first of the instants in a row that made no job
            because one had not finished; None: the last one seen to was none of these.
        last_at: The last instant that a job was made for.
        last_job_id: That job.
        version: 1 at first, one more with each change of its content.
        created_at: When it was stored first.
        updated_at: When anything of it changed last.
    """

    id: str
    cron: str | None
    every_ms: int | None
    timezone: str
    missed: str
    overlap: str
    job: str
    starts_at: int | None
    paused_at: int | None
    pause_reason: str | None
    next_at: int
    overlapped_from: int | None
    last_at: int | None
    last_job_id: str | None
    version: int
    created_at: int
    updated_at: int


class ScheduleContent(TypedDict, total=False):
    """What a save says about a schedule; a key that is absent says nothing about its field."""

    cron: str | None
    every_ms: int | None
    timezone: str
    missed: MissedPolicy
    overlap: OverlapPolicy
    job: JobContent | None
    starts_at: int | None


class SavedSchedule(NamedTuple):
    """What a save came to.

    Attributes:
        schedule: As it is stored now.
        created: Whether it was not there before.
        changed: Whether anything was written.
    """

    schedule: Schedule
    created: bool
    changed: bool


FIELDS = {"every_ms": "everyMs", "paused_at": "pausedAt"}
"""Columns of a schedule's content whose name differs from that of the field."""


def check_timing(given: Mapping[str, Any]) -> dict[str, Any]:
    """The columns that say when, each acceptable.

    Raises:
        BadUserInputError: A value is not acceptable; its field is named as in GraphQL.
    """
    columns: dict[str, Any] = {}
    if "timezone" in given:
        columns["timezone"] = check_text(given["timezone"], "timezone", characters_min=1, characters_max=200)
        zone_of(columns["timezone"])
    if "cron" in given:
        columns["cron"] = None if given["cron"] is None else check_cron(given["cron"])
    if "every_ms" in given:
        every_ms = given["every_ms"]
        columns["every_ms"] = None if every_ms is None else check_whole(every_ms, "everyMs", EVERY_MS_MIN, EVERY_MS_MAX)
    for name, policy in (("missed", MissedPolicy), ("overlap", OverlapPolicy)):
        if name in given:
            if given[name] not in policy.__members__.values():
                raise bad_input(name, "must be one of " + ", ".join(policy))
            columns[name] = str(given[name])
    return columns


def check_cron(expression: object) -> str:
    """A cron expression of five fields that comes to pass at some time.

    Raises:
        BadUserInputError: It is none.
    """
    # Here and below, because every start of the command line would pay for it.
    from cronsim import CronSim, CronSimError  # noqa: PLC0415

    text = " ".join(check_text(expression, "cron", characters_min=1, characters_max=200).split())
    if len(text.split()) != CRON_FIELDS:
        raise bad_input("cron", "must have five fields: minute, hour, day of the month, month, day of the week")
    try:
        next(CronSim(text, datetime(2026, 1, 1, tzinfo=UTC)))
    except (CronSimError, StopIteration) as error:
        raise bad_input("cron", f"cannot be understood ({error})" if str(error) else "never comes to pass") from error
    return text


def zone_of(name: str) -> ZoneInfo:
    """A time zone.

    Raises:
        BadUserInputError: There is none of this name.
    """
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError  # noqa: PLC0415

    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise bad_input("timezone", "must be an IANA time zone, such as Europe/Vienna") from error


def instants(schedule: Schedule, after: int) -> Iterator[int]:
    """The instants of a schedule after some instant, and not before its start; each is after the one before.

    An interval counts from the instants that were: it does not drift.

    Args:
        schedule: Whose.
        after: Unix milliseconds UTC.

    Raises:
        BadUserInputError: Nobody here knows its time zone.
    """
    if schedule.starts_at is not None:
        after = max(after, schedule.starts_at - 1)
    if schedule.every_ms is not None:
        passed = (after - schedule.next_at) // schedule.every_ms + 1
        yield from count(schedule.next_at + passed * schedule.every_ms, schedule.every_ms)
        return
    from cronsim import CronSim  # noqa: PLC0415

    # It counts by the clock on the wall, so in an hour that comes twice it begins with instants of the first time. The
    # clock on the wall goes on from each to the next, so these are at most the minutes that come twice.
    for found in CronSim(schedule.cron or "", datetime.fromtimestamp(after // 1000, zone_of(schedule.timezone))):
        at = int(found.timestamp()) * 1000
        if at > after:
            yield at
            after = at


def next_instant(schedule: Schedule, after: int) -> int:
    """The first instant of a schedule after some instant, and not before its start.

    Args:
        schedule: Whose.
        after: Unix milliseconds UTC.

    Raises:
        BadUserInputError: There is none, or nobody here knows its time zone.
    """
    try:
        found = next(instants(schedule, after), None)
    except OverflowError:
        # The calendar ends with the year 9999.
        found = None
    if found is None:
        raise bad_input("cron", "names no instant any more")
    return found


def instant_to_come(schedule: Schedule, now: int) -> int:
    """The first instant that is still to come and that no job was made for.

    A last instant that is far ahead was made up by a clock that was wrong by as much, and is not waited for.

    Args:
        schedule: Whose.
        now: Unix milliseconds UTC.

    Raises:
        BadUserInputError: See `next_instant`.
    """
    last_at = schedule.last_at
    return next_instant(schedule, now if last_at is None or last_at > now + SET_BACK_MS_MAX else max(now, last_at))


def first_made_up_for(schedule: Schedule, now: int, most: int) -> int:
    """Where to begin when at most so many of the instants that have come are made up for: the latest.

    Args:
        schedule: One whose next instant has come.
        now: Unix milliseconds UTC.
        most: At least 1.

    Raises:
        BadUserInputError: Nobody here knows its time zone.
    """
    if schedule.every_ms is not None:
        come = (now - schedule.next_at) // schedule.every_ms + 1
        return schedule.next_at + max(0, come - most) * schedule.every_ms
    from cronsim import CronSim  # noqa: PLC0415

    begin = datetime.fromtimestamp(now // 1000 + 1, zone_of(schedule.timezone))
    earliest = schedule.next_at
    for found in islice(CronSim(schedule.cron or "", begin, reverse=True), most):
        earliest = int(found.timestamp()) * 1000
        if earliest <= schedule.next_at:
            return schedule.next_at
    # Where the clocks change, looking back finds other instants than going on, by a few.
    latest = deque(takewhile(lambda at: at <= now, instants(schedule, earliest - 1)), maxlen=most)
    return max(schedule.next_at, latest[0]) if latest else schedule.next_at


def moved_on(schedule: Schedule, next_at: int) -> Schedule:
    """The schedule with a later next instant.

    Raises:
        ValueError: It is not later: the schedule would be due for ever.
    """
    if next_at <= schedule.next_at:
        raise ValueError(f"the schedule {schedule.id!r} does not go on from {schedule.next_at} to {next_at}")
    return schedule._replace(next_at=next_at)

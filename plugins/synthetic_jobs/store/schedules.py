"""The rows of `job_schedules`: finding, saving, pausing and deleting them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast

from synthetic import (
    NotFoundError,
    Snapshot,
    Transaction,
    bad_input,
    check_id,
    find_changes,
    from_json,
    iso_from_ms,
    to_json,
)
from synthetic_jobs.content import check_content, check_instant
from synthetic_jobs.events import SCHEDULE_DELETED, SCHEDULE_MOVED, SCHEDULE_SAVED
from synthetic_jobs.model import JobContent
from synthetic_jobs.schedule_model import (
    FIELDS,
    STARTED_MS_MAX,
    MissedPolicy,
    OverlapPolicy,
    SavedSchedule,
    Schedule,
    ScheduleContent,
    check_timing,
    instant_to_come,
    next_instant,
)
from synthetic_jobs.settings import JobSettings

COLUMNS = ", ".join(Schedule._fields)

_SELECT = f"SELECT {COLUMNS} FROM job_schedules"

GRACE_MS = 60_000
"""A delay, or a correction of the clock, that is of no account."""


def find_schedule(snapshot: Snapshot, schedule_id: str) -> Schedule | None:
    """The schedule with this id, or None."""
    return snapshot.record(Schedule, _SELECT + " WHERE id = :id", {"id": schedule_id})


def get_schedule(snapshot: Snapshot, schedule_id: str) -> Schedule:
    """The schedule with this id.

    Raises:
        NotFoundError: There is none.
    """
    found = find_schedule(snapshot, schedule_id)
    if found is None:
        raise NotFoundError(
            f"There is no schedule with the id {schedule_id!r}.", details={"field": "id", "id": schedule_id}
        )
    return found


def list_schedules_by_id(snapshot: Snapshot, schedule_ids: Sequence[str]) -> list[Schedule | None]:
    """For each id, its schedule or None, in the order of the ids."""
    records = snapshot.records(
        Schedule, _SELECT + " WHERE id IN (SELECT value FROM json_each(:ids))", {"ids": to_json(list(schedule_ids))}
    )
    found = {record.id: record for record in records}
    return [found.get(schedule_id) for schedule_id in schedule_ids]


def list_schedules(snapshot: Snapshot, limit: int) -> list[Schedule]:
    """The first so many schedules, the first stored first."""
    return snapshot.records(Schedule, _SELECT + " ORDER BY created_at, id LIMIT :limit", {"limit": limit})


def save_schedule(
    tx: Transaction,
    content: ScheduleContent,
    *,
    schedule_id: str | None = None,
    if_version: int | None = None,
) -> SavedSchedule:
    """Store a schedule, or change the fields of one that `content` gives.

    A save that says nothing new writes nothing, whatever version it names. A
    change of when lets it go on from the next instant of the new timing.

    Args:
        tx: To write in.
        content: The fields. A new one needs a `job` with a `kind`, and either
            `cron` or `every_ms`. An interval begins at `starts_at`, or one
            interval from now; missed runs are made up for once, and runs may overlap, unless it says otherwise.
        schedule_id: The caller's id; without it, the schedule is new and gets a UUIDv7.
        if_version: The version that is to be changed, as the caller read it.

    Raises:
        BadUserInputError: A value is not acceptable, or one is missing.
        ConflictError: There is a schedule with this id and other content, and
            `if_version` is not its version; or there is none, and `if_version` says so.
    """
    given = check_timing(cast("Mapping[str, Any]", content))
    if "job" in content:
        given["job"] = _check_job(tx, content["job"])
    stored = None if schedule_id is None else find_schedule(tx, check_id(schedule_id, "id"))
    changes = find_changes(stored, given, entity="schedule", id=schedule_id, if_version=if_version, fields=FIELDS)
    starts_at = content.get("starts_at")
    if starts_at is not None:
        check_instant(starts_at, "startsAt")
    if stored is None or changes is None:
        schedule = _new(tx, schedule_id, given, starts_at)
        write_schedule(tx, schedule)
        _tell(tx, schedule, created=True)
        return SavedSchedule(schedule, created=True, changed=True)
    if not changes:
        return SavedSchedule(stored, created=False, changed=False)
    is_moved = not {"cron", "every_ms", "timezone"}.isdisjoint(changes)
    schedule = stored if is_moved else set_right(tx, stored)
    schedule = schedule._replace(**changes, version=stored.version + 1, updated_at=tx.now)
    _check_whole_timing(schedule)
    if is_moved:
        schedule = _placed(schedule, tx.now, starts_at)
    write_schedule(tx, schedule)
    _tell(tx, schedule, created=False)
    return SavedSchedule(schedule, created=False, changed=True)


def pause_schedule(tx: Transaction, schedule_id: str, reason: str | None = None) -> Schedule:
    """Make no more jobs until it is resumed; a paused one stays as it is.

    Args:
        tx: To write in.
        schedule_id: Which.
        reason: What went wrong, for people; None: somebody wants it.

    Raises:
        NotFoundError: There is none.
    """
    schedule = get_schedule(tx, schedule_id)
    if schedule.paused_at is not None:
        return schedule
    paused = schedule._replace(paused_at=tx.now, pause_reason=reason, updated_at=tx.now)
    write_schedule(tx, paused)
    _tell(tx, paused, created=False)
    return paused


def resume_schedule(tx: Transaction, schedule_id: str) -> Schedule:
    """Go on from the next instant after now: what passed in the pause is not missed.

    Raises:
        NotFoundError: There is none.
        BadUserInputError: Nobody here knows its time zone, or it names no instant any more.
    """
    schedule = get_schedule(tx, schedule_id)
    if schedule.paused_at is None:
        return schedule
    resumed = schedule._replace(
        paused_at=None, pause_reason=None, next_at=instant_to_come(schedule, tx.now), updated_at=tx.now
    )
    write_schedule(tx, resumed)
    _tell(tx, resumed, created=False)
    return resumed


def delete_schedule(tx: Transaction, schedule_id: str) -> Schedule:
    """Delete a schedule; the jobs that it made stay.

    Returns:
        The schedule as it was.

    Raises:
        NotFoundError: There is none.
    """
    schedule = get_schedule(tx, schedule_id)
    tx.execute("DELETE FROM job_schedules WHERE id = :id", {"id": schedule_id})
    tx.emit(SCHEDULE_DELETED, schedule_id, payload={"kind": from_json(schedule.job)["kind"]})
    return schedule


def set_right(tx: Transaction, schedule: Schedule) -> Schedule:
    """The schedule as it goes on after the clock was set back; the event is written here, the row is not.

    What was written at a time that has not come was written by a clock that
    was ahead, and its next instant may be as far ahead.

    Raises:
        BadUserInputError: Nobody here knows its time zone, or it names no instant any more.
    """
    if schedule.paused_at is not None or not tx.now + GRACE_MS < schedule.updated_at or schedule.next_at <= tx.now:
        return schedule
    next_at = instant_to_come(schedule, tx.now)
    if next_at == schedule.next_at:
        return schedule
    payload = {
        "kind": from_json(schedule.job)["kind"],
        "from": iso_from_ms(schedule.next_at),
        "nextAt": iso_from_ms(next_at),
    }
    tx.emit(SCHEDULE_MOVED, schedule.id, payload=payload)
    return schedule._replace(next_at=next_at)


def write_schedule(tx: Transaction, schedule: Schedule) -> None:
    """Store a schedule, in place of the one with its id; who calls it says what happened."""
    assignments = ", ".join(f"{name} = excluded.{name}" for name in Schedule._fields[1:])
    tx.execute(
        f"INSERT INTO job_schedules ({COLUMNS}) VALUES ({', '.join(f':{name}' for name in Schedule._fields)})"
        f" ON CONFLICT (id) DO UPDATE SET {assignments}",
        schedule._asdict(),
    )


def _check_job(tx: Transaction, job: JobContent | None) -> str:
    """The columns of the jobs to be made, as canonical JSON.

    Raises:
        BadUserInputError: A value is not acceptable, the kind is missing, or one is given that each job has of its own.
    """
    if job is None:
        raise bad_input("job", "must not be null")
    for name, field in (("idempotency_key", "idempotencyKey"), ("run_after", "runAfter")):
        if name in job:
            raise bad_input(field, "cannot be the same for all jobs of a schedule")
    columns = check_content(job, tx.settings(JobSettings))
    if columns.get("kind") is None:
        raise bad_input("kind", "must be given for the jobs of a schedule")
    return to_json(dict(sorted(columns.items())))


def _new(tx: Transaction, schedule_id: str | None, given: Mapping[str, Any], starts_at: int | None) -> Schedule:
    if given.get("job") is None:
        raise bad_input("job", "must be given for a new schedule")
    schedule = Schedule(
        id=tx.new_id() if schedule_id is None else schedule_id,
        cron=given.get("cron"),
        every_ms=given.get("every_ms"),
        timezone=given.get("timezone", "UTC"),
        missed=given.get("missed", str(MissedPolicy.ONCE)),
        overlap=given.get("overlap", str(OverlapPolicy.ALLOW)),
        job=given["job"],
        starts_at=None,
        paused_at=None,
        pause_reason=None,
        next_at=tx.now,
        overlapped_from=None,
        last_at=None,
        last_job_id=None,
        version=1,
        created_at=tx.now,
        updated_at=tx.now,
    )
    _check_whole_timing(schedule)
    return _placed(schedule, tx.now, starts_at)


def _check_whole_timing(schedule: Schedule) -> None:
    if (schedule.cron is None) == (schedule.every_ms is None):
        raise bad_input("cron", "or everyMs must be given, and not both")


def _placed(schedule: Schedule, now: int, starts_at: int | None) -> Schedule:
    """The schedule with its first instant.

    Raises:
        BadUserInputError: It is to have started too long ago, or there is no such instant.
    """
    if starts_at is not None and starts_at < now - STARTED_MS_MAX:
        raise bad_input("startsAt", "must be at most 366 days ago")
    schedule = schedule._replace(starts_at=starts_at)
    if schedule.every_ms is not None:
        return schedule._replace(next_at=now + schedule.every_ms if starts_at is None else starts_at)
    # From just before, since an instant that is named is meant to count.
    return schedule._replace(next_at=next_instant(schedule, now if starts_at is None else starts_at - 1))


def _tell(tx: Transaction, schedule: Schedule, *, created: bool) -> None:
    payload = {
        "created": created,
        "version": schedule.version,
        "kind": from_json(schedule.job)["kind"],
        "cron": schedule.cron,
        "everyMs": schedule.every_ms,
        "isPaused": schedule.paused_at is not None,
        "pauseReason": schedule.pause_reason,
    }
    tx.emit(SCHEDULE_SAVED, schedule.id, payload=payload)

"""`synthetic jobs schedules`: which schedules there are, and holding one up, letting it go on or running it now."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from synthetic import from_json, iso_from_ms
from synthetic.cli import DataOption, JsonOption, emit, open_store, show, span_in_words, table_of
from synthetic_jobs.presentation import job_as_json, jobs_table
from synthetic_jobs.schedule_model import Schedule
from synthetic_jobs.store import list_schedules, pause_schedule, resume_schedule, run_schedule

SCHEDULE = "job_schedule"

_LISTED_MAX = 1_000
"""Most schedules that are listed: operators make them, a few."""

IdArgument = Annotated[str, typer.Argument(metavar="ID", help="Id of the schedule.", show_default=False)]


def list_(data: DataOption = None, as_json: JsonOption = False) -> None:
    """List the schedules, the first stored first."""
    with open_store(data) as store:
        schedules = store.read(list_schedules, _LISTED_MAX)
    if as_json:
        emit([_as_json(schedule) for schedule in schedules], as_json)
        return
    rows = [
        (
            schedule.id,
            from_json(schedule.job)["kind"],
            _timing(schedule),
            _next(schedule),
            _instant(schedule.last_at),
            schedule.last_job_id,
        )
        for schedule in schedules
    ]
    if rows:
        show(table_of(("id", "kind", "when", "next", "last", "last job"), rows))
    else:
        show("There are no schedules.")


def pause(id: IdArgument, data: DataOption = None, as_json: JsonOption = False) -> None:
    """Let a schedule make no more jobs until it is resumed."""
    with open_store(data) as store:
        schedule = store.operation(entity_type=SCHEDULE, entity_id=id).write(pause_schedule, id)
    emit(_as_json(schedule) if as_json else f"The schedule {id} is paused.", as_json)


def resume(id: IdArgument, data: DataOption = None, as_json: JsonOption = False) -> None:
    """Let a paused schedule go on; what passed in the pause is not made up for."""
    with open_store(data) as store:
        schedule = store.operation(entity_type=SCHEDULE, entity_id=id).write(resume_schedule, id)
    next_at = iso_from_ms(schedule.next_at)
    emit(_as_json(schedule) if as_json else f"The schedule {id} makes its next job at {next_at}.", as_json)


def run(id: IdArgument, data: DataOption = None, as_json: JsonOption = False) -> None:
    """Make a job of a schedule now, paused or not; its own times stay as they are."""
    with open_store(data) as store:
        job = store.operation(entity_type=SCHEDULE, entity_id=id).write(run_schedule, id)
        now = store.kernel.clock.now_ms()
    if as_json:
        emit(job_as_json(job), as_json)
    else:
        show(jobs_table([job], now))


def _next(schedule: Schedule) -> str:
    """When it makes a job, or why it makes none."""
    if schedule.paused_at is None:
        return iso_from_ms(schedule.next_at)
    return "paused" if schedule.pause_reason is None else f"paused: {schedule.pause_reason}"


def _timing(schedule: Schedule) -> str:
    if schedule.every_ms is not None:
        return f"every {span_in_words(schedule.every_ms)}"
    return f"{schedule.cron} ({schedule.timezone})"


def _as_json(schedule: Schedule) -> dict[str, Any]:
    """A schedule with names as in the GraphQL schema; of its job, the kind."""
    return {
        "id": schedule.id,
        "kind": from_json(schedule.job)["kind"],
        "cron": schedule.cron,
        "everyMs": schedule.every_ms,
        "timezone": schedule.timezone,
        "missed": schedule.missed,
        "overlap": schedule.overlap,
        "startsAt": _instant(schedule.starts_at),
        "pausedAt": _instant(schedule.paused_at),
        "pauseReason": schedule.pause_reason,
        "nextAt": iso_from_ms(schedule.next_at),
        "lastAt": _instant(schedule.last_at),
        "lastJobId": schedule.last_job_id,
    }


def _instant(at: int | None) -> str | None:
    return None if at is None else iso_from_ms(at)

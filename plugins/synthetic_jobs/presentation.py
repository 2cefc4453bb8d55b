"""How jobs are shown on the command line: to people in tables, to machines with the names of the GraphQL schema."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from rich.table import Table

from synthetic import from_json, iso_from_ms
from synthetic.cli import span_in_words, table_of
from synthetic_jobs.model import FINISHED, NEVER, Attempt, CheckpointSize, Job, JobStatus
from synthetic_jobs.narrow_table import NarrowTable, cut_at_end

_JSON = ("params", "metadata", "result")
_INTERNAL = ("lease_ms",)
_ERROR_COLUMNS = 60
_WORKER_COLUMNS = 32
_MOST = {"kind": 32, "phase": 32, "worker": _WORKER_COLUMNS, "error": _ERROR_COLUMNS}
_COMFORTABLE = (("error", 24), ("worker", 12), ("phase", 12), ("kind", 12))
_LEAST = (("error", 12), ("worker", 8), ("phase", 8), ("kind", 8), ("status", 9), ("error", 8))
_VALUE_CHARACTERS = 4_000
"""So much of a value is shown to people, about two pages; results and errors may have megabytes."""


class JobDetails(NamedTuple):
    """All that is known of a job.

    Attributes:
        job: The job.
        checkpoints: Where it can go on from, the latest last.
        contents: What the checkpoints hold, as JSON by their phases; None where that was not asked for.
        history: Its attempts, the first one first.
        children: Its parts, the first stored first; the first of very many.
        children_have_more: Whether there are more parts.
        replays: The jobs that repeat it, likewise.
        replays_have_more: Whether there are more of them.
    """

    job: Job
    checkpoints: Sequence[CheckpointSize]
    contents: Mapping[str, str] | None
    history: Sequence[Attempt]
    children: Sequence[Job]
    children_have_more: bool
    replays: Sequence[Job]
    replays_have_more: bool


def job_as_json(job: Job) -> dict[str, Any]:
    """A job with the fields of the GraphQL type `Job` that are values."""
    return {_camel(name): _plain(name, value) for name, value in job._asdict().items() if name not in _INTERNAL}


def details_as_json(details: JobDetails) -> dict[str, Any]:
    """A job with all that belongs to it."""
    return {
        **job_as_json(details.job),
        "checkpoints": [
            {
                "phase": each.phase,
                **({} if details.contents is None else {"data": from_json(details.contents[each.phase])}),
                "sizeBytes": each.size_bytes,
                "createdAt": iso_from_ms(each.created_at),
            }
            for each in details.checkpoints
        ],
        "history": [
            {_camel(name): _plain(name, value) for name, value in each._asdict().items() if name != "job_id"}
            for each in details.history
        ],
        "children": [_outline(job) for job in details.children],
        "childrenHaveMore": details.children_have_more,
        "replays": [_outline(job) for job in details.replays],
        "replaysHaveMore": details.replays_have_more,
    }


def jobs_table(jobs: Sequence[Job], now: int) -> NarrowTable:
    """Jobs as a table, without the columns in which none has anything, since terminals are narrow.

    Args:
        jobs: The jobs.
        now: Unix milliseconds UTC, for their age.
    """
    rows = [
        {
            "id": job.id,
            "kind": job.kind,
            "status": status_in_words(job),
            "progress": f"{job.progress} %",
            "phase": job.phase,
            "attempts": f"{job.attempts} of {job.max_attempts}",
            "age": span_in_words(max(0, now - job.created_at)),
            "worker": job.lease_owner,
            "error": job.error_message,
        }
        for job in jobs
    ]
    columns = [name for name in (rows[0] if rows else ()) if any(row[name] is not None for row in rows)]
    return NarrowTable(
        columns,
        [[row[name] for name in columns] for row in rows],
        numbers=("progress",),
        most=_MOST,
        comfortable=_COMFORTABLE,
        least=_LEAST,
    )


def status_in_words(job: Job) -> str:
    """The status, and that it will not be so for long where somebody wants the job cancelled."""
    return f"{job.status}, to be cancelled" if is_to_be_cancelled(job) else job.status


def is_to_be_cancelled(job: Job) -> bool:
    """Whether its worker is still to hear that it was cancelled."""
    return job.status == JobStatus.RUNNING and job.cancel_requested_at is not None


def counts_in_words(counts: Mapping[JobStatus, int]) -> str:
    """How many jobs there are of each status."""
    return ", ".join(f"{count:,} {status}" for status, count in counts.items() if count) or "no jobs"


def first_words(error: str | None) -> str | None:
    """The beginning of an error message, in one line."""
    return None if error is None else cut_at_end(error, _ERROR_COLUMNS)


def job_fields(job: Job, now: int) -> dict[str, str | None]:
    """A job for people, by names; what it does not have is left out, and what is very long is cut."""
    fields = dict(_fields(job, now))
    return {name: _cut(value) for name, value in fields.items() if value not in (None, "{}")}


def checkpoints_table(checkpoints: Sequence[CheckpointSize], now: int) -> Table:
    """Where a job can go on from; the phases whole, since that is how a replay names them."""
    rows = [(each.phase, each.size_bytes, _instant(each.created_at, now)) for each in checkpoints]
    return table_of(("checkpoint", "bytes", "saved"), rows, numbers=("bytes",))


def history_table(history: Sequence[Attempt], now: int) -> Table:
    """The attempts at a job."""
    rows = [
        (
            each.number,
            cut_at_end(each.worker, _WORKER_COLUMNS),
            _instant(each.started_at, now),
            span_in_words(max(0, (now if each.ended_at is None else each.ended_at) - each.started_at)),
            each.outcome or "runs",
            first_words(each.error),
        )
        for each in history
    ]
    return table_of(("attempt", "worker", "started", "took", "outcome", "error"), rows, numbers=("attempt",))


def _fields(job: Job, now: int) -> Iterator[tuple[str, str | None]]:
    yield "Id", job.id
    yield "Kind", job.kind
    yield "Status", _standing(job, now)
    yield "Can be", ", ".join(_possible(job))
    yield "Progress", f"{job.progress} %" + ("" if job.phase is None else f", {job.phase}")
    yield "Attempts", f"{job.attempts} of {job.max_attempts}"
    yield "Error", job.error_message
    yield "Result", job.result
    yield "Command", job.command
    yield "Params", job.params
    yield "Key", job.key
    yield "Priority", str(job.priority)
    yield "On lapse", job.on_lapse
    yield "User", job.user_id
    yield "Project", job.project_id
    yield "Construct", job.construct_id
    yield "Part of", job.parent_id
    yield "Repeats", job.replay_of
    yield "Schedule", job.schedule_id
    yield "Caller", job.caller
    yield "Answers to", job.response_channel
    yield "Idempotency key", job.idempotency_key
    yield "Metadata", job.metadata
    yield "Stored", _instant(job.created_at, now)
    yield "Started", _instant(job.started_at, now)
    yield "Finished", _instant(job.completed_at, now)


def _standing(job: Job, now: int) -> str:
    """The status and what belongs to it: who runs the job, or what it waits for."""
    match job.status:
        case JobStatus.RUNNING:
            words = f", held by {job.lease_owner} for {span_in_words(max(0, (job.lease_expires_at or now) - now))} more"
        case JobStatus.WAITING:
            words = "" if job.waiting_for is None else f" for {job.waiting_for}"
            words += "" if job.run_after == NEVER else f", at the latest until {iso_from_ms(job.run_after)}"
        case JobStatus.PENDING:
            words = "" if job.run_after <= now else f", not before {iso_from_ms(job.run_after)}"
        case _:
            words = ""
    return status_in_words(job) + words


def _possible(job: Job) -> Iterator[str]:
    """What an operator can do with it."""
    if job.status in (JobStatus.FAILED, JobStatus.CANCELLED):
        yield "retried"
    if job.status in FINISHED:
        yield "replayed"
    else:
        yield "cancelled"


def _cut(value: str | None) -> str | None:
    """The beginning of a value that is very long, and where the rest of it is to be seen."""
    if value is None or len(value) <= _VALUE_CHARACTERS:
        return value
    return f"{value[:_VALUE_CHARACTERS]}… ({len(value) - _VALUE_CHARACTERS:,} more characters: see --json)"


def _outline(job: Job) -> dict[str, Any]:
    return {"id": job.id, "kind": job.kind, "status": job.status, "progress": job.progress}


def _instant(at: int | None, now: int) -> str | None:
    """An instant, and how long ago it was."""
    return None if at is None else f"{iso_from_ms(at)} ({span_in_words(max(0, now - at))} ago)"


def _plain(name: str, value: Any) -> Any:
    """The value of a column as JSON shows it."""
    if value is None or (name == "run_after" and value == NEVER):
        return None
    if name in _JSON:
        return from_json(value)
    return iso_from_ms(value) if name.endswith("_at") or name == "run_after" else value


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(map(str.capitalize, rest))

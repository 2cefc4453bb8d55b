"""Jobs as a source of dead letters: one that has failed for good is one, and retrying it is retrying the job.

The letter comes in the transaction in which the job fails, holds what the job
was made of, and outlives it. While its job is there and the letter was not
edited, a retry grants the job another attempt, checkpoints and all; else it
makes a new job, which names the first one as `replayOf`. Either way the letter
is RETRYING until that job ends. What becomes of the new job concerns this
letter for as long as that is open, also where somebody tries the job again
later: one failure has one letter.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, cast

from synthetic import BadUserInputError, ReportedError, Snapshot, Transaction, bad_input, from_json, hookimpl
from synthetic_dead_letters.store import (
    DeadLetter,
    DeadLetterSource,
    NewDeadLetter,
    RetryOutcome,
    done,
    failed,
    find_open_letter_of,
    find_open_letter_retried_as,
    resolve_dead_letter,
    save_whole_or_reduced,
    settle_retry_of,
    started,
)
from synthetic_jobs.content import check_content
from synthetic_jobs.errors import JobFailedError
from synthetic_jobs.model import FIELDS, Job, JobContent, JobStatus, is_finished
from synthetic_jobs.reactions import JobReaction
from synthetic_jobs.settings import JobSettings
from synthetic_jobs.store.jobs import COLUMNS, find_job, insert_job
from synthetic_jobs.store.operating import retry_job

SOURCE = "job"
ENTITY = "job"
_JSON = ("params", "metadata")
_LEFT_OUT = ("idempotency_key", "run_after")
"""A retry is due at once, and the key stays with the job that failed."""

_CONTENT = {name: FIELDS.get(name, name) for name in JobContent.__annotations__ if name not in _LEFT_OUT}
"""Columns that a new job is made of, and what they are called in a payload, as in `saveJob`."""

_UNTOLD = ReportedError(code="JOB_FAILED", message="A job has failed for good; the job tells why.")
"""Stands for an error that no letter can hold."""

_MADE = (
    f"SELECT {COLUMNS} FROM sync_jobs WHERE replay_of = :id AND created_at >= :since"
    " ORDER BY created_at DESC, id DESC LIMIT 20"
)


def follow_job(tx: Transaction, before: Job, job: Job) -> None:
    """Keep the letter of a job in step with the status that it has come to."""
    match JobStatus(job.status):
        case JobStatus.FAILED:
            _keep_failed(tx, job)
        case JobStatus.COMPLETED:
            may_have_letter = before.attempts > 1 or job.replay_of is not None
            if settle_retry_of(tx, ENTITY, job.id, done(ENTITY, job.id)) is None and may_have_letter:
                # An operator may have retried the job itself, past its letter; or it was taken for lost.
                letter = find_open_letter_of(tx, SOURCE, ENTITY, job.id)
                letter = letter or find_open_letter_retried_as(tx, ENTITY, job.id)
                if letter is not None:
                    resolve_dead_letter(tx, letter.id, resolution="The job was tried again, and has been completed.")
        case _:
            try:
                settle_retry_of(tx, ENTITY, job.id, failed(_error_of(job)))
            except BadUserInputError:
                settle_retry_of(tx, ENTITY, job.id, failed(_UNTOLD))


def retry(tx: Transaction, letter: DeadLetter) -> RetryOutcome:
    """Have the work of a letter done once more.

    Raises:
        BadUserInputError: No job can be made of its payload.
        NotFoundError: The construct of its job is gone.
    """
    job = _find_job_of(tx, letter)
    if job is None:
        return started(ENTITY, _make_job(tx, letter).id)
    if job.status == JobStatus.COMPLETED:
        return done(ENTITY, job.id)
    if is_finished(job):
        retry_job(tx, job.id)
    return started(ENTITY, job.id)


def check_payload(snapshot: Snapshot, letter: DeadLetter, payload: object) -> None:  # noqa: ARG001 - the hook's shape
    """Refuse a payload that no job can be made of.

    Raises:
        BadUserInputError: It is one.
    """
    _content_of(snapshot, payload, is_edited=True)


@hookimpl
def register_dead_letter_sources() -> tuple[DeadLetterSource, ...]:
    """Jobs that have failed for good."""
    return (
        DeadLetterSource(
            name=SOURCE,
            purpose="Jobs that have failed for good: out of attempts, or not worth another one.",
            retry=retry,
            check_payload=check_payload,
        ),
    )


@hookimpl
def register_job_reactions() -> tuple[JobReaction, ...]:
    """A job's letter follows the job."""
    return (
        JobReaction(
            purpose="Keeps jobs that have failed for good as dead letters.",
            statuses=frozenset({JobStatus.FAILED, JobStatus.COMPLETED, JobStatus.CANCELLED}),
            react=follow_job,
        ),
    )


def _keep_failed(tx: Transaction, job: Job) -> None:
    """Store the letter of a job that has failed, or add the failure to the letter that it is a retry of."""
    payload = {name: from_json(value) if column in _JSON else value for column, name, value in _told(job)}
    whole = _letter_of(tx, job, payload)
    # A job may hold more than a letter. The work is still in the job, for as long as that is kept.
    reduced = replace(whole, payload={name: value for name, value in payload.items() if name not in _JSON})
    identity = replace(whole, payload={"kind": job.kind}, construct_id=None, key=None, error=_UNTOLD)
    save_whole_or_reduced(tx, whole, reduced, replace(reduced, error=_UNTOLD), identity)


def _told(job: Job) -> list[tuple[str, str, Any]]:
    """What a job is made of: column, name and value of each thing that it says."""
    values = [(column, name, getattr(job, column)) for column, name in _CONTENT.items()]
    return [(column, name, value) for column, name, value in values if value is not None]


def _letter_of(tx: Transaction, job: Job, payload: dict[str, Any]) -> NewDeadLetter:
    return NewDeadLetter(
        source=SOURCE,
        error=_error_of(job),
        payload=payload,
        entity_type=ENTITY,
        entity_id=job.id,
        construct_id=job.construct_id,
        key=job.key,
        attempts=max(1, job.attempts),
        first_failed_at=None if job.started_at is None else min(job.started_at, tx.now),
    )


def _error_of(job: Job) -> JobFailedError:
    verb = "was cancelled" if job.status == JobStatus.CANCELLED else "has failed for good"
    reason = f": {job.error_message}" if job.error_message else "."
    return JobFailedError(
        f"A job of the kind {job.kind} {verb}{reason}",
        details={"kind": job.kind, "status": job.status, "attempts": job.attempts},
    )


def _find_job_of(tx: Transaction, letter: DeadLetter) -> Job | None:
    """The job that does the work of a letter; None where a new one has to be made."""
    if letter.entity_id is None:
        return None
    job = find_job(tx, letter.entity_id)
    if job is not None and letter.edited_at is None:
        return job
    content = _content_of(tx, from_json(letter.payload), is_edited=letter.edited_at is not None)
    made = tx.records(Job, _MADE, {"id": letter.entity_id, "since": letter.edited_at or letter.created_at})
    # A replay by hand does what the job did, whatever the letter says by now.
    return next((each for each in made if all(getattr(each, name) == value for name, value in content.items())), None)


def _make_job(tx: Transaction, letter: DeadLetter) -> Job:
    content = _content_of(tx, from_json(letter.payload), is_edited=letter.edited_at is not None)
    return insert_job(tx, None, content, parent_must_exist=False, replay_of=letter.entity_id)


def _content_of(snapshot: Snapshot, payload: object, *, is_edited: bool) -> dict[str, Any]:
    """The columns of a new job.

    Args:
        snapshot: For the settings.
        payload: What it is to be made of.
        is_edited: Whether somebody wrote the payload, so that nothing is missing that is not there.

    Raises:
        BadUserInputError: The payload is not acceptable.
    """
    if not isinstance(payload, dict):
        raise bad_input("payload", "must be an object with the fields of a job")
    given = cast("dict[str, Any]", payload)
    columns = {name: column for column, name in _CONTENT.items()}
    unknown = sorted(given.keys() - columns.keys())
    if unknown:
        raise bad_input("payload", f"must not hold {unknown[0]!r}: no job is made of it")
    if given.get("kind") is None:
        raise bad_input("payload.kind", "must be given")
    if not is_edited and any(name not in given for name in _JSON):
        problem = "lacks what was too large for it, and the job that held it is not there any more"
        raise bad_input("payload", problem, action="Retry it with a payload that has `params` and `metadata`.")
    content = {columns[name]: value for name, value in given.items()}
    return check_content(cast("JobContent", content), snapshot.settings(JobSettings))

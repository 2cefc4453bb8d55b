"""The rows of `sync_jobs`: finding, saving and changing them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from synthetic import NotFoundError, Snapshot, Transaction, bad_input, check_id, find_changes, iso_from_ms, to_json
from synthetic_jobs.content import check_content
from synthetic_jobs.errors import IllegalTransitionError
from synthetic_jobs.events import JOB_SAVED, JOB_STATUS_CHANGED, job_payload
from synthetic_jobs.model import FIELDS, NEVER, PRIORITY, Job, JobContent, JobStatus, SavedJob, is_finished
from synthetic_jobs.reactions import react_to
from synthetic_jobs.settings import JobSettings

COLUMNS = ", ".join(Job._fields)

_SELECT = f"SELECT {COLUMNS} FROM sync_jobs"
_INSERT = f"INSERT INTO sync_jobs ({COLUMNS}) VALUES ({', '.join(f':{name}' for name in Job._fields)})"
_TOLD = [(Job._fields.index(name), FIELDS.get(name, name)) for name in JobContent.__annotations__]
"""Where the columns of a job's content stand in a record, and what the fields are called."""

_NOTHING = (None,) * len(Job._fields)
_NEW = dict.fromkeys(Job._fields)
_REASON_CHARACTERS = 200
"""Of an error's text, what its event carries."""


def find_job(snapshot: Snapshot, job_id: str) -> Job | None:
    """The job with this id, or None."""
    return snapshot.record(Job, _SELECT + " WHERE id = :id", {"id": job_id})


def get_job(snapshot: Snapshot, job_id: str, *, field: str = "id") -> Job:
    """The job with this id.

    Args:
        snapshot: To read from.
        job_id: Its id.
        field: Name under which the sender gave the id, for the error.

    Raises:
        BadUserInputError: It can be no id.
        NotFoundError: There is none.
    """
    found = find_job(snapshot, check_id(job_id, field))
    if found is None:
        raise NotFoundError(f"There is no job with the id {job_id!r}.", details={"field": field, "id": job_id})
    return found


def list_jobs_by_id(snapshot: Snapshot, job_ids: Sequence[str]) -> list[Job | None]:
    """For each id, its job or None, in the order of the ids."""
    records = snapshot.records(
        Job, _SELECT + " WHERE id IN (SELECT value FROM json_each(:ids))", {"ids": to_json(list(job_ids))}
    )
    found = {record.id: record for record in records}
    return [found.get(job_id) for job_id in job_ids]


def count_jobs(snapshot: Snapshot) -> list[tuple[str, str, int]]:
    """How many jobs there are of each kind in each status."""
    # Named, because the planner would rather walk another index of the kinds, and read each row for its status.
    counted = snapshot.rows(
        "SELECT kind, status, count(*) FROM sync_jobs INDEXED BY sync_jobs_by_kind_and_status GROUP BY kind, status"
    )
    return [(kind, status, count) for kind, status, count in counted]


def save_job(
    tx: Transaction, content: JobContent, *, job_id: str | None = None, if_version: int | None = None
) -> SavedJob:
    """Store a job for workers to claim, or change the content of one.

    A save that says nothing new writes nothing, whatever version it names, so
    it can be sent again when its answer was lost. One that names an
    idempotency key which a job of its kind has is a save of that job.

    Args:
        tx: To write in.
        content: The fields to store. A new job needs a `kind`, is PENDING, and is due now unless it says otherwise.
        job_id: The caller's id; without it, the job is new and gets a UUIDv7, unless its idempotency key is known.
        if_version: The version that is to be changed, as the caller read it.

    Raises:
        BadUserInputError: A value is not acceptable, or there is no kind.
        NotFoundError: There is no such construct or parent.
        ConflictError: There is a job with this id or key and other content,
            and `if_version` is not its version; or there is none, and `if_version` says so.
        IllegalTransitionError: It has finished, or runs, and what is to be changed matters to that.
    """
    given = check_content(content, tx.settings(JobSettings))
    stored = _find_stored(tx, given, job_id)
    if stored is not None and stored.lease_token > 0:
        # When it is due has been decided anew since: by a retry, or by what it waits for.
        given.pop("run_after", None)
    known_id = job_id if stored is None else stored.id
    changes = find_changes(stored, given, entity="job", id=known_id, if_version=if_version, fields=FIELDS)
    if stored is None or changes is None:
        return SavedJob(insert_job(tx, job_id, given), created=True, changed=True)
    if not changes:
        return SavedJob(stored, created=False, changed=False)
    return SavedJob(_change_content(tx, stored, changes), created=False, changed=True)


def insert_job(
    tx: Transaction,
    job_id: str | None,
    given: Mapping[str, Any],
    *,
    parent_must_exist: bool = True,
    **origin: str | None,
) -> Job:
    """Store a new job.

    Args:
        tx: To write in.
        job_id: The caller's id, or None for a UUIDv7.
        given: Its checked columns.
        parent_must_exist: False: a parent that is gone is left out.
        origin: Where it comes from: `replay_of`, `schedule_id`.

    Raises:
        BadUserInputError: It has no kind.
        NotFoundError: There is no such construct or parent.
    """
    if given.get("kind") is None:
        raise bad_input("kind", "must be given for a new job")
    settings = tx.settings(JobSettings)
    columns: dict[str, Any] = {
        **_NEW,
        "id": tx.new_id() if job_id is None else job_id,
        "params": "{}",
        "priority": PRIORITY,
        "max_attempts": settings.max_attempts,
        "on_lapse": settings.on_lapse,
        "metadata": "{}",
        "status": str(JobStatus.PENDING),
        "progress": 0,
        "attempts": 0,
        "retries": 0,
        "run_after": tx.now,
        "lease_token": 0,
        "version": 1,
        "created_at": tx.now,
        "updated_at": tx.now,
        **given,
        **origin,
    }
    if not parent_must_exist and columns["parent_id"] is not None and find_job(tx, columns["parent_id"]) is None:
        columns["parent_id"] = None
    job = Job(**columns)
    _check_links(tx, job, columns)
    tx.execute(_INSERT, columns)
    _tell_saved(tx, None, job)
    return job


def write_job(tx: Transaction, before: Job, **changes: Any) -> Job:
    """Change columns of a job; who calls it says what happened.

    Returns:
        The job as it is now.
    """
    values = {"updated_at": tx.now, **changes}
    assignments = ", ".join(f"{name} = :{name}" for name in values)
    tx.execute(f"UPDATE sync_jobs SET {assignments} WHERE id = :id", {"id": before.id, **values})
    return before._replace(**values)


def tell_status(tx: Transaction, before: Job, job: Job, **more: Any) -> None:
    """Write `job.status_changed`, and let other plugins react in the same transaction.

    Args:
        tx: To write in.
        before: As the job was.
        job: As it is now.
        more: `worker`, `outcome`, `error` and what else is to be told.
    """
    error = more.pop("error", None)
    if error is not None:
        more["error"] = error[:_REASON_CHARACTERS]
    payload = job_payload(job, previousStatus=before.status, progress=job.progress, phase=job.phase, **more)
    if job.lease_token:
        payload["attempt"] = job.lease_token
    if job.waiting_for is not None:
        payload["waitingFor"] = job.waiting_for
    if job.status in (JobStatus.PENDING, JobStatus.WAITING) and tx.now < job.run_after < NEVER:
        payload["runAfter"] = iso_from_ms(job.run_after)
    tx.emit(JOB_STATUS_CHANGED, job.id, construct_id=job.construct_id, payload=payload)
    react_to(tx, before, job)


def _find_stored(tx: Transaction, given: Mapping[str, Any], job_id: str | None) -> Job | None:
    """The job that a save speaks of, by its id or its idempotency key.

    Raises:
        BadUserInputError: The key is that of another job.
    """
    stored = None if job_id is None else find_job(tx, check_id(job_id, "id"))
    kind = given.get("kind") if stored is None else stored.kind
    key = given.get("idempotency_key")
    if kind is None or key is None:
        return stored
    by_key = tx.record(Job, _SELECT + " WHERE kind = :kind AND idempotency_key = :key", {"kind": kind, "key": key})
    if job_id is None:
        return by_key
    if by_key is not None and by_key.id != job_id:
        raise bad_input("idempotencyKey", f"is that of job {by_key.id!r}, which is of the same kind")
    return stored


def _change_content(tx: Transaction, stored: Job, changes: dict[str, Any]) -> Job:
    """Change what a job is to do, as long as that can matter.

    Raises:
        BadUserInputError, NotFoundError: See `save_job`.
        IllegalTransitionError: It is too late.
    """
    telling = [name for name in changes if name != "metadata"]
    if telling and (is_finished(stored) or stored.status == JobStatus.RUNNING):
        raise IllegalTransitionError(
            f"Job {stored.id!r} is {stored.status}: only its metadata can be changed.",
            action="Leave the other fields out, or make another job.",
            details={"id": stored.id, "status": stored.status, "fields": [FIELDS.get(name, name) for name in telling]},
        )
    if "kind" in changes:
        raise bad_input("kind", "cannot be changed")
    if "max_attempts" in changes and changes["max_attempts"] <= stored.attempts:
        raise bad_input("maxAttempts", f"must be more than the {stored.attempts} that there were")
    _check_links(tx, stored._replace(**changes), changes)
    job = write_job(tx, stored, **changes, version=stored.version + 1)
    _tell_saved(tx, stored, job)
    return job


def _check_links(tx: Transaction, job: Job, given: Mapping[str, Any]) -> None:
    """Make sure that what a job points at is there.

    Raises:
        BadUserInputError: It would be its own parent.
        NotFoundError: Something is not there.
    """
    construct_id = given.get("construct_id")
    if construct_id is not None and tx.row("SELECT 1 FROM constructs WHERE id = :id", {"id": construct_id}) is None:
        raise NotFoundError(
            f"There is no construct with the constructId {construct_id!r}.",
            details={"field": "constructId", "id": construct_id},
        )
    if given.get("parent_id") is not None:
        if job.parent_id == job.id:
            raise bad_input("parentId", "must not be the job itself")
        get_job(tx, given["parent_id"], field="parentId")


def _tell_saved(tx: Transaction, before: Job | None, job: Job) -> None:
    old = _NOTHING if before is None else before
    changed = [field for place, field in _TOLD if job[place] != old[place]]
    payload = job_payload(
        job,
        created=before is None,
        version=job.version,
        changed=changed,
        replayOf=job.replay_of,
        scheduleId=job.schedule_id,
    )
    if before is not None and before.construct_id != job.construct_id:
        payload |= {"constructId": job.construct_id, "previousConstructId": before.construct_id}
    tx.emit(JOB_SAVED, job.id, construct_id=job.construct_id, payload=payload)

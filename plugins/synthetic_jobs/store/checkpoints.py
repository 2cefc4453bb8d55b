"""Where a job can go on from: one checkpoint for each phase, the latest last."""

from __future__ import annotations

from collections.abc import Sequence

from synthetic import (
    EACH,
    NotFoundError,
    Order,
    Selection,
    Snapshot,
    Transaction,
    bad_input,
    check_id,
    check_json,
    to_json,
)
from synthetic_jobs.events import JOB_CHECKPOINTED, job_payload
from synthetic_jobs.model import Checkpoint, CheckpointSize
from synthetic_jobs.settings import JobSettings
from synthetic_jobs.store.jobs import write_job
from synthetic_jobs.store.leases import get_held_job, renewed

LATEST_FIRST = Order(("seq",), (int,), descending=True)
LATEST_LAST = Order(("seq",), (int,))

_COLUMNS = ", ".join(Checkpoint._fields)
_SELECT = f"SELECT {_COLUMNS} FROM job_checkpoints"


def save_checkpoint(tx: Transaction, job_id: str, lease_token: int, phase: str, data: object) -> Checkpoint:
    """Keep where a job can go on from; what was kept for this phase is replaced.

    Args:
        tx: To write in.
        job_id: The job.
        lease_token: What the claim gave.
        phase: What has been done.
        data: What the worker needs to go on: any JSON.

    Raises:
        BadUserInputError: A value is not acceptable, or the job has as many checkpoints as it may.
        NotFoundError: There is no such job.
        LeaseLostError: The lease ran out, or the job is another's by now.
    """
    settings = tx.settings(JobSettings)
    check_id(phase, "phase")
    text = check_json(data, "data", bytes_max=settings.checkpoint_bytes, depth_max=settings.json_depth)
    job = get_held_job(tx, job_id, lease_token)
    count, latest, replaced = tx.rows(
        "SELECT count(*), coalesce(max(seq), 0), coalesce(sum(phase = :phase), 0) FROM job_checkpoints"
        " WHERE job_id = :job_id",
        {"job_id": job_id, "phase": phase},
    )[0]
    if count >= settings.checkpoints and not replaced:
        raise bad_input("phase", f"is one too many: the job has checkpoints of {count} phases already")
    checkpoint = Checkpoint(job_id, phase, latest + 1, text, tx.now)
    tx.execute(
        f"INSERT INTO job_checkpoints ({_COLUMNS}) VALUES (:job_id, :phase, :seq, :data, :created_at)"
        " ON CONFLICT (job_id, phase) DO UPDATE SET seq = excluded.seq, data = excluded.data,"
        " created_at = excluded.created_at",
        checkpoint._asdict(),
    )
    write_job(tx, job, **renewed(tx, job))
    payload = job_payload(job, phase=phase, progress=job.progress, sizeBytes=len(text.encode()))
    tx.emit(JOB_CHECKPOINTED, job_id, construct_id=job.construct_id, payload=payload)
    return checkpoint


def load_checkpoint(snapshot: Snapshot, job_id: str, phase: str | None = None) -> Checkpoint | None:
    """The checkpoint of a phase, or without one the latest; None if there is none."""
    if phase is None:
        return snapshot.record(
            Checkpoint, _SELECT + " WHERE job_id = :job_id ORDER BY seq DESC LIMIT 1", {"job_id": job_id}
        )
    return snapshot.record(
        Checkpoint, _SELECT + " WHERE job_id = :job_id AND phase = :phase", {"job_id": job_id, "phase": phase}
    )


def select_checkpoints(phase: str | None = None) -> Selection:
    """The checkpoints of each of many jobs, for the kernel to read from; without a phase, of all phases."""
    if phase is None:
        return Selection("job_checkpoints", [f"job_id = {EACH}"], {})
    return Selection("job_checkpoints", [f"job_id = {EACH}", "phase = :phase"], {"phase": phase})


def find_checkpoint(snapshot: Snapshot, job_id: str, phase: str | None) -> Checkpoint | None:
    """As `load_checkpoint`, but a phase that is named must be there.

    Raises:
        NotFoundError: It is not.
    """
    found = load_checkpoint(snapshot, job_id, phase)
    if found is None and phase is not None:
        raise NotFoundError(
            f"Job {job_id!r} has no checkpoint of the phase {phase!r}.", details={"field": "fromPhase", "id": phase}
        )
    return found


def list_checkpoints(snapshot: Snapshot, job_ids: Sequence[str]) -> list[list[Checkpoint]]:
    """For each job its checkpoints, the latest last."""
    found = snapshot.records(
        Checkpoint,
        _SELECT + " WHERE job_id IN (SELECT value FROM json_each(:ids)) ORDER BY job_id, seq",
        {"ids": to_json(list(job_ids))},
    )
    by_job: dict[str, list[Checkpoint]] = {}
    for checkpoint in found:
        by_job.setdefault(checkpoint.job_id, []).append(checkpoint)
    return [by_job.get(job_id, []) for job_id in job_ids]


def list_checkpoint_sizes(snapshot: Snapshot, job_id: str) -> list[CheckpointSize]:
    """The checkpoints of a job, the latest last, without reading what they hold."""
    return snapshot.records(
        CheckpointSize,
        "SELECT phase, seq, created_at, octet_length(data) AS size_bytes FROM job_checkpoints"
        " WHERE job_id = :job_id ORDER BY seq",
        {"job_id": job_id},
    )


def copy_checkpoints(tx: Transaction, through: Checkpoint, job_id: str) -> None:
    """Give a new job what another had kept up to a checkpoint."""
    tx.execute(
        f"INSERT INTO job_checkpoints ({_COLUMNS})"
        " SELECT :job_id, phase, seq, data, created_at FROM job_checkpoints WHERE job_id = :from_id AND seq <= :seq",
        {"job_id": job_id, "from_id": through.job_id, "seq": through.seq},
    )

"""The workers of the made-up fleet: what they do in one step of the demo, while somebody looks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from random import Random

from synthetic import Order, Transaction
from synthetic.demo import Fleet, read_first, sentence
from synthetic_constructs.store import ConstructRecord, ConstructStatus, select_constructs
from synthetic_constructs.store import Criteria as ConstructCriteria
from synthetic_jobs.criteria import Criteria
from synthetic_jobs.model import Job, JobContent, JobStatus
from synthetic_jobs.store import (
    cancel_job,
    claim_jobs,
    complete_job,
    fail_job,
    heartbeat_job,
    save_checkpoint,
    save_job,
    select_jobs,
    update_job_progress,
    update_job_status,
)

KINDS: Mapping[str, tuple[str, ...]] = {
    "build": ("fetch", "compile", "package"),
    "test-suite": ("prepare", "unit", "end-to-end", "report"),
    "index": ("scan", "parse", "store"),
    "review": ("read", "comment"),
    "export": ("collect", "write", "upload"),
}
"""The kinds of the fleet's jobs, and the phases of each."""

WORKERS = tuple(f"demo-worker-{number}" for number in range(1, 9))

RUNNING_MAX = 6
"""The workers do not take up more at once, unless the history left more."""

PENDING_MIN = 4
LEASE_MS = 600_000
LOOKED_AT = 50
"""Of the jobs in a status, a step looks at so many."""

MOVED = 3
"""So many running jobs come further in one step."""

OLDEST_FIRST = Order(("created_at", "id"), (int, str))
NEWEST_FIRST = Order(("created_at", "id"), (int, str), descending=True)


def new_content(fleet: Fleet, draw: Random, part: str) -> JobContent:
    """What a new job is to do, for a part of a program."""
    kind = draw.choice(tuple(KINDS))
    return {
        "kind": kind,
        "key": part,
        "command": f"{kind} --part '{part}'",
        "params": {"part": part, "shards": draw.choice((1, 1, 2, 4))},
        "caller": fleet.agent(draw, "implementation"),
        "priority": draw.choice((3, 5, 5, 5, 7)),
    }


def progress_of(phases: Sequence[str], place: int, share: float) -> int:
    """How far a job has come, 0 to 99, when so much of a phase is done."""
    return min(99, round(100 * (place + share) / len(phases)))


def go_on(tx: Transaction, fleet: Fleet, random: Random) -> None:
    """One step of all workers."""
    running = [job for job in _jobs(tx, JobStatus.RUNNING) if _is_held_here(tx, job)]
    for job in random.sample(running, min(MOVED, len(running))):
        _move(tx, random, job)
    if len(running) < RUNNING_MAX:
        claim_jobs(tx, tuple(KINDS), random.choice(WORKERS), lease_ms=LEASE_MS)
    if len(_jobs(tx, JobStatus.PENDING)) < PENDING_MIN or random.random() < 0.02:
        _ask_for_another(tx, fleet, random)
    waiting = [job for job in _jobs(tx, JobStatus.WAITING) if (job.waiting_for or "").startswith("review:")]
    if waiting and random.random() < 0.05:
        update_job_status(tx, waiting[0].id, JobStatus.PENDING)


def _jobs(tx: Transaction, status: JobStatus) -> list[Job]:
    """The jobs of the fleet's kinds that have a status, the oldest first."""
    selection = select_jobs(Criteria(kinds=tuple(KINDS), statuses=(status,)))
    return read_first(tx, Job, selection, OLDEST_FIRST, LOOKED_AT)


def _is_held_here(tx: Transaction, job: Job) -> bool:
    return job.lease_owner in WORKERS and job.lease_expires_at is not None and job.lease_expires_at > tx.now


def _move(tx: Transaction, random: Random, job: Job) -> None:
    """A running job comes further, or to an end."""
    token, phases = job.lease_token, KINDS[job.kind]
    # The longest silence of a worker is bounded by chance alone, so each step renews the lease.
    heartbeat_job(tx, job.id, token, lease_ms=LEASE_MS)
    chance = random.random()
    progress = job.progress + random.randint(2, 9)
    if job.cancel_requested_at is not None:
        update_job_status(tx, job.id, JobStatus.CANCELLED, lease_token=token)
    elif chance < 0.012:
        fail_job(tx, job.id, token, sentence(random, job.key or job.kind), retry_after_ms=random.randint(500, 8_000))
    elif chance < 0.018:
        cancel_job(tx, job.id, reason="Something more urgent came up.")
    elif chance < 0.026 and job.progress < 90:
        waits_for = f"review:{job.id}"
        update_job_status(tx, job.id, JobStatus.WAITING, lease_token=token, waiting_for=waits_for)
    elif progress >= 100:
        complete_job(tx, job.id, token, {"files": random.randint(1, 60)})
    else:
        place = progress * len(phases) // 100
        before = job.progress * len(phases) // 100
        if place > before:
            save_checkpoint(tx, job.id, token, phases[before], {"done": place, "offset": random.randrange(100_000)})
        update_job_progress(tx, job.id, token, progress=progress, phase=phases[place])


def _ask_for_another(tx: Transaction, fleet: Fleet, random: Random) -> None:
    """A new job, for something that is worked on, if anything is."""
    selection = select_constructs(tx, ConstructCriteria(statuses=(ConstructStatus.ACTIVE,)), by_creation=True)
    constructs = read_first(tx, ConstructRecord, selection, NEWEST_FIRST, LOOKED_AT)
    _, part = fleet.goal(random)
    content = new_content(fleet, random, part)
    if constructs:
        construct = random.choice(constructs)
        content |= {
            "construct_id": construct.id,
            "project_id": construct.project_id,
            "user_id": construct.user_id,
        }
    save_job(tx, content)

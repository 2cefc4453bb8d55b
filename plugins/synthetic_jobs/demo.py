"""The plugin's part of the demo: the jobs of the made-up fleet, done and to be done.

What has happened is told job by job (`history`); what goes on is one step of
the fleet's workers (`live`), who do nothing but move numbers, and touch no job
that somebody else has claimed.
"""

from __future__ import annotations

import heapq
from collections.abc import Generator, Iterator, Mapping
from functools import partial
from random import Random
from typing import Any, NamedTuple

from synthetic import BlockingStore, Transaction
from synthetic.demo import Fleet, FleetConstruct, Moment, sentence, slug
from synthetic_jobs.demo_workers import KINDS, WORKERS, go_on, new_content, progress_of
from synthetic_jobs.model import JobContent, JobStatus
from synthetic_jobs.schedule_model import MissedPolicy, OverlapPolicy, ScheduleContent
from synthetic_jobs.store import (
    cancel_job,
    claim_job,
    complete_job,
    fail_job,
    pause_schedule,
    save_checkpoint,
    save_job,
    save_schedule,
    update_job_progress,
    update_job_status,
)

MINUTE_MS = 60_000
LEASE_MS = 60 * MINUTE_MS
"""Nothing in the history takes longer than this before the worker is heard of again."""

PAUSED = "weekly-review"
SCHEDULES: Mapping[str, ScheduleContent] = {
    "minutely-index": {"every_ms": MINUTE_MS},
    "nightly-export": {"cron": "30 3 * * *", "timezone": "UTC"},
    PAUSED: {"cron": "0 9 * * 1", "timezone": "UTC"},
}
RECENT_MS = 15 * MINUTE_MS
ATTEMPTS_MAX = 3
FATES = ("completed", "retried", "failed", "cancelled", "waited")
FATE_WEIGHTS = (70, 12, 6, 4, 8)
UNFINISHED = ("queued", "running", "waiting")
"""What becomes, before the history ends, of the jobs of a plan that is made at that time: so there is one of each."""


class _Told(NamedTuple):
    """A job whose life is told.

    Attributes:
        id: In the form of a UUIDv7.
        content: What it is to do.
        part: The part of a program that it is about.
    """

    id: str
    content: JobContent
    part: str

    @property
    def phases(self) -> tuple[str, ...]:
        """What its work consists of."""
        return KINDS[self.content.get("kind", "")]


def history(fleet: Fleet, construct: FleetConstruct) -> Iterator[Moment]:
    """While a construct is worked on, a job is made for it about once an hour; each then has a life of its own."""
    lives = list(_lives(fleet, construct))
    if construct.id == fleet.construct_id(0, 0):
        lives.append(_schedules(fleet))
    return heapq.merge(*lives, key=lambda moment: moment.at)


def live(store: BlockingStore, fleet: Fleet, random: Random) -> None:
    """The workers take up jobs, come a little further, fail, wait or finish; new jobs are made."""
    store.write(go_on, fleet, random)


def _lives(fleet: Fleet, construct: FleetConstruct) -> Iterator[Iterator[Moment]]:
    draw = fleet.random("jobs", construct.id)
    for start, end, _ in construct.work():
        at = start + draw.randrange(MINUTE_MS, 10 * MINUTE_MS)
        while at < min(end, fleet.now - RECENT_MS):
            fate = draw.choices(FATES, FATE_WEIGHTS)[0]
            yield _life(fleet, construct, at, fate)
            at += draw.randrange(20 * MINUTE_MS, 80 * MINUTE_MS)
        if construct.kind == "plan" and start < fleet.now - RECENT_MS < fleet.now < end:
            for place, fate in enumerate(UNFINISHED):
                yield _life(fleet, construct, fleet.now - RECENT_MS + place * MINUTE_MS, fate)


def _schedules(fleet: Fleet) -> Iterator[Moment]:
    """What is done again and again from the end of the history on, unless it is paused."""
    for name, timing in SCHEDULES.items():
        job: JobContent = {"kind": name.rpartition("-")[2], "caller": "planner", "command": name}
        content: ScheduleContent = {**timing, "missed": MissedPolicy.SKIP, "overlap": OverlapPolicy.SKIP, "job": job}
        yield Moment(fleet.now, partial(save_schedule, content=content, schedule_id=name))
    yield Moment(fleet.now, partial(pause_schedule, schedule_id=PAUSED), amount=0)


def _make(fleet: Fleet, draw: Random, construct: FleetConstruct, created_at: int) -> _Told:
    """A job for a construct."""
    job_id = fleet.id_at(created_at, "job", construct.id, created_at)
    content = new_content(fleet, draw, construct.part)
    content |= {
        "construct_id": construct.id,
        "project_id": construct.project,
        "user_id": f"team-{construct.team}",
        "max_attempts": ATTEMPTS_MAX,
        "idempotency_key": f"{slug(construct.goal)}-{job_id}",
    }
    return _Told(job_id, content, construct.part)


def _life(fleet: Fleet, construct: FleetConstruct, created_at: int, fate: str) -> Iterator[Moment]:
    """From when a job was asked for to what became of it."""
    draw = fleet.random("job", construct.id, created_at)
    job = _make(fleet, draw, construct, created_at)
    yield Moment(created_at, partial(save_job, content=job.content, job_id=job.id))
    at = created_at + draw.randrange(MINUTE_MS // 3, MINUTE_MS if fate in UNFINISHED else 15 * MINUTE_MS)
    places = len(job.phases)
    match fate:
        case "queued":
            return
        case "running":
            yield from _work(draw, job, 1, at, 0, 1)
        case "retried":
            stopped = draw.randrange(places)
            at = yield from _fail(draw, job, 1, at, 0, stopped)
            yield from _finish(draw, job, 2, at, stopped)
        case "failed":
            for token in range(1, ATTEMPTS_MAX + 1):
                at = yield from _fail(draw, job, token, at, 0, draw.randrange(places))
        case "cancelled":
            yield Moment(
                at, partial(cancel_job, job_id=job.id, reason="The construct has other plans by now."), amount=0
            )
        case "waited" | "waiting":
            at = yield from _work(draw, job, 1, at, 0, 1)
            yield Moment(at, partial(_wait, job_id=job.id), amount=0)
            if fate == "waited":
                at += draw.randrange(60 * MINUTE_MS, 300 * MINUTE_MS)
                yield Moment(at, partial(update_job_status, job_id=job.id, status=JobStatus.PENDING), amount=0)
                yield from _finish(draw, job, 2, at + draw.randrange(1_000, MINUTE_MS), 1)
        case _:
            yield from _finish(draw, job, 1, at, 0)


def _wait(tx: Transaction, job_id: str) -> None:
    """Its worker lets go of it until somebody has reviewed what there is."""
    update_job_status(tx, job_id, JobStatus.WAITING, lease_token=1, waiting_for=f"review:{job_id}")


def _finish(draw: Random, job: _Told, token: int, at: int, first: int) -> Iterator[Moment]:
    """An attempt, from one phase on, that ends well."""
    at = yield from _work(draw, job, token, at, first, len(job.phases))
    result: dict[str, Any] = {"files": draw.randrange(1, 60), "warnings": draw.choice((0, 0, 0, 2, 7))}
    yield Moment(at, partial(complete_job, job_id=job.id, lease_token=token, result=result), amount=0)


def _fail(draw: Random, job: _Told, token: int, at: int, first: int, stopped: int) -> Generator[Moment, None, int]:
    """An attempt that goes wrong in a phase; returns when the next one may begin."""
    at = yield from _work(draw, job, token, at, first, stopped)
    pause_ms = draw.randrange(2_000, 5 * MINUTE_MS)
    error = sentence(draw, job.part)
    fail = partial(fail_job, job_id=job.id, lease_token=token, error_message=error, retry_after_ms=pause_ms)
    yield Moment(at, fail, amount=0)
    return at + pause_ms


def _work(draw: Random, job: _Told, token: int, at: int, first: int, last: int) -> Generator[Moment, None, int]:
    """A claim, and the work on some phases, each with a checkpoint; returns when it is done."""
    worker = draw.choice(WORKERS)
    yield Moment(at, partial(claim_job, job_id=job.id, worker=worker, lease_ms=LEASE_MS), amount=0)
    told = partial(update_job_progress, job_id=job.id, lease_token=token)
    for place in range(first, last):
        phase = job.phases[place]
        at += draw.randrange(5_000, 2 * MINUTE_MS)
        yield Moment(at, partial(told, progress=progress_of(job.phases, place, draw.random()), phase=phase), amount=0)
        at += draw.randrange(10_000, 4 * MINUTE_MS)
        data = {"done": place + 1, "offset": draw.randrange(1, 100_000)}
        yield Moment(at, partial(save_checkpoint, job_id=job.id, lease_token=token, phase=phase, data=data), amount=0)
    return at + draw.randrange(1_000, MINUTE_MS)

"""Three workers, an operator and a reaper do anything at any time, with a clock that jumps; what must hold, holds.

The machine knows what each worker believes to hold, and draws who does what.
What the store answers is not predicted but judged: after each step the tables
and the log must satisfy what is promised of jobs, whatever led there. At the
end a fair phase follows, in which workers do their work, and every job must
come to an end.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from plugins.jobs.driving import Jobs
from plugins.jobs.promised import check_attempts, check_limits, check_log, check_statuses, look, read_jobs
from synthetic import Store, SyntheticError, SystemClock, Transaction
from synthetic.testing import ManualClock, open_test_store
from synthetic_jobs.model import FINISHED, Job, LapsePolicy
from synthetic_jobs.services import reap

IDS = st.sampled_from(["a", "b", "c", "d", "e"])
NEW_IDS = st.sampled_from(["e", "f", "g"])
KINDS = st.sampled_from(["build", "test"])
KEYS = st.sampled_from([None, "k1", "k2"])
WORKERS = st.sampled_from(["builder-1", "builder-2", "builder-3"])
WAITS = st.sampled_from([None, "approval:1", "approval:2"])
SPANS = st.sampled_from([0, 1, 400, 999, 1_000, 30_000])
MAXIMA = st.sampled_from([None, 1, 1, 2])
BACK = st.sampled_from([0, 0, 0, 0, 1, 2, 5])
JUMPS = st.sampled_from([-86_400_000, -1_500, -1, 1, 1_500, 86_400_000])
LEASE_MS = 1_000
START = 1_800_000_000_000


class LifecycleMachine(RuleBasedStateMachine):
    """One store for all runs, emptied before each.

    Attributes:
        held: What each worker believes to hold: jobs and their tokens. It is never told that it lost one.
        seen: Each job as it was after the last step.
        retried: Jobs that were tried again in this step.
    """

    store: Store
    clock: ManualClock

    def __init__(self) -> None:
        super().__init__()
        self.clock.jump(START - self.clock.now_ms())
        self.store.write(self.forget)
        self.jobs = Jobs(self.store, self.clock)
        self.log_from = self.store.read(lambda snapshot: snapshot.value("SELECT max(position) FROM domain_events") or 0)
        self.claimed_by_id: set[tuple[str, int]] = set()
        self.held: dict[str, list[tuple[str, int]]] = {f"builder-{number}": [] for number in (1, 2, 3)}
        self.seen: dict[str, Job] = {}
        self.retried: set[str] = set()

    @staticmethod
    def forget(tx: Transaction) -> None:
        for table in ("job_attempts", "job_checkpoints", "sync_jobs", "job_limits"):
            tx.execute(f"DELETE FROM {table}")

    @initialize(
        whole=st.lists(st.tuples(KINDS, KEYS, st.integers(1, 4)), min_size=3, max_size=5),
        limits=st.lists(st.tuples(KINDS, MAXIMA, MAXIMA), max_size=2),
    )
    def begin_with_some_jobs(
        self, whole: list[tuple[str, str | None, int]], limits: list[tuple[str, int | None, int | None]]
    ) -> None:
        for id, (kind, key, max_attempts) in zip("abcde", whole, strict=False):
            self.save(id, kind, key, 5, max_attempts, LapsePolicy.REQUEUE)
        for kind, running_max, per_key in limits:
            self.limit(kind, running_max, per_key)
        self.claim("builder-2", 3, None)

    @rule(id=IDS, kind=KINDS, key=KEYS, priority=st.integers(0, 9), attempts=st.integers(1, 3),
          on_lapse=st.sampled_from(LapsePolicy))  # fmt: skip
    def save(self, id: str, kind: str, key: str | None, priority: int, attempts: int, on_lapse: LapsePolicy) -> None:
        content = {"kind": kind, "key": key, "priority": priority, "max_attempts": attempts, "on_lapse": on_lapse}
        stored = self.jobs.find_job(id)
        version = None if stored is None else stored.version
        self.may_be_refused("save_job", content, job_id=id, if_version=version)

    @rule(worker=WORKERS, limit=st.integers(1, 3), id=st.none() | IDS)
    def claim(self, worker: str, limit: int, id: str | None) -> None:
        if id is None:
            claimed = self.jobs.claim_jobs(["build", "test"], worker, limit=limit, lease_ms=LEASE_MS)
        else:
            job = self.may_be_refused("claim_job", id, worker, lease_ms=LEASE_MS)
            claimed = [] if job is None else [job]
            self.claimed_by_id.update((job.id, job.lease_token) for job in claimed)
        self.held[worker] += [(job.id, job.lease_token) for job in claimed]

    @rule(worker=WORKERS, limit=st.integers(1, 3), back=BACK, is_noticed=st.booleans())
    def leases_run_out(self, worker: str, limit: int, back: int, is_noticed: bool) -> None:
        """What workers believe to hold is another's now, or nobody has looked yet."""
        held = self.believed(back)
        self.clock.advance(LEASE_MS)
        if is_noticed:
            self.claim(worker, limit, None)
        if held:
            self.as_holder("update_job_progress", *held, progress=99)

    def believed(self, back: int) -> tuple[str, int] | None:
        """A job and its token that some worker believes in: with 0 one that holds, claimed now if there is none."""
        tokens = sorted({each for held in self.held.values() for each in held}, key=lambda each: (each[1], each[0]))
        if back == 0:
            tokens = [each for each in tokens if self.holds(*each)]
            if not tokens:
                self.claim("builder-1", 3, None)
                tokens = self.held["builder-1"][-3:]
        return tokens[-1 - back % len(tokens)] if tokens else None

    def holds(self, id: str, token: int) -> bool:
        job = self.stored()[id]
        return (job.status, job.lease_token) == ("RUNNING", token) and job.lease_expires_at > self.clock.now_ms()

    @rule(backs=st.lists(BACK, min_size=1, max_size=4), data=st.data())
    def go_on(self, backs: list[int], data: st.DataObject) -> None:
        """Workers do something that keeps the lease."""
        for held in filter(None, map(self.believed, backs)):
            verb = data.draw(st.sampled_from(["heartbeat_job", "update_job_progress", "save_checkpoint"]))
            if verb == "heartbeat_job":
                self.as_holder(verb, *held)
            elif verb == "update_job_progress":
                self.as_holder(verb, *held, progress=data.draw(st.integers(0, 100)))
            else:
                self.as_holder(verb, *held, data.draw(st.sampled_from(["scan", "parse"])), {"token": held[1]})

    @rule(back=BACK, pause=st.sampled_from([None, 0, 500]), retryable=st.booleans(), times=st.integers(1, 2))
    def fail(self, back: int, pause: int | None, retryable: bool, times: int) -> None:
        if held := self.believed(back):
            for _ in range(times):
                self.as_holder("fail_job", *held, "It broke.", retryable=retryable, retry_after_ms=pause)

    @rule(back=BACK, times=st.integers(1, 2))
    def complete(self, back: int, times: int) -> None:
        if held := self.believed(back):
            for _ in range(times):
                self.as_holder("complete_job", *held, {"by": held[1]})

    @rule(back=BACK, waiting_for=WAITS, ms=st.none() | SPANS)
    def let_go_and_wait(self, back: int, waiting_for: str | None, ms: int | None) -> None:
        if held := self.believed(back):
            until = None if ms is None else self.clock.now_ms() + ms
            named = {"waiting_for": waiting_for, "run_after": until}
            self.as_holder("update_job_status", held[0], "WAITING", lease_token=held[1], **named)

    @rule(back=BACK, status=st.sampled_from(["PENDING", "CANCELLED"]))
    def let_go(self, back: int, status: str) -> None:
        if held := self.believed(back):
            self.as_holder("update_job_status", held[0], status, lease_token=held[1])

    @rule(worker=WORKERS)
    def be_killed(self, worker: str) -> None:
        """It starts anew and knows of nothing."""
        self.held[worker].clear()

    @rule(ms=SPANS)
    def time_passes(self, ms: int) -> None:
        self.clock.advance(ms)

    @rule(ms=JUMPS)
    def clock_is_set(self, ms: int) -> None:
        self.clock.jump(ms)

    @rule()
    def reap_until_done(self) -> None:
        while reap(self.store):
            continue
        now = self.clock.now_ms()
        for job in self.stored().values():
            if job.lease_expires_at is not None:
                assert now < job.lease_expires_at <= now + LEASE_MS, "a lease that is over, or from the future"

    @rule(id=IDS, verb=st.sampled_from(["cancel_job", "retry_job", "replay_job"]), flag=st.booleans(), new_id=NEW_IDS)
    def operate(self, id: str, verb: str, flag: bool, new_id: str) -> None:
        if verb == "cancel_job":
            self.may_be_refused(verb, id, force=flag)
        elif verb == "replay_job":
            self.may_be_refused(verb, id, from_start=flag, new_id=new_id)
        elif self.may_be_refused(verb, id) is not None:
            self.retried.add(id)

    @rule(waiting_for=st.sampled_from(["approval:1", "approval:2"]))
    def what_was_waited_for_comes(self, waiting_for: str) -> None:
        for job in self.jobs.resume_waiting_jobs(waiting_for):
            assert job.status == "PENDING"

    @rule(kind=KINDS, running_max=MAXIMA, per_key=MAXIMA)
    def limit(self, kind: str, running_max: int | None, per_key: int | None) -> None:
        """Only while nothing of the kind runs, so that a limit is never below what it finds."""
        if not any(job.kind == kind and job.status == "RUNNING" for job in self.stored().values()):
            self.jobs.save_limit(kind, running_max, per_key)

    def outcome(self, function: str, *args: Any, **named: Any) -> tuple[Any, str]:
        """What a function of the store returned, and the code with which it refused: then nothing has changed."""
        before = self.jobs.rows()
        try:
            return getattr(self.jobs, function)(*args, **named), ""
        except SyntheticError as error:
            code = error.code
        assert self.jobs.rows() == before
        return None, code

    def may_be_refused(self, function: str, *args: Any, **named: Any) -> Any:
        """What an operator asks for: its result, or None where the job does not allow it."""
        result, code = self.outcome(function, *args, **named)
        assert code in {"", "ILLEGAL_TRANSITION", "NOT_FOUND", "BAD_USER_INPUT", "CONFLICT"}
        return result

    def as_holder(self, function: str, id: str, *args: Any, **named: Any) -> None:
        """What a worker asks for: done if it holds the job, and else nothing changes."""
        holds = self.holds(id, named["lease_token"] if "lease_token" in named else args[0])
        before = self.jobs.rows()
        _, code = self.outcome(function, id, *args, **named)
        if holds:
            assert code == ""
        else:
            # Accepted without a lease is only what had been accepted before, and it does nothing.
            assert code in {"", "LEASE_LOST"}
            assert self.jobs.rows() == before

    def stored(self) -> dict[str, Job]:
        return self.store.read(read_jobs)

    @invariant()
    def what_is_promised_holds(self) -> None:
        seen = self.store.read(look, self.log_from)
        assert seen.unsound == []
        check_statuses(seen, self.seen, self.retried)
        check_attempts(seen)
        check_limits(seen, self.claimed_by_id)
        check_log(seen)
        believed = [each for held in self.held.values() for each in held]
        assert len(believed) == len(set(believed)), "a token was given twice"
        self.seen, self.retried = seen.jobs, set()

    def teardown(self) -> None:
        """Fair play: nothing is withheld any more, and each job comes to its end."""
        for kind in ("build", "test"):
            self.jobs.save_limit(kind, None, None)
        for _ in range(5):
            # Farther than any pause, wait or lease reaches after the clock was set back.
            self.clock.advance(200 * 86_400_000)
            while reap(self.store):
                continue
            for waiting_for in ("approval:1", "approval:2"):
                self.jobs.resume_waiting_jobs(waiting_for)
            for job in self.stored().values():
                if job.status == "WAITING":
                    self.jobs.update_job_status(job.id, "PENDING")
            for job in self.jobs.claim_jobs(["build", "test"], "builder-1", limit=100):
                self.jobs.complete_job(job.id, job.lease_token)
            if all(job.status in FINISHED for job in self.stored().values()):
                break
        assert all(job.status in FINISHED for job in self.stored().values()), "a job is stuck"
        check_log(self.store.read(look, self.log_from))
        super().teardown()


@pytest.fixture
def machine(data_dir: Path):
    """The machine over an empty store with short pauses."""
    clock = ManualClock(monotonic=SystemClock())
    with open_test_store(data_dir, clock=clock, settings={"plugins.jobs.retry_ceiling_ms": "2000"}) as store:

        class Machine(LifecycleMachine):
            pass

        Machine.store, Machine.clock = store, clock
        yield Machine


def run(machine: type[LifecycleMachine], examples: int) -> None:
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=examples,
            stateful_step_count=40,
            deadline=None,
            suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
        ),
    )


def test_what_is_promised_of_jobs_holds_whatever_happens(machine: type[LifecycleMachine]) -> None:
    run(machine, 30)


@pytest.mark.full
@pytest.mark.timeout(3_600)
def test_what_is_promised_of_jobs_holds_whatever_happens_very_often(machine: type[LifecycleMachine]) -> None:
    run(machine, 1_500)

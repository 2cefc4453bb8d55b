"""The lifecycle of approvals in one process, with a clock that is set, and background work at any time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule, run_state_machine_as_test

from plugins.approvals.driving import Approvals, forget
from plugins.approvals.lifecycle import (
    ARGUMENTS,
    IDS,
    LIFETIME_MS,
    POLICIES,
    VARIANTS,
    WHO,
    Answer,
    Known,
    KnownJob,
    Lifecycle,
)
from plugins.logged import logged
from synthetic import SyntheticError, delete_owned
from synthetic.testing import ManualClock
from synthetic_approvals.canonical import check_arguments, hash_arguments
from synthetic_approvals.checks import find_altered_arguments, find_contradicted_rows
from synthetic_approvals.settings import ApprovalSettings
from synthetic_sessions.store import save_session


class Inside:
    """The functions of the store; all three are this process."""

    def __init__(self, approvals: Approvals) -> None:
        self.approvals = approvals

    def _try(self, run: Callable[[], object]) -> Answer:
        try:
            run()
        except SyntheticError as error:
            first = (error.details["status"], error.details["comment"]) if error.code == "ALREADY_DECIDED" else None
            return Answer(error.code, first)
        return Answer()

    def ask(
        self, who: int, id: str, arguments: dict[str, Any], policy: str, job: str | None, *, lets_go: bool
    ) -> Answer:
        named = {
            "job_id": job,
            "on_refusal": policy if job else None,
            "lifetime_ms": LIFETIME_MS,
            "token": 1 if lets_go else None,
        }
        return self._try(lambda: self.approvals.ask(id, "shell", arguments, **named))

    def decide(self, who: int, id: str, decision: str, sha256: str, comment: str) -> Answer:
        return self._try(lambda: self.approvals.decide(id, decision, f"lead-{who}", sha256=sha256, comment=comment))

    def cancel(self, who: int, id: str) -> Answer:
        return self._try(lambda: self.approvals.cancel_approval(id))

    def check(self, who: int, id: str, arguments: dict[str, Any]) -> Answer:
        return self._try(lambda: self.approvals.check(id, "shell", arguments))

    def delete(self, who: int, id: str) -> Answer:
        return self._try(lambda: self.approvals.delete(id))

    def make_session(self, id: str) -> None:
        self.approvals.store.write(lambda tx: save_session(tx, {}, session_id=id))

    def delete_session(self, id: str) -> None:
        delete_owned(self.approvals.store, "sessions", id)

    def wait(self, job: str, id: str) -> None:
        self.approvals.wait(job, id)

    def make_job(self, who: int, id: str) -> None:
        self.approvals.run(id)

    def statuses(self, who: int) -> tuple[dict[str, str], dict[str, str]]:
        return self.approvals.store.read(
            lambda snapshot: (
                dict(snapshot.rows("SELECT id, status FROM pending_approvals")),
                dict(snapshot.rows("SELECT id, status FROM sync_jobs")),
            )
        )

    def hash_of(self, arguments: dict[str, Any]) -> str:
        return hash_arguments(check_arguments(arguments, ApprovalSettings()))

    def forget(self) -> None:
        self.approvals.store.write(forget)


class OneProcess(Lifecycle):
    """Time passes, the clock is set, and jobs ask for more than one thing."""

    clock: ManualClock
    door: Inside

    @precondition(lambda self: any(job.status == "WAITING" for job in self.jobs.values()))
    @rule(who=WHO, id=IDS, variant=VARIANTS, policy=POLICIES)
    def ask_for_more(self, who: int, id: str, variant: int, policy: str) -> None:
        if id in self.known:
            return
        job_id, job = next((id, job) for id, job in self.jobs.items() if job.status == "WAITING")
        assert self.door.ask(who, id, ARGUMENTS[variant], policy, job_id, lets_go=False) == Answer()
        self.known[id] = Known(variant, policy, job_id, self.elapsed + LIFETIME_MS)
        job.asked.add(id)

    @rule(who=WHO, id=IDS, variant=VARIANTS, policy=POLICIES)
    def ask_in_a_session(self, who: int, id: str, variant: int, policy: str) -> None:
        if id in self.known:
            return
        Lifecycle.made += 1
        session, job = f"session-{Lifecycle.made}", f"job-{Lifecycle.made}"
        self.door.make_session(session)
        self.door.make_job(who, job)
        self.jobs[job] = KnownJob(id, {id})
        asked = {"session_id": session, "job_id": job, "on_refusal": policy, "lifetime_ms": LIFETIME_MS, "token": 1}
        self.door.approvals.ask(id, "shell", ARGUMENTS[variant], **asked)
        self.known[id] = Known(variant, policy, job, self.elapsed + LIFETIME_MS, session)

    @rule(id=IDS)
    def delete_the_session(self, id: str) -> None:
        there = self.known.get(id)
        if there is None or there.session is None:
            return
        self.door.delete_session(there.session)
        del self.known[id]
        for job in self.jobs.values():
            job.asked.discard(id)

    @rule(who=WHO, id=IDS)
    def wait_for_whatever_is_there(self, who: int, id: str) -> None:
        """It may be decided already, or not be there, or be deleted and asked for again meanwhile."""
        Lifecycle.made += 1
        job = f"job-{Lifecycle.made}"
        self.door.wait(job, id)
        self.jobs[job] = KnownJob(id)

    @rule(ms=st.sampled_from([1, LIFETIME_MS // 2, LIFETIME_MS - 1, LIFETIME_MS]))
    def time_passes(self, ms: int) -> None:
        self.clock.advance(ms)
        self.elapsed += ms

    @rule(ms=st.sampled_from([-3_600_000, 3_600_000, 365 * 86_400_000, -365 * 86_400_000]))
    def clock_is_set(self, ms: int) -> None:
        if 0 < self.clock.now_ms() + ms < 4_000_000_000_000:
            self.clock.jump(ms)

    @rule()
    def watch(self) -> None:
        self.door.approvals.watch()
        lapsed = [id for id, each in self.known.items() if each.status == "PENDING" and each.lapses_at <= self.elapsed]
        for id in sorted(lapsed, key=lambda id: self.known[id].lapses_at):
            self.end(id, "EXPIRED")
        while self.goes_on():
            pass

    def goes_on(self) -> bool:
        """What background work finds to do, once: whether there was anything."""
        before = [each.status for each in (*self.known.values(), *self.jobs.values())]
        for job in self.jobs.values():
            if job.status == "WAITING" and self.is_refused(job.named):
                job.status = "FAILED"
            elif job.status == "WAITING" and not self.waits_for_anything(job):
                job.status = "PENDING"
        for id, each in self.known.items():
            job = None if each.job is None else self.jobs.get(each.job)
            if each.status == "PENDING" and job is not None and job.status == "FAILED":
                each.comment = "The job that asked for it has finished."
                self.end(id, "CANCELLED")
        return before != [each.status for each in (*self.known.values(), *self.jobs.values())]

    def teardown(self) -> None:
        self.watch()
        self.what_is_stored_is_what_is_known()
        store = self.door.approvals.store
        assert store.read(lambda snapshot: [*find_altered_arguments(snapshot), *find_contradicted_rows(snapshot)]) == []
        ended: dict[str, list[str]] = {}
        for event in logged(store):
            if event.entity_type == "approval":
                ended.setdefault(event.entity_id, []).append(event.type)
        for types in ended.values():
            first, *lives = " ".join(types).replace("approval.", "").split("requested")
            assert first == ""
            for life in lives:
                # It ends once, and is deleted at the end or not at all; with its session, maybe without an end.
                assert life.split()[:1] in ([], ["decided"], ["expired"], ["cancelled"], ["deleted"]), types
                assert life.split()[1:] in ([], ["deleted"]), types


@pytest.mark.parametrize("examples", [30, pytest.param(1_500, marks=pytest.mark.full)])
def test_whatever_happens_in_one_process_is_decided_once_and_told(approvals, clock, examples):
    OneProcess.door, OneProcess.clock = Inside(approvals), clock
    run_state_machine_as_test(
        OneProcess,
        settings=settings(
            max_examples=examples, stateful_step_count=25, deadline=None, derandomize=True,
            suppress_health_check=list(HealthCheck),
        ),
    )  # fmt: skip

"""Agents, people and jobs do anything at any time; what the store answers is predicted, and what it holds compared.

The machine knows nothing of tables. It speaks through a `Door`, which may lead
to a store in the same process or to any of several servers.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

IDS = st.sampled_from(["a", "b", "c", "d"])
VARIANTS = st.integers(0, 1)
DECISIONS = st.sampled_from(["APPROVED", "REJECTED"])
POLICIES = st.sampled_from(["FAIL", "RESUME"])
WHO = st.integers(0, 2)
ARGUMENTS: tuple[dict[str, Any], ...] = ({"path": "build/a", "deep": [1, {"b": 2.5}]}, {"path": "build/b"})
LIFETIME_MS = 60_000


class Answer(NamedTuple):
    """What came of something: the code of an error, or "", and what it tells of the first decision."""

    code: str = ""
    first: tuple[str, str | None] | None = None


class Door(Protocol):
    """How the machine reaches the store; `who` is one of three."""

    def ask(
        self, who: int, id: str, arguments: dict[str, Any], policy: str, job: str | None, *, lets_go: bool
    ) -> Answer: ...
    def decide(self, who: int, id: str, decision: str, sha256: str, comment: str) -> Answer: ...
    def cancel(self, who: int, id: str) -> Answer: ...
    def check(self, who: int, id: str, arguments: dict[str, Any]) -> Answer: ...
    def delete(self, who: int, id: str) -> Answer: ...
    def make_job(self, who: int, id: str) -> None: ...
    def statuses(self, who: int) -> tuple[dict[str, str], dict[str, str]]: ...
    def hash_of(self, arguments: dict[str, Any]) -> str: ...
    def forget(self) -> None: ...


@dataclass
class Known:
    """What an approval must be."""

    variant: int
    policy: str
    job: str | None
    lapses_at: int
    session: str | None = None
    status: str = "PENDING"
    comment: str | None = None

    def is_refused(self) -> bool:
        return self.status not in ("PENDING", "APPROVED") and self.policy == "FAIL"


@dataclass
class KnownJob:
    """What a job must be: what it has named, and all that was asked for in its name."""

    named: str
    asked: set[str] = field(default_factory=set)
    status: str = "WAITING"


class Lifecycle(RuleBasedStateMachine):
    """See the module."""

    door: Door
    made = 0

    def __init__(self) -> None:
        super().__init__()
        self.door.forget()
        self.known: dict[str, Known] = {}
        self.jobs: dict[str, KnownJob] = {}
        self.elapsed = 0

    @rule(who=WHO, id=IDS, variant=VARIANTS, policy=POLICIES, has_job=st.booleans())
    def ask(self, who: int, id: str, variant: int, policy: str, has_job: bool) -> None:
        there = self.known.get(id)
        if there is not None:
            # The same again, but maybe for the other arguments, or without the session that it was asked for in.
            answer = self.door.ask(who, id, ARGUMENTS[variant], there.policy, there.job, lets_go=False)
            assert answer.code == ("" if variant == there.variant and there.session is None else "CONFLICT")
            return
        job = None
        if has_job:
            Lifecycle.made += 1
            job = f"job-{Lifecycle.made}"
            self.door.make_job(who, job)
            self.jobs[job] = KnownJob(id, {id})
        else:
            policy = "FAIL"
        assert self.door.ask(who, id, ARGUMENTS[variant], policy, job, lets_go=has_job) == Answer()
        self.known[id] = Known(variant, policy, job, self.elapsed + LIFETIME_MS)

    @rule(who=WHO, id=IDS, decision=DECISIONS, shown=st.sampled_from([0, 0, 0, 1]))
    def decide(self, who: int, id: str, decision: str, shown: int) -> None:
        there = self.known.get(id)
        variant = 0 if there is None else (there.variant + shown) % 2
        comment = f"decided by {who}"
        answer = self.door.decide(who, id, decision, self.door.hash_of(ARGUMENTS[variant]), comment)
        if there is None:
            assert answer.code == "NOT_FOUND"
        elif there.status == "EXPIRED" or (there.status == "PENDING" and there.lapses_at <= self.elapsed):
            assert answer.code == "APPROVAL_EXPIRED"
        elif there.status != "PENDING":
            assert answer == Answer("ALREADY_DECIDED", (there.status, there.comment))
        elif shown:
            assert answer.code == "APPROVAL_ARGUMENTS_CHANGED"
        else:
            assert answer == Answer()
            there.comment = comment
            self.end(id, decision)

    @rule(who=WHO, id=IDS)
    def cancel(self, who: int, id: str) -> None:
        there, answer = self.known.get(id), self.door.cancel(who, id)
        if there is None:
            assert answer.code == "NOT_FOUND"
        elif there.status in ("PENDING", "CANCELLED"):
            assert answer == Answer()
            if there.status == "PENDING":
                self.end(id, "CANCELLED")
        else:
            assert answer.code == ("APPROVAL_EXPIRED" if there.status == "EXPIRED" else "ALREADY_DECIDED")

    @rule(who=WHO, id=IDS, variant=VARIANTS)
    def check(self, who: int, id: str, variant: int) -> None:
        there, answer = self.known.get(id), self.door.check(who, id, ARGUMENTS[variant])
        if there is None:
            expected = "NOT_FOUND"
        elif variant != there.variant:
            expected = "APPROVAL_ARGUMENTS_CHANGED"
        elif there.status == "APPROVED":
            expected = ""
        elif there.status == "EXPIRED" or (there.status == "PENDING" and there.lapses_at <= self.elapsed):
            expected = "APPROVAL_EXPIRED"
        else:
            expected = "APPROVAL_PENDING" if there.status == "PENDING" else "APPROVAL_REFUSED"
        assert answer.code == expected

    @rule(who=WHO, id=IDS)
    def delete(self, who: int, id: str) -> None:
        there, answer = self.known.get(id), self.door.delete(who, id)
        assert answer.code == ("NOT_FOUND" if there is None else "")
        if there is not None:
            self.end(id, "CANCELLED" if there.status == "PENDING" else there.status)
            del self.known[id]
            for job in self.jobs.values():
                job.asked.discard(id)

    def end(self, id: str, status: str) -> None:
        """An approval has ended: what becomes of the jobs that are concerned."""
        ended = self.known[id]
        ended.status = status
        for job in self.jobs.values():
            if job.status != "WAITING" or (id != job.named and id not in job.asked):
                continue
            if ended.is_refused() or self.is_refused(job.named):
                job.status = "FAILED"
            elif not self.waits_for_anything(job):
                job.status = "PENDING"

    def waits_for_anything(self, job: KnownJob) -> bool:
        return any(self.is_pending(each) for each in {job.named, *job.asked})

    def is_refused(self, id: str) -> bool:
        return id in self.known and self.known[id].is_refused()

    def is_pending(self, id: str) -> bool:
        return id in self.known and self.known[id].status == "PENDING"

    @invariant()
    def what_is_stored_is_what_is_known(self) -> None:
        for who in range(3):
            approvals, jobs = self.door.statuses(who)
            assert approvals == {id: each.status for id, each in self.known.items()}
            assert {id: jobs[id] for id in self.jobs} == {id: each.status for id, each in self.jobs.items()}

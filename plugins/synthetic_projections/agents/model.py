"""The records of the fold `agents`: pure.

A run is a session, or a job from its first claim on. It counts with all that
it came to at the quarter of an hour in which it began, so that all numbers of a
stretch of time are about the same runs, whenever their ends were heard of.
"""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

from synthetic_projections.buckets import DAY_MS
from synthetic_transcripts.events import QUARTER_MS


class AgentWork(StrEnum):
    """What sort of run; `enums.py` says what each value means."""

    SESSION = "SESSION"
    JOB = "JOB"


class RunStatus(StrEnum):
    """Where a run stands."""

    ACTIVE = "ACTIVE"
    COMPLETED = "COMPLETED"
    FAILED = "FAILED"
    CANCELLED = "CANCELLED"


class AgentMeasure(StrEnum):
    """What runs of a kind are compared by."""

    DURATION_MS = "DURATION_MS"
    OUTPUT_TOKENS = "OUTPUT_TOKENS"


class Grain(StrEnum):
    """How long the stretch is that a row of `agent_metrics` is about, in UTC."""

    QUARTER = "QUARTER"
    DAY = "DAY"

    @property
    def ms(self) -> int:
        """Its length in milliseconds."""
        return QUARTER_MS if self is Grain.QUARTER else DAY_MS

    def start(self, at_ms: int) -> int:
        """The begin of the stretch that an instant is in; both in Unix milliseconds."""
        return at_ms - at_ms % self.ms


class AgentRun(NamedTuple):
    """A row of `agent_runs`; instants are Unix milliseconds UTC.

    Attributes:
        work: An `AgentWork`.
        run_id: Id of the session or job.
        agent: Of a session its agent, of a job the worker that claimed it last; "": nobody has said.
        kind: Of a job its kind; "" for sessions.
        status: A `RunStatus`.
        began_at: When the session started, or the job was claimed first.
        ended_at: When it was over; None while it is ACTIVE.
        working_since: When the attempt began that runs; None: none does.
        worked_ms: How long the attempts ran that have ended.
        cancel_asked: 1 while somebody has asked for its end and it is not there yet.
        attempts: How often the job was claimed; 0 for sessions.
        failed_attempts: How many of these failed, or were not heard of any more.
        retries: How often somebody gave the job another attempt after it had finished.
        cancels: How often somebody wanted it cancelled.
        approvals_requested: How many decisions it has asked for.
        approvals_approved: How many of these were for it.
        approvals_rejected: How many were against it.
        approvals_expired: How many nobody made in time.
        input_tokens: Tokens that models read in the session; so with the three that follow.
    """

    work: str
    run_id: str
    agent: str
    kind: str
    status: str
    began_at: int
    ended_at: int | None = None
    working_since: int | None = None
    worked_ms: int = 0
    cancel_asked: int = 0
    attempts: int = 0
    failed_attempts: int = 0
    retries: int = 0
    cancels: int = 0
    approvals_requested: int = 0
    approvals_approved: int = 0
    approvals_rejected: int = 0
    approvals_expired: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    cache_read_tokens: int = 0
    cache_write_tokens: int = 0

    @property
    def duration_ms(self) -> int | None:
        """How long it took: of a session from its start to its end, of a job the time in which attempts ran.

        None for what is not over, and for what was cancelled: that says when somebody had enough of it, and not how
        long such work takes. Never negative, whatever the clock did.
        """
        if self.ended_at is None or self.status == RunStatus.CANCELLED:
            return None
        return self.worked_ms if self.work == AgentWork.JOB else max(0, self.ended_at - self.began_at)

    @property
    def tallies(self) -> tuple[int, ...]:
        """What it has counted itself, from `attempts` on: the sums of `AgentCounts` from there to the tokens."""
        return self[10:]

    @property
    def counts(self) -> AgentCounts:
        """What it adds to the sums."""
        statuses = [int(self.status == status) for status in RunStatus]
        return AgentCounts._make((1, *statuses, *self.tallies, self.duration_ms or 0))

    def measure(self, measure: AgentMeasure) -> int | None:
        """What it is compared by; None where there is nothing to compare."""
        if measure is AgentMeasure.DURATION_MS:
            return self.duration_ms
        has_ended = self.work == AgentWork.SESSION and self.duration_ms is not None
        return self.output_tokens if has_ended and self.output_tokens > 0 else None


class AgentCounts(NamedTuple):
    """Sums over runs; their names are columns of `agent_metrics`."""

    runs: int = 0
    active: int = 0
    completed: int = 0
    failed: int = 0
    cancelled: int = 0
    attempts: int = 0
    failed_attempts: int = 0
    retries: int = 0
    cancels: int = 0
    approvals_requested: int = 0
    approvals_approved: int = 0
    approvals_rejected: int = 0
    approvals_expired: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    cache_read_tokens: int = 0
    cache_write_tokens: int = 0
    duration_ms: int = 0


class AgentGroup(NamedTuple):
    """A row of `agent_groups`: that an agent does some work, and how many runs there are of it in all."""

    work: str
    agent: str
    kind: str
    runs: int = 0


class AgentMetric(NamedTuple):
    """A row of `agent_metrics`: the sums of an agent's runs of one kind that began in a stretch of time.

    Attributes:
        grain: A `Grain`.
        begin_at: When the stretch begins, Unix milliseconds UTC.
        durations: The sketch of their durations, as `sketches.py` writes it.

    The others are those of `AgentGroup` and `AgentCounts`.
    """

    work: str
    agent: str
    kind: str
    grain: str
    begin_at: int
    runs: int = 0
    active: int = 0
    completed: int = 0
    failed: int = 0
    cancelled: int = 0
    attempts: int = 0
    failed_attempts: int = 0
    retries: int = 0
    cancels: int = 0
    approvals_requested: int = 0
    approvals_approved: int = 0
    approvals_rejected: int = 0
    approvals_expired: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    cache_read_tokens: int = 0
    cache_write_tokens: int = 0
    duration_ms: int = 0
    durations: str = "[]"


class AgentWindow(NamedTuple):
    """A row of `agent_windows`: what the runs of a kind came to that have ended last.

    Attributes:
        work: An `AgentWork`.
        agent: Sessions are compared with those of the same agent; "" for jobs, which are compared by kind.
        kind: Of jobs their kind; "" for sessions.
        measure: An `AgentMeasure`.
        latest: JSON: pairs of a run's id and its value, the latest last.
    """

    work: str
    agent: str
    kind: str
    measure: str
    latest: str = "[]"


class AgentOutlier(NamedTuple):
    """A row of `agent_outliers`: a run that differs from those before it, and how that was found.

    Attributes:
        work: An `AgentWork`.
        run_id: Id of the session or job.
        measure: An `AgentMeasure`: in what it differs.
        agent: Whose run it is; "": nobody has said.
        kind: Of a job its kind; "" for sessions.
        ended_at: When it ended, Unix milliseconds UTC.
        position: Of the event with which it was judged.
        value: What it came to.
        median: Of those it was compared with.
        deviation: Their median absolute deviation, of natural logarithms, as it was used.
        score: The modified z-score: below 0 where the value is unusually low.
        sample: JSON: pairs of id and value of the runs it was compared with, the latest last.
    """

    work: str
    run_id: str
    measure: str
    agent: str
    kind: str
    ended_at: int
    position: int
    value: int
    median: float
    deviation: float
    score: float
    sample: str

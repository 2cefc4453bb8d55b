"""The GraphQL types of how agents fare, and of what stands out."""

# Annotations are left as they are: Strawberry takes far longer to read them as text, at every start.

from collections.abc import Sequence
from typing import Any, Self

import strawberry

from synthetic import (
    Asked,
    Column,
    DateTime,
    EventNode,
    FromRecord,
    Long,
    Position,
    Snapshot,
    bad_input,
    batched,
    find_rows,
    from_json,
    values_of,
)
from synthetic_jobs.types import Job, find_job_nodes
from synthetic_projections.agents.enums import AgentMeasure, AgentWork
from synthetic_projections.agents.model import AgentGroup
from synthetic_projections.agents.model import AgentOutlier as AgentOutlierRecord
from synthetic_projections.agents.sketches import quantiles_of
from synthetic_projections.agents.store import Question, Sums, read_sums
from synthetic_projections.buckets import Bucket, Span, TimeBucket, buckets_of, read_zone
from synthetic_sessions.types import Session, find_session_nodes

POINTS_MAX = 10_000
"""Most buckets of all nodes of a page together."""

QUANTILES = (0.5, 0.95, 0.99)
NEEDS = ("work", "agent", "kind", "from_at", "to_at", "question")


def none_if_empty(text: str) -> str | None:
    """What is stored as "" where nobody has said."""
    return text or None


@strawberry.type(
    description="How long runs took that have ended by themselves. Quantiles are off by at most one in a hundred."
)
class AgentDurations:
    """Durations of the runs of a group."""

    count: int = strawberry.field(description="How many runs these are: those that completed or failed.")
    total_ms: Long = strawberry.field(description="The sum, exact.")
    mean_ms: float | None = strawberry.field(description="The mean; null without any.")
    p50_ms: Long | None = strawberry.field(description="Half of them took no longer; null without any.")
    p95_ms: Long | None = strawberry.field(description="95 in a hundred took no longer.")
    p99_ms: Long | None = strawberry.field(description="99 in a hundred took no longer.")


@strawberry.type(description="How often people stepped in, or were asked to.")
class AgentInterventions:
    """What people did about the runs of a group."""

    approvals_requested: int = strawberry.field(description="Decisions that the runs have asked for.")
    approvals_approved: int = strawberry.field(description="Those that a person decided for.")
    approvals_rejected: int = strawberry.field(description="Those that a person decided against.")
    approvals_expired: int = strawberry.field(description="Those that nobody decided in time.")
    retries: int = strawberry.field(description="How often a job that had finished was given another attempt.")
    cancels: int = strawberry.field(description="How often somebody wanted a run to be cancelled.")


@strawberry.type(description="What the runs of a group came to that began in a stretch of time.")
class AgentNumbers:
    """Sums over runs."""

    runs: int = strawberry.field(description="How many began.")
    active: int = strawberry.field(description="Those of them that are not over.")
    completed: int = strawberry.field(description="Those that completed, or ended as sessions do.")
    failed: int = strawberry.field(description="Those that failed for good.")
    cancelled: int = strawberry.field(description="Those that were cancelled, or deleted before they were over.")
    failure_rate: float | None = strawberry.field(
        description="Those that failed over those that completed or failed; null where there are none."
    )
    attempts: int = strawberry.field(description="How often jobs were claimed; 0 for sessions.")
    failed_attempts: int = strawberry.field(
        description="Attempts that failed, or whose worker was not heard of in time."
    )
    input_tokens: Long = strawberry.field(description="Tokens that models read in sessions, without those of a cache.")
    output_tokens: Long = strawberry.field(description="Tokens that they wrote.")
    cache_read_tokens: Long = strawberry.field(description="Tokens that they read from a cache.")
    cache_write_tokens: Long = strawberry.field(description="Tokens that were put into a cache.")
    durations: AgentDurations = strawberry.field(description="How long those took that completed or failed.")
    interventions: AgentInterventions = strawberry.field(description="How often people stepped in.")

    @classmethod
    def of(cls, sums: Sums) -> Self:
        """The object of sums."""
        counts = sums.counts
        ended = counts.completed + counts.failed
        p50, p95, p99 = quantiles_of(sums.bins, QUANTILES)
        return cls(
            runs=counts.runs,
            active=counts.active,
            completed=counts.completed,
            failed=counts.failed,
            cancelled=counts.cancelled,
            failure_rate=counts.failed / ended if ended else None,
            attempts=counts.attempts,
            failed_attempts=counts.failed_attempts,
            input_tokens=Long(counts.input_tokens),
            output_tokens=Long(counts.output_tokens),
            cache_read_tokens=Long(counts.cache_read_tokens),
            cache_write_tokens=Long(counts.cache_write_tokens),
            durations=AgentDurations(
                count=ended,
                total_ms=Long(counts.duration_ms),
                mean_ms=counts.duration_ms / ended if ended else None,
                p50_ms=None if p50 is None else Long(p50),
                p95_ms=None if p95 is None else Long(p95),
                p99_ms=None if p99 is None else Long(p99),
            ),
            interventions=AgentInterventions(
                approvals_requested=counts.approvals_requested,
                approvals_approved=counts.approvals_approved,
                approvals_rejected=counts.approvals_rejected,
                approvals_expired=counts.approvals_expired,
                retries=counts.retries,
                cancels=counts.cancels,
            ),
        )


@strawberry.type(description="A bucket of a series, and what the runs came to that began in it.")
class AgentBucket:
    """A point of a chart."""

    from_at: DateTime = strawberry.field(name="from", description="Its first instant.")
    to_at: DateTime = strawberry.field(name="to", description="The first instant behind it.")
    numbers: AgentNumbers = strawberry.field(description="All zeroes where no run began.")


@strawberry.type(description="How an agent fares in some work, by the runs that began in a window.")
class AgentMetrics:
    """A row of `agent_groups`, or several that are added up, in a window."""

    work: AgentWork = strawberry.field(description="Whether these are sessions or jobs.")
    agent: str | None = strawberry.field(
        description="The agent of the sessions, or the worker that claimed the jobs last; null where nobody has said,"
        " and where the runs of all agents are added up."
    )
    kind: str | None = strawberry.field(
        description="The kind of the jobs; null for sessions, and where all kinds are added up."
    )
    from_at: DateTime = strawberry.field(name="from", description="The first instant of the window.")
    to_at: DateTime = strawberry.field(name="to", description="The first instant behind the window.")
    question: strawberry.Private[str]

    of = FromRecord(
        AgentGroup,
        agent=Column("agent", read=none_if_empty),
        kind=Column("kind", read=none_if_empty),
        from_at=Column(":window_from"),
        to_at=Column(":window_to"),
        question=Column(":question"),
    )

    @batched(reads=("projections.agents",), needs=NEEDS)
    @staticmethod
    def totals(snapshot: Snapshot, parents: "Sequence[AgentMetrics]", asked: Asked) -> list[AgentNumbers]:
        """What the runs came to that began in the window."""
        if not parents:
            return []
        question, window = _asked_of(parents)
        found = _sums_of(snapshot, parents, question, [window], with_durations=asked.has("durations"))
        return [AgentNumbers.of(sums) for (sums,) in found]

    @batched(reads=("projections.agents",), needs=NEEDS)
    @staticmethod
    def series(
        snapshot: Snapshot, parents: "Sequence[AgentMetrics]", asked: Asked, bucket: Bucket = TimeBucket.DAY
    ) -> list[list[AgentBucket]]:
        """The same by hours, days, weeks or months that the window touches, whole and without gaps, the first first."""
        if not parents:
            return []
        question, window = _asked_of(parents)
        spans = buckets_of(window, bucket, read_zone(question.time_zone))
        if len(spans) * len(parents) > POINTS_MAX:
            raise bad_input("bucket", f"must be longer, or the page shorter: there are at most {POINTS_MAX:,} in all")
        found = _sums_of(snapshot, parents, question, spans, with_durations=asked.has("numbers", "durations"))
        return [
            [
                AgentBucket(from_at=DateTime(span.from_at), to_at=DateTime(span.to_at), numbers=AgentNumbers.of(sums))
                for span, sums in zip(spans, each, strict=True)
            ]
            for each in found
        ]


def _asked_of(parents: Sequence[AgentMetrics]) -> tuple[Question, Span]:
    """What was asked, which is the same for all nodes of a page."""
    question = Question(*from_json(values_of(parents, "question")[0]))
    return question, Span(values_of(parents, "from_at")[0], values_of(parents, "to_at")[0])


def _sums_of(
    snapshot: Snapshot,
    parents: Sequence[AgentMetrics],
    question: Question,
    spans: Sequence[Span],
    *,
    with_durations: bool,
) -> list[list[Sums]]:
    names = (values_of(parents, name) for name in ("work", "agent", "kind"))
    groups = [AgentGroup(AgentWork(work), agent or "", kind or "") for work, agent, kind in zip(*names, strict=True)]
    return read_sums(snapshot, groups, question, spans, with_durations=with_durations)


@strawberry.type(description="A run that an outlier was compared with.")
class AgentSample:
    """A run and its value."""

    run_id: strawberry.ID = strawberry.field(description="Id of the session or job.")
    value: Long = strawberry.field(description="What it came to.")


def samples_of(text: str) -> list[AgentSample]:
    """The sample of an outlier as objects."""
    return [AgentSample(run_id=strawberry.ID(run_id), value=Long(value)) for run_id, value in from_json(text)]


@strawberry.type(
    description="A run that differs from those before it, with all that this was computed from: the modified z-score"
    " 0.6745 (ln value - ln median) / deviation lies beyond `plugins.projections.outlier_score`."
)
class AgentOutlier:
    """A row of `agent_outliers`."""

    work: AgentWork = strawberry.field(description="Whether it is a session or a job.")
    run_id: strawberry.ID = strawberry.field(description="Its id: `events` and `lineage` tell what happened to it.")
    agent: str | None = strawberry.field(description="The agent, or the worker; null where nobody has said.")
    kind: str | None = strawberry.field(description="The kind of a job; null for sessions.")
    measure: AgentMeasure = strawberry.field(description="In what it differs.")
    value: Long = strawberry.field(description="What it came to.")
    median: float = strawberry.field(description="The median of those that it was compared with.")
    deviation: float = strawberry.field(
        description="The median absolute deviation of their natural logarithms, at least ln 1.05."
    )
    score: float = strawberry.field(description="The modified z-score; negative where the value is unusually low.")
    sample: list[AgentSample] = strawberry.field(
        description="The runs that it was compared with, the one that ended last at the end: sessions of the same"
        " agent, or jobs of the same kind."
    )
    ended_at: DateTime = strawberry.field(description="When it ended.")
    position_number: strawberry.Private[int]

    of = FromRecord(
        AgentOutlierRecord,
        agent=Column("agent", read=none_if_empty),
        kind=Column("kind", read=none_if_empty),
        sample=Column("sample", read=samples_of, parses=True),
        position_number=Column("position"),
    )

    @batched(needs=("position_number",))
    @staticmethod
    def position(snapshot: Snapshot, parents: "Sequence[AgentOutlier]") -> list[Position]:
        """The position of the event with which it was judged."""
        epoch = snapshot.position().epoch
        return [Position(epoch, number) for number in values_of(parents, "position_number")]

    @batched(needs=("position_number",))
    @staticmethod
    def event(snapshot: Snapshot, parents: "Sequence[AgentOutlier]", asked: Asked) -> list[EventNode | None]:
        """The event with which it was judged; null when that has moved to the archive."""
        positions = values_of(parents, "position_number")
        return find_rows(snapshot, EventNode, "domain_events", positions, asked, key="position")

    @batched(needs=("work", "run_id"))
    @staticmethod
    def session(snapshot: Snapshot, parents: "Sequence[AgentOutlier]", asked: Asked) -> list[Session | None]:
        """The session, if it is one."""
        return find_session_nodes(snapshot, _ids_of(parents, AgentWork.SESSION), asked)

    @batched(needs=("work", "run_id"))
    @staticmethod
    def job(snapshot: Snapshot, parents: "Sequence[AgentOutlier]", asked: Asked) -> list[Job | None]:
        """The job, if it is one."""
        return find_job_nodes(snapshot, _ids_of(parents, AgentWork.JOB), asked)


def _ids_of(parents: Sequence[AgentOutlier], work: AgentWork) -> list[str | None]:
    works: list[Any] = values_of(parents, "work")
    return [id if each == work else None for each, id in zip(works, values_of(parents, "run_id"), strict=True)]

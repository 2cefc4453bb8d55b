"""Checks over GraphQL: `integrity`."""

# Annotations are left as they are: Strawberry takes far longer to read them as text, at every start.

from typing import Annotated, Self

import strawberry

from synthetic.checks.declared import LoadedChecks, run_in_snapshot
from synthetic.checks.outcomes import CheckedFinding, CheckOutcome, CheckStatus, worst_of
from synthetic.checks.schedule import find_last
from synthetic.database.snapshot import Snapshot
from synthetic.errors import NotFoundError, StoreDamagedError
from synthetic.graphql.enums import describe_enum
from synthetic.graphql.fields import query
from synthetic.graphql.scalars import JSON, DateTime, Long
from synthetic.logs import correlation_id
from synthetic.validation import bad_input

INTEGRITY_SECONDS = 2.0
"""How long the checks of one query may take together."""

describe_enum(
    CheckStatus,
    "How a check ended.",
    {
        CheckStatus.PASSED: "It found nothing.",
        CheckStatus.FAILED: "It found something.",
        CheckStatus.INCOMPLETE: "It could not be carried out to its end, and has found nothing so far; "
        "`reason` says why.",
    },
)


@strawberry.type(description="Something in the store that is not as it must be, in the words of the error contract.")
class IntegrityFinding:
    """What a check found, or why it could not look."""

    entity_type: str | None = strawberry.field(description="What kind of thing it is about.")
    entity_id: strawberry.ID | None = strawberry.field(description="Which one; null where it is no single one.")
    code: str = strawberry.field(description="Upper-case words, for programs.")
    message: str = strawberry.field(description="For a person.")
    recoverable: bool = strawberry.field(description="Whether it may be over by itself.")
    retry_after_ms: Long | None = strawberry.field(description="How long to wait before looking again.")
    action: str = strawberry.field(description="What to do about it.")
    details: JSON = strawberry.field(description="More about it, for programs.")
    correlation_id: str = strawberry.field(description="Under which the server's log tells more.")
    occurred_at: DateTime = strawberry.field(description="When it was found.")

    @classmethod
    def of(cls, finding: CheckedFinding, correlation: str, now_ms: int) -> Self:
        """The object of a finding."""
        error = finding.error()
        return cls(
            entity_type=finding.entity_type,
            entity_id=None if finding.entity_id is None else strawberry.ID(finding.entity_id),
            code=error.code,
            message=error.message,
            recoverable=error.recoverable,
            retry_after_ms=None if error.retry_after_ms is None else Long(error.retry_after_ms),
            action=error.suggested_action,
            details=JSON(error.details),
            correlation_id=correlation,
            occurred_at=DateTime(now_ms),
        )


@strawberry.type(description="What came of a check.")
class IntegrityCheck:
    """The outcome of one check."""

    name: str = strawberry.field(description="Its name, as PLUGIN.NAME.")
    purpose: str = strawberry.field(description="What holds, if it has passed.")
    status: CheckStatus = strawberry.field(description="How it ended.")
    findings: list[IntegrityFinding] = strawberry.field(description="What it found: the first 100.")
    has_more: bool = strawberry.field(description="Whether it would have found more.")
    reason: IntegrityFinding | None = strawberry.field(description="Why it is not complete; null: it is.")
    ms: float = strawberry.field(description="How long it took, in milliseconds.")
    repair: str | None = strawberry.field(
        description="What `synthetic check --repair` does about what it found; null: nothing is safe to be done."
    )

    @classmethod
    def of(cls, outcome: CheckOutcome, correlation: str, now_ms: int) -> Self:
        """The object of an outcome."""
        return cls(
            name=outcome.name,
            purpose=outcome.purpose,
            status=outcome.status,
            findings=[IntegrityFinding.of(finding, correlation, now_ms) for finding in outcome.findings],
            has_more=outcome.has_more,
            reason=None if outcome.reason is None else IntegrityFinding.of(outcome.reason, correlation, now_ms),
            ms=outcome.ms,
            repair=outcome.repair,
        )


@strawberry.type(description="What came of the light checks when the store made them by itself.")
class ScheduledIntegrity:
    """The last result of the schedule."""

    status: CheckStatus = strawberry.field(description="The worst of the checks'.")
    checked_at: DateTime = strawberry.field(description="When.")
    failed: list[str] = strawberry.field(description="The checks that had found something, as PLUGIN.NAME.")
    findings: int = strawberry.field(description="How many things they had found.")


@strawberry.type(description="Whether the store is as it must be, as far as can be told in a moment.")
class Integrity:
    """Answer of `integrity`."""

    status: CheckStatus = strawberry.field(description="The worst of the checks': FAILED, else INCOMPLETE, or PASSED.")
    checked_at: DateTime = strawberry.field(description="When.")
    checks: list[IntegrityCheck] = strawberry.field(description="What came of each check, in the order of the plugins.")
    last_scheduled: ScheduledIntegrity | None = strawberry.field(
        description="What came of them when the store made them by itself; null: it did not yet."
    )


@query
def integrity(
    snapshot: Snapshot,
    checks: Annotated[
        list[str] | None, strawberry.argument(description="Only the checks of these names, as PLUGIN.NAME.")
    ] = None,
) -> Integrity:
    """Run the light checks, within two seconds: those that look little up. `synthetic check` runs the others."""
    try:
        chosen = snapshot.resource(LoadedChecks).chosen("light", checks)
    except NotFoundError as error:
        raise bad_input("checks", f"must name light checks: {error.message}") from None
    outcomes = run_in_snapshot(snapshot, chosen, INTEGRITY_SECONDS)
    correlation = correlation_id()
    return Integrity(
        status=worst_of(outcomes),
        checked_at=DateTime(snapshot.now),
        checks=[IntegrityCheck.of(outcome, correlation, snapshot.now) for outcome in outcomes],
        last_scheduled=_last_scheduled(snapshot),
    )


def _last_scheduled(snapshot: Snapshot) -> ScheduledIntegrity | None:
    """What is noted of the schedule; null too where the note itself cannot be read, which the checks say."""
    try:
        last = find_last(snapshot)
    except StoreDamagedError:
        return None
    if last is None:
        return None
    return ScheduledIntegrity(
        status=last.status,
        checked_at=DateTime(last.checked_at),
        failed=list(last.failed),
        findings=last.findings,
    )

"""What clients send in: the filter of `approvals`, and the inputs of the mutations."""

# Annotations are left as they are: Strawberry takes far longer to read them as text, at every start.

import strawberry

from synthetic import JSON, DateTime, Long
from synthetic_approvals.enums import ApprovalStatus, Decision, RefusalPolicy
from synthetic_approvals.model import ApprovalRequest, Criteria


@strawberry.input(description="Something that a person is to decide about.")
class RequestApprovalInput:
    """The input of `requestApproval`."""

    id: strawberry.ID | None = strawberry.field(
        default=None,
        description="1 to 190 printable characters. Sent again with the same content, what is there is returned. "
        "Without it, a UUIDv7.",
    )
    tool: str = strawberry.field(description="The tool or command that is to be run: 1 to 200 printable characters.")
    arguments: JSON = strawberry.field(
        description="With what: a JSON object. Its hash is that of its canonical form (RFC 8785)."
    )
    construct_id: strawberry.ID | None = strawberry.field(
        default=None,
        description="The construct that it belongs to. Without it, that of the job, or else of the session.",
    )
    session_id: strawberry.ID | None = strawberry.field(default=None, description="The session whose agent asks.")
    job_id: strawberry.ID | None = strawberry.field(default=None, description="The job that asks.")
    lease_token: int | None = strawberry.field(
        default=None,
        description="With a jobId: what the worker proves with that it holds the job. It lets go of it, and the job is "
        "WAITING until this, and whatever else it has asked for, is decided.",
    )
    on_refusal: RefusalPolicy | None = strawberry.field(
        default=None,
        description="With a jobId: what becomes of jobs that wait for it, where it is not given; without it, they "
        "fail.",
    )
    requester: str | None = strawberry.field(
        default=None, description="Who asks, for whoever decides: 1 to 200 printable characters."
    )
    reason: str | None = strawberry.field(default=None, description="What for, for whoever decides.")
    lifetime_ms: Long | None = strawberry.field(
        default=None, description="For how long the decision is awaited; without it, as the settings say: an hour."
    )

    def request(self) -> ApprovalRequest:
        """What is asked for."""
        return ApprovalRequest(
            tool=self.tool,
            arguments=self.arguments,
            construct_id=self.construct_id,
            session_id=self.session_id,
            job_id=self.job_id,
            requester=self.requester,
            reason=self.reason,
            on_refusal=self.on_refusal,
            lifetime_ms=self.lifetime_ms,
        )


@strawberry.input(description="A decision.")
class DecideApprovalInput:
    """The input of `decideApproval`."""

    id: strawberry.ID = strawberry.field(description="Id of the approval.")
    decision: Decision = strawberry.field(description="What was decided.")
    arguments_sha256: str = strawberry.field(
        description="`argumentsSha256` of the approval as it was shown to whoever decides; another one is refused."
    )
    comment: str | None = strawberry.field(default=None, description="What they say about it.")
    decider: str | None = strawberry.field(
        default=None,
        description="Who they are, where the token is that of a program which speaks for several people: 1 to 200 "
        "printable characters. It is recorded, and not proven.",
    )


@strawberry.input(description="What is not needed any more.")
class CancelApprovalInput:
    """The input of `cancelApproval`."""

    id: strawberry.ID = strawberry.field(description="Id of the approval.")
    reason: str | None = strawberry.field(default=None, description="Why, as its comment.")


@strawberry.input(description="What is to be deleted.")
class DeleteApprovalInput:
    """The input of `deleteApproval`."""

    id: strawberry.ID = strawberry.field(description="Id of the approval.")


@strawberry.input(description="Which approvals are meant: all that is said here must hold.")
class ApprovalFilter:
    """The filter of `approvals`."""

    ids: list[strawberry.ID] | None = strawberry.field(default=None, description="The id is one of these.")
    statuses: list[ApprovalStatus] | None = strawberry.field(default=None, description="The status is one of these.")
    tools: list[str] | None = strawberry.field(default=None, description="The tool is one of these.")
    construct_id: strawberry.ID | None = strawberry.field(default=None, description="It belongs to this construct.")
    session_id: strawberry.ID | None = strawberry.field(default=None, description="An agent of this session asks.")
    job_id: strawberry.ID | None = strawberry.field(default=None, description="This job asks.")
    requester: str | None = strawberry.field(default=None, description="The requester is this one.")
    requested_from: DateTime | None = strawberry.field(default=None, description="Asked for at this instant or later.")
    requested_before: DateTime | None = strawberry.field(default=None, description="Asked for before this instant.")

    def criteria(self) -> Criteria:
        """The filter as the store understands it."""
        return Criteria(
            ids=self.ids,
            statuses=self.statuses,
            tools=self.tools,
            construct_id=self.construct_id,
            session_id=self.session_id,
            job_id=self.job_id,
            requester=self.requester,
            requested_from=self.requested_from,
            requested_before=self.requested_before,
        )

"""The GraphQL type of approvals, and the fields that it adds to constructs, sessions and jobs."""

# Annotations are left as they are: Strawberry takes far longer to read them as text, at every start.

from collections.abc import Sequence
from typing import Annotated, Any

import strawberry

from synthetic import (
    EVERYTHING,
    JSON,
    After,
    Asked,
    Before,
    Connection,
    DateTime,
    First,
    FromRecord,
    Last,
    Node,
    Order,
    Snapshot,
    batched,
    find_rows,
    pages,
)
from synthetic_approvals.enums import ApprovalOrder, ApprovalStatus, RefusalPolicy
from synthetic_approvals.inputs import ApprovalFilter
from synthetic_approvals.model import Approval as ApprovalRecord
from synthetic_approvals.model import Criteria
from synthetic_approvals.store import select_approvals
from synthetic_approvals.store.filters import NEWEST_FIRST, OLDEST_FIRST
from synthetic_approvals.store.rows import TABLE
from synthetic_constructs.types import Construct, find_construct_nodes
from synthetic_jobs.types import Job, find_job_nodes
from synthetic_sessions.types import Session, find_session_nodes

OrderBy = Annotated[ApprovalOrder, strawberry.argument(description="In which order.")]
Filter = Annotated[ApprovalFilter | None, strawberry.argument(description="Which; all without it.")]


@strawberry.type(description="A decision that is awaited from a person, or was: whether a tool may be run.")
class Approval(Node):
    """A row of `pending_approvals`, and those around it."""

    id: strawberry.ID = strawberry.field(description="The caller's id, or a UUIDv7.")
    construct_id: strawberry.ID | None = strawberry.field(description="Id of the construct that it belongs to.")
    session_id: strawberry.ID | None = strawberry.field(description="Id of the session whose agent asks.")
    job_id: strawberry.ID | None = strawberry.field(description="Id of the job that asks.")
    tool: str = strawberry.field(description="The tool or command that is to be run.")
    arguments: JSON = strawberry.field(description="With what: a JSON object.")
    arguments_sha256: str = strawberry.field(
        description="SHA-256 of the arguments in canonical form (RFC 8785), in lower-case hexadecimal digits. "
        "Whoever decides names it."
    )
    requester: str | None = strawberry.field(description="Who asks, in the words of the caller.")
    requested_by: str = strawberry.field(description="Who asks, as the store knows the caller: the name of a token.")
    reason: str | None = strawberry.field(description="What for.")
    on_refusal: RefusalPolicy = strawberry.field(
        description="What becomes of jobs that wait for it, where it is not given."
    )
    requested_at: DateTime = strawberry.field(description="When it was asked for.")
    expires_at: DateTime = strawberry.field(
        description="When it lapses, by the clock at the time when that was reckoned. What counts is how long the "
        "machine has run, so a clock that is set changes nothing."
    )
    status: ApprovalStatus = strawberry.field(description="Where it stands.")
    decided_by: str | None = strawberry.field(
        description="Who decided, as the store knows the caller; null unless it was APPROVED or REJECTED."
    )
    decider: str | None = strawberry.field(description="Who decided, in the words of the caller.")
    decided_at: DateTime | None = strawberry.field(description="When; null unless it was APPROVED or REJECTED.")
    comment: str | None = strawberry.field(description="What whoever decided or cancelled it says.")
    ended_at: DateTime | None = strawberry.field(
        description="When it was decided, cancelled, or found to have lapsed; null while it is PENDING."
    )

    of = FromRecord(ApprovalRecord)

    @batched(needs=("construct_id",))
    @staticmethod
    def construct(snapshot: Snapshot, parents: "Sequence[Approval]", asked: Asked) -> list[Construct | None]:
        """The construct that it belongs to."""
        return find_construct_nodes(snapshot, [parent.construct_id for parent in parents], asked)

    @batched(needs=("session_id",))
    @staticmethod
    def session(snapshot: Snapshot, parents: "Sequence[Approval]", asked: Asked) -> list[Session | None]:
        """The session whose agent asks."""
        return find_session_nodes(snapshot, [parent.session_id for parent in parents], asked)

    @batched(needs=("job_id",))
    @staticmethod
    def job(snapshot: Snapshot, parents: "Sequence[Approval]", asked: Asked) -> list[Job | None]:
        """The job that asks."""
        return find_job_nodes(snapshot, [parent.job_id for parent in parents], asked)


def _approvals_of(column: str) -> Any:
    """The field `approvals` of a type whose objects a column of approvals names: of constructs, sessions, jobs."""

    @batched(needs=("id",))
    def approvals(
        snapshot: Snapshot,
        parents: Sequence[Node],
        asked: Asked,
        filter: Filter = None,
        order_by: OrderBy = ApprovalOrder.REQUESTED_AT_DESC,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
    ) -> list[Connection[Approval]]:
        """What a decision was asked for in its name, the last first unless asked otherwise."""
        criteria = Criteria() if filter is None else filter.criteria()
        return pages(
            snapshot,
            Approval,
            select_approvals(criteria, each=column),
            each=[parent.id for parent in parents],
            order=order_of(order_by),
            asked=asked,
            first=first,
            after=after,
            last=last,
            before=before,
        )

    return approvals


approvals_of_construct = _approvals_of("construct_id")
approvals_of_session = _approvals_of("session_id")
approvals_of_job = _approvals_of("job_id")


def find_approval_nodes(
    snapshot: Snapshot, ids: Sequence[str | None], asked: Asked = EVERYTHING
) -> list[Approval | None]:
    """For each id, the approval or None: how `node(id:)` finds them."""
    return find_rows(snapshot, Approval, TABLE, ids, asked)


def order_of(order_by: ApprovalOrder) -> Order:
    """The order that a client asks for."""
    return NEWEST_FIRST if order_by is ApprovalOrder.REQUESTED_AT_DESC else OLDEST_FIRST

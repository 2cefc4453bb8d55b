"""Root subscription fields: `approvals`, the live inbox."""

# Annotations are left as they are: Strawberry takes far longer to read them as text, at every start.

from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from typing import Annotated, Any, Self

import strawberry

from synthetic import AfterPosition, Asked, Event, Live, Position, Snapshot, batched, check_id, subscription
from synthetic_approvals.enums import ApprovalStatus, ApprovalUpdateType
from synthetic_approvals.events import APPROVAL_DELETED, EVENTS
from synthetic_approvals.store.filters import check_values
from synthetic_approvals.types import Approval, find_approval_nodes


@strawberry.input(description="Which updates are meant: all that is said here must hold for the approval.")
class ApprovalUpdateFilter:
    """The filter of the subscription `approvals`."""

    ids: list[strawberry.ID] | None = strawberry.field(default=None, description="The approval is one of these.")
    tools: list[str] | None = strawberry.field(default=None, description="Its tool is one of these.")
    construct_id: strawberry.ID | None = strawberry.field(default=None, description="It belongs to this construct.")
    session_id: strawberry.ID | None = strawberry.field(default=None, description="An agent of this session asks.")
    job_id: strawberry.ID | None = strawberry.field(default=None, description="This job asks.")
    requester: str | None = strawberry.field(default=None, description="Its requester is this one.")

    def matcher(self) -> Callable[[Event], bool]:
        """A function that says of an event whether it is wanted, the construct apart.

        Raises:
            BadUserInputError: A value is not acceptable, or they are too many.
        """
        ids = None if self.ids is None else frozenset(check_values(self.ids, "filter.ids"))
        among = [
            (key, frozenset(check_values(values, f"filter.{field}")))
            for key, field, values in (
                ("tool", "tools", self.tools),
                ("sessionId", "sessionId", None if self.session_id is None else [self.session_id]),
                ("jobId", "jobId", None if self.job_id is None else [self.job_id]),
                ("requester", "requester", None if self.requester is None else [self.requester]),
            )
            if values is not None
        ]

        def matches(event: Event) -> bool:
            if ids is not None and event.entity_id not in ids:
                return False
            if event.type == APPROVAL_DELETED.name:
                return True
            payload = event.data()
            return all(payload[key] in values for key, values in among)

        return matches


@strawberry.type(description="Something that happened to an approval.")
class ApprovalUpdate:
    """What an event of an approval tells; the approval itself is read when it is selected."""

    position: Position = strawberry.field(description="Where to go on from, for whoever has seen this update.")
    approval_id: strawberry.ID = strawberry.field(description="Id of the approval.")
    type: ApprovalUpdateType = strawberry.field(description="What happened.")
    status: ApprovalStatus | None = strawberry.field(
        description="Its status as of this update; null when it was deleted."
    )
    tool: str | None = strawberry.field(description="What is to be run; null when it was deleted.")

    @classmethod
    def of(cls, event: Event, position: Position) -> Self:
        """The object of an event."""
        payload: dict[str, Any] = event.data()
        status = payload.get("status")
        return cls(
            position=position,
            approval_id=strawberry.ID(event.entity_id),
            type=ApprovalUpdateType(event.type),
            status=None if status is None else ApprovalStatus(status),
            tool=payload.get("tool"),
        )

    @batched(needs=("approval_id",))
    @staticmethod
    def approval(snapshot: Snapshot, parents: "Sequence[ApprovalUpdate]", asked: Asked) -> list[Approval | None]:
        """The approval as it is now, which may be later than this update; null when it is deleted by now."""
        return find_approval_nodes(snapshot, [parent.approval_id for parent in parents], asked)


@subscription(graphql_name="approvals")
async def approval_updates(
    live: Live,
    after: AfterPosition = None,
    filter: Annotated[ApprovalUpdateFilter | None, strawberry.argument(description="Which; all without it.")] = None,
) -> AsyncGenerator[ApprovalUpdate]:
    """What is asked for and decided, each update once and in order; approval is read as it is now.

    A deletion is delivered whatever the filter says of tool, session, job and
    requester: its event does not tell them.
    """
    wanted = ApprovalUpdateFilter() if filter is None else filter
    matches = wanted.matcher()
    construct_id = None if wanted.construct_id is None else check_id(wanted.construct_id, "filter.constructId")
    only_id = wanted.ids[0] if wanted.ids is not None and len(wanted.ids) == 1 else None
    async with aclosing(live.follow(after, EVENTS, entity_id=only_id, construct_id=construct_id)) as events:
        async for event in events:
            if matches(event):
                yield ApprovalUpdate.of(event, live.at(event))

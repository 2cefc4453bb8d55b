"""Root mutation fields of approvals."""

# Annotations are left as they are: Strawberry takes far longer to read them as text, at every start.

import strawberry

from synthetic import BlockingStore, Scope, Transaction, mutation
from synthetic_approvals import store as approval_store
from synthetic_approvals.inputs import (
    CancelApprovalInput,
    DecideApprovalInput,
    DeleteApprovalInput,
    RequestApprovalInput,
)
from synthetic_approvals.types import Approval


@strawberry.type(description="What `requestApproval` came to.")
class RequestApprovalPayload:
    """The payload of `requestApproval`."""

    approval: Approval = strawberry.field(description="The approval as it is stored now.")
    created: bool = strawberry.field(description="Whether it was not there before.")


@strawberry.type(description="What `decideApproval` came to.")
class DecideApprovalPayload:
    """The payload of `decideApproval`."""

    approval: Approval = strawberry.field(description="The approval, decided.")


@strawberry.type(description="What `cancelApproval` came to.")
class CancelApprovalPayload:
    """The payload of `cancelApproval`."""

    approval: Approval = strawberry.field(description="The approval, cancelled.")


@strawberry.type(description="What `deleteApproval` came to.")
class DeleteApprovalPayload:
    """The payload of `deleteApproval`."""

    id: strawberry.ID = strawberry.field(description="Id of the approval, which is not there any more.")


@mutation(entity="approval")
def request_approval(tx: Transaction, input: RequestApprovalInput) -> RequestApprovalPayload:
    """Ask a person to decide whether a tool may be run; a job that asks can wait for it without a worker."""
    requested = approval_store.request_approval(
        tx, input.request(), approval_id=input.id, lease_token=input.lease_token
    )
    return RequestApprovalPayload(approval=Approval.of(requested.approval), created=requested.created)


@mutation(scope=Scope.ADMIN, entity="approval")
def decide_approval(tx: Transaction, input: DecideApprovalInput) -> DecideApprovalPayload:
    """Approve or reject what was asked for, once; needs the scope `admin`, so that workers cannot decide."""
    decided = approval_store.decide_approval(
        tx, input.id, input.decision, input.arguments_sha256, comment=input.comment, decider=input.decider
    )
    return DecideApprovalPayload(approval=Approval.of(decided))


@mutation(entity="approval")
def cancel_approval(tx: Transaction, input: CancelApprovalInput) -> CancelApprovalPayload:
    """Withdraw what was asked for; what is cancelled already stays as it is."""
    return CancelApprovalPayload(
        approval=Approval.of(approval_store.cancel_approval(tx, input.id, reason=input.reason))
    )


@mutation(scope=Scope.ADMIN, entity="approval", frees=True)
def delete_approval(store: BlockingStore, input: DeleteApprovalInput) -> DeleteApprovalPayload:
    """Delete an approval; one that is pending is cancelled first."""
    deleted = approval_store.delete_approval(store, input.id)
    return DeleteApprovalPayload(id=strawberry.ID(deleted.id))

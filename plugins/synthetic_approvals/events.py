"""What this plugin writes to the log, and what its events carry.

Each event of an approval carries what a follower needs to know whether it is
one of its own, and what binds it: the tool and the hash of its arguments. What
people have written is in no event: its hash is, so that it cannot be altered unseen.
"""

from __future__ import annotations

from typing import Any

from synthetic import EventType, iso_from_ms
from synthetic_approvals.canonical import hash_words
from synthetic_approvals.model import Approval, ApprovalStatus

_BOUND = "`status`, `tool`, `argumentsSha256`, `sessionId`, `jobId` and `requester` are as they are now"

APPROVAL_REQUESTED = EventType(
    name="approval.requested",
    entity="approval",
    purpose="A decision is awaited until `expiresAt` (ISO 8601), asked for by `requestedBy` (the name of a token); "
    f"`reasonSha256` is the hash of its reason. {_BOUND}.",
)
APPROVAL_DECIDED = EventType(
    name="approval.decided",
    entity="approval",
    purpose="A person has decided: `status` is APPROVED or REJECTED, `decidedBy` the name of the token, `decider` the"
    " person by the caller's word, `decidedAt` when (ISO 8601), all about the arguments with this hash;"
    f" `commentSha256` is the hash of the comment. {_BOUND}.",
)
APPROVAL_EXPIRED = EventType(
    name="approval.expired",
    entity="approval",
    purpose=f"Nobody decided in time. {_BOUND}.",
)
APPROVAL_CANCELLED = EventType(
    name="approval.cancelled",
    entity="approval",
    purpose=f"It is not needed any more: it was withdrawn, or its job has finished; `commentSha256` is the hash"
    f" of the comment. {_BOUND}.",
)
APPROVAL_DELETED = EventType(
    name="approval.deleted",
    entity="approval",
    purpose="An approval was deleted: by age, on request, or with its construct, session or job.",
)
EVENTS = (APPROVAL_REQUESTED, APPROVAL_DECIDED, APPROVAL_EXPIRED, APPROVAL_CANCELLED, APPROVAL_DELETED)


def approval_payload(approval: Approval, **more: Any) -> dict[str, Any]:
    """What each event of an approval carries, and what this one carries beside it."""
    return {
        "status": approval.status,
        "tool": approval.tool,
        "argumentsSha256": approval.arguments_sha256,
        "sessionId": approval.session_id,
        "jobId": approval.job_id,
        "requester": approval.requester,
        **more,
    }


def request_payload(approval: Approval) -> dict[str, Any]:
    """What `approval.requested` says of an approval for good: whatever has become of it since."""
    return approval_payload(
        approval._replace(status=str(ApprovalStatus.PENDING)),
        requestedBy=approval.requested_by,
        reasonSha256=hash_words(approval.reason),
        onRefusal=approval.on_refusal,
        lifetimeMs=approval.lifetime_ms,
    )


def cancellation_payload(approval: Approval) -> dict[str, Any]:
    """What `approval.cancelled` carries."""
    return approval_payload(approval, commentSha256=hash_words(approval.comment))


def decision_payload(approval: Approval) -> dict[str, Any]:
    """What `approval.decided` carries; a decided approval whose event says something else was tampered with."""
    decided_at = None if approval.decided_at is None else iso_from_ms(approval.decided_at)
    return approval_payload(
        approval,
        previousStatus="PENDING",
        decidedBy=approval.decided_by,
        decider=approval.decider,
        decidedAt=decided_at,
        commentSha256=hash_words(approval.comment),
    )

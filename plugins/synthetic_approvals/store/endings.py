"""How an approval comes to an end without a decision, and what every end brings about."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from synthetic import BlockingStore, EventType, Snapshot, Transaction, check_text, delete_owned, iso_from_ms
from synthetic_approvals.errors import AlreadyDecidedError, ApprovalExpiredError
from synthetic_approvals.events import APPROVAL_CANCELLED, cancellation_payload
from synthetic_approvals.model import Approval, ApprovalStatus
from synthetic_approvals.settings import ApprovalSettings
from synthetic_approvals.store.rows import TABLE, get_approval
from synthetic_approvals.store.waits import settle_jobs_of

Payload = Callable[[Approval], Mapping[str, Any]]
"""What an event carries, by what the approval has become."""


def end_approval(
    tx: Transaction, before: Approval, event_type: EventType, payload: Payload, **changes: Any
) -> Approval:
    """Write that a pending approval has come to its end, tell it, and see to the jobs that wait for it.

    Args:
        tx: To write in.
        before: As it is stored.
        event_type: What has happened.
        payload: A function of the approval as it becomes: what the event carries.
        changes: Its columns that change, `ended_at` apart.
    """
    after = before._replace(**changes, ended_at=tx.now)
    event_id = tx.emit(event_type, after.id, construct_id=after.construct_id, payload=payload(after))
    if after.decided_at is not None:
        told = {"decision_event_id": event_id, "decision_position": tx.position().number}
        after = after._replace(**told)
        changes |= told
    values = {**changes, "ended_at": tx.now}
    assignments = ", ".join(f"{name} = :{name}" for name in values)
    tx.execute(f"UPDATE {TABLE} SET {assignments} WHERE id = :id", {**values, "id": after.id})
    settle_jobs_of(tx, after)
    return after


def cancel_approval(tx: Transaction, approval_id: str, *, reason: str | None = None) -> Approval:
    """Withdraw what was asked for; what is cancelled already stays as it is.

    Args:
        tx: To write in.
        approval_id: The approval.
        reason: Why, for whoever looks at it.

    Raises:
        BadUserInputError: The reason is not acceptable.
        NotFoundError: There is no such approval.
        AlreadyDecidedError: It was decided.
        ApprovalExpiredError: It has expired.
    """
    comment = check_words(tx, reason, "reason")
    approval = get_approval(tx, approval_id)
    if approval.status == ApprovalStatus.CANCELLED:
        return approval
    refuse_ended(approval)
    return end_approval(
        tx, approval, APPROVAL_CANCELLED, cancellation_payload, status=str(ApprovalStatus.CANCELLED), comment=comment
    )


def delete_approval(store: BlockingStore, approval_id: str) -> Approval:
    """Delete an approval; one that is pending is cancelled first.

    Returns:
        The approval as it was at the end.

    Raises:
        NotFoundError: There is no such approval.
    """

    def end(tx: Transaction) -> Approval:
        approval = get_approval(tx, approval_id)
        if approval.status == ApprovalStatus.PENDING:
            return cancel_approval(tx, approval_id)
        return approval

    approval = store.write(end)
    # Whoever waits for it must hear of its end before nobody can tell any more what became of it.
    while store.write(settle_jobs_of, approval):
        pass
    delete_owned(store, TABLE, approval_id)
    return approval


def refuse_ended(approval: Approval) -> None:
    """Refuse to end what has ended.

    Raises:
        ApprovalExpiredError: It has expired.
        AlreadyDecidedError: It was decided or cancelled; the details are what it came to.
    """
    if approval.status == ApprovalStatus.PENDING:
        return
    if approval.status == ApprovalStatus.EXPIRED:
        raise expired_error(approval)
    raise AlreadyDecidedError(f"Approval {approval.id!r} is {approval.status} already.", details=describe_end(approval))


def expired_error(approval: Approval) -> ApprovalExpiredError:
    """The error for an approval that nobody has decided in time; the caller raises it."""
    return ApprovalExpiredError(
        f"Approval {approval.id!r} was not decided in time.",
        details={
            "id": approval.id,
            "status": str(ApprovalStatus.EXPIRED),
            "expiresAt": iso_from_ms(approval.expires_at),
        },
    )


def describe_end(approval: Approval) -> dict[str, Any]:
    """What became of an approval, for the details of an error."""
    decided_at = None if approval.decided_at is None else iso_from_ms(approval.decided_at)
    return {
        "id": approval.id,
        "status": approval.status,
        "decidedBy": approval.decided_by,
        "decider": approval.decider,
        "decidedAt": decided_at,
        "argumentsSha256": approval.decided_sha256,
        "comment": approval.comment,
    }


def check_words(snapshot: Snapshot, text: str | None, field: str) -> str | None:
    """A reason or a comment, or None where there is none.

    Raises:
        BadUserInputError: It is blank, too long, or holds what cannot be stored.
    """
    if text is None:
        return None
    most = snapshot.settings(ApprovalSettings).text_characters
    return check_text(text, field, characters_min=1, characters_max=most)

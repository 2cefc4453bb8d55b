"""Deciding an approval: once, in time, and about exactly what was shown."""

from __future__ import annotations

import re

from synthetic import ForbiddenError, Snapshot, Transaction, bad_input, check_id, is_clock_believed, running_time
from synthetic_approvals.errors import ArgumentsChangedError
from synthetic_approvals.events import APPROVAL_DECIDED, decision_payload
from synthetic_approvals.model import Approval, Decision, remaining_ms
from synthetic_approvals.settings import ApprovalSettings
from synthetic_approvals.store.endings import check_words, end_approval, expired_error, refuse_ended
from synthetic_approvals.store.evidence import refuse_tampered
from synthetic_approvals.store.rows import get_approval

_SHA256 = re.compile(r"[0-9a-f]{64}")


def decide_approval(
    tx: Transaction,
    approval_id: str,
    decision: Decision,
    arguments_sha256: str,
    *,
    comment: str | None = None,
    decider: str | None = None,
) -> Approval:
    """Approve or reject what was asked for; the jobs that wait for it go on, or fail, in the same transaction.

    Args:
        tx: To write in; its origin is who decides.
        approval_id: The approval.
        decision: What was decided.
        arguments_sha256: The hash of the arguments that whoever decides was shown.
        comment: What they say about it.
        decider: Who they are, in the words of the caller.

    Raises:
        BadUserInputError: A value is not acceptable.
        NotFoundError: There is no such approval.
        AlreadyDecidedError: It has ended; the details are what it came to.
        ApprovalExpiredError: Its time is up.
        ForbiddenError: Who decides has asked for it, and the settings do not allow that.
        ArgumentsChangedError: Other arguments were shown.
        ApprovalTamperedError: What is stored of it contradicts itself, or the log: it was decided before, say.
    """
    if decision not in Decision.__members__.values():
        raise bad_input("decision", "must be one of " + ", ".join(Decision))
    shown = check_sha256(arguments_sha256)
    words = check_words(tx, comment, "comment")
    who = None if decider is None else check_id(decider, "decider")
    tx.describe_operation({"decision": str(decision), "argumentsSha256": shown})
    approval = get_approval(tx, approval_id)
    refuse_tampered(tx, approval)
    refuse_undecidable(tx, approval)
    _refuse_own(tx, approval)
    if shown != approval.arguments_sha256:
        raise ArgumentsChangedError(
            f"Approval {approval.id!r} is about other arguments than those that were shown.",
            action="Read the approval, and decide about what it says now.",
            details={"id": approval.id, "argumentsSha256": approval.arguments_sha256, "shownSha256": shown},
        )
    return end_approval(
        tx,
        approval,
        APPROVAL_DECIDED,
        decision_payload,
        status=str(decision),
        decided_by=tx.origin.actor,
        decider=who,
        decided_at=tx.now,
        decided_sha256=shown,
        comment=words,
    )


def _refuse_own(tx: Transaction, approval: Approval) -> None:
    """Refuse that somebody decides what they have asked for, if the settings want that.

    Raises:
        ForbiddenError: They would.
    """
    if tx.settings(ApprovalSettings).refuse_own_decisions and tx.origin.actor == approval.requested_by:
        raise ForbiddenError(
            f"Approval {approval.id!r} was asked for with the same token.",
            action="Let somebody else decide it, with a token of their own or with `synthetic approvals`.",
            details={"id": approval.id},
        )


def refuse_undecidable(snapshot: Snapshot, approval: Approval) -> None:
    """Refuse what nobody can decide any more.

    Raises:
        AlreadyDecidedError: It was decided or cancelled; the details are what it came to.
        ApprovalExpiredError: Its time is up.
    """
    refuse_ended(approval)
    if is_lapsed(snapshot, approval):
        raise expired_error(approval)


def is_lapsed(snapshot: Snapshot, approval: Approval) -> bool:
    """Whether the time of a pending approval is up."""
    running = running_time(snapshot)
    # What the clock shows matters after a restart of the machine alone, and to judge it takes reads.
    believed = approval.expires_run == running.run or is_clock_believed(snapshot)
    return remaining_ms(approval, running, snapshot.now, is_clock_believed=believed) == 0


def check_sha256(text: str) -> str:
    """A hash, in the digits in which it is stored.

    Raises:
        BadUserInputError: It is none.
    """
    lowered = text.lower()
    if _SHA256.fullmatch(lowered) is None:
        raise bad_input("argumentsSha256", "must be 64 hexadecimal digits")
    return lowered

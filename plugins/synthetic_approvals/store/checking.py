"""Whether a worker may run what it is about to run: asked right before, with the arguments that it has in its hands.

An approval is believed if its row, the hash in it, the events of the request and
of the decision in the log, and what the worker is about to run all say the same.
"""

from __future__ import annotations

from synthetic import Snapshot, check_id
from synthetic_approvals.canonical import check_arguments, hash_arguments
from synthetic_approvals.errors import (
    ApprovalPendingError,
    ApprovalRefusedError,
    ArgumentsChangedError,
)
from synthetic_approvals.model import Approval, ApprovalStatus
from synthetic_approvals.settings import ApprovalSettings
from synthetic_approvals.store.deciding import is_lapsed
from synthetic_approvals.store.endings import describe_end, expired_error
from synthetic_approvals.store.evidence import refuse_tampered
from synthetic_approvals.store.rows import get_approval

RETRY_AFTER_MS = 1_000
"""A pending approval need not be asked for again sooner."""


def check_approval(snapshot: Snapshot, approval_id: str, tool: str, arguments: object) -> Approval:
    """The approval, if it allows to run this tool with these arguments; whatever is not allowed raises.

    Args:
        snapshot: To read in.
        approval_id: The approval.
        tool: What is to be run.
        arguments: With what: a JSON object.

    Raises:
        BadUserInputError: A value is not acceptable.
        NotFoundError: There is no such approval, or not any more.
        ApprovalTamperedError: What is stored of it contradicts itself, or the log.
        ArgumentsChangedError: It is about something else, whatever became of it.
        ApprovalPendingError: It is not decided.
        ApprovalExpiredError: It was not decided in time.
        ApprovalRefusedError: It was rejected or cancelled.
    """
    wanted_tool = check_id(tool, "tool")
    canonical = check_arguments(arguments, snapshot.settings(ApprovalSettings))
    approval = get_approval(snapshot, approval_id)
    snapshot.spend(len(canonical) + len(approval.arguments))
    refuse_tampered(snapshot, approval)
    given = hash_arguments(canonical)
    # Said first: to wait for the decision, or to ask for the same again, would lead nowhere.
    if (wanted_tool, given) != (approval.tool, approval.arguments_sha256):
        raise ArgumentsChangedError(
            f"Approval {approval.id!r} is about something else than this.",
            details={
                "id": approval.id,
                "field": "tool" if wanted_tool != approval.tool else "arguments",
                "status": approval.status,
                "tool": approval.tool,
                "argumentsSha256": approval.arguments_sha256,
                "givenSha256": given,
            },
        )
    _refuse_unapproved(snapshot, approval)
    return approval


def _refuse_unapproved(snapshot: Snapshot, approval: Approval) -> None:
    """Raise why an approval allows nothing."""
    match approval.status:
        case ApprovalStatus.APPROVED:
            return
        case ApprovalStatus.EXPIRED:
            raise expired_error(approval)
        case ApprovalStatus.PENDING:
            if is_lapsed(snapshot, approval):
                raise expired_error(approval)
            raise ApprovalPendingError(
                f"Approval {approval.id!r} is not decided yet.",
                retry_after_ms=RETRY_AFTER_MS,
                details={"id": approval.id, "status": approval.status},
            )
        case _:
            raise ApprovalRefusedError(
                f"Approval {approval.id!r} is {approval.status}.", details=describe_end(approval)
            )

"""Whether a worker may run what it is about to run: asked right before, with the arguments that it has in its hands.

An approval is believed if its row, the hash in it, the event of the decision in
the log and what the worker is about to run all say the same.
"""

from __future__ import annotations

from synthetic import Event, Snapshot, check_id, find_events
from synthetic_approvals.canonical import check_arguments, hash_arguments
from synthetic_approvals.errors import (
    ApprovalPendingError,
    ApprovalRefusedError,
    ApprovalTamperedError,
    ArgumentsChangedError,
)
from synthetic_approvals.events import APPROVAL_DECIDED, decision_payload
from synthetic_approvals.model import Approval, ApprovalStatus
from synthetic_approvals.settings import ApprovalSettings
from synthetic_approvals.store.deciding import is_lapsed, refuse_altered_row
from synthetic_approvals.store.endings import describe_end, expired_error
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
        ApprovalPendingError: It is not decided.
        ApprovalExpiredError: It was not decided in time.
        ApprovalRefusedError: It was rejected or cancelled.
        ArgumentsChangedError: It allows something else.
        ApprovalTamperedError: What is stored of it contradicts itself, or the log.
    """
    wanted_tool = check_id(tool, "tool")
    canonical = check_arguments(arguments, snapshot.settings(ApprovalSettings))
    approval = get_approval(snapshot, approval_id)
    snapshot.spend(len(canonical) + len(approval.arguments))
    _refuse_unapproved(snapshot, approval)
    refuse_altered_row(approval)
    contradiction = find_contradiction(approval, _decision_of(snapshot, approval))
    if contradiction is not None:
        raise ApprovalTamperedError(
            f"What is stored of approval {approval.id!r} is not what was decided: {contradiction}.",
            details={"id": approval.id, "argumentsSha256": approval.arguments_sha256},
        )
    given = hash_arguments(canonical)
    if (wanted_tool, given) != (approval.tool, approval.decided_sha256):
        raise ArgumentsChangedError(
            f"Approval {approval.id!r} allows something else than this.",
            details={
                "id": approval.id,
                "field": "tool" if wanted_tool != approval.tool else "arguments",
                "approvedTool": approval.tool,
                "approvedSha256": approval.decided_sha256,
                "givenSha256": given,
            },
        )
    return approval


def find_contradiction(approval: Approval, event: Event | None) -> str | None:
    """How the row of a decided approval contradicts the event of its decision; None: it does not.

    Args:
        approval: A decided one.
        event: What the log has under the id that the row names.
    """
    if event is None:
        return "the log has no such decision"
    if (event.type, event.entity_id) != (APPROVAL_DECIDED.name, approval.id):
        return "the event that it names is about something else"
    told, stored = event.data(), decision_payload(approval)
    differing = [name for name in stored if told.get(name) != stored[name]]
    return f"the log has another {' and '.join(differing)}" if differing else None


def _decision_of(snapshot: Snapshot, approval: Approval) -> Event | None:
    return find_events(snapshot, [approval.decision_event_id or ""])[0]


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

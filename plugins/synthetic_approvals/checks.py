"""What must hold of approvals, and no constraint can say."""

from __future__ import annotations

from collections.abc import Iterator

from synthetic import Check, Event, Finding, Snapshot, find_events
from synthetic_approvals.canonical import hash_arguments
from synthetic_approvals.errors import ApprovalTamperedError
from synthetic_approvals.model import Approval
from synthetic_approvals.store import COLUMNS, find_contradiction

_BATCH = 200


def find_altered_arguments(snapshot: Snapshot) -> Iterator[Finding]:
    """Approvals whose arguments are not those whose hash is stored with them."""
    for approval_id, arguments, sha256 in snapshot.iterate(
        "SELECT id, arguments, arguments_sha256 FROM pending_approvals"
    ):
        snapshot.spend(len(arguments))
        if hash_arguments(arguments) != sha256:
            yield Finding(
                message=f"The arguments of approval {approval_id!r} are not those that were asked for.",
                entity_id=approval_id,
                details={"argumentsSha256": sha256},
            )


def find_altered_decisions(snapshot: Snapshot) -> Iterator[Finding]:
    """Decided approvals whose row says something else than the event of the decision."""
    last = ""
    while approvals := snapshot.records(
        Approval,
        f"SELECT {COLUMNS} FROM pending_approvals WHERE decided_at IS NOT NULL AND id > :last ORDER BY id LIMIT :batch",
        {"last": last, "batch": _BATCH},
    ):
        last = approvals[-1].id
        events = find_events(snapshot, [approval.decision_event_id or "" for approval in approvals])
        yield from _contradictions(approvals, events)


def _contradictions(approvals: list[Approval], events: list[Event | None]) -> Iterator[Finding]:
    for approval, event in zip(approvals, events, strict=True):
        contradiction = find_contradiction(approval, event)
        if contradiction is not None:
            yield Finding(
                message=f"Approval {approval.id!r} is not what was decided: {contradiction}.",
                entity_id=approval.id,
                details={"status": approval.status, "decisionEventId": approval.decision_event_id},
            )


CHECKS = (
    Check(
        name="arguments",
        purpose="The hash of each approval's arguments is the one that is stored with them.",
        find=find_altered_arguments,
        entity="approval",
        error_class=ApprovalTamperedError,
    ),
    Check(
        name="decisions",
        purpose="Each decided approval is what the event of its decision says.",
        find=find_altered_decisions,
        entity="approval",
        error_class=ApprovalTamperedError,
    ),
)

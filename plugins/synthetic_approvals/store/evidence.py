"""What the log says of approvals, and whether their rows say the same.

Whoever can write to the table by other means than the store's own may drop its
triggers and set back what has ended, alter what was asked for, or make up what
nobody has asked for. So a row is believed only if the log, which tells every
request and every end, does not contradict it. What has left the log for the
archive, where no check can look, is not compared any more.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from synthetic import Event, Snapshot, log_horizon, to_json
from synthetic_approvals.canonical import hash_arguments
from synthetic_approvals.errors import ApprovalTamperedError
from synthetic_approvals.events import (
    APPROVAL_CANCELLED,
    APPROVAL_DECIDED,
    APPROVAL_DELETED,
    APPROVAL_EXPIRED,
    APPROVAL_REQUESTED,
    EVENTS,
    approval_payload,
    cancellation_payload,
    decision_payload,
    request_payload,
)
from synthetic_approvals.model import Approval, ApprovalStatus

_ENDS = {
    ApprovalStatus.APPROVED: (APPROVAL_DECIDED.name, decision_payload),
    ApprovalStatus.REJECTED: (APPROVAL_DECIDED.name, decision_payload),
    ApprovalStatus.EXPIRED: (APPROVAL_EXPIRED.name, approval_payload),
    ApprovalStatus.CANCELLED: (APPROVAL_CANCELLED.name, cancellation_payload),
}
"""Which event tells that an approval has come to a status, and what it carries."""

_ENDINGS = frozenset(name for name, _ in _ENDS.values())
_TYPES = to_json([event.name for event in EVENTS])
_TOLD = (
    f"SELECT {', '.join(Event._fields)} FROM domain_events"
    " WHERE entity_type = 'approval' AND entity_id IN (SELECT value FROM json_each(:ids))"
    " AND +type IN (SELECT value FROM json_each(:types))"
)


def refuse_tampered(snapshot: Snapshot, approval: Approval) -> None:
    """Refuse an approval whose row contradicts itself or the log, whatever its status.

    Raises:
        ApprovalTamperedError: It does; the message says how.
    """
    if hash_arguments(approval.arguments) != approval.arguments_sha256:
        contradiction = "its arguments are not those whose hash is stored with them"
    else:
        contradiction = find_contradictions(snapshot, [approval])[0]
    if contradiction is not None:
        raise ApprovalTamperedError(
            f"What is stored of approval {approval.id!r} is not what the store has written: {contradiction}.",
            details={"id": approval.id, "argumentsSha256": approval.arguments_sha256},
        )


def find_contradictions(snapshot: Snapshot, approvals: Sequence[Approval]) -> list[str | None]:
    """For each approval how its row contradicts the log, in words; None: it does not."""
    told: dict[str, list[Event]] = {approval.id: [] for approval in approvals}
    for event in snapshot.records(Event, _TOLD, {"ids": to_json(list(told)), "types": _TYPES}):
        told[event.entity_id].append(event)
    horizon = log_horizon(snapshot)
    return [_contradiction(approval, _since_request(told[approval.id]), horizon) for approval in approvals]


def _since_request(told: list[Event]) -> list[Event]:
    """The events of an approval that tell of it, and not of one that had the same id and was deleted; in order."""
    told.sort(key=lambda event: event.position)
    begins = (APPROVAL_REQUESTED.name, APPROVAL_DELETED.name)
    first = max((place for place, event in enumerate(told) if event.type in begins), default=0)
    return told[first:]


def _contradiction(approval: Approval, told: Sequence[Event], horizon: int) -> str | None:
    """How a row contradicts what was told of it; events up to the horizon have left the log."""
    if told and told[0].type == APPROVAL_DELETED.name:
        return "the log says that it was deleted"
    if told and told[0].type == APPROVAL_REQUESTED.name:
        differs = _difference(request_payload(approval), told[0], approval.requested_position)
        if differs is not None:
            return f"the log has another request, with another {differs}"
    elif approval.requested_position > horizon:
        return "the log has no such request"
    ends = [event for event in told if event.type in _ENDINGS]
    if approval.status == ApprovalStatus.PENDING:
        return f"the log says that it is {ends[0].data()['status']}" if ends else None
    return _contradicted_end(approval, ends, horizon)


def _contradicted_end(approval: Approval, ends: Sequence[Event], horizon: int) -> str | None:
    """How the row of an approval that has ended contradicts the events of its end."""
    if not ends:
        # Only of a decision it is known where it was told; another end came after the request.
        position = approval.decision_position or approval.requested_position
        return "the log has no such end of it" if position > horizon else None
    if len(ends) > 1:
        return f"the log has {len(ends)} ends of it: " + ", ".join(event.data()["status"] for event in ends)
    (end,) = ends
    event_type, payload = _ENDS[ApprovalStatus(approval.status)]
    if end.type != event_type:
        return f"the log says that it is {end.data()['status']}"
    if approval.decision_event_id not in (None, end.id):
        return "the event that it names is about something else"
    differs = _difference(payload(approval), end, approval.decision_position or end.position)
    return None if differs is None else f"the log has another {differs}"


def _difference(stored: Mapping[str, Any], event: Event, position: int) -> str | None:
    """In what an event differs from what is stored, by the names of its fields; None: in nothing."""
    told = event.data()
    differing = [name for name in stored if name not in told or told[name] != stored[name]]
    if event.position != position:
        differing.append("position")
    return " and ".join(differing) or None

"""This plugin's enums as the schema shows them, with what each value means.

Those that the store knows too are defined in `model.py`, which knows nothing
of GraphQL; types and inputs import them from here, so that none is ever used
without a meaning.
"""

from __future__ import annotations

from enum import StrEnum

from synthetic import describe_enum
from synthetic_approvals.events import (
    APPROVAL_CANCELLED,
    APPROVAL_DECIDED,
    APPROVAL_DELETED,
    APPROVAL_EXPIRED,
    APPROVAL_REQUESTED,
)
from synthetic_approvals.model import ApprovalStatus, Decision, RefusalPolicy

__all__ = ["ApprovalOrder", "ApprovalStatus", "ApprovalUpdateType", "Decision", "RefusalPolicy"]


class ApprovalOrder(StrEnum):
    """The orders that approvals are listed in."""

    REQUESTED_AT_DESC = "desc"
    REQUESTED_AT_ASC = "asc"


class ApprovalUpdateType(StrEnum):
    """What happened to an approval, by the name of the event that tells it."""

    REQUESTED = APPROVAL_REQUESTED.name
    DECIDED = APPROVAL_DECIDED.name
    EXPIRED = APPROVAL_EXPIRED.name
    CANCELLED = APPROVAL_CANCELLED.name
    DELETED = APPROVAL_DELETED.name


describe_enum(
    ApprovalStatus,
    "Where an approval stands. One that has ended never changes again.",
    {
        ApprovalStatus.PENDING: "Nobody has decided yet.",
        ApprovalStatus.APPROVED: "What was asked for may be done, with exactly these arguments.",
        ApprovalStatus.REJECTED: "It may not be done.",
        ApprovalStatus.EXPIRED: "Nobody decided in time.",
        ApprovalStatus.CANCELLED: "It was withdrawn, or its job has finished without it.",
    },
)
describe_enum(
    Decision,
    "What can be decided.",
    {
        Decision.APPROVED: "It may be done, with exactly the arguments that were shown.",
        Decision.REJECTED: "It may not be done.",
    },
    name="ApprovalDecision",
)
describe_enum(
    RefusalPolicy,
    "What becomes of a job that waits for an approval which is rejected, cancelled or not decided in time.",
    {
        RefusalPolicy.FAIL: "It is FAILED, and its error message says why.",
        RefusalPolicy.RESUME: "It is PENDING again, as with one that is approved: its worker sees what became of it.",
    },
    name="ApprovalRefusalPolicy",
)
describe_enum(
    ApprovalOrder,
    "The orders that approvals are listed in; equal ones are ordered by id.",
    {
        ApprovalOrder.REQUESTED_AT_DESC: "What was asked for last first.",
        ApprovalOrder.REQUESTED_AT_ASC: "What was asked for first first.",
    },
)
describe_enum(
    ApprovalUpdateType,
    "What happened to an approval.",
    {
        ApprovalUpdateType.REQUESTED: "Somebody asks for a decision.",
        ApprovalUpdateType.DECIDED: "It was approved or rejected.",
        ApprovalUpdateType.EXPIRED: "Nobody decided in time.",
        ApprovalUpdateType.CANCELLED: "It was withdrawn, or its job has finished.",
        ApprovalUpdateType.DELETED: "It was deleted.",
    },
)

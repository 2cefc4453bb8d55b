"""This plugin's enums as the schema shows them, with what each value means.

Most are defined in `model.py`, which knows nothing of GraphQL; types and
inputs import them from here, so that they are never used without a meaning.
"""

from __future__ import annotations

from enum import StrEnum

from synthetic import describe_enum
from synthetic_constructs.model import ConstructStatus, RelationshipDirection, RelationshipKind

__all__ = ["ConstructOrder", "ConstructStatus", "DeletionAction", "RelationshipDirection", "RelationshipKind"]


class ConstructOrder(StrEnum):
    """The orders that constructs are listed in, as columns and directions."""

    CREATED_AT_DESC = "created_at desc"
    CREATED_AT_ASC = "created_at asc"
    UPDATED_AT_DESC = "updated_at desc"
    UPDATED_AT_ASC = "updated_at asc"
    TITLE_ASC = "title asc"
    TITLE_DESC = "title desc"


class DeletionAction(StrEnum):
    """What the deletion of a row does to rows that point at it."""

    DELETE = "delete"
    CLEAR = "clear"


describe_enum(
    ConstructStatus,
    "Where a unit of agent work stands. Any status may follow any other.",
    {
        ConstructStatus.PLANNED: "Known, and not begun.",
        ConstructStatus.ACTIVE: "Being worked on.",
        ConstructStatus.BLOCKED: "Cannot go on until something else happens.",
        ConstructStatus.COMPLETED: "Ended: done as it was meant.",
        ConstructStatus.FAILED: "Ended: tried, and not done.",
        ConstructStatus.CANCELLED: "Ended: not wanted any more.",
    },
)
describe_enum(
    RelationshipKind,
    "How one construct, `from`, stands to another, `to`.",
    {
        RelationshipKind.PARENT: "`from` is the parent of `to`: `to` is a part of it. No cycles.",
        RelationshipKind.PLAN_TO_IMPLEMENTATION: "`from` is the plan that `to` carries out. No cycles.",
        RelationshipKind.DEPENDS_ON: "`from` depends on `to`: `to` has to be done first. No cycles.",
        RelationshipKind.RELATED: "The two have to do with each other. It has no direction: "
        "it is stored once, with the smaller id as `from`.",
    },
)
describe_enum(
    RelationshipDirection,
    "Which end of its relationships a construct stands at.",
    {
        RelationshipDirection.OUTGOING: "It is `from`.",
        RelationshipDirection.INCOMING: "It is `to`.",
        RelationshipDirection.BOTH: "Either.",
    },
)
describe_enum(
    ConstructOrder,
    "The orders that constructs are listed in; equal ones are ordered by id.",
    {
        ConstructOrder.CREATED_AT_DESC: "The newest first.",
        ConstructOrder.CREATED_AT_ASC: "The oldest first.",
        ConstructOrder.UPDATED_AT_DESC: "The last changed first.",
        ConstructOrder.UPDATED_AT_ASC: "The longest unchanged first.",
        ConstructOrder.TITLE_ASC: "By title, A to Z whatever the case.",
        ConstructOrder.TITLE_DESC: "By title, Z to A whatever the case.",
    },
)
describe_enum(
    DeletionAction,
    "What the deletion of a row does to rows that point at it.",
    {
        DeletionAction.DELETE: "They belong to it and go with it.",
        DeletionAction.CLEAR: "They stay, and do not point at it any more.",
    },
)

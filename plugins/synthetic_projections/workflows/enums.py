"""This theme's enums as the schema shows them, with what each value means."""

from __future__ import annotations

from enum import StrEnum

from synthetic import describe_enum
from synthetic_projections.workflows.events import WORKFLOW_DELETED, WORKFLOW_TRANSITIONED
from synthetic_projections.workflows.model import WorkStatus

__all__ = ["TransitionOrder", "WorkOrder", "WorkStatus", "WorkflowUpdateType"]


class WorkOrder(StrEnum):
    """The orders that workflows, stories and projects are listed in."""

    LAST_AT_DESC = "desc"
    LAST_AT_ASC = "asc"


class TransitionOrder(StrEnum):
    """The orders that transitions are listed in."""

    OCCURRED_AT_DESC = "desc"
    OCCURRED_AT_ASC = "asc"


class WorkflowUpdateType(StrEnum):
    """What happened to a workflow, by the name of the event that tells it."""

    TRANSITIONED = WORKFLOW_TRANSITIONED.name
    DELETED = WORKFLOW_DELETED.name


describe_enum(
    WorkStatus,
    "Whether something goes on in a workflow, a story or a project.",
    {
        WorkStatus.OPEN: "A workflow in a state that its machine does not call final, or that has no machine. A story "
        "with such a workflow. A project with such a workflow, or with a construct that is not COMPLETED, FAILED or "
        "CANCELLED.",
        WorkStatus.ENDED: "All of that has come to its end, for now.",
    },
)
describe_enum(
    WorkOrder,
    "The orders that workflows, stories and projects are listed in; equal ones are ordered by id.",
    {
        WorkOrder.LAST_AT_DESC: "Those in which something happened last first.",
        WorkOrder.LAST_AT_ASC: "Those in which nothing has happened for longest first.",
    },
)
describe_enum(
    TransitionOrder,
    "The orders that transitions are listed in; those of one instant are ordered as they were recorded.",
    {
        TransitionOrder.OCCURRED_AT_DESC: "What happened last first.",
        TransitionOrder.OCCURRED_AT_ASC: "What happened first first.",
    },
)
describe_enum(
    WorkflowUpdateType,
    "What happened to a workflow.",
    {
        WorkflowUpdateType.TRANSITIONED: "It came to a state; or a transition of long ago became known.",
        WorkflowUpdateType.DELETED: "It was deleted.",
    },
)

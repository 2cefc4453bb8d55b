"""What this theme writes to the log, and what its events carry."""

from __future__ import annotations

from typing import Any

from synthetic import EventType
from synthetic_projections.workflows.model import Machine, Transition, WorkStatus

WORKFLOW_TRANSITIONED = EventType(
    name="workflow.transitioned",
    entity="workflow",
    purpose="A workflow came to the state `to`; `from` is the one before it in time, null for the first. `transitionId`"
    " is the row and `number` its number, `status` says whether the state is final (OPEN or ENDED), `machine` and"
    " `machineVersion` what allowed it, `projectId` and `storyId` what the workflow belongs to from then on,"
    " `previousConstructId` the construct that it left with this one, else null, `actor` who made it; `isLate` is true"
    " of one that others came before which happened after it. It occurred when the transition did.",
)
WORKFLOW_DELETED = EventType(
    name="workflow.deleted",
    entity="workflow",
    purpose="A workflow was deleted with all its transitions.",
)
WORKFLOW_MACHINE_SAVED = EventType(
    name="workflow_machine.saved",
    entity="workflow_machine",
    purpose="A machine was stored (`created`) or changed; `version` is the one that holds from then on, with so many"
    " `states` and `transitions`.",
)
EVENTS = (WORKFLOW_TRANSITIONED, WORKFLOW_DELETED, WORKFLOW_MACHINE_SAVED)


def transitioned_payload(current: Transition | None, transition: Transition) -> dict[str, Any]:
    """What `workflow.transitioned` carries.

    Args:
        current: What said where the workflow stood; None if nothing did, or if the transition is late and it still
            does.
        transition: As it is stored.
    """
    left = None if current is None else current.construct_id
    return {
        "transitionId": transition.id,
        "number": transition.number,
        "from": transition.from_state,
        "to": transition.to_state,
        "status": WorkStatus.ENDED if transition.is_final else WorkStatus.OPEN,
        "machine": transition.machine,
        "machineVersion": transition.machine_version,
        "projectId": transition.project_id,
        "storyId": transition.story_id,
        "previousConstructId": None if left == transition.construct_id else left,
        "actor": transition.actor,
        "isLate": transition.superseded_at is not None,
    }


def machine_payload(machine: Machine) -> dict[str, Any]:
    """What `workflow_machine.saved` carries."""
    rules = machine.rules()
    return {
        "created": machine.version == 1,
        "version": machine.version,
        "states": len(rules.followers),
        "transitions": sum(map(len, rules.followers.values())),
    }

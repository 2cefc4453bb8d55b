"""Root mutation fields of workflows."""

# Annotations are left as they are: Strawberry takes far longer to read them as text, at every start.

import strawberry

from synthetic import BlockingStore, Transaction, mutation
from synthetic_projections.workflows import store as workflow_store
from synthetic_projections.workflows.inputs import (
    DeleteWorkflowInput,
    RecordTransitionInput,
    SaveWorkflowMachineInput,
)
from synthetic_projections.workflows.types import WorkflowMachine, WorkflowTransition


@strawberry.type(description="What `recordTransition` came to.")
class RecordTransitionPayload:
    """The payload of `recordTransition`."""

    transition: WorkflowTransition = strawberry.field(description="The transition as it is stored.")
    created: bool = strawberry.field(description="Whether it was not there before.")


@strawberry.type(description="What `saveWorkflowMachine` came to.")
class SaveWorkflowMachinePayload:
    """The payload of `saveWorkflowMachine`."""

    machine: WorkflowMachine = strawberry.field(description="The version that holds now.")
    created: bool = strawberry.field(description="Whether there was no machine of this name.")
    changed: bool = strawberry.field(description="Whether a version was stored; false when it was there as sent.")


@strawberry.type(description="What `deleteWorkflow` did.")
class DeleteWorkflowPayload:
    """The payload of `deleteWorkflow`."""

    id: strawberry.ID = strawberry.field(description="The id of the workflow.")
    transitions: int = strawberry.field(description="How many transitions were deleted with it.")


@mutation(entity="workflow", entity_id="workflow_id")
def record_transition(tx: Transaction, input: RecordTransitionInput) -> RecordTransitionPayload:
    """Record that a workflow has come to a state, if its machine allows that; the same id again changes nothing."""
    recorded = workflow_store.record_transition(tx, input.workflow_id, input.to, input.content(), id=input.id)
    return RecordTransitionPayload(transition=WorkflowTransition.of(recorded.transition), created=recorded.created)


@mutation(entity="workflow_machine", entity_id="name")
def save_workflow_machine(tx: Transaction, input: SaveWorkflowMachineInput) -> SaveWorkflowMachinePayload:
    """Store which states workflows may have and which may follow which, or a new version of that."""
    saved = workflow_store.save_machine(tx, input.name, input.content(), if_version=input.if_version)
    return SaveWorkflowMachinePayload(
        machine=WorkflowMachine.of(saved.machine), created=saved.created, changed=saved.changed
    )


@mutation(entity="workflow", frees=True)
def delete_workflow(store: BlockingStore, input: DeleteWorkflowInput) -> DeleteWorkflowPayload:
    """Delete a workflow with all its transitions; what it added to its story and project goes too."""
    return DeleteWorkflowPayload(id=input.id, transitions=workflow_store.delete_workflow(store, input.id))

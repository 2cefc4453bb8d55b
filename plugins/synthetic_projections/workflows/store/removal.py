"""Deleting a workflow with all its transitions."""

from __future__ import annotations

from typing import NamedTuple

from synthetic import BlockingStore, NotFoundError, Transaction
from synthetic_projections.workflows.events import WORKFLOW_DELETED
from synthetic_projections.workflows.store.transitions import TRANSITIONS_TABLE, find_current

BATCH_ROWS = 500


class Batch(NamedTuple):
    """What one transaction of a deletion came to.

    Attributes:
        deleted: How many transitions it deleted.
        position: How far the log went when the deletion began.
        is_last: Whether the workflow is gone.
    """

    deleted: int
    position: int
    is_last: bool


def delete_workflow(store: BlockingStore, workflow_id: str) -> int:
    """Delete a workflow, in small transactions: what it was first, and where it stands last.

    A deletion that was interrupted leaves a workflow that can be deleted again.
    One that begins anew under the same id meanwhile is another workflow, and stays.

    Returns:
        How many transitions went.

    Raises:
        NotFoundError: The store does not know it.
    """
    batch = store.write(_delete_batch, workflow_id, None)
    deleted = batch.deleted
    while not batch.is_last:
        batch = store.write(_delete_batch, workflow_id, batch.position)
        deleted += batch.deleted
    return deleted


def _delete_batch(tx: Transaction, workflow_id: str, begun_at: int | None) -> Batch:
    """Delete some transitions.

    Args:
        tx: To write in.
        workflow_id: Whose.
        begun_at: The position of the log at which the deletion began; None: it begins now.

    Raises:
        NotFoundError: It begins now, and the store does not know the workflow.
    """
    position = tx.position().number if begun_at is None else begun_at
    current = find_current(tx, workflow_id)
    if begun_at is None and current is None:
        raise NotFoundError(
            f"There is no workflow with the id {workflow_id!r}.", details={"field": "id", "id": workflow_id}
        )
    if current is None or _was_deleted(tx, workflow_id, position):
        return Batch(0, position, is_last=True)
    deleted = tx.execute(
        f"DELETE FROM {TRANSITIONS_TABLE} WHERE id IN (SELECT id FROM {TRANSITIONS_TABLE}"
        " WHERE workflow_id = :id AND superseded_at IS NOT NULL ORDER BY number LIMIT :most)",
        {"id": workflow_id, "most": BATCH_ROWS},
    )
    if deleted == BATCH_ROWS:
        return Batch(deleted, position, is_last=False)
    deleted += tx.execute(f"DELETE FROM {TRANSITIONS_TABLE} WHERE id = :id", {"id": current.id})
    tx.emit(WORKFLOW_DELETED, workflow_id, construct_id=current.construct_id)
    return Batch(deleted, position, is_last=True)


def _was_deleted(tx: Transaction, workflow_id: str, after: int) -> bool:
    """Whether somebody else has deleted a workflow since a position: what there is of it now has begun anew."""
    return tx.value(
        "SELECT EXISTS (SELECT 1 FROM domain_events WHERE entity_id = :id AND entity_type = :entity"
        " AND position > :after AND type = :deleted)",
        {"id": workflow_id, "entity": WORKFLOW_DELETED.entity, "after": after, "deleted": WORKFLOW_DELETED.name},
    )

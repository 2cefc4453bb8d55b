"""Deleting a workflow with all its transitions."""

from __future__ import annotations

from synthetic import BlockingStore, NotFoundError, Transaction
from synthetic_projections.workflows.events import WORKFLOW_DELETED
from synthetic_projections.workflows.store.transitions import TRANSITIONS_TABLE, find_current

BATCH_ROWS = 500


def delete_workflow(store: BlockingStore, workflow_id: str) -> int:
    """Delete a workflow, in small transactions: what it was first, and where it stands last.

    A deletion that was interrupted leaves a workflow that can be deleted again.

    Returns:
        How many transitions went.

    Raises:
        NotFoundError: The store does not know it.
    """
    deleted = 0
    while batch := store.write(_delete_batch, workflow_id, deleted > 0):
        deleted += batch
    return deleted


def _delete_batch(tx: Transaction, workflow_id: str, has_begun: bool) -> int:
    current = find_current(tx, workflow_id)
    if current is None:
        if has_begun:
            return 0
        raise NotFoundError(
            f"There is no workflow with the id {workflow_id!r}.", details={"field": "id", "id": workflow_id}
        )
    deleted = tx.execute(
        f"DELETE FROM {TRANSITIONS_TABLE} WHERE id IN (SELECT id FROM {TRANSITIONS_TABLE}"
        " WHERE workflow_id = :id AND superseded_at IS NOT NULL ORDER BY number LIMIT :most)",
        {"id": workflow_id, "most": BATCH_ROWS},
    )
    if deleted < BATCH_ROWS:
        deleted += tx.execute(f"DELETE FROM {TRANSITIONS_TABLE} WHERE id = :id", {"id": current.id})
        tx.emit(WORKFLOW_DELETED, workflow_id, construct_id=current.construct_id)
    return deleted

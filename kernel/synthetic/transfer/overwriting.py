"""Deleting the construct whose place one of an export takes."""

from __future__ import annotations

from synthetic.database.deletion import CONSTRUCTS, carry_out
from synthetic.database.deletion_steps import list_steps
from synthetic.database.ownership import list_tables, plan_deletion
from synthetic.database.transaction import Transaction
from synthetic.transfer.policies import UnitOutcome, count
from synthetic.transfer.waiting_references import forget_gone, note_cleared

ROWS_MAX = 2**62
"""A construct is deleted in one transaction, however much belongs to it, since another takes its place in it."""


def delete_before(tx: Transaction, import_id: str, outcome: UnitOutcome) -> None:
    """Delete the construct that is there, with all that belongs to it.

    What other rows say of it waits for what comes in its place.

    Args:
        tx: To write in.
        import_id: The import.
        outcome: Of the construct's unit; says what has gone.

    Raises:
        ConflictError: A row refuses to be left behind.
    """
    id = str(outcome.id)
    plan = plan_deletion(tx, CONSTRUCTS, id)
    if not plan.tables:
        return
    outcome.outcome = "OVERWRITTEN"
    for table in plan.tables:
        if table.action == "delete":
            count(outcome.deleted, table.table, table.rows)
    for step in list_steps(list_tables(tx), CONSTRUCTS):
        if step.action == "clear":
            note_cleared(tx, import_id, outcome, step)
        if step.action != "refuse":
            carry_out(tx, step, {"key": id}, ROWS_MAX, id)
    forget_gone(tx, import_id)

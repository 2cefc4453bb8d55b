"""The rows of `pending_approvals`: how they are read."""

from __future__ import annotations

from synthetic import NotFoundError, Snapshot, check_id
from synthetic_approvals.model import Approval

TABLE = "pending_approvals"
COLUMNS = ", ".join(Approval._fields)

_SELECT = f"SELECT {COLUMNS} FROM {TABLE}"


def find_approval(snapshot: Snapshot, approval_id: str) -> Approval | None:
    """The approval with this id, or None."""
    return snapshot.record(Approval, _SELECT + " WHERE id = :id", {"id": approval_id})


def get_approval(snapshot: Snapshot, approval_id: str) -> Approval:
    """The approval with this id.

    Raises:
        BadUserInputError: It can be no id.
        NotFoundError: There is none.
    """
    found = find_approval(snapshot, check_id(approval_id, "id"))
    if found is None:
        raise NotFoundError(
            f"There is no approval with the id {approval_id!r}.", details={"field": "id", "id": approval_id}
        )
    return found

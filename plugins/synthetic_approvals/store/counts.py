"""How many approvals there are, for those who watch a store."""

from __future__ import annotations

from synthetic import Snapshot
from synthetic_approvals.model import ApprovalStatus, Criteria
from synthetic_approvals.store.filters import select_approvals


def count_all_by_status(snapshot: Snapshot) -> dict[ApprovalStatus, int]:
    """How many approvals have each status, counted from an index alone; none are left out."""
    return _counted(dict(snapshot.rows("SELECT status, count(*) FROM pending_approvals GROUP BY status")))


def count_by_status(snapshot: Snapshot, criteria: Criteria) -> dict[ApprovalStatus, int]:
    """How many of the approvals that meet the criteria have each status.

    Raises:
        BadUserInputError: A value in the criteria is not acceptable, or they are too many.
    """
    selection = select_approvals(criteria)
    sql = f"SELECT status, count(*) FROM ({selection.sql('status')}) GROUP BY status"
    return _counted(dict(snapshot.rows(sql, selection.params)))


def _counted(found: dict[str, int]) -> dict[ApprovalStatus, int]:
    return {status: found.get(status, 0) for status in ApprovalStatus}

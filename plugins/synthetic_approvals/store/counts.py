"""How many approvals there are, for those who watch a store."""

from __future__ import annotations

from synthetic import Snapshot
from synthetic_approvals.model import ApprovalStatus


def count_by_status(snapshot: Snapshot) -> dict[ApprovalStatus, int]:
    """How many approvals have each status, counted from an index alone; none are left out."""
    counted: dict[str, int] = dict(snapshot.rows("SELECT status, count(*) FROM pending_approvals GROUP BY status"))
    return {status: counted.get(status, 0) for status in ApprovalStatus}

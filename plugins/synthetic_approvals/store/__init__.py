"""All the SQL of approvals, and what other plugins may use of this one.

One file a concern: `rows` (how they are read), `requests`, `deciding`,
`checking` (what a worker asks before it runs something), `evidence` (whether
the log says the same as the row), `endings`, `expiry`
(what nobody decides any more), `waits` (jobs), `retention`, `filters` and
`counts`. Functions take the transaction first.
"""

from __future__ import annotations

from synthetic_approvals.model import (
    Approval,
    ApprovalRequest,
    ApprovalStatus,
    Criteria,
    Decision,
    RefusalPolicy,
    RequestedApproval,
    waiting_for,
)
from synthetic_approvals.store.checking import check_approval
from synthetic_approvals.store.counts import count_all_by_status, count_by_status
from synthetic_approvals.store.deciding import decide_approval, is_lapsed, refuse_undecidable
from synthetic_approvals.store.endings import cancel_approval, delete_approval
from synthetic_approvals.store.evidence import find_contradictions, refuse_tampered
from synthetic_approvals.store.expiry import cancel_moot_approvals, expire_approvals, is_any_approval_over
from synthetic_approvals.store.filters import query_approvals, select_approvals
from synthetic_approvals.store.requests import request_approval
from synthetic_approvals.store.retention import delete_old_approvals, is_any_end_ahead, settle_instants
from synthetic_approvals.store.rows import COLUMNS, find_approval, get_approval
from synthetic_approvals.store.waits import find_idle_waits, is_any_job_ready, settle_jobs

__all__ = [
    "COLUMNS",
    "Approval",
    "ApprovalRequest",
    "ApprovalStatus",
    "Criteria",
    "Decision",
    "RefusalPolicy",
    "RequestedApproval",
    "cancel_approval",
    "cancel_moot_approvals",
    "check_approval",
    "count_all_by_status",
    "count_by_status",
    "decide_approval",
    "delete_approval",
    "delete_old_approvals",
    "expire_approvals",
    "find_approval",
    "find_contradictions",
    "find_idle_waits",
    "get_approval",
    "is_any_approval_over",
    "is_any_end_ahead",
    "is_any_job_ready",
    "is_lapsed",
    "query_approvals",
    "refuse_tampered",
    "refuse_undecidable",
    "request_approval",
    "select_approvals",
    "settle_instants",
    "settle_jobs",
    "waiting_for",
]

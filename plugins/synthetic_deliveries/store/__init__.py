"""All the SQL of deliveries, and what other plugins may use of this one.

One file a concern: `targets`, `secrets` (their rotation), `circuits` (targets
that fail), `gathering` (from the log to deliveries), `deliveries`, `due` (what
is to be sent now), `outcomes` (what became of it), `resending`, `filters` and
`reports` (sync status). Functions take the transaction, or the store, first.
"""

from __future__ import annotations

from synthetic_deliveries.model import Criteria, Delivery, DeliveryStatus, DeliveryTarget, Outcome, SavedTarget
from synthetic_deliveries.reactions import DeliveryReaction
from synthetic_deliveries.store.deliveries import (
    count_by_status,
    find_delivery,
    get_delivery,
)
from synthetic_deliveries.store.due import Due, list_due
from synthetic_deliveries.store.filters import query_deliveries, select_deliveries
from synthetic_deliveries.store.gathering import gather_events, list_with_room
from synthetic_deliveries.store.outcomes import record_outcomes
from synthetic_deliveries.store.reports import MODULE, report_state, retry_all
from synthetic_deliveries.store.resending import BulkResend, resend_deliveries, resend_delivery
from synthetic_deliveries.store.secrets import forget_old_secrets, rotate_secret
from synthetic_deliveries.store.targets import (
    TargetContent,
    delete_target,
    find_target,
    get_target,
    list_targets,
    request_test,
    save_target,
)

__all__ = [
    "MODULE",
    "BulkResend",
    "Criteria",
    "Delivery",
    "DeliveryReaction",
    "DeliveryStatus",
    "DeliveryTarget",
    "Due",
    "Outcome",
    "SavedTarget",
    "TargetContent",
    "count_by_status",
    "delete_target",
    "find_delivery",
    "find_target",
    "forget_old_secrets",
    "gather_events",
    "get_delivery",
    "get_target",
    "list_due",
    "list_targets",
    "list_with_room",
    "query_deliveries",
    "record_outcomes",
    "report_state",
    "request_test",
    "resend_deliveries",
    "resend_delivery",
    "retry_all",
    "rotate_secret",
    "save_target",
    "select_deliveries",
]

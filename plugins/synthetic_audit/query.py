"""The root query field `auditLog`."""

from __future__ import annotations

from synthetic import After, Asked, Before, Connection, First, Last, Snapshot, query
from synthetic_audit.enums import AuditOrder
from synthetic_audit.model import Criteria
from synthetic_audit.types import AuditEntry, Filter, OrderBy, page_of_entries


@query
def audit_log(
    snapshot: Snapshot,
    asked: Asked,
    filter: Filter = None,
    order_by: OrderBy = AuditOrder.OCCURRED_AT_DESC,
    first: First = None,
    after: After = None,
    last: Last = None,
    before: Before = None,
) -> Connection[AuditEntry]:
    """Who did what to the store, the last first unless asked otherwise."""
    criteria = Criteria() if filter is None else filter.criteria()
    return page_of_entries(snapshot, criteria, order_by, asked, first=first, after=after, last=last, before=before)

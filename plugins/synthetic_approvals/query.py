"""Root query fields: `approval`, `approvals` and `checkApproval`."""

from __future__ import annotations

from typing import Annotated

import strawberry

from synthetic import JSON, After, Asked, Before, Connection, First, Last, Snapshot, find_row, page, query
from synthetic_approvals import store
from synthetic_approvals.enums import ApprovalOrder
from synthetic_approvals.model import Criteria
from synthetic_approvals.store.rows import TABLE
from synthetic_approvals.types import Approval, Filter, OrderBy, order_of


@query
def approval(
    snapshot: Snapshot, asked: Asked, id: Annotated[strawberry.ID, strawberry.argument(description="Its id.")]
) -> Approval | None:
    """The approval with this id, or null."""
    return find_row(snapshot, Approval, TABLE, id, asked)


@query
def approvals(
    snapshot: Snapshot,
    asked: Asked,
    filter: Filter = None,
    order_by: OrderBy = ApprovalOrder.REQUESTED_AT_DESC,
    first: First = None,
    after: After = None,
    last: Last = None,
    before: Before = None,
) -> Connection[Approval]:
    """Approvals, what was asked for last first unless asked otherwise."""
    criteria = Criteria() if filter is None else filter.criteria()
    return page(
        snapshot,
        Approval,
        store.select_approvals(criteria),
        order=order_of(order_by),
        asked=asked,
        first=first,
        after=after,
        last=last,
        before=before,
    )


@query
def check_approval(
    snapshot: Snapshot,
    id: Annotated[strawberry.ID, strawberry.argument(description="Id of the approval.")],
    tool: Annotated[str, strawberry.argument(description="The tool or command that is about to be run.")],
    arguments: Annotated[JSON, strawberry.argument(description="With exactly what: a JSON object.")],
) -> Approval:
    """The approval, if it allows to run this tool with these arguments, which the store hashes; else an error.

    To be asked right before the tool is run.
    """
    return Approval.of(store.check_approval(snapshot, id, tool, arguments))

"""Root query fields: `costs`, `costEvents`, `prices`, `budget` and `budgets`."""

# Annotations are left as they are: Strawberry takes far longer to read them as text, at every start.

from collections.abc import Sequence
from typing import Annotated

import strawberry

from synthetic import (
    EVERYTHING,
    After,
    Asked,
    Before,
    Connection,
    First,
    Last,
    Order,
    Selection,
    Snapshot,
    check_id,
    find_row,
    find_rows,
    page,
    query,
)
from synthetic_projections.costs.asking import Asking, Filter, From, GroupBy, MaybeBucket, TimeZone, To
from synthetic_projections.costs.budget_types import Budget
from synthetic_projections.costs.inputs import CostEventFilter
from synthetic_projections.costs.price_files import price_book
from synthetic_projections.costs.store.recording import select_cost_events
from synthetic_projections.costs.store.sums import list_unpriced
from synthetic_projections.costs.types import READS, CostEvent, CostRow, PriceList

UNPRICED_MAX = 100

BY_TIME = Order(("occurred_at", "id"), (int, str), descending=True)
BY_AGE = Order(("created_at", "id"), (int, str))


@query(reads=READS)
def costs(
    snapshot: Snapshot,
    group_by: GroupBy = None,
    from_at: From = None,
    to_at: To = None,
    time_zone: TimeZone = "UTC",
    bucket: MaybeBucket = None,
    filter: Filter = None,
    first: First = None,
) -> list[CostRow]:
    """What was spent, in tokens and in money, as far as the log was followed: the dearest rows first.

    Each currency has rows of its own, and so has what has no price, which
    comes last. Where there are more rows than `first`, the answer says so in
    `extensions.notices`.
    """
    asking = Asking(
        group_by=group_by,
        from_at=from_at,
        to_at=to_at,
        time_zone=time_zone,
        bucket=bucket,
        filter=filter,
        first=first,
    )
    return asking.answer(snapshot)


@query
def cost_events(
    snapshot: Snapshot,
    asked: Asked,
    filter: Annotated[CostEventFilter | None, strawberry.argument(description="Which; all without it.")] = None,
    first: First = None,
    after: After = None,
    last: Last = None,
    before: Before = None,
) -> Connection[CostEvent]:
    """Costs that were recorded, the latest first; what was computed from usage is not among them."""
    selection: Selection = select_cost_events(*(filter or CostEventFilter()).owner())
    return page(
        snapshot, CostEvent, selection, order=BY_TIME, asked=asked, first=first, after=after, last=last, before=before
    )


@query(reads=READS)
def prices(snapshot: Snapshot) -> PriceList:
    """The prices that costs are computed by, and the models that they leave out."""
    return PriceList.of(price_book(snapshot), list_unpriced(snapshot, UNPRICED_MAX))


@query
def budget(
    snapshot: Snapshot, id: Annotated[strawberry.ID, strawberry.argument(description="Its id.")], asked: Asked
) -> Budget | None:
    """The budget with this id, or null."""
    return find_row(snapshot, Budget, "budgets", check_id(id, "id"), asked)


@query
def budgets(
    snapshot: Snapshot,
    asked: Asked,
    first: First = None,
    after: After = None,
    last: Last = None,
    before: Before = None,
) -> Connection[Budget]:
    """All budgets, the first stored first."""
    selection = Selection("budgets", [], {})
    return page(
        snapshot, Budget, selection, order=BY_AGE, asked=asked, first=first, after=after, last=last, before=before
    )


def find_cost_nodes(snapshot: Snapshot, ids: Sequence[str | None], asked: Asked = EVERYTHING) -> list[CostEvent | None]:
    """For each id, the cost or None: how `node(id:)` finds them."""
    return find_rows(snapshot, CostEvent, "cost_events", ids, asked)

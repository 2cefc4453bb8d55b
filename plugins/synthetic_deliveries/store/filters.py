"""What a filter on deliveries is in SQL, and which index serves it: the narrowest condition leads."""

from __future__ import annotations

from synthetic import EACH, Connection, Order, Selection, Snapshot, Value, check_id, page
from synthetic_deliveries.model import Criteria, Delivery

NEWEST_FIRST = Order(("created_at", "id"), (int, str), descending=True)

_NARROWEST_FIRST = (
    ("event_id", "eventId"),
    ("construct_id", "constructId"),
    ("target_id", "targetId"),
)
"""Columns, which are attributes of the criteria, and what the filter calls them."""


def select_deliveries(criteria: Criteria, *, each: str | None = None) -> Selection:
    """The deliveries that meet the criteria.

    Args:
        criteria: What is asked for.
        each: A column that names their parent, for `pages`: `target_id`.

    Raises:
        BadUserInputError: A value in the criteria can be no id.
    """
    params: dict[str, Value] = {}
    where = [] if each is None else [f"{each} = {EACH}"]
    for column, field in _NARROWEST_FIRST:
        value = getattr(criteria, column)
        if value is not None:
            params[column] = check_id(value, f"filter.{field}")
            # What leads is found by its index; a unary plus keeps the others off theirs.
            where.append(f"{'+' if where else ''}{column} = :{column}")
    ended = _ended_within(criteria, params)
    if criteria.statuses is None:
        return Selection("deliveries", [*where, *ended], params)
    statuses = {f"status_{number}": str(each) for number, each in enumerate(dict.fromkeys(criteria.statuses))}
    params.update(statuses)
    if where or not statuses:
        where.append(f"+status IN ({', '.join(f':{name}' for name in statuses)})" if statuses else "FALSE")
        return Selection("deliveries", [*where, *ended], params)
    return Selection("deliveries", ended, params, merged=[f"status = :{name}" for name in statuses])


def _ended_within(criteria: Criteria, params: dict[str, Value]) -> list[str]:
    """When they have ended, tested on what the other conditions find."""
    conditions: list[str] = []
    for name, comparison in (("ended_from", ">="), ("ended_before", "<")):
        instant = getattr(criteria, name)
        if instant is not None:
            params[name] = instant
            conditions.append(f"+ended_at {comparison} :{name}")
    return conditions


def query_deliveries(
    snapshot: Snapshot, criteria: Criteria, *, first: int | None = None, after: str | None = None
) -> Connection[Delivery]:
    """One page of the deliveries that meet the criteria, as records, the last made first.

    Raises:
        BadUserInputError: A value is not acceptable, or a cursor is not of this list.
    """
    return page(snapshot, Delivery, select_deliveries(criteria), order=NEWEST_FIRST, first=first, after=after)

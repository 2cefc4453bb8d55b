"""What a filter on approvals is in SQL, and which index serves it.

The narrowest condition leads, and every index ends in (requested_at, id), the
order of the lists; the others are tested on what it finds. Several values of
the column that leads are one query each, merged as they come: `IN` would read
and sort every match of all.
"""

from __future__ import annotations

from collections.abc import Sequence

from synthetic import EACH, Connection, Order, Selection, Snapshot, Value, bad_input, check_id, page
from synthetic_approvals.model import Approval, Criteria

VALUES_MAX = 500
"""Most ids, statuses or tools of one filter."""

MERGED_MAX = 8
"""Most queries that are merged in order; more values are looked up and sorted."""

NEWEST_FIRST = Order(("requested_at", "id"), (int, str), descending=True)
OLDEST_FIRST = Order(("requested_at", "id"), (int, str))

_NARROWEST_FIRST = (
    ("id", "ids", "ids"),
    ("job_id", "job_id", "jobId"),
    ("session_id", "session_id", "sessionId"),
    ("construct_id", "construct_id", "constructId"),
    ("requester", "requester", "requester"),
    ("status", "statuses", "statuses"),
    ("tool", "tools", "tools"),
)
"""Columns, the attributes of the criteria, and what the filter calls them."""


def query_approvals(
    snapshot: Snapshot,
    criteria: Criteria,
    *,
    newest_first: bool = True,
    first: int | None = None,
    after: str | None = None,
    last: int | None = None,
    before: str | None = None,
) -> Connection[Approval]:
    """One page of the approvals that meet the criteria, as records; nothing found is an empty page.

    Args:
        snapshot: To read in.
        criteria: What is asked for.
        newest_first: Whether what was asked for last comes first.
        first: How many from the start.
        after: Only what follows this cursor.
        last: How many from the end.
        before: Only what precedes this cursor.

    Raises:
        BadUserInputError: A value is not acceptable, or a cursor is not of this list.
    """
    return page(
        snapshot,
        Approval,
        select_approvals(criteria),
        order=NEWEST_FIRST if newest_first else OLDEST_FIRST,
        first=first,
        after=after,
        last=last,
        before=before,
    )


def select_approvals(criteria: Criteria, *, each: str | None = None) -> Selection:
    """The approvals that meet the criteria.

    Args:
        criteria: What is asked for.
        each: A column that names their parent, for `pages`: `construct_id`, `session_id` or `job_id`.

    Raises:
        BadUserInputError: A value in the criteria is not acceptable, or they are too many.
    """
    params: dict[str, Value] = {}

    def bind(value: Value) -> str:
        name = f"value_{len(params)}"
        params[name] = value
        return f":{name}"

    def among(column: str, values: Sequence[str]) -> str:
        # One value is an equality, which keeps the order of the index that it is found by.
        if len(values) == 1:
            return f"{column} = {bind(values[0])}"
        return f"{column} IN ({', '.join(map(bind, values))})" if values else "FALSE"

    merged = None
    # The parent leads where there is one; a unary plus keeps the others off their indexes.
    where = [] if each is None else [f"{each} = {EACH}"]
    for column, values in _columns(criteria):
        leads = not where and merged is None
        if leads and column != "id" and 2 <= len(values) <= MERGED_MAX:
            merged = [f"{column} = {bind(value)}" for value in values]
        else:
            where.append(among(column if leads else f"+{column}", values))
    for operator, instant in ((">=", criteria.requested_from), ("<", criteria.requested_before)):
        if instant is not None:
            where.append(f"requested_at {operator} {bind(instant)}")
    return Selection("pending_approvals", where, params, merged)


def check_values(values: Sequence[str], field: str) -> list[str]:
    """The distinct values of a condition that names several, in order.

    Raises:
        BadUserInputError: They are too many, or one can be no id.
    """
    if len(values) > VALUES_MAX:
        raise bad_input(field, f"must hold at most {VALUES_MAX} values")
    return sorted({check_id(str(value), field) for value in values})


def _columns(criteria: Criteria) -> list[tuple[str, list[str]]]:
    """The columns that the criteria name, each with its distinct values, the narrowest first.

    Raises:
        BadUserInputError: A value is not acceptable, or they are too many.
    """
    return [
        (column, check_values([given] if isinstance(given, str) else given, f"filter.{field}"))
        for column, attribute, field in _NARROWEST_FIRST
        if (given := getattr(criteria, attribute)) is not None
    ]

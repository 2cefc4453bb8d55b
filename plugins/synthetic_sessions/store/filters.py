"""What a filter on sessions is in SQL, and which index serves it.

Every index ends in (started_at, id), the default order, so a filter on one
construct, parent, user, project, status or agent is read from one place.
Several statuses or agents are one query each, merged as they come
(`Selection.merged`), where nothing narrower leads: `IN` would read and sort every
match of all. Only one condition can lead; the others are tested on what it
finds.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from synthetic import EACH, Selection, Value, bad_input, check_id
from synthetic_sessions.model import ALL_SESSIONS, Criteria

VALUES_MAX = 500
"""Most ids, statuses or agents of one filter."""

MERGED_MAX = 8
"""Most queries that are merged in order; more values are looked up and sorted."""


def select_sessions(criteria: Criteria, order_column: str, *, each: str | None = None) -> Selection:
    """The sessions that meet the criteria.

    Args:
        criteria: What is asked for.
        order_column: The first column of the order that they will be read in.
        each: A column that names their parent, for `pages`: `construct_id` or `parent_session_id`.

    Raises:
        BadUserInputError: A value in the criteria is not acceptable, or they are too many.
    """
    if criteria is ALL_SESSIONS:
        return Selection.of_all("sessions", each=each)
    params: dict[str, Value] = {}

    def bind(value: Value) -> str:
        name = f"value_{len(params)}"
        params[name] = value
        return f":{name}"

    merged, rest = None, criteria
    column, values = _merged(criteria, order_column, each)
    if values:
        merged = [f"{column} = {bind(value)}" for value in values]
        rest = dataclasses.replace(criteria, **{"statuses" if column == "status" else "agents": None})
    where = [] if each is None else [f"{each} = {EACH}"]
    # The parent leads: a unary plus keeps the others off their indexes, which would be read again for each parent.
    off = "" if each is None else "+"
    for column, name, given in (
        ("id", "ids", rest.ids),
        ("status", "status", rest.statuses),
        ("agent", "agent", rest.agents),
    ):
        if given is not None:
            distinct = _distinct(given, name)
            # One value is an equality, which keeps the order of the index that it is found by.
            where.append(
                f"{off}{column} = {bind(distinct[0])}"
                if len(distinct) == 1
                else f"{off}{column} IN ({', '.join(map(bind, distinct))})"
            )
    for column, operator, value in _comparisons(rest):
        where.append(f"{off if operator == '=' else ''}{column} {operator} {bind(value)}")
    if rest.stale_before is not None:
        where.append(f"{off}status = 'ACTIVE' AND last_activity_at < {bind(rest.stale_before)}")
    if rest.fresh_from is not None:
        where.append(f"status <> 'ACTIVE' OR last_activity_at >= {bind(rest.fresh_from)}")
    if rest.top_level is not None:
        where.append(f"parent_session_id IS {'' if rest.top_level else 'NOT '}NULL")
    return Selection("sessions", where, params, merged)


def _distinct(values: Sequence[str], name: str) -> list[str]:
    if len(values) > VALUES_MAX:
        raise bad_input(f"filter.{name}", f"must hold at most {VALUES_MAX} values")
    return sorted({check_id(str(value), f"filter.{name}") for value in values})


def _comparisons(criteria: Criteria) -> list[tuple[str, str, str | int]]:
    found: list[tuple[str, str, str | int]] = [
        (column, "=", check_id(value, f"filter.{name}"))
        for column, name, value in (
            ("construct_id", "constructId", criteria.construct_id),
            ("parent_session_id", "parentSessionId", criteria.parent_session_id),
            ("user_id", "userId", criteria.user_id),
            ("project_id", "projectId", criteria.project_id),
        )
        if value is not None
    ]
    found.extend(
        (column, operator, instant)
        for column, operator, instant in (
            ("started_at", ">=", criteria.started_from),
            ("started_at", "<", criteria.started_before),
            ("last_activity_at", ">=", criteria.active_from),
            ("last_activity_at", "<", criteria.active_before),
        )
        if instant is not None
    )
    return found


def _merged(criteria: Criteria, order_column: str, each: str | None) -> tuple[str, list[str]]:
    """The column whose values are each walked and merged, and those values; none when an index leads alone."""
    narrower = (
        each,
        criteria.ids,
        criteria.construct_id,
        criteria.parent_session_id,
        criteria.user_id,
        criteria.project_id,
    )
    if any(value is not None for value in narrower):
        return "", []
    # By activity, only statuses have an index that ends in the order.
    indexed = {"started_at": ("status", "agent"), "last_activity_at": ("status",)}.get(order_column, ())
    given = {"status": criteria.statuses, "agent": criteria.agents}
    sets = {column: _distinct(given[column] or (), column) for column in indexed}
    if any(len(values) == 1 for values in sets.values()):
        return "", []
    return next(((column, values) for column, values in sets.items() if 2 <= len(values) <= MERGED_MAX), ("", []))

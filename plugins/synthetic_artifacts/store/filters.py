"""What a filter on artifacts is in SQL, and which index serves it.

The narrowest condition leads, and every index ends in (created_at, id), the
order of the lists; the others are tested on what it finds. Several values of
the column that leads are one query each, merged as they come: `IN` would read
and sort every match of all.
"""

from __future__ import annotations

from collections.abc import Sequence

from synthetic import EACH, Connection, Order, Selection, Snapshot, Value, bad_input, check_id, page
from synthetic_artifacts.model import Artifact, ArtifactStatus, Criteria
from synthetic_artifacts.validation import check_sha256

VALUES_MAX = 500
"""Most ids, statuses or types of one filter."""

MERGED_MAX = 8
"""Most queries that are merged in order; more values are looked up and sorted."""

NEWEST_FIRST = Order(("created_at", "id"), (int, str), descending=True)
OLDEST_FIRST = Order(("created_at", "id"), (int, str))

_NARROWEST_FIRST = (
    ("id", "ids", "ids"),
    ("sha256", "sha256", "sha256"),
    ("job_id", "job_id", "jobId"),
    ("session_id", "session_id", "sessionId"),
    ("construct_id", "construct_id", "constructId"),
    ("type", "types", "types"),
)
"""Columns, the attributes of the criteria, and what the filter calls them."""


def select_artifacts(criteria: Criteria, *, each: str | None = None) -> Selection:
    """The artifacts that meet the criteria; deleted ones only where statuses or ids are named.

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
    if criteria.statuses is not None:
        leads = not where and merged is None
        statuses = sorted({str(status) for status in criteria.statuses})
        if leads and len(statuses) > 1:
            merged = [f"status = {bind(status)}" for status in statuses]
        else:
            where.append(among("status" if leads else "+status", statuses))
    elif criteria.ids is None:
        where.append(f"+status <> {bind(str(ArtifactStatus.DELETED))}")
    for operator, instant in ((">=", criteria.created_from), ("<", criteria.created_before)):
        if instant is not None:
            where.append(f"created_at {operator} {bind(instant)}")
    return Selection("artifacts", where, params, merged)


def query_artifacts(
    snapshot: Snapshot, criteria: Criteria, *, first: int | None = None, after: str | None = None
) -> Connection[Artifact]:
    """One page of the artifacts that meet the criteria, as records, what was stored last first.

    Args:
        snapshot: To read in.
        criteria: What is asked for.
        first: How many.
        after: Only what follows this cursor.

    Raises:
        BadUserInputError: A value is not acceptable, or the cursor is not of this list.
    """
    return page(snapshot, Artifact, select_artifacts(criteria), order=NEWEST_FIRST, first=first, after=after)


def _columns(criteria: Criteria) -> list[tuple[str, list[str]]]:
    """The columns that the criteria name, each with its distinct values, the narrowest first.

    Raises:
        BadUserInputError: A value is not acceptable, or they are too many.
    """
    found: list[tuple[str, list[str]]] = []
    for column, attribute, field in _NARROWEST_FIRST:
        given = getattr(criteria, attribute)
        if given is None:
            continue
        values = [given] if isinstance(given, str) else given
        if len(values) > VALUES_MAX:
            raise bad_input(f"filter.{field}", f"must hold at most {VALUES_MAX} values")
        if column == "sha256":
            found.append((column, [check_sha256(str(given), "filter.sha256")]))
        else:
            found.append((column, sorted({check_id(str(value), f"filter.{field}") for value in values})))
    return found

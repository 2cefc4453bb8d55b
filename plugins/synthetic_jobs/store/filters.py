"""What a filter on jobs is in SQL, and which index serves it.

Every index of a list ends in (created_at, id), the order of all lists, so that
a page is read from one place and nothing is sorted. Only one condition can
lead; the others are tested on what it finds. Which one leads is decided here,
because the planner counts no rows: the narrowest by its nature. The others
carry a unary plus, which keeps them off their indexes.

Several kinds, keys or statuses that lead are one query each, merged as they
come (`Selection.merged`): `IN` would read and sort every match of all.
"""

from __future__ import annotations

from collections.abc import Sequence

from synthetic import EACH, Connection, Order, Selection, Snapshot, Value, bad_input, check_id, check_text, page
from synthetic_jobs.criteria import ALL_JOBS, Criteria
from synthetic_jobs.model import Job, JobStatus

VALUES_MAX = 500
"""Most ids, kinds, keys or statuses of one filter."""

MERGED_MAX = 8
"""Most queries that are merged in order; more values are looked up and sorted."""

TEXT_CHARACTERS_MAX = 200
"""Longest text that is looked for in error messages."""

UNINDEXED_FILTER = "UNINDEXED_FILTER"
"""Code of the notice that a filter reads rows only to leave them out."""

NEWEST_FIRST = Order(("created_at", "id"), (int, str), descending=True)
OLDEST_FIRST = Order(("created_at", "id"), (int, str))

_NARROWEST_FIRST = (
    ("id", "ids", "ids"),
    ("parent_id", "parent_id", "parentId"),
    ("replay_of", "replay_of", "replayOf"),
    ("construct_id", "construct_id", "constructId"),
    ("key", "keys", "keys"),
    ("schedule_id", "schedule_id", "scheduleId"),
    ("user_id", "user_id", "userId"),
    ("project_id", "project_id", "projectId"),
    ("kind", "kinds", "kinds"),
    ("status", "statuses", "statuses"),
)
"""Column, attribute of the criteria, and name of the field."""

_MOST = frozenset({JobStatus.PENDING, JobStatus.COMPLETED})
"""Statuses that most jobs have: what is still to be done, and what is done."""

_WIDER_THAN_FEW = frozenset({"user_id", "project_id", "kind"})
"""Columns that lead to more jobs than the other statuses do."""


def query_jobs(
    snapshot: Snapshot,
    criteria: Criteria,
    *,
    newest_first: bool = True,
    first: int | None = None,
    after: str | None = None,
    last: int | None = None,
    before: str | None = None,
) -> Connection[Job]:
    """One page of the jobs that meet the criteria, as records; nothing found is an empty page.

    Args:
        snapshot: To read in; it is given a notice when the filter scans.
        criteria: What is asked for.
        newest_first: Whether the last stored comes first, or the first stored.
        first: How many from the start.
        after: Only what follows this cursor.
        last: How many from the end.
        before: Only what precedes this cursor.

    Raises:
        BadUserInputError: A value is not acceptable, or a cursor is not of this list.
    """
    mention_scan(snapshot, criteria)
    return page(
        snapshot,
        Job,
        select_jobs(criteria),
        order=NEWEST_FIRST if newest_first else OLDEST_FIRST,
        first=first,
        after=after,
        last=last,
        before=before,
    )


def mention_scan(snapshot: Snapshot, criteria: Criteria) -> None:
    """Let the answer say so where no index serves a part of the criteria."""
    if criteria.error_contains is not None:
        snapshot.notice(
            UNINDEXED_FILTER,
            "`errorContains` is looked for in the error message of every job that the rest of the filter leaves.",
        )


def count_by_status(snapshot: Snapshot, criteria: Criteria) -> dict[JobStatus, int]:
    """How many of the jobs that meet the criteria have each status.

    Raises:
        BadUserInputError: A value in the criteria is not acceptable, or they are too many.
    """
    selection = select_jobs(criteria)
    sql = f"SELECT status, count(*) FROM ({selection.sql('status')}) GROUP BY status"
    counted: dict[str, int] = dict(snapshot.rows(sql, selection.params))
    return {status: counted.get(status, 0) for status in JobStatus}


def select_jobs(criteria: Criteria, *, each: str | None = None) -> Selection:
    """The jobs that meet the criteria.

    Args:
        criteria: What is asked for.
        each: A column that names their parent, for `pages`: `construct_id`, `parent_id` or `schedule_id`.

    Raises:
        BadUserInputError: A value in the criteria is not acceptable, or they are too many.
    """
    if criteria is ALL_JOBS:
        return Selection.of_all("sync_jobs", each=each)
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

    merged, where = None, list[str]()
    for place, (column, values) in enumerate(_columns(criteria, each)):
        leads = place == 0
        if values is None:
            where.append(f"{'' if leads else '+'}{column} = {EACH}")
        elif leads and column != "id" and 2 <= len(values) <= MERGED_MAX:
            merged = [f"{column} = {bind(value)}" for value in values]
        else:
            where.append(among(column if leads else f"+{column}", values))
    for operator, instant in ((">=", criteria.created_from), ("<", criteria.created_before)):
        if instant is not None:
            where.append(f"created_at {operator} {bind(instant)}")
    if criteria.error_contains is not None:
        where.append(f"error_message LIKE {bind(_pattern(criteria.error_contains))} ESCAPE '\\'")
    return Selection("sync_jobs", where, params, merged)


def _columns(criteria: Criteria, each: str | None) -> list[tuple[str, list[str] | None]]:
    """The columns that are given, each with its distinct values (None: that of the parent), the one that leads first.

    Raises:
        BadUserInputError: A value is not acceptable, or they are too many.
    """
    found: list[tuple[str, list[str] | None]] = []
    for column, attribute, field in _NARROWEST_FIRST:
        if column == each:
            found.append((column, None))
        given = getattr(criteria, attribute)
        if given is not None:
            values = check_values([given] if isinstance(given, str) else given, f"filter.{field}")
            found.append((column, values))
            if column == "status" and _MOST.isdisjoint(values):
                found.sort(key=lambda each_one: each_one[0] in _WIDER_THAN_FEW)
    return found


def check_values(values: Sequence[str], field: str) -> list[str]:
    """The distinct values of a condition that names several, in order.

    Raises:
        BadUserInputError: They are too many, or one can be no id, kind or key.
    """
    if len(values) > VALUES_MAX:
        raise bad_input(field, f"must hold at most {VALUES_MAX} values")
    return sorted({check_id(str(value), field) for value in values})


def _pattern(text: str) -> str:
    check_text(text, "filter.errorContains", characters_min=1, characters_max=TEXT_CHARACTERS_MAX)
    escaped = text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return f"%{escaped}%"

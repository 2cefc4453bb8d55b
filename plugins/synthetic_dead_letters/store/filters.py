"""What a filter on dead letters is in SQL, and which index serves it.

The narrowest condition leads, and every index ends in `seq`, the order of the
lists; the others are tested on what it finds. The indexes of fingerprints and
sources have the status before it, so each pair is one query, merged as they
come: `IN` would read and sort every match of all.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from itertools import product
from typing import Any

from synthetic import EACH, Connection, Order, Selection, Snapshot, Value, bad_input, check_id, page
from synthetic_dead_letters.model import Criteria, DeadLetter, DeadLetterStatus
from synthetic_dead_letters.store.rows import TABLE

VALUES_MAX = 500
"""Most values of one condition."""

MERGED_MAX = 16
"""Most queries that are merged in order; more values are looked up and sorted."""

ARRIVED_LAST = Order(("seq",), (int,), descending=True)
ARRIVED_FIRST = Order(("seq",), (int,))

_AMONG = (
    ("id", "ids", "ids"),
    ("fingerprint", "fingerprints", "fingerprints"),
    ("source", "sources", "sources"),
    ("status", "statuses", "statuses"),
    ("code", "codes", "codes"),
)
"""Columns with several values, the attributes of the criteria, and what the filter calls them."""

_EQUAL = (
    ("entity_id", "entityId"),
    ("retry_entity_id", "retryEntityId"),
    ("construct_id", "constructId"),
    ("entity_type", "entityType"),
    ("retry_entity_type", "retryEntityType"),
    ("key", "key"),
)
"""Columns, and attributes, with one value, the narrowest first, and what the filter calls them."""

_WITH_STATUS = ("fingerprint", "source")
_INSTANTS = (
    ("last_failed_at", ">=", "failed_from"),
    ("last_failed_at", "<", "failed_before"),
    ("next_retry_at", "<=", "due_by"),
)


def query_dead_letters(
    snapshot: Snapshot,
    criteria: Criteria,
    *,
    arrived_last_first: bool = True,
    first: int | None = None,
    after: str | None = None,
    last: int | None = None,
    before: str | None = None,
) -> Connection[DeadLetter]:
    """One page of the letters that meet the criteria, as records; nothing found is an empty page.

    Args:
        snapshot: To read in.
        criteria: What is asked for.
        arrived_last_first: Whether what arrived last comes first.
        first: How many from the start.
        after: Only what follows this cursor.
        last: How many from the end.
        before: Only what precedes this cursor.

    Raises:
        BadUserInputError: A value is not acceptable, or a cursor is not of this list.
    """
    return page(
        snapshot,
        DeadLetter,
        select_dead_letters(criteria),
        order=ARRIVED_LAST if arrived_last_first else ARRIVED_FIRST,
        first=first,
        after=after,
        last=last,
        before=before,
    )


def list_retryable(snapshot: Snapshot, source: str, *, limit: int = 100) -> list[DeadLetter]:
    """Letters of a source that are due, and that no earlier one keeps waiting; those due longest first.

    For a worker that retries by itself: it counts each retry with `increment_retry`.
    """
    columns = ", ".join(f"l.{name}" for name in DeadLetter._fields)
    return snapshot.records(
        DeadLetter,
        f"SELECT {columns} FROM {TABLE} l WHERE l.source = :source AND l.next_retry_at <= :now AND NOT EXISTS"
        f" (SELECT 1 FROM {TABLE} e WHERE e.source = l.source AND e.key = l.key AND e.seq < l.seq"
        " AND e.status IN ('PENDING', 'RETRYING')) ORDER BY l.next_retry_at, l.seq LIMIT :limit",
        {"source": check_id(source, "source"), "now": snapshot.now, "limit": limit},
    )


def select_dead_letters(criteria: Criteria, *, each: str | None = None) -> Selection:
    """The letters that meet the criteria.

    Args:
        criteria: What is asked for.
        each: A column that names their parent, for `pages`: `construct_id`.

    Raises:
        BadUserInputError: A value in the criteria is not acceptable, or they are too many.
    """
    builder = _Builder()
    if each is not None:
        builder.where.append(f"{each} = {EACH}")
    for column, field in _EQUAL:
        value = getattr(criteria, column)
        if value is not None:
            builder.equal(column, _check_value(value, f"filter.{field}"))
    given = dict(_values_of(criteria))
    leader = next(iter(given), None)
    if leader is not None and leader != "id" and not builder.where and leader != "code":
        builder.lead(leader, given)
    for column, values in given.items():
        builder.among(column, values)
    for column, operator, attribute in _INSTANTS:
        instant = getattr(criteria, attribute)
        if instant is not None:
            builder.where.append(f"{column} {operator} {builder.bind(instant)}")
    return Selection(TABLE, builder.where, builder.params, builder.merged)


def criteria_as_json(criteria: Criteria) -> dict[str, Any]:
    """What criteria say, as a redrive keeps it."""
    return {name: value for name, value in asdict(criteria).items() if value is not None}


def criteria_from_json(said: dict[str, Any]) -> Criteria:
    """The criteria that a redrive has kept."""
    statuses = said.get("statuses")
    known = {} if statuses is None else {"statuses": [DeadLetterStatus(each) for each in statuses]}
    return Criteria(**{**said, **known})


def check_values(values: Sequence[str], field: str) -> list[str]:
    """The distinct values of a condition that names several, in order.

    Raises:
        BadUserInputError: They are too many, or one cannot be.
    """
    if len(values) > VALUES_MAX:
        raise bad_input(field, f"must hold at most {VALUES_MAX} values")
    return sorted({check_id(str(value), field) for value in values})


class _Builder:
    """The conditions of a selection, with their values bound."""

    def __init__(self) -> None:
        self.where: list[str] = []
        self.params: dict[str, Value] = {}
        self.merged: list[str] | None = None

    def bind(self, value: Value) -> str:
        name = f"value_{len(self.params)}"
        self.params[name] = value
        return f":{name}"

    def equal(self, column: str, value: str) -> None:
        # Types only stand beside an id, and a unary plus keeps what does not lead off its index.
        beside = column in ("entity_type", "retry_entity_type") and f"{column[:-4]}id" in "".join(self.where)
        prefix = "+" if self.where and not beside else ""
        self.where.append(f"{prefix}{column} = {self.bind(value)}")

    def lead(self, column: str, given: dict[str, list[str]]) -> None:
        """Let a column lead by one query for each of its values (with each status), if they are not too many."""
        columns = [column]
        if column in _WITH_STATUS:
            columns.append("status")
            given.setdefault("status", [str(status) for status in DeadLetterStatus])
        pairs = list(product(*(given[each] for each in columns)))
        if 1 <= len(pairs) <= MERGED_MAX:
            self.merged = [
                " AND ".join(f"{name} = {self.bind(value)}" for name, value in zip(columns, pair, strict=True))
                for pair in pairs
            ]
            for each in columns:
                given.pop(each)

    def among(self, column: str, values: list[str]) -> None:
        leads = not self.where and self.merged is None
        prefixed = column if leads else f"+{column}"
        if len(values) == 1:
            # One value is an equality, which keeps the order of the index that it is found by.
            self.where.append(f"{prefixed} = {self.bind(values[0])}")
        else:
            listed = ", ".join(map(self.bind, values))
            self.where.append(f"{prefixed} IN ({listed})" if values else "FALSE")


def _values_of(criteria: Criteria) -> list[tuple[str, list[str]]]:
    """The columns of which the criteria name several values, each with its distinct ones, the narrowest first."""
    return [
        (column, check_values(given, f"filter.{field}"))
        for column, attribute, field in _AMONG
        if (given := getattr(criteria, attribute)) is not None
    ]


def _check_value(value: str, field: str) -> str:
    if len(value) > VALUES_MAX or not value or "\0" in value:
        raise bad_input(field, f"must have 1 to {VALUES_MAX} characters")
    return value

"""What a filter on the audit log is in SQL, and which index serves it.

In the order of time, the narrowest condition leads: its index ends in the
order, so a page is read from one place. An id is narrow; of the others, a
bounded look says which has the fewest. The rest are tested on what it finds;
a unary plus keeps them off their own indexes. Several values of the one that
leads are a query each, merged as they come (`Selection.merged`). Values that
most rows have (the outcome DONE, the kind MUTATION) have no index and never
lead. In the order of numbers nothing leads: the log is walked as it was written.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from synthetic import OperationKind, OperationOutcome, Selection, Snapshot, Value, bad_input, check_text
from synthetic_audit.model import TEXT_CHARACTERS, Criteria

VALUES_MAX = 100
"""Most values of one condition."""

MERGED_MAX = 32
"""Most queries that are merged in order; a condition of more values does not lead."""

PROBED_MAX = 1_000
"""Most entries of a condition that are counted to find the one with the fewest."""

_IDS = ("correlation_id", "entity_id")
"""What few entries share."""

_PARTIAL = {
    "entity_id": "entity_id IS NOT NULL",
    "kind": f"kind <> '{OperationKind.MUTATION.value}'",
    "outcome": f"outcome <> '{OperationOutcome.DONE.value}'",
    "code": "code IS NOT NULL",
}
"""The conditions of the indexes that do not hold all rows, which SQLite has to be told."""

_COMMON = {"kind": OperationKind.MUTATION.value, "outcome": OperationOutcome.DONE.value}
"""Values that no index holds."""


@dataclass(slots=True)
class _Binding:
    params: dict[str, Value] = field(default_factory=dict[str, Value])

    def bind(self, value: Value) -> str:
        name = f"value_{len(self.params)}"
        self.params[name] = value
        return f":{name}"


def select_entries(snapshot: Snapshot, criteria: Criteria, *, by_time: bool) -> Selection:
    """The entries that meet the criteria.

    Args:
        snapshot: That they will be read in.
        criteria: What is asked for.
        by_time: Whether they will be read in the order of time; else in that of their numbers.

    Raises:
        BadUserInputError: A value in the criteria is not acceptable, they are too many, or there is a type of an
            entity without its id.
    """
    if criteria.entity_type is not None and criteria.entity_id is None:
        raise bad_input("filter.entityType", "goes with entityId; the names of mutations tell what they are done to")
    given = _given(criteria)
    binding = _Binding()
    leading = _leading(snapshot, given, criteria) if by_time else None
    where: list[str] = []
    merged: list[str] | None = None
    if leading is not None:
        values = given.pop(leading)
        partial = _PARTIAL.get(leading)
        equal = [f"{leading} = {binding.bind(value)}" for value in values]
        # A single value is an equality, which keeps the order of the index; several are a query each.
        where = equal if len(equal) == 1 else []
        merged = None if len(equal) == 1 else equal
        where = [*where, *([partial] if partial else [])]
    for column, values in given.items():
        where.append(f"+{column} IN ({', '.join(map(binding.bind, values))})")
    # By number, the index on the instants must not lead either.
    where += _within(criteria, binding, "occurred_at" if by_time else "+occurred_at")
    return Selection("audit_log", where, binding.params, merged)


def _leading(snapshot: Snapshot, given: Mapping[str, list[str]], criteria: Criteria) -> str | None:
    """The column whose index is read; None: that of the instants."""
    able = [column for column, values in given.items() if _may_lead(column, values)]
    if len(able) < 2 or able[0] in _IDS:
        return able[0] if able else None
    return min(able, key=lambda column: _count(snapshot, column, given[column], criteria))


def _count(snapshot: Snapshot, column: str, values: Sequence[str], criteria: Criteria) -> int:
    """How many entries of the period have one of the values, at most `PROBED_MAX`."""
    binding = _Binding()
    where = [f"{column} IN ({', '.join(map(binding.bind, values))})", *_within(criteria, binding, "occurred_at")]
    if column in _PARTIAL:
        where.append(_PARTIAL[column])
    sql = f"SELECT count(*) FROM (SELECT 1 FROM audit_log WHERE {' AND '.join(where)} LIMIT {PROBED_MAX})"
    return snapshot.value(sql, binding.params)


def _within(criteria: Criteria, binding: _Binding, instant: str) -> list[str]:
    bounds = ((">=", criteria.occurred_from), ("<", criteria.occurred_before))
    return [f"{instant} {operator} {binding.bind(bound)}" for operator, bound in bounds if bound is not None]


def _given(criteria: Criteria) -> dict[str, list[str]]:
    """The different values of each column that the criteria name, the narrowest column first."""
    texts: tuple[tuple[str, str, Sequence[str] | None], ...] = (
        ("correlation_id", "correlationId", _alone(criteria.correlation_id)),
        ("entity_id", "entityId", _alone(criteria.entity_id)),
        ("code", "code", criteria.codes),
        ("outcome", "outcome", criteria.outcomes),
        ("kind", "kind", criteria.kinds),
        ("actor", "actor", criteria.actors),
        ("name", "name", criteria.names),
        # Never alone, so it never leads.
        ("entity_type", "entityType", _alone(criteria.entity_type)),
    )
    return {column: _distinct(values, name) for column, name, values in texts if values is not None}


def _alone(value: str | None) -> Sequence[str] | None:
    return None if value is None else [value]


def _distinct(values: Sequence[str], name: str) -> list[str]:
    if len(values) > VALUES_MAX:
        raise bad_input(f"filter.{name}", f"must hold at most {VALUES_MAX} values")
    return sorted({_checked(value, name) for value in values})


def _may_lead(column: str, values: Sequence[str]) -> bool:
    return 1 <= len(values) <= MERGED_MAX and _COMMON.get(column) not in values


def _checked(value: str, name: str) -> str:
    return check_text(str(value), f"filter.{name}", characters_min=1, characters_max=TEXT_CHARACTERS)

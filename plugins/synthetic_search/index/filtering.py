"""Filters as words of the full-text index, so that it is narrowed before anything is scored."""

from __future__ import annotations

from collections.abc import Sequence

from synthetic import Snapshot, to_json
from synthetic_search.index.filters import Filters
from synthetic_search.index.model import month_of

AND = " AND "


def filter_query(snapshot: Snapshot, filters: Filters) -> str | None:
    """What is added to a query so that only documents match that pass the filters.

    Times narrow it by whole months: the rest is left to `filter_condition`.

    Returns:
        Text that follows a query in brackets, may be empty; None: no document can pass.
    """
    told: list[str] = []
    excluded: list[str] = []
    for dimension, wanted, unwanted in (
        ("kind", filters.kinds, filters.not_kinds),
        ("construct", filters.construct_ids, filters.not_construct_ids),
        ("session", filters.session_ids, filters.not_session_ids),
        ("status", filters.statuses, filters.not_statuses),
        *((f"facet.{name}", values, None) for name, values in sorted(filters.facets.items())),
    ):
        if wanted is not None:
            keys = _keys(snapshot, dimension, wanted)
            if not keys:
                return None
            told.append(f"{AND}{_words(keys)}")
        if unwanted is not None and (keys := _keys(snapshot, dimension, unwanted)):
            excluded.append(f" NOT {_words(keys)}")
    if filters.occurred_from is not None or filters.occurred_before is not None:
        keys = _months(snapshot, filters.occurred_from, filters.occurred_before)
        if not keys:
            return None
        told.append(f"{AND}{_words(keys)}")
    return "".join([*told, *excluded])


def _keys(snapshot: Snapshot, dimension: str, values: Sequence[str]) -> list[int]:
    rows = snapshot.rows(
        "SELECT key FROM search_values"
        " WHERE dimension = :dimension AND value IN (SELECT value FROM json_each(:values))",
        {"dimension": dimension, "values": to_json(values)},
    )
    return [key for (key,) in rows]


def _months(snapshot: Snapshot, first: int | None, before: int | None) -> list[int]:
    rows = snapshot.rows("SELECT key, value FROM search_values WHERE dimension = 'month'")
    low = None if first is None else month_of(first)
    high = None if before is None else month_of(before)
    return [key for key, value in rows if (low is None or int(value) >= low) and (high is None or int(value) <= high)]


def _words(keys: Sequence[int]) -> str:
    return "{filters} : (" + " OR ".join(f"v{key}" for key in keys) + ")"

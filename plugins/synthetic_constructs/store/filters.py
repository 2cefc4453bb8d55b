"""Which index serves a filter on constructs.

In the default order, (created_at, id), a page of any filter but text and
undeclared metadata is read from an index:

- One status, type, project or user: its index ends in the default order.
- Several statuses or types: one query for each, merged as they come
  (`Selection.merged`); `IN` would read and sort every match of all.
- A declared metadata key: `construct_metadata` carries `created_at`, so it is
  walked in order, and joined.
- Ids, relationships, a range of `updated_at`: found by index, then sorted.

Only one condition can be walked in order; the others are tested on what it
finds. Which one leads is decided here where SQLite's planner, which counts no
rows, would sort instead. What each condition is in SQL stands in
`conditions.py`.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from synthetic import Selection, Snapshot
from synthetic_constructs.model import ALL_CONSTRUCTS, Criteria
from synthetic_constructs.store.conditions import Conditions, check_values

MERGED_MAX = 8
"""Most queries that are merged in order; more values are looked up and sorted."""


def select_constructs(snapshot: Snapshot, criteria: Criteria, *, by_creation: bool) -> Selection:
    """The constructs that meet the criteria.

    Args:
        snapshot: Of the store; it is given a notice when the filter scans.
        criteria: What is asked for.
        by_creation: Whether they will be read in the order of (created_at, id), one way or the other.

    Raises:
        BadUserInputError: A value in the criteria is not acceptable, or they are too many.
    """
    if criteria is ALL_CONSTRUCTS:
        return Selection.of_all("constructs")
    conditions = Conditions(snapshot)
    source, merged, rest = "constructs", None, criteria
    indexed = conditions.find_indexed(criteria.metadata, "filter")
    if indexed is not None and criteria.ids is None and criteria.related is None:
        matches = f"FROM construct_metadata WHERE {conditions.indexed_match(*criteria.metadata[indexed])}"
        source = f"(SELECT construct_id AS id, created_at {matches}) CROSS JOIN constructs USING (id, created_at)"
        rest = dataclasses.replace(criteria, metadata=_without(criteria.metadata, indexed))
    elif by_creation:
        column, values = _merged(criteria)
        if values:
            merged = [f"{column} = {conditions.bind(value)}" for value in values]
            rest = dataclasses.replace(criteria, **{"statuses" if column == "status" else "types": None})
    where = conditions.of(rest, "filter")
    return Selection(source, where, conditions.params, merged)


def _merged(criteria: Criteria) -> tuple[str, Sequence[str]]:
    """The column whose values are each walked and merged, and those values; none when an index leads alone."""
    leads_alone = (criteria.ids, criteria.related, criteria.user_id, criteria.project_id)
    leads_sorted = (criteria.updated_from, criteria.updated_before)
    if any(value is not None for value in (*leads_alone, *leads_sorted)):
        return "", ()
    sets = {
        "status": check_values(criteria.statuses or (), "filter.status"),
        "type": check_values(criteria.types or (), "filter.type"),
    }
    if any(len(values) == 1 for values in sets.values()):
        return "", ()
    return next(((column, values) for column, values in sets.items() if 2 <= len(values) <= MERGED_MAX), ("", ()))


def _without(pairs: Sequence[tuple[str, object]], index: int) -> tuple[tuple[str, object], ...]:
    return (*pairs[:index], *pairs[index + 1 :])

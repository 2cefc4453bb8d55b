"""The beginning of a table that goes in order: what a rule with `in_order` would delete.

Such a table is a record whose rows follow each other, so only its first rows
may go. It ends before the first row that stays. A row whose age lies in the
future says nothing: it was written while the clock was ahead. It was written
before the one behind it, though, and goes with that.
"""

from __future__ import annotations

from collections.abc import Sequence

from synthetic.contributions import Table
from synthetic.database.snapshot import Row, Snapshot
from synthetic.retention_contributions import RetentionRule

EXPIRED = "expired"
"""What the queries call the row whose time is up."""

_GOES, _STAYS, _UNDATED = 0, 1, 2
_LAST_KEY = 2**63 - 1


class Beginning:
    """The first rows of a table, by a rule."""

    def __init__(self, rule: RetentionRule, table: Table, refusals: Sequence[str] = ()) -> None:
        """Name them.

        Args:
            rule: Which goes in order.
            table: Its table, whose key is one integer column.
            refusals: Conditions in SQL under which a row stays, whatever its age.
        """
        self._table = table.name
        self._key = f"{EXPIRED}.{table.key[0]}"
        age = f"{EXPIRED}.{rule.age_column}"
        held = [f"{age} IS NULL", *refusals, *([f"({rule.condition}) IS NOT TRUE"] if rule.condition else [])]
        self._verdict = (
            f"CASE WHEN {' OR '.join(held)} THEN {_STAYS} WHEN {age} < :before THEN {_GOES}"
            f" WHEN {age} > :now THEN {_UNDATED} ELSE {_STAYS} END"
        )

    def rows(self) -> str:
        """All of them: FROM and WHERE, with `:before` and `:now`."""
        source = f"FROM {self._table} AS {EXPIRED}"
        first_kept = f"SELECT {self._key} {source} WHERE {self._verdict} = {_STAYS} ORDER BY {self._key} LIMIT 1"
        last = (
            f"SELECT {self._key} {source} WHERE {self._verdict} = {_GOES}"
            f" AND {self._key} < coalesce(({first_kept}), {_LAST_KEY}) ORDER BY {self._key} DESC LIMIT 1"
        )
        return f"{source} WHERE {self._key} <= ({last})"

    def first(self, snapshot: Snapshot, before: int, most: int) -> list[Row]:
        """The keys of the first of them, in order; no more of the table is read than those, and undated rows.

        Args:
            snapshot: To read in.
            before: Rows that are older than this instant go, Unix milliseconds.
            most: How many at most.
        """
        params = {"before": before, "now": snapshot.now, "most": most}
        source = f"FROM {self._table} AS {EXPIRED}"
        rows = snapshot.rows(f"SELECT {self._key}, {self._verdict} {source} ORDER BY {self._key} LIMIT :most", params)
        count = 0
        for index, (_, verdict) in enumerate(rows):
            if verdict == _STAYS:
                break
            if verdict == _GOES:
                count = index + 1
        else:
            # Those at the end that bear no believable age go with what is behind them.
            if rows and count < len(rows):
                behind = snapshot.value(
                    f"SELECT {self._verdict} {source} WHERE {self._key} > :last AND {self._verdict} <> {_UNDATED}"
                    f" ORDER BY {self._key} LIMIT 1",
                    {**params, "last": rows[-1][0]},
                )
                count = len(rows) if behind == _GOES else count
        return [(key,) for key, _ in rows[:count]]

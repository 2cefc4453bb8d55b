"""How much goes, and from when to when: what a preview says of the rows beside their number."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from synthetic.database.deletion_steps import Step
from synthetic.database.snapshot import Parameters, Snapshot

INSTANTS = ("created_at", "started_at", "occurred_at_utc")
"""The first of these columns that a table has tells the age of its rows, where no rule is about it."""


class Extent(NamedTuple):
    """Of the rows of one table that go.

    Attributes:
        size_bytes: Of their values; what indexes take comes on top of it.
        oldest_at: Unix milliseconds; None: the table has no column that tells.
        newest_at: The same.
    """

    size_bytes: int
    oldest_at: int | None
    newest_at: int | None


def measure_extents(
    snapshot: Snapshot, steps: Sequence[Step], params: Parameters, table: str, age_column: str
) -> dict[str, Extent]:
    """Measure what the steps would delete, by table.

    Args:
        snapshot: To read in.
        steps: Of a deletion.
        params: Of their conditions.
        table: That of the rule.
        age_column: Tells the age of its rows.
    """
    extents: dict[str, Extent] = {}
    for step in steps:
        if step.action != "delete":
            continue
        columns = [
            str(name) for (name,) in snapshot.rows("SELECT name FROM pragma_table_info(:table)", {"table": step.name})
        ]
        instant = age_column if step.name == table else next((each for each in INSTANTS if each in columns), None)
        # A table may have columns that are words of SQL, such as "order".
        size = " + ".join(f"ifnull(octet_length({_quoted(column)}), 0)" for column in columns)
        age = "NULL" if instant is None else _quoted(instant)
        row = snapshot.row(
            f"SELECT total({size}), min({age}), max({age}) FROM {step.name} WHERE {step.condition}",
            params,
        )
        if row is not None and row[0]:
            found = Extent(int(row[0]), row[1], row[2])
            extents[step.name] = _joined(extents[step.name], found) if step.name in extents else found
    return extents


def _quoted(column: str) -> str:
    """The name of a column, as SQL takes any."""
    return '"' + column.replace('"', '""') + '"'


def _joined(one: Extent, other: Extent) -> Extent:
    """Of two steps that concern the same table."""
    oldest = [each.oldest_at for each in (one, other) if each.oldest_at is not None]
    newest = [each.newest_at for each in (one, other) if each.newest_at is not None]
    return Extent(one.size_bytes + other.size_bytes, min(oldest, default=None), max(newest, default=None))

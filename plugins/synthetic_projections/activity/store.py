"""Reading what was folded."""

from __future__ import annotations

from collections.abc import Sequence

from synthetic import Snapshot, to_json
from synthetic_projections.activity.model import ConstructActivity

COLUMNS = ", ".join(ConstructActivity._fields)


def find_activity(snapshot: Snapshot, construct_ids: Sequence[str]) -> list[ConstructActivity | None]:
    """For each construct what has happened in it, or None where no event has been taken in yet."""
    rows = snapshot.records(
        ConstructActivity,
        f"SELECT {COLUMNS} FROM construct_activity WHERE construct_id IN (SELECT value FROM json_each(:ids))",
        {"ids": to_json(list(construct_ids))},
    )
    found = {row.construct_id: row for row in rows}
    return [found.get(id) for id in construct_ids]

"""Events of an export: they are appended to the log, with a note of where they were before.

They get new positions, since the order of a log is that of its commits, and
keep the instant at which they happened. An event keeps its id unless the log
has one of that id; then it gets another.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from synthetic.database.transaction import Transaction, Value
from synthetic.log.events import Event
from synthetic.log.positions import read_ends
from synthetic.transfer.renaming import Renaming

_NAMES = tuple(name for name in Event._fields if name != "position")
_INSERT = (
    f"INSERT INTO domain_events ({', '.join(_NAMES)}) VALUES ({', '.join(f':{name}' for name in _NAMES)})"
    " ON CONFLICT (id) DO NOTHING RETURNING position"
)
_NOTE = (
    "INSERT INTO event_origins (position, origin_epoch, origin_position, origin_id, origin_ingested_at)"
    " VALUES (:position, :origin_epoch, :origin_position, :origin_id, :origin_ingested_at)"
)
_KIND = "event"


class ArrivingEvents:
    """Appends the events of one unit.

    Attributes:
        positions: From the position in the export to that in this log.
        ids: From the id in the export to that in this log.
        count: How many were appended.
    """

    def __init__(self, tx: Transaction, renaming: Renaming) -> None:
        self._tx = tx
        self._renaming = renaming
        self._epoch = read_ends(tx).epoch
        self.positions: dict[Value, int] = {}
        self.ids: dict[Value, str] = {}
        self.count = 0

    def append(self, rows: Iterable[Mapping[str, Value]], without: set[tuple[str, str]]) -> None:
        """Append events.

        Args:
            rows: Their columns, in the order of the log that they come from, checked.
            without: Type and id of what could not come, so that nothing is told of it.
        """
        self._tx.flush_events()
        for row in rows:
            if (row["entity_type"], row["entity_id"]) not in without:
                self._append(row)

    def _append(self, row: Mapping[str, Value]) -> None:
        id, renaming = str(row["id"]), self._renaming
        values: dict[str, Any] = {
            **{column: row[column] for column in _NAMES},
            "id": renaming.made(_KIND, id) if renaming.is_needed else id,
            "epoch": self._epoch,
            "construct_id": renaming.of("constructs", row["construct_id"]),
            "entity_id": renaming.of_kind(row["entity_type"], row["entity_id"]),
            "payload": renaming.in_payload(str(row["payload"])),
            "causation_id": self.ids.get(row["causation_id"], row["causation_id"]),
            "ingested_at_utc": self._tx.now,
        }
        found = self._tx.row(_INSERT, values)
        if found is None:
            values["id"] = renaming.made(f"another {_KIND}", id)
            found = self._tx.row(_INSERT, values)
        if found is None:
            return
        (position,) = found
        self.positions[row["position"]] = position
        self.ids[id] = values["id"]
        self.count += 1
        self._tx.emitted_to = position
        is_known = row.get("origin_position") is not None
        self._tx.execute(
            _NOTE,
            {
                "position": position,
                "origin_epoch": row["origin_epoch"] if is_known else row["epoch"],
                "origin_position": row["origin_position"] if is_known else row["position"],
                "origin_id": row["origin_id"] if is_known else id,
                "origin_ingested_at": row["origin_ingested_at"] if is_known else row["ingested_at_utc"],
            },
        )

"""Events of an export: they are appended to the log, with a note of where they were before.

They get new positions, since the order of a log is that of its commits, and
keep the instant at which they happened. An event keeps its id unless the log
has one of that id; then it gets another.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from synthetic.database.ownership import list_tables
from synthetic.database.snapshot import Value
from synthetic.database.transaction import Transaction
from synthetic.errors import InternalError
from synthetic.log.appended import Appended
from synthetic.log.events import Event
from synthetic.log.positions import read_ends
from synthetic.transfer.archive_reading import refused
from synthetic.transfer.arriving_rows import NO_FIT
from synthetic.transfer.manifest import EVENTS
from synthetic.transfer.renaming import Renaming
from synthetic.transfer.travelling import entity_names

_NAMES = tuple(name for name in Event._fields if name != "position")
_INSERT = (
    f"INSERT INTO domain_events ({', '.join(_NAMES)}) VALUES ({', '.join(f':{name}' for name in _NAMES)})"
    " ON CONFLICT (id) DO NOTHING RETURNING position"
)
_NOTE = (
    "INSERT INTO event_origins (position, origin_epoch, origin_position, origin_id, origin_ingested_at)"
    " VALUES (:position, :origin_epoch, :origin_position, :origin_id, :origin_ingested_at)"
)
_BY_ORIGIN = (
    "SELECT min(position) FROM event_origins WHERE origin_epoch = :origin_epoch AND origin_position = :origin_position"
)
_HERE = "SELECT 1 FROM domain_events WHERE position = :origin_position AND epoch = :origin_epoch"
_KIND = "event"


class ArrivingEvents:
    """Appends the events of one unit.

    Attributes:
        positions: From the position in the export to that in this log.
        ids: From the id in the export to that in this log.
        count: How many were appended.
        again: How many of them the log had already.
    """

    def __init__(self, tx: Transaction, renaming: Renaming) -> None:
        self._tx = tx
        self._renaming = renaming
        self.positions: dict[Value, int] = {}
        self.ids: dict[Value, str] = {}
        self.count = 0
        self.again = 0
        self._ends = read_ends(tx)
        self._of_rows = entity_names(list_tables(tx))

    def append(self, rows: Iterable[Mapping[str, Value]], without: set[tuple[str, str]]) -> None:
        """Append events.

        Args:
            rows: Their columns, in the order of the log that they come from, checked.
            without: Type and id of what could not come, so that nothing is told of it.

        Raises:
            ExportRefusedError: The log does not take one.
        """
        self._tx.flush_events()
        for row in rows:
            if (row["entity_type"], row["entity_id"]) not in without:
                try:
                    self._append(row)
                except InternalError as error:
                    if isinstance(error.__cause__, NO_FIT):
                        raise refused(EVENTS, f"an event does not fit into the log ({error.__cause__})") from error
                    raise

    def _append(self, row: Mapping[str, Value]) -> None:
        id, renaming = str(row["id"]), self._renaming
        is_known = row.get("origin_position") is not None
        origin = {
            "origin_epoch": row["origin_epoch"] if is_known else row["epoch"],
            "origin_position": row["origin_position"] if is_known else row["position"],
        }
        there = None if renaming.is_needed else self._find(origin)
        if there is not None and row["entity_type"] not in self._of_rows:
            # What it is about has not gone with any row, so it holds as it stands in the log.
            self.positions[row["position"]] = there
            return
        values: dict[str, Any] = {
            **{column: row[column] for column in _NAMES},
            "id": renaming.made(_KIND, id) if renaming.is_needed else id,
            "epoch": self._ends.epoch,
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
        self.again += there is not None
        self._tx.note_appended(Appended(position - 1, position, frozenset((str(row["type"]),))))
        self._tx.execute(
            _NOTE,
            {
                "position": position,
                **origin,
                "origin_id": row["origin_id"] if is_known else id,
                "origin_ingested_at": row["origin_ingested_at"] if is_known else row["ingested_at_utc"],
            },
        )

    def _find(self, origin: Mapping[str, Value]) -> int | None:
        """The position here of an event that was somewhere first; None: it has not been here."""
        position = origin["origin_position"]
        if isinstance(position, int) and (
            (origin["origin_epoch"] == self._ends.epoch and position <= self._ends.horizon)
            or self._tx.row(_HERE, origin) is not None
        ):
            return position
        return self._tx.value(_BY_ORIGIN, origin)

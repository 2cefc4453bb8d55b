"""Demos that are made in this process, and what is in them."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

from synthetic import Snapshot, Store
from synthetic.data_directory import DataDirectory
from synthetic.demo.making import Made, Wanted, make_demo
from synthetic.testing import FAST_SETTINGS

NOW = 1_767_225_600_000
"""Where the history ends: some instant of the past."""


def make(path: Path, *, seed: int | None = 1, scale: int | None = 1, now: int | None = NOW, until: int = -1) -> Made:
    """Make a demo; once `until` things are written, it is told to stop."""
    stop = threading.Event()
    written = 0

    def advance(amount: int) -> None:
        nonlocal written
        written += amount
        if written >= until >= 0:
            stop.set()

    wanted = Wanted(seed=seed, scale=scale, now=now)
    return make_demo(DataDirectory(path), wanted, FAST_SETTINGS, stop, lambda _total: None, advance)


DRAWN = frozenset({"expires_run", "expires_running_ms", "decision_event_id"})
"""Columns that hold what the machine or the log draws."""

DRAWN_OF = {
    "dead_letters": {"id", "error"},
    "artifacts": {"path"},
    "artifact_folder": {"mark"},
    "delivery_targets": {"secret"},
    "deliveries": {"event_id", "body"},
}
"""And those of one table: ids of letters that arrive by themselves, with correlation ids, names of files, the mark of
their folder, secrets, and what was posted of events."""


def columns_of(snapshot: Snapshot, table: str) -> str:
    """The columns of a table that are the same each time."""
    names = snapshot.rows("SELECT name FROM pragma_table_info(:table)", {"table": table})
    drawn = DRAWN | DRAWN_OF.get(table, set())
    return ", ".join(name for (name,) in names if name not in drawn) or "count(*)"


def rows_of(store: Store) -> dict[str, list[tuple[Any, ...]]]:
    """All rows of all plugins, and the events without their ids, which the log draws."""

    def read(snapshot: Snapshot) -> dict[str, list[tuple[Any, ...]]]:
        tables = {
            stamped.record.name: sorted(
                snapshot.rows(f"SELECT {columns_of(snapshot, stamped.record.name)} FROM {stamped.record.name}"),
                key=repr,
            )
            for stamped in store.kernel.registry.tables
        }
        events = snapshot.rows(
            "SELECT position, type, module, construct_id, entity_type, iif(entity_type = 'dead_letter', '', entity_id),"
            " payload, actor, occurred_at_utc, ingested_at_utc FROM domain_events ORDER BY position"
        )
        return {**tables, "domain_events": events}

    return store.read(read)


def check_soundness(store: Store) -> None:
    """The database is whole, and every key points at something."""
    assert store.read(lambda snapshot: snapshot.rows("SELECT * FROM pragma_foreign_key_check")) == []
    assert store.read(lambda snapshot: snapshot.rows("SELECT * FROM pragma_integrity_check")) == [("ok",)]

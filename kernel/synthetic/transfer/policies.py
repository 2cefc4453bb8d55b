"""What becomes of what is there already, and what an import says that it did."""

from __future__ import annotations

from enum import StrEnum
from typing import Literal

import msgspec

SAMPLES_MAX = 20


class OnConflict(StrEnum):
    """What is done where the store has a construct, or another row, of the same key."""

    FAIL = "FAIL"
    """Nothing is imported."""

    SKIP = "SKIP"
    """What is there stays; the construct of the export is passed over, with all that belongs to it."""

    OVERWRITE = "OVERWRITE"
    """The construct that is there is deleted, with all that belongs to it, and that of the export takes its place."""

    RENAME = "RENAME"
    """Everything in the export gets a new id, so it comes as a copy beside what is there."""


class UnitOutcome(msgspec.Struct, kw_only=True):
    """What came of one unit.

    Attributes:
        unit: Its number in the export.
        kind: What it holds, as `Unit.kind`.
        outcome: What was done.
        id: Of the construct, as the export has it.
        new_id: What the construct is called here, where that is another id.
        reason: Why it was skipped.
        rows: By table, how many rows were stored.
        deleted: By table, how many rows went before.
        unchanged: Rows that were there already, with the same content.
        kept: By table, rows of the export that others stand in place of.
        left_out: By table, rows that could not come without something that is not there, or that another stands for.
        left_out_keys: The first of them.
        cleared: Columns that were emptied, since what they named is not there, or must be unique in a store.
        events: How many events came with them.
        events_again: How many of these the log had already, from this file or another; what adds up events over time,
            beyond the end of a construct, adds them up again.
        files: How many files.
        missing_files: Files that rows name and that were not in the export.
    """

    unit: int
    kind: str
    outcome: Literal["IMPORTED", "OVERWRITTEN", "SKIPPED"] = "IMPORTED"
    id: str | None = None
    new_id: str | None = None
    reason: str | None = None
    rows: dict[str, int] = {}
    deleted: dict[str, int] = {}
    unchanged: int = 0
    kept: dict[str, int] = {}
    left_out: dict[str, int] = {}
    left_out_keys: list[str] = []
    cleared: dict[str, int] = {}
    events: int = 0
    events_again: int = 0
    files: int = 0
    missing_files: int = 0

    def leave_out(self, table: str, key: str) -> None:
        """Note that a row could not come."""
        count(self.left_out, table)
        if len(self.left_out_keys) < SAMPLES_MAX:
            self.left_out_keys.append(f"{table} {key}")


def count(counts: dict[str, int], name: str, amount: int = 1) -> None:
    """Add to one of several counts."""
    counts[name] = counts.get(name, 0) + amount

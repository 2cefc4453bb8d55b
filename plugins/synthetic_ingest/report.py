"""What an ingest did: counts of everything, and the files that an operator should look at."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

from synthetic_ingest.model import IngestFile
from synthetic_ingest.walk import path_text

LISTED_MAX = 1_000
"""Files that a report names of each sort; the rest are only counted."""


class Outcome(StrEnum):
    """What became of a file."""

    NEW = "new"
    CONTINUED = "continued"
    REREAD = "reread"
    UNCHANGED = "unchanged"
    SKIPPED = "skipped"
    FAILED = "failed"


class Phase(StrEnum):
    """What a run is doing: files are parsed and stored in turns, batch by batch."""

    SCAN = "scan"
    PARSE = "parse"
    STORE = "store"


@dataclass(slots=True)
class Report:
    """The counts of one ingest.

    Attributes:
        files: How many had each outcome.
        messages: Stored; with `is_dry_run`, none.
        lines: Read.
        rejects: Lines that could not be read.
        size_bytes: Of what was read, unpacked.
        partial: Files whose last line is not complete, of those that were
            read or unchanged.
        skipped: Path and reason of files that are none of any format.
        failures: Path and reason of files that could not be read whole.
        plans: What would be read, with `is_dry_run`.
        is_dry_run: Whether nothing was stored.
    """

    is_dry_run: bool = False
    files: dict[Outcome, int] = field(default_factory=lambda: dict.fromkeys(Outcome, 0))
    messages: int = 0
    lines: int = 0
    rejects: int = 0
    size_bytes: int = 0
    partial: int = 0
    skipped: list[dict[str, str]] = field(default_factory=list[dict[str, str]])
    failures: list[dict[str, str]] = field(default_factory=list[dict[str, str]])
    plans: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])

    def count(self, before: IngestFile | None, after: IngestFile, *, is_restart: bool) -> None:
        """Count what one batch brought, from the rows of its file before and after it."""
        known_messages = 0 if before is None else before.message_count
        start = None if is_restart else before
        self.messages += after.message_count - known_messages
        self.lines += after.line_count - (0 if start is None else start.line_count)
        self.rejects += after.reject_count - (0 if start is None else start.reject_count)
        self.size_bytes += after.offset_bytes - (0 if start is None else start.offset_bytes)

    def skip(self, path: Path, reason: str) -> None:
        """Count a file that is not read, because it is none of any format or nothing can be read yet."""
        self.files[Outcome.SKIPPED] += 1
        _list(self.skipped, {"path": path_text(path), "reason": reason})

    def fail(self, path: Path, reason: str) -> None:
        """Count a file that could not be read, or not whole."""
        self.files[Outcome.FAILED] += 1
        _list(self.failures, {"path": path_text(path), "reason": reason})

    def plan(self, path: Path, outcome: Outcome, format_name: str, offset: int) -> None:
        """Count a file that would be read, from a place on."""
        self.files[outcome] += 1
        _list(
            self.plans,
            {"path": path_text(path), "would": outcome.value, "format": format_name, "fromByte": offset},
        )

    def summary(self) -> dict[str, Any]:
        """All of it, JSON-ready."""
        summary: dict[str, Any] = {"files": {outcome.value: count for outcome, count in self.files.items()}}
        if self.is_dry_run:
            summary |= {"dryRun": True, "plans": self.plans}
        else:
            summary |= {
                "messages": self.messages,
                "lines": self.lines,
                "rejects": self.rejects,
                "bytes": self.size_bytes,
                "partial": self.partial,
            }
        return summary | {"skipped": self.skipped, "failures": self.failures}


def _list(items: list[Any], item: Any) -> None:
    if len(items) < LISTED_MAX:
        items.append(item)

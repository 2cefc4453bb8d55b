"""The manifest: what an export says of itself. The format is described in docs/export-format.md."""

from __future__ import annotations

import re
from typing import Literal

import msgspec

from synthetic.log.events import Event

FORMAT = "synthetic-export"

VERSION = 1
"""Of the format; a reader refuses a higher one, and goes on reading the lower ones."""

MANIFEST_NAME = "manifest.json"

MEMBERS_MAX = 200_000
"""Members of one file: enough for some ten thousand constructs, and far from what a reader could not hold."""

MANIFEST_BYTES_MAX = 268_435_456

NAME = re.compile(
    r"manifest\.json"
    r"|units/[0-9]{6}/[a-z][a-z0-9_]{0,99}\.jsonl\.zst"
    r"|evidence/[a-z][a-z0-9_]{0,99}\.jsonl\.zst"
    r"|files/[0-9a-f]{64}"
)
"""What a member may be called; nothing that a file system could take for another place has this form."""

KERNEL = "kernel"
"""Who owns the kernel's own tables and events; they are about their store, and never travel."""

EVENTS = "domain_events"
"""What the lines of events are called."""

ORIGIN_COLUMNS = ("origin_epoch", "origin_position", "origin_id", "origin_ingested_at")
"""Where an event was first, if it was imported itself: columns of `event_origins`."""

EVENT_COLUMNS = (*Event._fields, *ORIGIN_COLUMNS)
"""Of the lines of `domain_events`."""


class Member(msgspec.Struct, frozen=True, kw_only=True):
    """Rows of one table, as lines of JSON in one frame of Zstandard.

    Attributes:
        name: Of the member in the file.
        table: Whose rows; `domain_events` for events.
        columns: What each line has a value for, in this order.
        rows: How many lines.
        sha256: Of the member as it stands in the file, 64 hexadecimal digits.
        size_bytes: Its length there.
        unpacked_bytes: Of its lines.
    """

    name: str
    table: str
    columns: tuple[str, ...]
    rows: int
    sha256: str
    size_bytes: int
    unpacked_bytes: int


class FileMember(msgspec.Struct, frozen=True, kw_only=True):
    """A file that rows name, as it is in the data directory.

    Attributes:
        name: Of the member: `files/` and the hash.
        sha256: Of the file.
        size_bytes: Its length.
    """

    name: str
    sha256: str
    size_bytes: int


class NamedFile(msgspec.Struct, frozen=True, kw_only=True):
    """That a row of a table names a file.

    Attributes:
        table: The table.
        path: What the row says.
        name: The member; None: the file was not there when the export was made.
    """

    table: str
    path: str
    name: str | None


class Unit(msgspec.Struct, frozen=True, kw_only=True):
    """What is imported in one transaction.

    Attributes:
        number: Its place, from 1.
        kind: `WORKSPACE`: what belongs to no construct. `CONSTRUCT`: one with
            all that belongs to it. `LINKS`: what belongs to several.
        id: Of the construct.
        members: Its rows, in the order in which they can be stored.
        events: Its events, in the order of the log.
        files: The files that its rows name.
    """

    number: int
    kind: Literal["WORKSPACE", "CONSTRUCT", "LINKS"]
    id: str | None
    members: tuple[Member, ...]
    events: Member | None
    files: tuple[NamedFile, ...]


class ExportedTable(msgspec.Struct, frozen=True, kw_only=True):
    """A table that has rows in the export.

    Attributes:
        plugin: Whose it is.
        key: The columns of its key.
        numbered: The column that every store numbers by itself, which is the table's rowid; None: there is none.
        entity: What events call a row; None: they do not speak of it.
    """

    plugin: str
    key: tuple[str, ...]
    numbered: str | None
    entity: str | None


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """All that an export says of itself.

    Attributes:
        format: `FORMAT`.
        version: Of the format.
        scope: Whether it is the whole workspace, or some constructs.
        exported_at: Unix milliseconds UTC.
        kernel: The version that made it.
        epoch: Of the log that the events come from.
        position: The head of that log.
        plugins: By name, the number of the last migration of their tables.
        tables: By name.
        units: What is imported, in this order.
        evidence: Rows that bear witness, and are never imported.
        files: The files that rows name.
    """

    format: str
    version: int
    scope: Literal["WORKSPACE", "CONSTRUCTS"]
    exported_at: int
    kernel: str
    epoch: str
    position: int
    plugins: dict[str, int]
    tables: dict[str, ExportedTable]
    units: tuple[Unit, ...]
    evidence: tuple[Member, ...]
    files: tuple[FileMember, ...]

    def lines(self) -> list[Member]:
        """All members with lines."""
        inner = [member for unit in self.units for member in (*unit.members, unit.events) if member is not None]
        return [*inner, *self.evidence]


class Heading(msgspec.Struct, frozen=True):
    """What every version of the format begins with.

    Attributes:
        format: `FORMAT`.
        version: Of the format.
    """

    format: str
    version: int

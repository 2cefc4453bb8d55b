"""Whether the database file is sound, as SQLite sees it, and every key points at a row."""

from __future__ import annotations

from collections.abc import Iterator

from synthetic.check_contributions import Check, Finding
from synthetic.checks.repairs import REINDEX
from synthetic.database.connections import APPLICATION_ID
from synthetic.database.snapshot import Snapshot
from synthetic.errors import NotAStoreError, StoreDamagedError

PROBLEMS_MAX = 101
"""Problems that SQLite names before it stops: one more than are kept of a check."""


def find_unreadable(snapshot: Snapshot) -> Iterator[Finding]:
    """Whether there is a database of ours at all.

    Raises:
        NotAStoreError, StoreDamagedError: SQLite cannot make sense of the file.
    """
    if snapshot.value("PRAGMA application_id") != APPLICATION_ID:
        yield Finding(message="The database file is no store, or its header is damaged.", error_class=NotAStoreError)
        return
    snapshot.rows("SELECT name FROM sqlite_schema")


def find_broken_pages(snapshot: Snapshot) -> Iterator[Finding]:
    """Damage in the structure of the file: every page of every table and index is visited.

    Whether rows are what their columns allow is seen only on a connection of
    `open_inspector`.
    """
    return _told_by(snapshot, f"PRAGMA quick_check({PROBLEMS_MAX})")


def find_broken_contents(snapshot: Snapshot) -> Iterator[Finding]:
    """The same, and whether indexes hold what their tables hold, and rows what their columns allow."""
    return _told_by(snapshot, f"PRAGMA integrity_check({PROBLEMS_MAX})")


def find_dangling_keys(snapshot: Snapshot) -> Iterator[Finding]:
    """Rows that point at none, table by table: one that is damaged does not hide the others."""
    tables: list[tuple[str]] = snapshot.rows(
        "SELECT name FROM sqlite_schema WHERE type = 'table' AND sql LIKE 'CREATE TABLE%' ORDER BY name"
    )
    for (table,) in tables:
        # The name is one of the schema; a quote in it is doubled, as SQL wants it.
        quoted = '"' + table.replace('"', '""') + '"'
        try:
            for _, rowid, parent, number in snapshot.iterate(f"PRAGMA foreign_key_check({quoted})"):
                columns = [row[3] for row in snapshot.rows(f"PRAGMA foreign_key_list({quoted})") if row[0] == number]
                row = "A row" if rowid is None else f"The row {rowid}"
                yield Finding(
                    message=f"{row} of {table} points by {', '.join(columns)} at a row of {parent} that is not there.",
                    entity_type="table",
                    entity_id=table,
                    details={"table": table, "rowid": rowid, "columns": columns, "target": parent},
                )
        except StoreDamagedError:
            yield Finding(
                message=f"The keys of {table} could not be followed to the end: pages of the file are damaged.",
                entity_type="table",
                entity_id=table,
                error_class=StoreDamagedError,
            )


def _told_by(snapshot: Snapshot, sql: str) -> Iterator[Finding]:
    for (told,) in snapshot.iterate(sql):
        if told == "ok":
            return
        # SQLite puts several problems of one table into one text.
        for line in str(told).splitlines():
            if line.strip() and not line.startswith("***"):
                yield Finding(message=line.strip().rstrip(".") + ".")


READABLE = Check(
    name="readable",
    purpose="The database can be opened, and its schema read.",
    find=find_unreadable,
    error_class=StoreDamagedError,
    effort="light",
)

DATABASE_CHECKS = (
    READABLE,
    Check(
        name="keys",
        purpose="Every key of a row points at a row that is there.",
        find=find_dangling_keys,
        entity="table",
    ),
    Check(
        name="pages",
        purpose="The structure of the database file is whole: pages, trees, and the order of rows in them.",
        find=find_broken_pages,
        error_class=StoreDamagedError,
    ),
    Check(
        name="contents",
        purpose="Indexes hold what their tables hold, and every row what its columns allow.",
        find=find_broken_contents,
        error_class=StoreDamagedError,
        effort="deep",
        repair=REINDEX,
    ),
)

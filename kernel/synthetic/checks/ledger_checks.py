"""Whether the store's history of migrations is this code's, and the tables of record are there."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Self

from synthetic.check_contributions import Check, Finding
from synthetic.contributions import MigrationFolder, Stamped
from synthetic.database.migrations import Applied, Migration, find_pending, read_migrations
from synthetic.database.snapshot import Snapshot
from synthetic.database.surroundings import SettingsLookup
from synthetic.errors import MigrationPendingError, StoreDamagedError


@dataclass(frozen=True, slots=True)
class ExpectedMigrations:
    """All migrations that the loaded code has, as a resource of its snapshots.

    Attributes:
        migrations: In the order of the plugins.
    """

    migrations: tuple[Migration, ...]

    @classmethod
    def make(cls, _settings: SettingsLookup, /) -> Self:
        """The kernel's own: for snapshots without plugins."""
        return cls(read_migrations([Stamped("kernel", MigrationFolder("synthetic"))]))


def list_lacking(snapshot: Snapshot) -> frozenset[str]:
    """The plugins of which the store lacks migrations, the kernel among them."""
    applied = {(row.plugin, row.number) for row in _read_ledger(snapshot)}
    expected = snapshot.resource(ExpectedMigrations).migrations
    return frozenset(each.plugin for each in expected if (each.plugin, each.number) not in applied)


def find_ledger_faults(snapshot: Snapshot) -> Iterator[Finding]:
    """Compare the ledger with the code, one plugin at a time.

    Raises:
        StoreNewerError, MigrationEditedError: The history is another than this code's.
        MigrationPendingError: The store lacks migrations: nothing is wrong with it, and there is something to do.
    """
    ledger = _read_ledger(snapshot)
    pending = find_pending(snapshot.resource(ExpectedMigrations).migrations, ledger)
    applied = {(row.plugin, row.number) for row in ledger}
    for row in ledger:
        if row.number > 1 and (row.plugin, row.number - 1) not in applied:
            yield Finding(
                message=f"The ledger has migration {row.number} of {row.plugin}, and not the one before it.",
                entity_id=f"{row.plugin} {row.number:04d}_{row.name}",
            )
    if pending:
        raise MigrationPendingError(f"The store lacks {', '.join(map(str, pending))}.")


def find_missing_tables(snapshot: Snapshot) -> Iterator[Finding]:
    """Tables that the store knows to be someone's, also an absent plugin's, and that are not there."""
    for name, plugin in snapshot.rows(
        "SELECT name, plugin FROM registered_tables"
        " WHERE name NOT IN (SELECT name FROM sqlite_schema WHERE type = 'table') ORDER BY plugin, name"
    ):
        yield Finding(message=f"The table {name} of {plugin} is not there.", entity_id=name, details={"plugin": plugin})


def _read_ledger(snapshot: Snapshot) -> list[Applied]:
    return snapshot.records(
        Applied, "SELECT plugin, number, name, checksum FROM schema_migrations ORDER BY plugin, number"
    )


LEDGER_CHECKS = (
    Check(
        name="migrations",
        purpose="The migrations that were applied are those of this code, as they were released.",
        find=find_ledger_faults,
        entity="migration",
        effort="light",
    ),
    Check(
        name="tables",
        purpose="Every table that the store knows to be someone's is there, those of absent plugins too.",
        find=find_missing_tables,
        entity="table",
        error_class=StoreDamagedError,
        effort="light",
    ),
)

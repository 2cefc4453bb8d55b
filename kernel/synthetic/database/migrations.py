"""Migrations: reading them, comparing them with the ledger, applying what is missing.

Each plugin has its own line of files, `0001_words.sql` and on, numbered without
gaps. A migration and its row in `schema_migrations` commit together, so an
interrupted run goes on where it stood and two processes may run at once. Lines
go forward only; a released file is never edited, which its checksum enforces.

What a migration may touch is `synthetic.database.confinement`'s business.
"""

from __future__ import annotations

import contextlib
import hashlib
import re
from collections.abc import Callable, Generator, Iterable, Sequence
from dataclasses import dataclass
from importlib import resources

import apsw

from synthetic.contributions import MigrationFolder, Stamped
from synthetic.database.confinement import Belongings, Territory, confined, find_trespass
from synthetic.errors import (
    MigrationEditedError,
    MigrationFailedError,
    PluginFailedError,
    StoreNewerError,
)
from synthetic.faults import crash_point

FILE_NAME = re.compile(r"(\d{4})_([a-z0-9_]+)\.sql")


@dataclass(frozen=True, slots=True)
class Migration:
    """One file of a plugin's line."""

    plugin: str
    number: int
    name: str
    sql: str

    @property
    def checksum(self) -> str:
        """SHA-256 of its text, in hexadecimal."""
        return hashlib.sha256(self.sql.encode()).hexdigest()

    def __str__(self) -> str:
        return f"{self.plugin} {self.number:04d}_{self.name}"


@dataclass(frozen=True, slots=True)
class Applied:
    """A row of the ledger."""

    plugin: str
    number: int
    name: str
    checksum: str


def read_migrations(folders: Iterable[Stamped[MigrationFolder]]) -> tuple[Migration, ...]:
    """Read the lines of all plugins, in the order given.

    Raises:
        PluginFailedError: A folder is missing, or its files are not numbered
            from 1 without gaps.
    """
    found: list[Migration] = []
    for folder in folders:
        line = sorted(_read_folder(folder), key=lambda migration: migration.number)
        numbers = [migration.number for migration in line]
        if not numbers or numbers != list(range(1, len(numbers) + 1)):
            raise PluginFailedError(
                f"The migrations of plugin {folder.plugin!r} must be numbered from 1 without gaps; found {numbers}.",
                details={"plugin": folder.plugin},
            )
        found.extend(line)
    return tuple(found)


def _read_folder(folder: Stamped[MigrationFolder]) -> Iterable[Migration]:
    package = folder.record.package
    try:
        files = [file for file in resources.files(package).joinpath("migrations").iterdir() if file.is_file()]
    except (ModuleNotFoundError, FileNotFoundError, NotADirectoryError) as error:
        raise PluginFailedError(
            f"Plugin {folder.plugin!r} names migrations in {package!r}, but none are there.",
            details={"plugin": folder.plugin},
        ) from error
    for file in files:
        match = FILE_NAME.fullmatch(file.name)
        if match:
            yield Migration(folder.plugin, int(match[1]), match[2], file.read_text("utf-8"))
        elif file.name.endswith(".sql"):
            raise PluginFailedError(
                f"Plugin {folder.plugin!r} has a migration named {file.name!r}; names look like 0001_words.sql.",
                details={"plugin": folder.plugin},
            )


def read_ledger(connection: apsw.Connection) -> tuple[Applied, ...]:
    """What was applied to this store so far; empty for a new one."""
    if not connection.table_exists("main", "schema_migrations"):
        return ()
    rows = connection.execute("SELECT plugin, number, name, checksum FROM schema_migrations ORDER BY plugin, number")
    return tuple(Applied(*row) for row in rows)


def find_pending(known: Sequence[Migration], ledger: Sequence[Applied]) -> tuple[Migration, ...]:
    """What this code has and the store has not, in the order to apply it.

    Plugins that are in the ledger but not among `known` are not loaded; their
    tables stay as they are.

    Raises:
        StoreNewerError: The store has migrations that this code does not know.
        MigrationEditedError: A migration was changed, or one was put in before
            others that are applied already.
    """
    applied = {(row.plugin, row.number): row for row in ledger}
    newest: dict[str, int] = {}
    for row in ledger:
        newest[row.plugin] = max(newest.get(row.plugin, 0), row.number)
    last_known: dict[str, int] = {}
    pending: list[Migration] = []
    for migration in known:
        last_known[migration.plugin] = migration.number
        row = applied.get((migration.plugin, migration.number))
        if row is None:
            if migration.number <= newest.get(migration.plugin, 0):
                raise MigrationEditedError(
                    f"Migration {migration} is missing from a store that has later ones.",
                    details={"plugin": migration.plugin},
                )
            pending.append(migration)
        elif row.checksum != migration.checksum:
            raise MigrationEditedError(
                f"Migration {migration} differs from the one that was applied to this store.",
                details={"plugin": migration.plugin},
            )
    for plugin, number in newest.items():
        if plugin in last_known and number > last_known[plugin]:
            raise StoreNewerError(
                f"The store has migration {number} of {plugin!r}; this installation knows {last_known[plugin]}.",
                details={"plugin": plugin},
            )
    return tuple(pending)


def apply_migrations(
    connection: apsw.Connection,
    pending: Sequence[Migration],
    territories: Callable[[str], Territory],
    now: Callable[[], int],
    applied_by: str,
    progress: Callable[[Migration], None],
) -> list[Migration]:
    """Apply migrations, each in a transaction with its ledger row; those of a new store all in one.

    Args:
        connection: A writer's, outside a transaction.
        pending: In order.
        territories: What each plugin may touch.
        now: The time, in Unix milliseconds.
        applied_by: Name and version of this code, for the ledger.
        progress: Told of each migration before it is applied.

    Returns:
        Those that were applied here, and not by another process meanwhile.

    Raises:
        MigrationFailedError: One failed; the store is as it was before it.
    """
    done: list[Migration] = []
    # Keys cannot be switched inside a transaction, and a table that is made anew would break them for a moment.
    connection.pragma("foreign_keys", 0)
    try:
        # A new store is made whole or not at all: there is no half of one that a killed start could leave behind.
        for steps in [list(pending)] if not read_ledger(connection) else [[migration] for migration in pending]:
            with _transaction(connection):
                for migration in steps:
                    progress(migration)
                    if _apply_one(connection, migration, territories(migration.plugin), now(), applied_by):
                        done.append(migration)
    finally:
        connection.pragma("foreign_keys", 1)
    return done


@contextlib.contextmanager
def _transaction(connection: apsw.Connection) -> Generator[None]:
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        crash_point("migration.before_commit")
        connection.execute("COMMIT")
        crash_point("migration.committed")
    except BaseException:
        # SQLite may already have ended the transaction; rolling back again would hide why.
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def _apply_one(connection: apsw.Connection, migration: Migration, territory: Territory, now: int, by: str) -> bool:
    """Apply one migration in the transaction that is open; False when another process has done it."""
    if (migration.plugin, migration.number) in {(row.plugin, row.number) for row in read_ledger(connection)}:
        return False
    before = Belongings.of(connection, territory)
    with confined(connection, territory) as refusals:
        try:
            connection.execute(migration.sql).fetchall()
        except apsw.Error as error:
            reason = refusals[0] if refusals else str(error)
            raise MigrationFailedError(
                f"Migration {migration} failed: {reason}.", details={"plugin": migration.plugin}
            ) from error
    after = Belongings.of(connection, territory)
    trespass = before.find_difference(after, territory) or find_trespass(connection, territory)
    if trespass:
        raise MigrationFailedError(
            f"Migration {migration} is refused: {trespass}.", details={"plugin": migration.plugin}
        )
    broken = connection.execute("PRAGMA foreign_key_check").fetchone()
    if broken:
        raise MigrationFailedError(
            f"Migration {migration} leaves rows of {broken[0]!r} that point at nothing.",
            details={"plugin": migration.plugin},
        )
    connection.execute(
        "INSERT INTO schema_migrations (plugin, number, name, checksum, applied_at, applied_by)"
        " VALUES (?, ?, ?, ?, ?, ?)",
        (migration.plugin, migration.number, migration.name, migration.checksum, now, by),
    )
    return True

"""From a data directory to a store that may be written: checks, migrations, the record of tables.

All of it happens under the directory's start lock, before any other thread or
connection of this process touches the store. Nothing is changed until the file
is known to be a store of ours that this code understands.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import apsw

from synthetic.backups.before_change import back_up_before
from synthetic.clock import Clock
from synthetic.contributions import Stamped, Table
from synthetic.data_directory import DataDirectory
from synthetic.database.confinement import Territory
from synthetic.database.connections import APPLICATION_ID, check_sqlite_version, open_reader, open_writer
from synthetic.database.failures import translate
from synthetic.database.migrations import Migration, apply_migrations, find_pending, read_ledger
from synthetic.database.ownership import read_owners, record_tables, refuse_takeover
from synthetic.database.preparation import ConnectionPreparation
from synthetic.errors import (
    MigrationPendingError,
    NotAStoreError,
    PluginFailedError,
    StoreDamagedError,
    SyntheticError,
)
from synthetic.faults import crash_point
from synthetic.kernel_settings import BackupSettings, DatabaseSettings, KernelSettings
from synthetic.recovery.damage import explain_damage

APPLIED_BY = "synthetic"


@dataclass(frozen=True, slots=True)
class Blueprint:
    """What the loaded code wants of a store.

    Attributes:
        version: Of the kernel, for the ledger.
        migrations: All lines, in the order of the plugins.
        tables: All registered tables.
        requires: For each plugin, those it requires.
        preparation: What the plugins add to connections.
    """

    version: str
    migrations: Sequence[Migration]
    tables: Sequence[Stamped[Table]]
    requires: dict[str, tuple[str, ...]]
    preparation: ConnectionPreparation = field(default_factory=lambda: ConnectionPreparation(()))

    @property
    def loaded(self) -> frozenset[str]:
        """Names of the loaded plugins, the kernel among them."""
        return frozenset({"kernel", *self.requires})

    def territory(self, plugin: str, owners: Mapping[str, str]) -> Territory:
        """What a plugin's migrations may touch.

        Args:
            plugin: Its name.
            owners: Name and plugin of each table that is on record in the store.
        """
        near = self.requires.get(plugin, ())
        return Territory(
            plugin=plugin,
            own=frozenset(table.record.name for table in self.tables if table.plugin == plugin),
            readable=frozenset(table.record.name for table in self.tables if table.plugin in near),
            others=frozenset(table.record.name for table in self.tables if table.plugin != plugin)
            | {name for name, owner in owners.items() if owner not in self.loaded},
        )


def inspect_store(directory: DataDirectory, settings: DatabaseSettings, blueprint: Blueprint) -> tuple[Migration, ...]:
    """Which migrations a store lacks, without changing anything.

    Raises:
        SyntheticError: The file is no store of ours, or newer, or edited, or
            has a table of the same name from a plugin that is not loaded.
    """
    check_sqlite_version()
    if not directory.database.exists() or directory.database.stat().st_size == 0:
        _refuse_lost_database(directory)
        return tuple(blueprint.migrations)
    try:
        connection = open_reader(directory.database, settings)
    except apsw.Error as error:
        raise translate(error) from error
    try:
        _refuse_strangers(connection)
        owners = read_owners(connection)
        refuse_takeover(owners, blueprint.tables, blueprint.loaded)
        _refuse_damage(connection, owners)
        return find_pending(blueprint.migrations, read_ledger(connection))
    except apsw.Error as error:
        raise translate(error, connection.system_errno) from error
    finally:
        connection.close()


def _refuse_strangers(connection: apsw.Connection) -> None:
    if connection.pragma("application_id") == APPLICATION_ID:
        return
    if connection.execute("SELECT 1 FROM sqlite_schema LIMIT 1").fetchone():
        raise NotAStoreError("The database file belongs to another program.")


def _refuse_lost_database(directory: DataDirectory) -> None:
    """Refuse to make a database beside the log of one that is gone, which SQLite would remove.

    Raises:
        StoreDamagedError: There is such a log.
    """
    if directory.log.exists() and directory.log.stat().st_size > 0:
        raise StoreDamagedError("The database file is gone or empty, and its write-ahead log is there.")


def _refuse_damage(connection: apsw.Connection, owners: Mapping[str, str]) -> None:
    """Look at the way to the first row of every table: what is damaged there must not be written to.

    The pages further down are looked at by `synthetic check`.

    Raises:
        apsw.CorruptError: A page is damaged.
    """
    tables: list[tuple[str]] = list(
        connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table' AND sql LIKE 'CREATE TABLE%'")
    )
    for (table,) in tables:
        if table in owners:
            # A registered name is lower-case words (`Table` checks it), so it cannot end the quotes.
            connection.execute(f'SELECT 1 FROM "{table}" NOT INDEXED LIMIT 1', can_cache=False).fetchall()


def open_store(
    directory: DataDirectory,
    settings: DatabaseSettings,
    blueprint: Blueprint,
    clock: Clock,
    *,
    migrate: bool,
    progress: Callable[[Migration], None],
    backups: BackupSettings | None = None,
) -> tuple[apsw.Connection, list[Migration]]:
    """Open a store for writing, after every check, migrated where that is asked for.

    Args:
        directory: Prepared.
        settings: Of the database.
        blueprint: What the code wants.
        clock: For the lock, and for times in the ledger.
        migrate: Apply what is missing; else a store that lacks any is refused.
        progress: Told of each migration before it is applied.
        backups: Where the backup goes that is taken before a change; None: to the data directory.

    Returns:
        The writing connection, and the migrations that were applied.

    Raises:
        SyntheticError: See `inspect_store`; MIGRATION_PENDING, MIGRATION_FAILED,
            STORAGE_FULL, STORAGE_READ_ONLY, BACKUP_UNPROVEN.
    """
    kept = KernelSettings(database=settings, backups=backups or BackupSettings())
    with directory.start_lock(clock):
        try:
            pending = inspect_store(directory, settings, blueprint)
        except (StoreDamagedError, NotAStoreError) as error:
            raise explain_damage(directory, kept, clock, error, keeps=True) from error
        if pending and not migrate:
            names = ", ".join(map(str, pending))
            raise MigrationPendingError(f"The store lacks {len(pending)} migrations: {names}.")
        directory.make_private_database()
        try:
            connection = open_writer(directory.database, settings)
        except apsw.Error as error:
            raise translate(error) from error
        try:
            blueprint.preparation.prepare(connection, "writer")
            if pending and read_ledger(connection):
                back_up_before("migration", directory, kept, blueprint.version, clock)
                crash_point("migration.backed_up")
            applied = _bring_up_to_date(connection, blueprint, pending, clock, progress)
            record_tables(connection, blueprint.tables, blueprint.loaded)
        except apsw.Error as error:
            translated = translate(error, connection.system_errno)
            connection.close()
            raise translated from error
        except BaseException:
            connection.close()
            raise
    return connection, applied


def _bring_up_to_date(
    connection: apsw.Connection,
    blueprint: Blueprint,
    pending: Sequence[Migration],
    clock: Clock,
    progress: Callable[[Migration], None],
) -> list[Migration]:
    if connection.pragma("application_id") != APPLICATION_ID:
        connection.pragma("application_id", APPLICATION_ID)
    owners = read_owners(connection)
    applied = apply_migrations(
        connection,
        pending,
        lambda plugin: blueprint.territory(plugin, owners),
        clock.now_ms,
        f"{APPLIED_BY} {blueprint.version}",
        progress,
    )
    for table in blueprint.tables:
        if not connection.table_exists("main", table.record.name):
            raise PluginFailedError(
                f"Plugin {table.plugin!r} registers table {table.record.name!r}, which none of its migrations makes.",
                details={"plugin": table.plugin, "table": table.record.name},
            )
    return applied


def ledger_guard(blueprint: Blueprint) -> Callable[[apsw.Connection], None]:
    """What the writer calls when another process has changed the store.

    Returns:
        A function that raises STORE_NEWER or MIGRATION_EDITED once the ledger
        has gone beyond this code, MIGRATION_PENDING once it has lost rows.
    """

    def guard(connection: apsw.Connection) -> None:
        try:
            pending = find_pending(blueprint.migrations, read_ledger(connection))
        except SyntheticError as error:
            raise type(error)(
                f"{error.message} This server has stopped writing.",
                action="Restart this server with the version that migrated the store.",
                details=error.details,
            ) from error
        if pending:
            names = ", ".join(map(str, pending))
            raise MigrationPendingError(
                f"The store does not have {names} any more. This server has stopped writing.",
                action="Restart this server, or take the plugin out first if it was purged on purpose.",
            )

    return guard

"""`Kernel`: one store, opened, with the plugins that were loaded for it."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable, Generator, Mapping
from pathlib import Path
from typing import Any

from synthetic.backups.metrics import BACKUP_METRICS
from synthetic.backups.running import StoreBackups
from synthetic.backups.service import backup_service
from synthetic.checks.ledger_checks import ExpectedMigrations
from synthetic.checks.schedule import CheckMeter, check_service
from synthetic.clock import Clock, SystemClock
from synthetic.contributions import Stamped
from synthetic.data_directory import DataDirectory
from synthetic.database.database import Database
from synthetic.database.migrations import Migration
from synthetic.database.opening import ledger_guard, open_store
from synthetic.errors import SyntheticError
from synthetic.graphql.execute import Engine
from synthetic.graphql.schema import build_schema, core_schema
from synthetic.kernel_fields import KERNEL_GRAPHQL
from synthetic.kernel_parts import blueprint_of, inspection_of, surroundings_of
from synthetic.kernel_services import KERNEL_SERVICES
from synthetic.kernel_settings import KernelSettings
from synthetic.loaded_kernel import LoadedTypes
from synthetic.log.archive import Archive, archive_service
from synthetic.log.consumers.declared import check_fold_tables
from synthetic.log.consumers.loaded import LoadedFolds
from synthetic.log.consumers.refused import RefusalReactions
from synthetic.log.consumers.store import has_reached
from synthetic.log.drift.service import DriftWatch
from synthetic.log.sync.meter import SyncMeter
from synthetic.log.sync.monitor import monitor_service
from synthetic.logs import logger_for
from synthetic.metric_readings import MetricReadings
from synthetic.metrics import Metrics
from synthetic.operations.recorder import OperationRecorder
from synthetic.plugins.description import types_by_plugin
from synthetic.recovery.errors import StoreReadOnlyError
from synthetic.recovery.pages import PAGE_SIZE_DEFAULT
from synthetic.registry import Registry, load_registry
from synthetic.retention.meter import RetentionMeter
from synthetic.retention.rules import check_indexes
from synthetic.retention.runs import retention_service
from synthetic.services.hanging import HangingWork
from synthetic.services.runner import BackgroundRunner
from synthetic.storage.checkpointer import Checkpointer
from synthetic.storage.free_pages import FreePages
from synthetic.storage.meter import StorageMeter
from synthetic.storage.room import RoomGate
from synthetic.storage.watch import watch_service
from synthetic.store_folder import StoreFolder

log = logger_for(__name__)


class Kernel:
    """What a server, a command or a program that embeds a store works with.

    Attributes:
        directory: The data directory.
        registry: The loaded plugins and all that they contribute.
        settings: The kernel's own.
        consumers: Those of the kernel and of the loaded plugins.
        database: Reads and writes.
        schema: Of this kernel's GraphQL.
        engine: Runs GraphQL operations.
        metrics: Counted by all parts.
        metric_readings: What plugins and the kernel read from the store for them.
        clock: Whose time counts.
        retention_meter: What its retention has deleted, and whether it is suspended.
        checkpointer: Keeps the write-ahead log short, when its service runs.
        storage_meter: What is counted of the room that the store takes.
        check_meter: What is counted of the checks that the store makes by itself.
        applied: Migrations that were applied when it was opened.
        backups: How it is backed up.
        surroundings: Settings and resources that it lends to transactions.
        read_only: Whether it changes nothing.
    """

    def __init__(
        self,
        directory: DataDirectory,
        registry: Registry,
        clock: Clock,
        *,
        migrate: bool,
        progress: Callable[[Migration], None],
        read_only: bool = False,
    ) -> None:
        """Open the store; see `Kernel.open`."""
        self.directory = directory
        self.registry = registry
        self.settings: KernelSettings = registry.kernel_settings
        self.clock = clock
        self.metrics = Metrics()
        readings = [*(Stamped("kernel", reading) for reading in BACKUP_METRICS), *registry.metrics]
        self.metric_readings = MetricReadings(readings, clock, self.metrics.registry)
        self.blueprint = blueprint_of(registry)
        self.surroundings = surroundings_of(registry, clock)
        self.surroundings.provide(StoreFolder(directory.path))
        self.consumers = self.surroundings.resource(LoadedFolds).consumers
        strawberry_schema = build_schema([Stamped("kernel", KERNEL_GRAPHQL), *registry.graphql])
        self.strawberry_schema = strawberry_schema
        self.schema = core_schema(strawberry_schema)
        self.surroundings.provide(LoadedTypes(functools.partial(types_by_plugin, registry, self.schema)))
        self.read_only = read_only
        if not read_only:
            directory.prepare()
            directory.check(self.settings.database.free_disk_bytes)
        self._hold = None if read_only else directory.hold_open(clock)
        try:
            self.database, self.applied = self._open_database(migrate=migrate, progress=progress)
            self.storage_meter = StorageMeter(self.metrics.registry)
            self.check_meter = CheckMeter(self.metrics.registry)
            self.checkpointer = Checkpointer(directory, self.database, self.settings, clock, self.storage_meter)
            self.engine = Engine(self.schema, self.database, self.settings.limits, clock, self.metrics, has_reached)
        except BaseException:
            self._release()
            raise

    def _open_database(
        self, *, migrate: bool, progress: Callable[[Migration], None]
    ) -> tuple[Database, list[Migration]]:
        directory, registry, clock = self.directory, self.registry, self.clock
        connection, applied = (None, []) if self.read_only else open_store(
            directory, self.settings.database, self.blueprint, clock, migrate=migrate, progress=progress,
            backups=self.settings.backups,
        )  # fmt: skip
        surroundings = self.surroundings
        meter = SyncMeter(clock, self.settings.sync.monitor_ms)
        surroundings.provide(meter)
        surroundings.provide(RefusalReactions(registry.refusal_reactions, self.consumers))
        self.retention_meter = RetentionMeter(self.metrics.registry)
        surroundings.provide(self.retention_meter)
        page_size = PAGE_SIZE_DEFAULT if connection is None else connection.pragma("page_size")
        surroundings.provide(RoomGate(directory, self.settings, clock, page_size))
        surroundings.provide(Archive(directory.archive))
        surroundings.provide(ExpectedMigrations(tuple(self.blueprint.migrations)))
        self.backups = StoreBackups(
            directory, self.settings, inspection_of(registry, self.blueprint), self.blueprint.version, clock
        )
        surroundings.provide(self.backups)
        surroundings.provide(OperationRecorder(registry.operation_recorders, clock, self.metrics))
        self.metrics.registry.register(meter)
        database = Database(
            directory.database,
            connection,
            self.settings.database,
            clock,
            surroundings,
            self.metrics,
            ledger_guard(self.blueprint),
        )
        if self.read_only:
            return database, applied
        try:
            database.read_blocking(check_fold_tables, self.consumers)
            database.read_blocking(check_indexes)
        except BaseException:
            database.close()
            raise
        return database, applied

    @classmethod
    def open(
        cls,
        data_dir: Path,
        *,
        overrides: Mapping[str, str] | None = None,
        migrate: bool = False,
        registry: Registry | None = None,
        clock: Clock | None = None,
        progress: Callable[[Migration], None] | None = None,
        read_only: bool = False,
    ) -> Kernel:
        """Load the plugins and open the store in a directory.

        Args:
            data_dir: Where it is; made when it is not there and `migrate` is set.
            overrides: Settings by dotted name, as `--set` takes them.
            migrate: Apply what the store lacks; else such a store is refused.
            registry: Loaded already, in place of loading it here.
            clock: In place of the machine's.
            progress: Told of each migration before it is applied.
            read_only: Change nothing, and answer every write with STORE_READ_ONLY; the store may be damaged, or its
                directory not be ours to write.

        Raises:
            SyntheticError: The plugins cannot be loaded or the store not
                opened; the code says why, the action what to do.
        """
        directory = DataDirectory(data_dir)
        loaded, told = registry or load_registry(data_dir, overrides=overrides), progress or _log_migration
        if read_only or not migrate:
            directory.require_store()
        while True:
            try:
                kernel = cls(
                    directory, loaded, clock or SystemClock(), migrate=migrate, progress=told, read_only=read_only
                )
                break
            except SyntheticError as error:
                loaded = loaded.without_failed(error)
                log.warning("plugin left out", plugin=loaded.left_out[-1].name, reason=error.message)
        for problem in directory.problems():
            log.warning(problem)
        return kernel

    @property
    def data_dir(self) -> Path:
        """The data directory's path."""
        return self.directory.path

    def services(self) -> BackgroundRunner:
        """A runner for the background work; who makes it starts and stops it."""
        own = [
            *KERNEL_SERVICES,
            monitor_service(self.settings.sync),
            archive_service(self.directory.archive),
            self.checkpointer.service(),
            FreePages(self.database, self.settings, self.clock, self.storage_meter).service(),
            watch_service(self.directory, self.settings.storage, self.storage_meter),
            DriftWatch(self.settings.sync, self.clock).service(),
            backup_service(self.backups),
        ]
        if self.settings.checks.light_ms:
            own.append(check_service(self.settings.checks, self.check_meter))
        if self.settings.retention.enabled:
            own.append(retention_service(self.settings.retention))
        services = [*(Stamped("kernel", service) for service in own), *self.registry.services]
        hanging = self.surroundings.resource(HangingWork)
        return BackgroundRunner(services, self.consumers, self.database, self.clock, self.metrics, hanging)

    @contextlib.contextmanager
    def alone(self) -> Generator[None]:
        """Have the store for itself, for what would pull the ground from under others.

        Raises:
            DatabaseBusyError: Another kernel, of this process or another, has it open.
            StoreReadOnlyError: It is only read.
        """
        if self._hold is None:
            raise StoreReadOnlyError
        with self._hold.alone():
            yield

    def close(self) -> None:
        """Finish what is under way, then let go of the files."""
        self.engine.close()
        self.checkpointer.close()
        self.database.close()
        self._release()

    def _release(self) -> None:
        if self._hold is not None:
            self._hold.release()


def schema_of(registry: Registry) -> Any:
    """The Strawberry schema of a set of plugins, without a store."""
    return build_schema([Stamped("kernel", KERNEL_GRAPHQL), *registry.graphql])


def _log_migration(migration: Migration) -> None:
    log.info("migration", plugin=migration.plugin, number=migration.number, name=migration.name)

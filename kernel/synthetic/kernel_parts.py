"""What a kernel makes of its registry: what it lends to transactions, what it wants of a store, how it checks one."""

from __future__ import annotations

from functools import partial
from typing import Any

from synthetic.backups.proving import Inspection
from synthetic.checks.declared import LoadedChecks
from synthetic.checks.folder_checks import FOLDER_CHECKS
from synthetic.checks.ledger_checks import ExpectedMigrations
from synthetic.clock import Clock, SystemClock
from synthetic.contributions import MigrationFolder, Stamped
from synthetic.data_directory import DataDirectory
from synthetic.database.migrations import read_migrations
from synthetic.database.opening import Blueprint
from synthetic.database.preparation import ConnectionPreparation
from synthetic.database.surroundings import Contributed, Surroundings
from synthetic.kernel_services import KERNEL_CONSUMERS
from synthetic.kernel_tables import KERNEL_TABLES
from synthetic.loaded_kernel import LoadedKernel
from synthetic.log.archive import Archive
from synthetic.log.consumers.declared import declared_consumers
from synthetic.log.consumers.loaded import LoadedFolds
from synthetic.log.emission import EventCatalogue
from synthetic.log.event_types import KERNEL_EVENTS
from synthetic.log.sync.own_modules import OwnModules
from synthetic.log.sync.statuses import LoadedConsumers
from synthetic.plugins.discovery import kernel_version
from synthetic.registry import Registry
from synthetic.retention.clock_check import ClockSource
from synthetic.retention.rules import declare_rules
from synthetic.store_folder import StoreFolder


def surroundings_of(registry: Registry, clock: Clock) -> Surroundings:
    """What the loaded plugins lend to every transaction."""

    def settings_of(settings_class: type[Any], /) -> Any:
        return registry.settings[settings_class]

    surroundings = Surroundings(settings_of)
    surroundings.provide(LoadedKernel(kernel_version(), registry, clock.now_ms()))
    events = [*(Stamped("kernel", event) for event in KERNEL_EVENTS), *registry.events]
    packages = {plugin.module.__name__.rpartition(".")[0]: plugin.name for plugin in registry.plugins}
    surroundings.provide(EventCatalogue(events, packages))
    consumers = [*(Stamped("kernel", consumer) for consumer in KERNEL_CONSUMERS), *registry.consumers]
    surroundings.provide(LoadedConsumers.of(consumers))
    surroundings.provide(OwnModules.of(plugin.name for plugin in registry.plugins))
    surroundings.provide(LoadedFolds(partial(declared_consumers, consumers, registry.tables, surroundings)))
    plugin_settings = {plugin.name: plugin.settings for plugin in registry.plugins}
    surroundings.provide(declare_rules(registry.retention, registry.tables, plugin_settings))
    surroundings.provide(ClockSource(clock))
    surroundings.provide(LoadedChecks.of(registry.checks))
    surroundings.provide(Contributed(registry.offered))
    surroundings.provide(ConnectionPreparation(registry.connection_preparers))
    return surroundings


def inspection_of(registry: Registry, blueprint: Blueprint) -> Inspection:
    """How a store that was restored is checked: as `synthetic check` does it."""

    def lend(directory: DataDirectory) -> Surroundings:
        surroundings = surroundings_of(registry, SystemClock())
        for resource in (
            Archive(directory.archive), StoreFolder(directory.path), ExpectedMigrations(tuple(blueprint.migrations)),
        ):  # fmt: skip
            surroundings.provide(resource)
        return surroundings

    # Where a copy lies says nothing of what is in it.
    checks = [each for each in LoadedChecks.of(registry.checks).chosen("full") if each.record not in FOLDER_CHECKS]
    return Inspection(registry.kernel_settings.database, checks, lend)


def blueprint_of(registry: Registry) -> Blueprint:
    """What the kernel and the loaded plugins want of a store."""
    folders = [Stamped("kernel", MigrationFolder("synthetic")), *registry.migrations]
    tables = [*(Stamped("kernel", table) for table in KERNEL_TABLES), *registry.tables]
    return Blueprint(
        version=kernel_version(),
        migrations=read_migrations(folders),
        tables=tables,
        requires={plugin.name: plugin.record.requires for plugin in registry.plugins},
        preparation=ConnectionPreparation(registry.connection_preparers),
    )

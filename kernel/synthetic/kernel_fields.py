"""What the kernel itself answers over GraphQL: `health`, `plugins`, the log, sync state."""

# Annotations are left as they are: Strawberry takes far longer to read them as text, at every start.

from dataclasses import dataclass
from typing import Annotated, Self

import apsw
import strawberry

from synthetic.backups import fields as backup_fields
from synthetic.checks import fields as check_fields
from synthetic.contributions import Extension, GraphQL
from synthetic.database.surroundings import SettingsLookup
from synthetic.database.transaction import Snapshot
from synthetic.graphql.fields import query
from synthetic.graphql.scalars import DateTime
from synthetic.log import event_fields
from synthetic.log.drift import fields as drift_fields
from synthetic.log.lineage import fields as lineage_fields
from synthetic.log.sync import fields as sync_fields
from synthetic.log.sync.types import ModuleSyncStatus
from synthetic.registry import Registry
from synthetic.retention.fields import run_retention
from synthetic.storage.fields import storage


@dataclass(frozen=True, slots=True)
class LoadedKernel:
    """The kernel that answers, as a resource of its snapshots."""

    version: str
    registry: Registry
    started_at: int

    @classmethod
    def make(cls, _settings: SettingsLookup, /) -> Self:
        """Never made on demand: each kernel provides its own.

        Raises:
            LookupError: Always.
        """
        raise LookupError("a kernel provides its LoadedKernel when it is opened")


@strawberry.type(description="The process that answers, and the store behind it.")
class Health:
    """Answer of `health`."""

    version: str = strawberry.field(description="Version of Synthetic.")
    sqlite_version: str = strawberry.field(description="Version of the SQLite library.")
    started_at: DateTime = strawberry.field(description="When this process opened the store.")
    now: DateTime = strawberry.field(description="The store's time of this answer.")


@strawberry.type(description="A plugin that was left out, and why.")
class PluginProblem:
    """An optional plugin that could not be loaded."""

    name: str = strawberry.field(description="Its name in plugins.toml.")
    reason: str = strawberry.field(description="Why it could not be loaded.")
    action: str = strawberry.field(description="What to do about it.")


@strawberry.type(description="A loaded plugin.")
class PluginInfo:
    """A plugin as `plugins` lists it."""

    name: str = strawberry.field(description="Its name in plugins.toml.")
    summary: str = strawberry.field(description="What it is for.")
    version: str = strawberry.field(description="Version of the distribution that it came in.")
    distribution: str = strawberry.field(description="The distribution that it came in.")
    requires: list[str] = strawberry.field(description="Plugins that it needs.")
    tables: list[str] = strawberry.field(description="Tables that it owns.")


@strawberry.type(description="The plugins of this server.")
class Plugins:
    """Answer of `plugins`."""

    loaded: list[PluginInfo] = strawberry.field(description="Those that are loaded, in load order.")
    left_out: list[PluginProblem] = strawberry.field(description="Optional ones that could not be loaded.")


@query
def health(snapshot: Snapshot) -> Health:
    """Whether the store answers, and which versions run."""
    kernel = snapshot.resource(LoadedKernel)
    return Health(
        version=kernel.version,
        sqlite_version=apsw.sqlite_lib_version(),
        started_at=DateTime(kernel.started_at),
        now=DateTime(snapshot.now),
    )


@query
def plugins(
    snapshot: Snapshot,
    name: Annotated[str | None, strawberry.argument(description="Only the plugin of this name.")] = None,
) -> Plugins:
    """What is loaded, in load order, and what had to be left out."""
    registry = snapshot.resource(LoadedKernel).registry
    loaded = [
        PluginInfo(
            name=plugin.name,
            summary=plugin.record.summary,
            version=plugin.version,
            distribution=plugin.distribution,
            requires=list(plugin.record.requires),
            tables=[table.record.name for table in registry.tables if table.plugin == plugin.name],
        )
        for plugin in registry.plugins
        if name in (None, plugin.name)
    ]
    left_out = [
        PluginProblem(name=plugin.name, reason=plugin.reason, action=plugin.action)
        for plugin in registry.left_out
        if name in (None, plugin.name)
    ]
    return Plugins(loaded=loaded, left_out=left_out)


KERNEL_GRAPHQL = GraphQL(
    queries=(
        health,
        plugins,
        event_fields.event,
        event_fields.events,
        lineage_fields.lineage,
        sync_fields.sync_status,
        check_fields.integrity,
        storage,
        backup_fields.backups,
    ),
    mutations=(
        event_fields.emit_event,
        sync_fields.report_sync,
        sync_fields.request_resync,
        sync_fields.forget_sync_module,
        run_retention,
        backup_fields.run_backup,
    ),
    subscriptions=(event_fields.event_updates, sync_fields.sync_status_updates),
    extend=(
        Extension(type=event_fields.Event, fields=(lineage_fields.touches,)),
        Extension(type=ModuleSyncStatus, fields=(drift_fields.drift,)),
    ),
    nodes={event_fields.Event: event_fields.find_event_nodes},
)

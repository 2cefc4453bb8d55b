"""The plugins over GraphQL: `plugins`."""

# Annotations are left as they are: Strawberry takes far longer to read them as text, at every start.

from typing import Annotated

import strawberry

from synthetic.database.ownership import list_tables
from synthetic.database.snapshot import Snapshot
from synthetic.graphql.enums import describe_enum
from synthetic.graphql.fields import batched, query
from synthetic.graphql.scalars import JSON, Long
from synthetic.loaded_kernel import LoadedKernel, LoadedTypes
from synthetic.plugins.description import contributions_of, required_by
from synthetic.plugins.hooks import KERNEL
from synthetic.registry import Registry
from synthetic.security.callers import Scope
from synthetic.setting_layers import SettingLayer
from synthetic.storage.report import StorageReports

describe_enum(
    SettingLayer,
    "What a setting was set by; a later one beats those before.",
    {
        SettingLayer.DEFAULT: "Nothing: the default holds.",
        SettingLayer.SHIPPED: "The plugins.toml that comes with Synthetic.",
        SettingLayer.STORE: "The plugins.toml of the store.",
        SettingLayer.ENVIRONMENT: "A variable of the environment.",
        SettingLayer.FLAG: "A flag of the command.",
    },
)


@strawberry.type(description="A plugin that was left out, and why.")
class PluginProblem:
    """An optional plugin that could not be loaded."""

    name: str = strawberry.field(description="Its name in plugins.toml.")
    reason: str = strawberry.field(description="Why it could not be loaded.")
    action: str = strawberry.field(description="What to do about it.")


@strawberry.type(description="One thing that a plugin brings.")
class PluginContribution:
    """A line of `PluginInfo.contributions`."""

    hook: str = strawberry.field(description="The hook through which it does, such as `register_tables`.")
    kind: str = strawberry.field(description="What it is, such as `table` or `field`.")
    name: str = strawberry.field(description="What it is called, such as `ratings` or `Session.ratings`.")
    purpose: str = strawberry.field(description="What it is for; empty where the plugin does not say.")


@strawberry.type(description="A setting of a plugin, or of the kernel, as it holds.")
class PluginSetting:
    """A line of `PluginInfo.settings`."""

    name: str = strawberry.field(description="Dotted name, as flags write it: `plugins.NAME.KEY`.")
    value: JSON | None = strawberry.field(description="What holds; of a secret only that there is one.")
    default: JSON | None = strawberry.field(description="What would hold if nobody had set it.")
    source: SettingLayer = strawberry.field(description="What it was set by.")
    where: str = strawberry.field(description="The file, variable or flag.")
    is_secret: bool = strawberry.field(description="Whether the value is hidden.")


@strawberry.type(description="A loaded plugin.")
class PluginInfo:
    """A plugin as `plugins` lists it."""

    name: str = strawberry.field(description="Its name in plugins.toml.")
    summary: str = strawberry.field(description="What it is for.")
    version: str = strawberry.field(description="Version of the distribution that it came in.")
    distribution: str = strawberry.field(description="The distribution that it came in.")
    requires: list[str] = strawberry.field(description="Plugins that it needs.")
    required_by: list[str] = strawberry.field(description="Loaded plugins that cannot be without it.")
    is_optional: bool = strawberry.field(description="Whether the server would start without it.")
    tables: list[str] = strawberry.field(description="Tables that it owns.")

    @batched(needs=("name",))
    @staticmethod
    def types(snapshot: Snapshot, parents: list["PluginInfo"]) -> list[list[str]]:
        """GraphQL types that it defines, less the pages of its entities."""
        names = snapshot.resource(LoadedTypes).names
        return [list(names.get(parent.name, ())) for parent in parents]

    @batched(needs=("name",))
    @staticmethod
    def contributions(snapshot: Snapshot, parents: list["PluginInfo"]) -> list[list[PluginContribution]]:
        """All that it brings, hook by hook."""
        registry = snapshot.resource(LoadedKernel).registry
        plugins = {plugin.name: plugin for plugin in registry.plugins}
        return [
            [
                PluginContribution(hook=each.hook, kind=each.kind, name=each.name, purpose=each.purpose)
                for each in contributions_of(registry, plugins[parent.name])
            ]
            for parent in parents
        ]

    @batched(needs=("name",), scope=Scope.ADMIN)
    @staticmethod
    def settings(snapshot: Snapshot, parents: list["PluginInfo"]) -> list[list[PluginSetting] | None]:
        """Its settings as they hold; the token needs the scope `admin`."""
        registry = snapshot.resource(LoadedKernel).registry
        return [_settings_of(registry, parent.name) for parent in parents]

    @batched(needs=("tables",))
    @staticmethod
    def bytes(snapshot: Snapshot, parents: list["PluginInfo"]) -> list[Long | None]:
        """What its tables and their indexes take, as `storage` has measured them; of large ones an estimate."""
        sizes = {
            each.table: each.size_bytes for each in snapshot.resource(StorageReports).read(snapshot).database.tables
        }
        return [Long(sum(sizes.get(table, 0) for table in parent.tables)) for parent in parents]


@strawberry.type(description="A plugin that is installed, and not listed in plugins.toml.")
class UnlistedPlugin:
    """A plugin that could be enabled."""

    name: str = strawberry.field(description="The name under which it would be listed.")
    distribution: str = strawberry.field(description="The distribution that it came in.")
    version: str = strawberry.field(description="Version of the distribution.")


@strawberry.type(description="A plugin that is not loaded, and has left tables in the store.")
class AbsentPlugin:
    """A plugin that was taken out."""

    name: str = strawberry.field(description="Its name.")
    tables: list[str] = strawberry.field(description="Its tables; `synthetic plugins purge` removes them.")


@strawberry.type(description="The plugins of this server.")
class Plugins:
    """Answer of `plugins`."""

    loaded: list[PluginInfo] = strawberry.field(description="Those that are loaded, in load order.")
    left_out: list[PluginProblem] = strawberry.field(description="Optional ones that could not be loaded.")
    disabled: list[str] = strawberry.field(description="Those that are listed with `enabled = false`.")
    unlisted: list[UnlistedPlugin] = strawberry.field(description="Those that are installed, and not listed.")
    absent: list[AbsentPlugin] = strawberry.field(description="Those of which the store has tables alone.")

    @batched(needs=(), scope=Scope.ADMIN)
    @staticmethod
    def kernel_settings(snapshot: Snapshot, parents: list["Plugins"]) -> list[list[PluginSetting] | None]:
        """The settings of the kernel itself; the token needs the scope `admin`."""
        return [_settings_of(snapshot.resource(LoadedKernel).registry, KERNEL) for _ in parents]


@query
def plugins(
    snapshot: Snapshot,
    name: Annotated[str | None, strawberry.argument(description="Only the plugin of this name.")] = None,
) -> Plugins:
    """What is loaded, in load order, what is not, and what was left in the store by plugins that were taken out."""
    registry = snapshot.resource(LoadedKernel).registry
    return Plugins(
        loaded=[each for each in _loaded(registry) if name in (None, each.name)],
        left_out=[
            PluginProblem(name=plugin.name, reason=plugin.reason, action=plugin.action)
            for plugin in registry.left_out
            if name in (None, plugin.name)
        ],
        disabled=[each for each in registry.disabled if name in (None, each)],
        unlisted=[
            UnlistedPlugin(name=each.name, distribution=each.distribution, version=each.version)
            for each in registry.unlisted()
            if name in (None, each.name)
        ],
        absent=[each for each in _absent(snapshot, registry) if name in (None, each.name)],
    )


def _loaded(registry: Registry) -> list[PluginInfo]:
    return [
        PluginInfo(
            name=plugin.name,
            summary=plugin.record.summary,
            version=plugin.version,
            distribution=plugin.distribution,
            requires=list(plugin.record.requires),
            required_by=list(required_by(registry, plugin.name)),
            is_optional=plugin.optional,
            tables=[table.record.name for table in registry.tables if table.plugin == plugin.name],
        )
        for plugin in registry.plugins
    ]


def _absent(snapshot: Snapshot, registry: Registry) -> list[AbsentPlugin]:
    loaded = {KERNEL, *(plugin.name for plugin in registry.plugins)}
    tables: dict[str, list[str]] = {}
    for table in list_tables(snapshot):
        if table.plugin not in loaded:
            tables.setdefault(table.plugin, []).append(table.record.name)
    return [AbsentPlugin(name=plugin, tables=names) for plugin, names in tables.items()]


def _settings_of(registry: Registry, plugin: str) -> list[PluginSetting]:
    return [
        PluginSetting(
            name=value.name,
            value=None if value.value is None else JSON(value.shown_value),
            default=None if value.default is None else JSON(value.shown_default),
            source=SettingLayer(value.source.layer),
            where=value.source.where,
            is_secret=value.is_secret,
        )
        for value in registry.settings_of(plugin)
    ]

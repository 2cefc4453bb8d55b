"""`plugins`: what is loaded, with which settings, and what had to be left out."""

# Annotations are left as they are: Strawberry takes far longer to read them as text, at every start.

from collections.abc import Sequence
from typing import Annotated, Any

import msgspec
import strawberry

from synthetic.database.transaction import Snapshot
from synthetic.graphql.enums import describe_enum
from synthetic.graphql.fields import query
from synthetic.graphql.scalars import JSON
from synthetic.loaded_kernel import LoadedKernel
from synthetic.setting_layers import SettingLayer
from synthetic.settings import SettingValue

SECRETS = frozenset({"secret", "secrets", "password", "passwords", "token", "credential", "credentials", "key"})
"""How the names of settings end whose values are told to nobody."""

describe_enum(
    SettingLayer,
    "What a setting was given by; a later one beats those before.",
    {
        SettingLayer.DEFAULT: "Nothing: the default holds.",
        SettingLayer.SHIPPED: "The plugins.toml that comes with Synthetic.",
        SettingLayer.STORE: "The plugins.toml of the store.",
        SettingLayer.ENVIRONMENT: "A variable of the environment.",
        SettingLayer.FLAG: "A flag of the command.",
    },
)


@strawberry.type(description="A setting as it holds in the process that answers.")
class SettingInfo:
    """One setting of a plugin or of the kernel."""

    name: str = strawberry.field(description="Its dotted name, as flags write it.")
    value: JSON | None = strawberry.field(description="What holds; null also where it is secret.")
    default: JSON | None = strawberry.field(description="What holds if nothing else is said.")
    layer: SettingLayer = strawberry.field(description="What it was given by.")
    where: str = strawberry.field(description="Where: a file, the name of a variable, or the flag.")
    is_secret: bool = strawberry.field(
        description="Whether its value is told to nobody: its name ends in secret, password, token, credential or key."
    )


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
    settings: list[SettingInfo] = strawberry.field(description="Its settings, in the order of its documentation.")


@strawberry.type(description="The plugins of this server.")
class Plugins:
    """Answer of `plugins`."""

    loaded: list[PluginInfo] = strawberry.field(description="Those that are loaded, in load order.")
    left_out: list[PluginProblem] = strawberry.field(description="Optional ones that could not be loaded.")
    disabled: list[str] = strawberry.field(description="Names of those that plugins.toml says are not to be loaded.")
    kernel_settings: list[SettingInfo] = strawberry.field(description="The settings of the kernel itself.")


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
            settings=_settings(registry.setting_values, f"plugins.{plugin.name}."),
        )
        for plugin in registry.plugins
        if name in (None, plugin.name)
    ]
    left_out = [
        PluginProblem(name=plugin.name, reason=plugin.reason, action=plugin.action)
        for plugin in registry.left_out
        if name in (None, plugin.name)
    ]
    return Plugins(
        loaded=loaded,
        left_out=left_out,
        disabled=[each for each in registry.disabled if name in (None, each)],
        kernel_settings=_settings(registry.setting_values, "kernel."),
    )


def _settings(values: Sequence[SettingValue], prefix: str) -> list[SettingInfo]:
    return [_setting(value) for value in values if value.name.startswith(prefix)]


def _setting(value: SettingValue) -> SettingInfo:
    is_secret = value.name.rpartition(".")[2].rpartition("_")[2] in SECRETS
    return SettingInfo(
        name=value.name,
        value=None if is_secret else _as_json(value.value),
        default=None if is_secret else _as_json(value.default),
        layer=SettingLayer(value.source.layer),
        where=value.source.where,
        is_secret=is_secret,
    )


def _as_json(value: Any) -> JSON | None:
    return None if value is None else JSON(msgspec.to_builtins(value, str_keys=True, enc_hook=str))

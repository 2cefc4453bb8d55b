"""All that the loaded plugins contribute, and the settings, for one kernel.

`load_registry` reads the settings, loads the plugins and asks each of them
once; the result does not change any more. How that is done is in
`synthetic.plugins.loader`; nothing here opens a store.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Any

from synthetic.backups.replacement import finish_interrupted
from synthetic.check_contributions import Check
from synthetic.command_contributions import Command
from synthetic.consumer_contributions import Consumer
from synthetic.contributions import ErrorCode, EventType, GraphQL, MigrationFolder, Service, Stamped, Table
from synthetic.database.preparation import PrepareConnection
from synthetic.demo_contributions import DemoPart
from synthetic.errors import SyntheticError
from synthetic.kernel_settings import KernelSettings
from synthetic.metric_contributions import MetricReading
from synthetic.operations.model import RecordOperation
from synthetic.plugins.clashes import kernel_names
from synthetic.plugins.discovery import InstalledPlugin
from synthetic.plugins.hooks import KERNEL
from synthetic.plugins.listing import LeftOut, LoadedPlugin
from synthetic.plugins.loader import PluginLoader
from synthetic.plugins.pauses import set_pauses
from synthetic.refusal_contributions import RefusalReaction
from synthetic.retention_contributions import RetentionRule
from synthetic.route_contributions import Route
from synthetic.setting_layers import read_layers
from synthetic.settings import SettingValue, check_names, load_kernel_settings


@dataclass(frozen=True, slots=True)
class Registry:
    """What one kernel is made of.

    Records are in load order, each stamped with its plugin; the kernel's own
    are not among them.

    Attributes:
        plugins: The loaded plugins, in load order.
        left_out: Optional plugins that could not be loaded.
        disabled: Plugins that are listed with `enabled = false`.
        installed: All plugins that are installed, listed or not.
        kernel_settings: The kernel's settings.
        settings: From a settings class to the object that was loaded: the
            kernel's, its sections, and the plugins'.
        setting_values: Each single setting with its source.
        tables: What `register_tables` returned; likewise the others.
        operation_recorders: The functions with which plugins implement `record_operation`.
        connection_preparers: Those with which they implement `prepare_connection`.
        offered: What plugins returned from the hooks that plugins offer, by the class of the records.
    """

    plugins: tuple[LoadedPlugin, ...]
    left_out: tuple[LeftOut, ...]
    disabled: tuple[str, ...]
    installed: tuple[InstalledPlugin, ...]
    kernel_settings: KernelSettings
    settings: Mapping[type[Any], Any]
    setting_values: tuple[SettingValue, ...]
    tables: tuple[Stamped[Table], ...]
    migrations: tuple[Stamped[MigrationFolder], ...]
    errors: tuple[Stamped[ErrorCode], ...]
    events: tuple[Stamped[EventType], ...]
    graphql: tuple[Stamped[GraphQL], ...]
    consumers: tuple[Stamped[Consumer], ...]
    retention: tuple[Stamped[RetentionRule], ...]
    services: tuple[Stamped[Service], ...]
    commands: tuple[Stamped[Command], ...]
    checks: tuple[Stamped[Check], ...]
    routes: tuple[Stamped[Route], ...]
    metrics: tuple[Stamped[MetricReading], ...]
    demo: tuple[Stamped[DemoPart], ...]
    refusal_reactions: tuple[Stamped[RefusalReaction], ...]
    operation_recorders: tuple[Stamped[RecordOperation], ...]
    connection_preparers: tuple[Stamped[PrepareConnection], ...]
    offered: Mapping[type[Any], tuple[Any, ...]]
    _loader: PluginLoader
    _load_again: Callable[..., Registry]

    @property
    def pages(self) -> tuple[Route, ...]:
        """What plugins offer to a person's browser."""
        return tuple(stamped.record for stamped in self.routes if stamped.record.is_page)

    def hooks_of(self, spec_name: str) -> list[tuple[str, tuple[Any, ...]]]:
        """What the plugins returned from a hook that a plugin offers, in load order.

        Args:
            spec_name: Name of the hook, for instance `register_importers`.

        Returns:
            (plugin, its records) for each plugin that returned any.

        Raises:
            KeyError: No loaded plugin offers such a hook.
        """
        return self._loader.results(spec_name)

    def records_of(self, plugin: str) -> list[tuple[str, tuple[Any, ...]]]:
        """What a loaded plugin returned, as (hook, its records), in the order of the hooks."""
        return self._loader.records_of(plugin)

    def implementers_of(self, hook: str) -> tuple[str, ...]:
        """The plugins that implement a hook which runs while a store is open, in load order."""
        return tuple(name for name, _ in self._loader.implementations(hook))

    def hooks_offered_by(self, plugin: str) -> tuple[str, ...]:
        """The hooks that a loaded plugin offers to others."""
        return self._loader.hooks_offered_by(plugin)

    def settings_of(self, plugin: str) -> tuple[SettingValue, ...]:
        """What holds for each setting of a plugin, those that the loader reads among them, or of the kernel."""
        section = KERNEL if plugin == KERNEL else f"plugins.{plugin}"
        return tuple(value for value in self.setting_values if value.name.startswith(f"{section}."))

    def unlisted(self) -> tuple[InstalledPlugin, ...]:
        """The plugins that are installed, and have no table in `plugins.toml`."""
        listed = {plugin.name for plugin in (*self.plugins, *self.left_out)} | set(self.disabled)
        return tuple(each for each in self.installed if each.name not in listed)

    def without_failed(self, error: SyntheticError) -> Registry:
        """The same without the optional plugin that an error is about, and what requires it.

        What only shows when the schema is built or the store is opened, such
        as a migration that fails, is no other reason to leave a plugin out than
        what shows while it is loaded.

        Args:
            error: What its details name as `plugin`, or as the last of `plugins`, is left out.

        Raises:
            SyntheticError: The error itself, where it is about none, or one that is not optional.
        """
        name = error.details.get("plugin") or (error.details.get("plugins") or [None])[-1]
        plugin = self.find_plugin(str(name))
        if plugin is None or not plugin.optional:
            raise error
        failed = LeftOut(plugin.name, error.message, error.suggested_action, error.code)
        return self._load_again(left_out={**{each.name: each for each in self.left_out}, plugin.name: failed})

    def find_plugin(self, name: str) -> LoadedPlugin | None:
        """The loaded plugin of a name."""
        return next((plugin for plugin in self.plugins if plugin.name == name), None)


def load_registry(
    data_dir: Path | None,
    *,
    overrides: Mapping[str, str] | None = None,
    environ: Mapping[str, str] = os.environ,
    text: str | None = None,
    left_out: Mapping[str, LeftOut] | None = None,
) -> Registry:
    """Read the settings and load the plugins that they list.

    Args:
        data_dir: The data directory, whose `plugins.toml` comes over the
            shipped one; it need not exist. None: the shipped one alone.
        overrides: Flags: values as text, by dotted name (`kernel.database.busy_timeout_ms`).
        environ: The environment.
        text: In place of what the data directory's `plugins.toml` holds, to see what would come of it.
        left_out: Optional plugins of which is known that they cannot be loaded.

    Raises:
        SettingsInvalidError: A file, variable or flag does not fit.
        PluginFailedError, PluginClashError: A plugin cannot be loaded, or two contribute the same name.
        SyntheticError: A restore was cut short here, and cannot be finished.
    """
    finish_interrupted(data_dir)
    layers = read_layers(data_dir, overrides or {}, environ, text=text)
    kernel_settings, kernel_values = load_kernel_settings(layers)
    loader = PluginLoader(layers, kernel_names(), left_out or {})
    loader.run()
    values = (*kernel_values, *loader.setting_values())
    plugins = loader.plugins()
    unloaded = set(layers.plugin_names()) - {plugin.name for plugin in plugins}
    check_names(layers, [value.name for value in values], unloaded=unloaded)
    return Registry(
        plugins=plugins,
        left_out=tuple(loader.left_out.values()),
        disabled=tuple(name for name, listing in loader.listings.items() if not listing.settings.enabled),
        installed=loader.installed,
        kernel_settings=kernel_settings,
        settings=MappingProxyType(_settings_by_class(kernel_settings, plugins)),
        setting_values=values,
        tables=_stamped(loader, "register_tables"),
        migrations=_stamped(loader, "register_migrations"),
        errors=_stamped(loader, "register_errors"),
        events=_stamped(loader, "register_events"),
        graphql=_stamped(loader, "register_graphql"),
        consumers=_stamped(loader, "register_consumers"),
        retention=_stamped(loader, "register_retention"),
        services=set_pauses(_stamped(loader, "register_services"), {each.name: each.settings for each in plugins}),
        commands=_stamped(loader, "register_commands"),
        checks=_stamped(loader, "register_checks"),
        routes=_stamped(loader, "register_routes"),
        metrics=_stamped(loader, "register_metrics"),
        demo=_stamped(loader, "register_demo"),
        refusal_reactions=_stamped(loader, "register_refusal_reactions"),
        operation_recorders=_implemented(loader, "record_operation"),
        connection_preparers=_implemented(loader, "prepare_connection"),
        offered=MappingProxyType(_offered(loader)),
        _loader=loader,
        _load_again=partial(load_registry, data_dir, overrides=overrides, environ=environ, text=text),
    )


def _settings_by_class(kernel: KernelSettings, plugins: Sequence[LoadedPlugin]) -> dict[type[Any], Any]:
    sections = [getattr(kernel, field.name) for field in fields(kernel)]
    own = [plugin.settings for plugin in plugins if plugin.settings is not None]
    return {type(each): each for each in (kernel, *sections, *own)}


def _stamped(loader: PluginLoader, hook: str) -> tuple[Stamped[Any], ...]:
    return tuple(Stamped(plugin, record) for plugin, records in loader.results(hook) for record in records)


def _implemented(loader: PluginLoader, hook: str) -> tuple[Stamped[Any], ...]:
    return tuple(Stamped(*each) for each in loader.implementations(hook))


def _offered(loader: PluginLoader) -> dict[type[Any], tuple[Any, ...]]:
    found: dict[type[Any], tuple[Any, ...]] = {}
    for hook, record_class in loader.offered().items():
        records = tuple(record for _, returned in loader.results(hook) for record in returned)
        found[record_class] = (*found.get(record_class, ()), *records)
    return found

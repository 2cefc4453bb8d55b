"""`synthetic plugins` and `synthetic plugins list`."""

from __future__ import annotations

import os
from collections.abc import Collection
from typing import Any

import typer

from synthetic.cli.invocation import DataOption, JsonOption, current_overrides, data_directory
from synthetic.cli.output import emit, show, table_of
from synthetic.cli.stores import looking_into
from synthetic.cli.table_sizes import measure_tables
from synthetic.data_directory import DataDirectory
from synthetic.errors import SyntheticError
from synthetic.plugins.discovery import list_installed
from synthetic.plugins.state import owners_in
from synthetic.registry import Registry, load_registry
from synthetic.settling import settle


def plugins(context: typer.Context, data: DataOption = None, as_json: JsonOption = False) -> None:
    """List the plugins, look at one, switch it on or off, check it, or remove what one has left in the store."""
    if context.invoked_subcommand is None:
        list_(data, as_json)


def list_(data: DataOption = None, as_json: JsonOption = False) -> None:
    """List the plugins: loaded ones in load order, those that are left out and why, and those that are not listed."""
    data_dir = data_directory(data, os.environ)
    try:
        registry = settle(data_dir, load_registry(data_dir, overrides=current_overrides()))
    except SyntheticError:
        # What is installed helps to mend it; why it does not load is the error that follows.
        if not as_json:
            rows = [(each.name, each.distribution, each.version, each.location) for each in list_installed()]
            show(table_of(("installed", "package", "version", "in"), rows), "")
        raise
    described = [*_loaded(registry), *_not_loaded(registry)]
    described += _absent(DataDirectory(data_dir), registry, {each["name"] for each in described})
    if as_json:
        emit(described, as_json)
        return
    rows = [(each["name"], each["version"], each["state"], each["summary"] or each["reason"]) for each in described]
    show(table_of(("plugin", "version", "state", "what it does"), rows))
    for left_out in registry.left_out:
        show(f"\n{left_out.name} is left out: {left_out.reason}\n  {left_out.action}")


def _loaded(registry: Registry) -> list[dict[str, Any]]:
    return [
        _described(
            plugin.name,
            "loaded",
            version=plugin.version,
            distribution=plugin.distribution,
            summary=plugin.record.summary,
            requires=list(plugin.record.requires),
            optional=plugin.optional,
            tables=[table.record.name for table in registry.tables if table.plugin == plugin.name],
            commands=[command.record.name for command in registry.commands if command.plugin == plugin.name],
        )
        for plugin in registry.plugins
    ]


def _not_loaded(registry: Registry) -> list[dict[str, Any]]:
    found = [_described(left_out.name, "left out", reason=left_out.reason) for left_out in registry.left_out]
    found += [_described(name, "disabled", reason="`enabled = false` in plugins.toml") for name in registry.disabled]
    return found + [
        _described(
            each.name,
            "not listed",
            version=each.version,
            distribution=each.distribution,
            reason=f"installed in {each.location}; `[plugins.{each.name}]` in plugins.toml loads it",
        )
        for each in registry.unlisted()
    ]


def _absent(directory: DataDirectory, registry: Registry, known: Collection[str]) -> list[dict[str, Any]]:
    """Plugins that nobody has installed or listed any more, and that have tables in the store."""
    if not directory.database.is_file():
        return []
    with looking_into(directory, registry.kernel_settings.database, registry) as snapshot:
        owned = {
            plugin: [table.name for table in measure_tables(snapshot, quick=True, plugin=plugin)]
            for plugin in owners_in(snapshot)
            if plugin not in known
        }
    return [
        _described(
            plugin,
            "absent",
            tables=tables,
            reason=f"not installed; its tables are kept, and `synthetic plugins purge {plugin}` removes them",
        )
        for plugin, tables in owned.items()
    ]


def _described(name: str, state: str, **known: Any) -> dict[str, Any]:
    """The keys of a plugin in the order in which they are shown; what is not known of it is None."""
    keys = ("version", "distribution", "summary", "requires", "optional", "tables", "commands", "reason")
    return {"name": name, "state": state, **{key: known.get(key) for key in keys}}

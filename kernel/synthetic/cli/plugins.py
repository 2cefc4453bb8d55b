"""`synthetic plugins`, and `synthetic plugins purge`."""

from __future__ import annotations

import os
import sys
from typing import Annotated, Any

import typer

from synthetic.backups.before_change import back_up_before
from synthetic.cli.invocation import DataOption, JsonOption, current_overrides, data_directory
from synthetic.cli.output import emit, show, table_of
from synthetic.cli.stores import open_store
from synthetic.errors import BadUserInputError, ConflictError, ExitCode, SyntheticError
from synthetic.faults import crash_point
from synthetic.plugins.discovery import list_installed
from synthetic.plugins.hooks import KERNEL
from synthetic.plugins.purge import PurgedTable, plan_purge, purge_plugin
from synthetic.registry import Registry, load_registry


class ConfirmationMissingError(BadUserInputError):
    """What is to be removed must be confirmed."""

    action = "Add --yes, or run it on a terminal; --dry-run shows what would be removed."
    exit_code = ExitCode.USAGE


def plugins(context: typer.Context, data: DataOption = None, as_json: JsonOption = False) -> None:
    """List the plugins: loaded ones in load order, those that are left out and why, and those that are not listed."""
    if context.invoked_subcommand is not None:
        return
    try:
        registry = load_registry(data_directory(data, os.environ), overrides=current_overrides())
    except SyntheticError:
        # What is installed helps to mend it; why it does not load is the error that follows.
        if not as_json:
            rows = [(each.name, each.distribution, each.version, each.location) for each in list_installed()]
            show(table_of(("installed", "package", "version", "in"), rows), "")
        raise
    described = [*_loaded(registry), *_not_loaded(registry)]
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
    listed = {plugin.name for plugin in registry.plugins} | {each["name"] for each in found}
    return found + [
        _described(
            each.name,
            "not listed",
            version=each.version,
            distribution=each.distribution,
            reason=f"installed in {each.location}; `[plugins.{each.name}]` in plugins.toml loads it",
        )
        for each in registry.installed
        if each.name not in listed
    ]


def _described(name: str, state: str, **known: Any) -> dict[str, Any]:
    """The keys of a plugin in the order in which they are shown; what is not known of it is None."""
    keys = ("version", "distribution", "summary", "requires", "optional", "tables", "commands", "reason")
    return {"name": name, "state": state, **{key: known.get(key) for key in keys}}


def purge(
    name: Annotated[str, typer.Argument(help="The plugin, as `synthetic status` names it.")],
    data: DataOption = None,
    as_json: JsonOption = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would be removed, and change nothing.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Remove the tables of a plugin that was taken out, after a backup.

    The plugin must not be loaded any more, no server or other program may have
    the store open, and no other plugin's tables may point at its own.
    """
    with open_store(data) as store:
        registry = store.kernel.registry
        if name in {KERNEL, *(plugin.name for plugin in (*registry.plugins, *registry.left_out))}:
            raise ConflictError(
                f"The plugin {name} is in use by this store.",
                action=f"Set `enabled = false` under [plugins.{name}], and restart the server, before it is purged.",
            )
        planned = store.read(plan_purge, name)
        if not as_json:
            show(table_of(("table", "rows"), [(table.name, table.rows) for table in planned], numbers=("rows",)))
        if dry_run:
            _emit_purge(planned, None, as_json)
            return
        _confirm(name, yes=yes, as_json=as_json)
        kernel = store.kernel
        with kernel.alone():
            backup = back_up_before(
                f"purge-{name}", kernel.directory, kernel.settings, kernel.blueprint.version, kernel.clock
            )
            crash_point("purge.backed_up")
            removed = store.operation(entity_type="plugin", entity_id=name).write(purge_plugin, name)
            crash_point("purge.tables_dropped")
        _emit_purge(removed, backup.id, as_json)


def _confirm(name: str, *, yes: bool, as_json: bool) -> None:
    if yes:
        return
    if as_json or not sys.stdin.isatty():
        raise ConfirmationMissingError
    typer.confirm(f"Remove these tables of {name} from the store?", abort=True)


def _emit_purge(tables: tuple[PurgedTable, ...], backup: str | None, as_json: bool) -> None:
    if as_json:
        removed = [{"table": table.name, "rows": table.rows} for table in tables]
        emit({"tables": removed, "removed": backup is not None, "backup": backup}, as_json)
    elif backup is not None:
        show(f"Removed. What they held is in the backup {backup}.")

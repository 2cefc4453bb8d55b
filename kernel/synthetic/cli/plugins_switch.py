"""`synthetic plugins enable` and `synthetic plugins disable`."""

from __future__ import annotations

import os
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated

import typer

from synthetic.cli.invocation import DataOption, JsonOption, current_overrides, data_directory
from synthetic.cli.output import emit, show
from synthetic.cli.plugin_commands import check_plugin_commands
from synthetic.cli.stores import open_store
from synthetic.data_directory import DataDirectory
from synthetic.errors import SyntheticError
from synthetic.plugins.switching import Switched, plan_switch

NamesArgument = Annotated[
    list[str], typer.Argument(metavar="NAME...", help="The plugins, as `synthetic plugins list` names them.")
]
DryRunOption = Annotated[bool, typer.Option("--dry-run", help="See whether the store would start, and change nothing.")]


def enable(
    names: NamesArgument, data: DataOption = None, as_json: JsonOption = False, dry_run: DryRunOption = False
) -> None:
    """Have plugins loaded: list them in the store's plugins.toml, where comments and order stay as they are.

    What could not be loaded, or would clash, is refused, and nothing is written.
    """
    _switch(names, data_directory(data, os.environ), as_json=as_json, dry_run=dry_run, is_on=True)


def disable(
    names: NamesArgument, data: DataOption = None, as_json: JsonOption = False, dry_run: DryRunOption = False
) -> None:
    """Have plugins not loaded any more; their tables stay in the store as they are.

    What other plugins require is refused, unless those are disabled with it.
    """
    _switch(names, data_directory(data, os.environ), as_json=as_json, dry_run=dry_run, is_on=False)


def _switch(names: list[str], data_dir: Path, *, as_json: bool, dry_run: bool, is_on: bool) -> None:
    planned = plan_switch(data_dir, names, is_on=is_on, overrides=current_overrides())
    check_plugin_commands(planned.registry.commands)
    unrecorded = None if dry_run else _write(planned, data_dir)
    if as_json:
        emit(
            {
                "file": str(planned.after.path),
                "changed": list(planned.changed),
                "written": bool(planned.changed) and not dry_run,
                "unrecorded": unrecorded,
                "loaded": [plugin.name for plugin in planned.registry.plugins],
                "pendingMigrations": [str(migration) for migration in planned.pending],
            },
            as_json,
        )
    else:
        _show(planned, names, dry_run=dry_run, is_on=is_on)
        if unrecorded is not None:
            show(f"The store has no record of it: {unrecorded}")


def _write(planned: Switched, data_dir: Path) -> str | None:
    """Write the file, and record that in the store, by the plugins that keep a record before the change.

    What cannot be recorded is done all the same: it may be the plugin that is switched off that keeps the store from
    being opened, or the record from being written.

    Returns:
        Why it is not on record; None: it is, or there is no store, or nothing has changed.
    """
    unrecorded = None
    with ExitStack() as kept:
        if planned.changed and DataDirectory(data_dir).database.is_file():
            name = planned.changed[0] if len(planned.changed) == 1 else None
            try:
                store = kept.enter_context(open_store(data_dir))
                details = {"plugins": list(planned.changed)}
                kept.enter_context(store.operation(entity_type="plugin", entity_id=name, details=details))
            except Exception as error:  # noqa: BLE001 - a plugin that keeps records raises what it likes
                unrecorded = error.message if isinstance(error, SyntheticError) else type(error).__name__
        planned.write()
    return unrecorded


def _show(planned: Switched, names: list[str], *, dry_run: bool, is_on: bool) -> None:
    state = "enabled" if is_on else "disabled"
    unchanged = [name for name in names if name not in planned.changed]
    if unchanged:
        show(f"{', '.join(unchanged)}: {state} already.")
    if not planned.changed:
        return
    changed = ", ".join(planned.changed)
    if dry_run:
        show(f"{changed}: can be {state}. Nothing was changed.")
        return
    show(f"{changed}: {state} in {planned.after.path}. A server that runs takes it in when it is started again.")
    if planned.pending:
        show(f"The store lacks {len(planned.pending)} migrations for that; `synthetic migrate` applies them.")

"""`synthetic plugins purge`."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from synthetic.backups.before_change import back_up_before
from synthetic.cli.invocation import DataOption, JsonOption
from synthetic.cli.output import emit, show, table_of
from synthetic.cli.stores import open_store
from synthetic.errors import BadUserInputError, ConflictError, ExitCode
from synthetic.faults import crash_point
from synthetic.plugins.hooks import KERNEL
from synthetic.plugins.purge import PurgedTable, plan_purge, purge_plugin


class ConfirmationMissingError(BadUserInputError):
    """What is to be removed must be confirmed."""

    action = "Add --yes, or run it on a terminal; --dry-run shows what would be removed."
    exit_code = ExitCode.USAGE


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

"""`synthetic migrate`."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from synthetic.before_opening import pending_migrations
from synthetic.cli.invocation import DataOption, JsonOption, current_actor, current_overrides, data_directory
from synthetic.cli.output import emit, show
from synthetic.cli.progress import progress
from synthetic.data_directory import DataDirectory
from synthetic.database.migrations import Migration
from synthetic.kernel import Kernel
from synthetic.operations.migrations import record_migrations
from synthetic.origin import Origin
from synthetic.registry import Registry, load_registry
from synthetic.settling import settle
from synthetic.store import Store


def migrate(
    data: DataOption = None,
    as_json: JsonOption = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would be applied, and change nothing.")] = False,
) -> None:
    """Bring the store up to date with the loaded plugins, or make it.

    Shows what is to be applied, then applies it. A store that holds anything
    is backed up into `backups/` first. Running it again, or twice at once, is
    safe: each migration is applied once.
    """
    data_dir = data_directory(data, os.environ)
    registry = settle(data_dir, load_registry(data_dir, overrides=current_overrides()))
    pending = pending_migrations(data_dir, registry, keeps_damaged=not dry_run)
    directory = DataDirectory(data_dir)
    if not as_json:
        _show_plan(directory, pending)
    applied = [] if dry_run else _apply(data_dir, registry, pending, as_json)
    if as_json:
        plan = [_described(migration) for migration in pending]
        emit({"pending": plan, "applied": [_described(migration) for migration in applied]}, as_json)
    elif not dry_run and pending:
        others = len(pending) - len(applied)
        show("Applied." if not others else f"Applied {len(applied)}; another process has applied {others} meanwhile.")


def _show_plan(directory: DataDirectory, pending: tuple[Migration, ...]) -> None:
    if not pending:
        show(f"The store in {directory.path} is up to date.")
        return
    what = "The store in" if directory.database.exists() else "A new store in"
    count = "1 migration" if len(pending) == 1 else f"{len(pending)} migrations"
    show(f"{what} {directory.path} needs {count}:", *(f"  {migration}" for migration in pending))


def _apply(data_dir: Path, registry: Registry, pending: tuple[Migration, ...], as_json: bool) -> list[Migration]:
    with progress("Migrating", as_json) as shown:
        shown.expect(len(pending))
        kernel = Kernel.open(
            data_dir, registry=registry, migrate=True, progress=lambda migration: shown.advance(1, str(migration))
        )
        with Store(kernel, Origin(current_actor(), is_upkeep=True)) as store:
            record_migrations(store)
    return list(kernel.applied)


def _described(migration: Migration) -> dict[str, object]:
    return {"plugin": migration.plugin, "number": migration.number, "name": migration.name}

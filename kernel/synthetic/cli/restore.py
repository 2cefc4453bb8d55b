"""`synthetic restore`."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Any

import typer

from synthetic.backups.places import folder_of
from synthetic.backups.proving import Inspection
from synthetic.backups.replacement import finish_interrupted
from synthetic.backups.restoring import Lost, Restore, Restored, restore_store
from synthetic.backups.running import settle_restored
from synthetic.backups.sources import OpenBackup, open_backup
from synthetic.cli.backup import stoppable
from synthetic.cli.invocation import DataOption, JsonOption, current_actor, current_overrides, data_directory
from synthetic.cli.output import emit, fields_of, show
from synthetic.clock import SystemClock
from synthetic.data_directory import DataDirectory
from synthetic.database.transaction import Transaction
from synthetic.errors import SettingsInvalidError, iso_from_ms
from synthetic.kernel import Kernel
from synthetic.kernel_parts import inspection_of
from synthetic.kernel_settings import KernelSettings
from synthetic.log.positions import begin_epoch, read_position
from synthetic.origin import Origin
from synthetic.registry import load_registry
from synthetic.setting_layers import read_layers
from synthetic.settings import load_kernel_settings
from synthetic.store import Store


def restore(
    named: Annotated[
        str,
        typer.Argument(
            metavar="BACKUP",
            help="The name of a backup, `latest`, or the path of a .zip file, of a folder of backups, or of a record.",
        ),
    ],
    data: DataOption = None,
    as_json: JsonOption = False,
    accept_problems: Annotated[
        bool, typer.Option("--accept-problems", help="Restore it also where the checks find something.")
    ] = False,
    discard_replaced: Annotated[
        bool, typer.Option("--discard-replaced", help="Remove the old store, once the new one is in its place.")
    ] = False,
) -> None:
    """Put a backup in the place of the store, or where there is none yet.

    It is put together beside the store, migrated if it is older, and checked;
    only then it takes the store's place, in a moment. Nobody may have the store
    open. The old store is kept in `quarantine/`. The log begins a new epoch, so
    clients that follow it are told to read again.
    """
    path = data_directory(data, os.environ)
    directory = DataDirectory(path)
    settings, wrong = _read_settings(path)
    with open_backup(named, folder_of(directory, settings)) as opened, stoppable("Restoring", as_json) as go_on:
        job = Restore(
            directory=directory,
            settings=settings.database,
            clock=SystemClock(),
            prepare=lambda staging: _prepare(staging, opened),
            prove=lambda: _prove_in_place(path),
            go_on=go_on,
            accept_problems=accept_problems,
            keep_replaced=not discard_replaced,
        )
        restored = restore_store(job, opened)
    _show(opened, restored, wrong, as_json)


def _read_settings(path: Path) -> tuple[KernelSettings, SettingsInvalidError | None]:
    """The kernel's settings, which are all that is needed of the old store, and why its file was passed over.

    A file that was damaged with the store must not be in the way of its restore: then flags and the environment alone
    are followed.

    Raises:
        SettingsInvalidError: These do not fit either.
    """
    finish_interrupted(path)
    try:
        return load_kernel_settings(read_layers(path, current_overrides(), os.environ))[0], None
    except SettingsInvalidError as error:
        return load_kernel_settings(read_layers(None, current_overrides(), os.environ))[0], error


def _prepare(staging: Path, opened: OpenBackup) -> tuple[str, Inspection]:
    """Bring the store beside the old one up to date, and begin its new history."""
    # What is taken before a migration belongs to the store that is put together, and goes with it.
    here = {"kernel.backups.directory": "", "kernel.backups.scratch": ""}
    registry = load_registry(staging, overrides={**current_overrides(), **here})
    kernel = Kernel.open(staging, registry=registry, migrate=True)
    with Store(kernel, Origin(current_actor(), is_upkeep=True), "restore") as store:
        backup = opened.backup
        operation = store.operation(details={"backup": backup.id, "position": backup.position})

        def begin(tx: Transaction) -> None:
            begin_epoch(tx)
            settle_restored(tx, backup)

        operation.write(begin)
        return str(store.read(read_position)), inspection_of(registry, kernel.blueprint)


def _prove_in_place(path: Path) -> None:
    """Open the store where it is now; the old one is still there to go back to."""
    Kernel.open(path, registry=load_registry(path, overrides=current_overrides())).close()


def _show(opened: OpenBackup, restored: Restored, wrong: SettingsInvalidError | None, as_json: bool) -> None:
    if as_json:
        answer: dict[str, Any] = {
            "backup": opened.backup.id,
            "takenAt": iso_from_ms(opened.backup.taken_at),
            "from": opened.backup.position,
            "position": restored.position,
            "replaced": None if restored.replaced is None else str(restored.replaced),
            "problems": list(restored.problems),
            "settingsIgnored": None if wrong is None else wrong.message,
            "lost": None if restored.lost is None else _lost_as_json(restored.lost),
        }
        emit(answer, as_json)
        return
    lines = {
        "Restored": f"{opened.backup.id}, as of {iso_from_ms(opened.backup.taken_at)}",
        "Position": restored.position,
        "Old store": "none is kept" if restored.replaced is None else f"kept in {restored.replaced}",
    }
    if restored.lost is not None:
        lost = restored.lost
        lines["Not restored"] = (
            f"{lost.events:,} events, from {iso_from_ms(lost.from_at)} to {iso_from_ms(lost.to_at)}, which the old"
            " store has and this one does not"
        )
    show(fields_of(lines))
    if wrong is not None:
        show(f"\nThe settings of the old store were not followed: {wrong.message}")
    for problem in restored.problems:
        show(f"\nAccepted: {problem}")


def _lost_as_json(lost: Lost) -> dict[str, Any]:
    return {"events": lost.events, "fromAt": iso_from_ms(lost.from_at), "toAt": iso_from_ms(lost.to_at)}

"""`synthetic backup`, `backup list` and `backup verify`."""

from __future__ import annotations

import os
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from threading import Event
from typing import Annotated, Any

import typer

from synthetic.backups.archive_file import SUFFIX
from synthetic.backups.errors import BackupDamagedError, BackupUnprovenError
from synthetic.backups.folder import BackupFolder
from synthetic.backups.notes import check_reason
from synthetic.backups.places import folder_of
from synthetic.backups.records import Backup
from synthetic.backups.running import StoreBackups, back_up_store
from synthetic.backups.sources import open_backup
from synthetic.backups.verifying import verify_backup
from synthetic.cli.invocation import DataOption, JsonOption, current_overrides, data_directory
from synthetic.cli.output import emit, fields_of, in_bytes, show, table_of
from synthetic.cli.progress import progress
from synthetic.cli.stopping import stop_requests
from synthetic.cli.stores import open_store
from synthetic.clock import SystemClock
from synthetic.data_directory import DataDirectory
from synthetic.errors import CancelledError, NotFoundError, SyntheticError, iso_from_ms
from synthetic.kernel_parts import blueprint_of, inspection_of
from synthetic.registry import load_registry

ToOption = Annotated[
    Path | None,
    typer.Option(
        "--to",
        metavar="DIR|FILE",
        help="Another folder of backups, or one file that ends in .zip.",
        show_default="the folder of the settings",
    ),
]
InOption = Annotated[
    Path | None,
    typer.Option("--in", metavar="DIR", help="Another folder of backups.", show_default="that of the settings"),
]


def backup(
    context: typer.Context,
    data: DataOption = None,
    as_json: JsonOption = False,
    to: ToOption = None,
    reason: Annotated[str, typer.Option("--reason", help="A word for its name.")] = "manual",
) -> None:
    """Take a backup of the whole store, also while it is served, and prove it.

    Into a folder, what has not changed since the last backup there is not
    copied again. It is read back, restored into a scratch place and checked,
    before it counts; older ones are removed as the settings say.
    """
    if context.invoked_subcommand is not None:
        return
    check_reason(reason)
    with open_store(data) as store, store.operation(details={"reason": reason}) as operation:
        with stoppable("Backing up", as_json) as go_on:
            taken = back_up_store(store, store.kernel.backups, reason, go_on, _target(to))
        operation.details |= {"backup": taken.id, "position": taken.position}
    _show_backup(taken, as_json)


def list_(data: DataOption = None, as_json: JsonOption = False, in_: InOption = None) -> None:
    """List the backups, the newest first."""
    path = data_directory(data, os.environ)
    settings = load_registry(path, overrides=current_overrides()).kernel_settings
    folder = folder_of(DataDirectory(path), settings) if in_ is None else BackupFolder(in_.absolute())
    found, wrong = folder.list_backups()
    if as_json:
        emit(
            {"folder": str(folder.path), "backups": [as_json_of(each) for each in found],
             "unreadable": [error.message for error in wrong]}, as_json,
        )  # fmt: skip
        return
    rows = [
        (each.id, each.position, in_bytes(each.size_bytes), in_bytes(each.added_bytes), each.files, _proof(each))
        for each in found
    ]
    show(table_of(("backup", "position", "size", "added", "files", "proven"), rows, numbers=("size", "added", "files")))
    for error in wrong:
        show(f"\n{error.message}")


def verify(
    named: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[BACKUP]...",
            help="The name of a backup, or the path of a .zip file or of a record in another folder.",
            show_default="all in the folder",
        ),
    ] = None,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Prove backups again: read every byte, restore into a scratch place, and check what is there.

    What is damaged is named, with the files of the store that it is a part of.
    """
    path = data_directory(data, os.environ)
    directory = DataDirectory(path)
    registry = load_registry(path, overrides=current_overrides())
    inspection = inspection_of(registry, blueprint := blueprint_of(registry))
    backups = StoreBackups(directory, registry.kernel_settings, inspection, blueprint.version, SystemClock())
    outcomes: list[dict[str, Any]] = []
    failed: list[SyntheticError] = []
    found, wrong = ([], []) if named else backups.folder.list_backups()
    failed.extend(wrong)
    with stoppable("Verifying", as_json) as go_on:
        for name in named or [each.id for each in found]:
            outcome, error = _verify(backups, name, go_on)
            if isinstance(error, NotFoundError) and not named:
                continue  # it was removed in between, as the settings say
            outcomes.append(outcome)
            if error is not None:
                failed.append(error)
    if as_json:
        emit({"backups": outcomes, "unreadable": [error.message for error in wrong]}, as_json)
    else:
        _show_outcomes(outcomes, [error.message for error in wrong])
    if failed:
        raise failed[0]


def as_json_of(backup: Backup) -> dict[str, Any]:
    """A backup for machines, with the names that GraphQL has for it."""
    return {
        "id": backup.id,
        "reason": backup.reason,
        "position": backup.position,
        "takenAt": iso_from_ms(backup.taken_at),
        "provenAt": None if backup.proven_at is None else iso_from_ms(backup.proven_at),
        "problems": list(backup.problems),
        "isWhole": backup.is_whole,
        "bytes": backup.size_bytes,
        "addedBytes": backup.added_bytes,
        "files": backup.files,
        "version": backup.version,
    }


def _target(to: Path | None) -> BackupFolder | Path | None:
    if to is None:
        return None
    return to.absolute() if to.suffix == SUFFIX and not to.is_dir() else BackupFolder(to.absolute())


@contextmanager
def stoppable(title: str, as_json: bool) -> Generator[Callable[[int], None]]:
    """The function to call while work goes on: shows how far it has come, and raises once somebody asks to stop.

    Raises:
        KeyboardInterrupt: Somebody has, and the work has ended for that.
    """
    with stop_requests() as stop, progress(title, as_json, unit="bytes") as shown:
        try:
            yield _go_on(stop, shown.advance)
        except CancelledError as error:
            if stop.is_set():
                raise KeyboardInterrupt from error
            raise


def _go_on(stop: Event, advance: Callable[[int], None]) -> Callable[[int], None]:
    def go_on(done_bytes: int) -> None:
        if stop.is_set():
            raise CancelledError
        if done_bytes:
            advance(done_bytes)

    return go_on


def _verify(
    backups: StoreBackups, named: str, go_on: Callable[[int], None]
) -> tuple[dict[str, Any], SyntheticError | None]:
    """Prove one again; what came of it, and the error that says so if it is not as it was written."""
    try:
        with open_backup(named, backups.folder) as opened:
            verified = verify_backup(backups, opened, go_on)
    except CancelledError:
        raise
    except SyntheticError as error:
        return {"id": named, "provenAt": None, "damage": [error.message], "unsaved": None}, error
    proven, damage = verified.backup, list(verified.damage)
    unsaved = None if verified.unsaved is None else verified.unsaved.message
    outcome: dict[str, Any] = {**as_json_of(proven), "damage": damage, "unsaved": unsaved}
    if damage:
        outcome["problems"] = []  # they are the damage
        return outcome, BackupDamagedError(
            f"The backup {proven.id} is damaged: {damage[0]}.", details={"damage": damage}
        )
    if proven.proven_at is not None:
        return outcome, None
    return outcome, BackupUnprovenError(
        f"The backup {proven.id} is whole, and what it holds is not as it must be: {proven.problems[0]}",
        details={"backup": proven.id, "problems": list(proven.problems)},
    )


def _proof(backup: Backup) -> str:
    if backup.proven_at is not None:
        return iso_from_ms(backup.proven_at)
    return f"no: {backup.problems[0]}" if backup.problems else "no"


def _show_backup(backup: Backup, as_json: bool) -> None:
    if as_json:
        emit(as_json_of(backup), as_json)
        return
    lines = {
        "Backup": backup.id,
        "Position": backup.position,
        "Size": f"{in_bytes(backup.size_bytes)}, of which {in_bytes(backup.added_bytes)} were added",
        "Files": f"{backup.files} beside the database",
        "Proven": _proof(backup),
    }
    show(fields_of(lines))


def _show_outcomes(outcomes: list[dict[str, Any]], wrong: list[str]) -> None:
    rows = [(each["id"], each["provenAt"] or "no") for each in outcomes]
    show(table_of(("backup", "proven"), rows))
    for each in outcomes:
        for line in (*each["damage"], *each.get("problems", ())):
            show(f"\n{each['id']}: {line}")
        if each["unsaved"]:
            show(f"\n{each['id']}: not noted in the folder. {each['unsaved']}")
    for message in wrong:
        show(f"\n{message}")

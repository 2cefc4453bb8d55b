"""Putting one store in the place of another, so that a crash leaves one of the two and never a mixture.

The new one lies in a folder of the data directory. What is to be done is
written down first (`restore.json`); then everything of the old store is moved
away, that is written down too, and everything of the new one is moved in.
Whoever finds the note later finishes what it says, before the store is opened;
if the old store cannot be moved away, what was moved is put back instead.
Nothing is copied, so it takes a moment whatever the size.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Literal

import msgspec

from synthetic.backups.errors import BackupDamagedError
from synthetic.clock import SystemClock
from synthetic.data_directory import DataDirectory
from synthetic.durable_files import DIRECTORY_MODE, durable_file, reach_the_disk, translate_system_error
from synthetic.errors import FileSystemUnsupportedError, StorageFailedError
from synthetic.faults import crash_point

STAYS = frozenset({"backups", "quarantine", "token", "start.lock", "open.lock", "restore.json", "restoring"})
"""What is the directory's, and not the store's that is in it."""


class Replacement(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be done, and how far it has come.

    Attributes:
        replaced: The name of the folder in `quarantine/` that the old store is moved to.
        phase: `clearing`: the old one is being moved away; `placing`: the new one is being moved in.
    """

    replaced: str
    phase: Literal["clearing", "placing"] = "clearing"


def replace_store(directory: DataDirectory, replaced: str) -> None:
    """Put the store in `restoring/` in the place of what is there; only while nobody else has the store open.

    Args:
        directory: The data directory.
        replaced: A name for the folder in `quarantine/` that the old store is moved to.

    Raises:
        SyntheticError: It cannot be done: the old store is where it was, or what was begun is finished when the store
            is opened next.
    """
    require_movable(directory)
    _note(directory, Replacement(replaced=replaced))
    crash_point("restore.noted")
    finish_replacement(directory)


def require_movable(directory: DataDirectory, held: Path | None = None) -> None:
    """Refuse a replacement that cannot be made by renaming, or that would move what it is made from.

    Args:
        directory: The data directory.
        held: What the new store is read from; None: nothing that could lie in the directory.

    Raises:
        StorageFailedError: It lies in the directory, outside of what stays there.
        FileSystemUnsupportedError: Another file system is mounted below the directory.
    """
    here = directory.path.resolve()
    if held is not None and held.resolve().is_relative_to(here):
        top = (*held.resolve().relative_to(here).parts, "")[0]
        if top not in STAYS:
            raise StorageFailedError(
                f"{held} lies in the data directory, and would be moved away with the old store.",
                action=f"Move it out of {directory.path}, and restore it from there.",
            )
    for mounted in _mounts_below(here):
        if mounted.relative_to(here).parts[0] not in STAYS - {"quarantine", "restoring"}:
            raise FileSystemUnsupportedError(
                f"{mounted} is mounted, so the store in {here} cannot be replaced by renaming.",
                action="Restore into an empty directory (--data), and move the files to where they are mounted; or"
                " unmount it for the restore.",
            )


def _mounts_below(folder: Path) -> list[Path]:
    """What is mounted below a folder, a part of the same file system too, where the system tells."""
    try:
        lines = Path("/proc/self/mountinfo").read_bytes().splitlines()
    except OSError:
        return [path for path in folder.iterdir() if path.is_mount()]
    points = (re.sub(rb"\\([0-7]{3})", lambda found: bytes([int(found[1], 8)]), line.split()[4]) for line in lines)
    paths = (Path(os.fsdecode(point)) for point in points)
    return [path for path in paths if path != folder and path.is_relative_to(folder)]


def finish_interrupted(data_dir: Path | None) -> None:
    """Finish a replacement that a crash has cut short; where there is none, one look is all that it costs.

    To be called before anything of a store is read, its settings included: they are replaced too.

    Args:
        data_dir: Where it may be; None: nowhere.

    Raises:
        DatabaseBusyError: Another process is at it, and has been for long.
        SyntheticError: It cannot be finished.
    """
    if data_dir is None or not DataDirectory(data_dir).restore_note.exists():
        return
    directory = DataDirectory(data_dir)
    hold = directory.hold_open(SystemClock())
    try:
        with hold.alone():
            finish_replacement(directory)
    finally:
        hold.release()


def finish_replacement(directory: DataDirectory) -> None:
    """Do what is left to be done of a replacement; only while nobody else has the store open.

    Raises:
        BackupDamagedError: The note cannot be read.
        SyntheticError: A file cannot be moved.
    """
    try:
        content = directory.restore_note.read_bytes()
    except FileNotFoundError:
        return
    try:
        replacement = msgspec.json.decode(content, type=Replacement, strict=True)
    except msgspec.DecodeError as error:
        raise BackupDamagedError(
            f"{directory.restore_note} is not as it was written.",
            action="Compare `restoring/` and `quarantine/` with the data directory, and remove the note.",
        ) from error
    try:
        if replacement.phase == "clearing":
            _clear_or_put_back(directory, directory.quarantine / replacement.replaced)
            _note(directory, Replacement(replaced=replacement.replaced, phase="placing"))
            crash_point("restore.cleared")
        _place(directory)
        directory.restore_note.unlink()
        reach_the_disk(directory.path)
    except OSError as error:
        raise translate_system_error(error, f"The store in {directory.path}") from error


def _note(directory: DataDirectory, replacement: Replacement) -> None:
    with durable_file(directory.restore_note) as file:
        file.write(msgspec.json.encode(replacement))


def _clear_or_put_back(directory: DataDirectory, target: Path) -> None:
    """Move everything of the store away, or, where that cannot be done, leave it as it was, without a note.

    Raises:
        OSError: It cannot be moved away. Where it cannot be put back either, the note stays.
    """
    try:
        _clear(directory, target)
    except OSError:
        if target.is_dir():
            for path in sorted(target.iterdir()):
                path.rename(directory.path / path.name)
            target.rmdir()
            reach_the_disk(directory.quarantine)
        reach_the_disk(directory.path)
        directory.restore_note.unlink()
        reach_the_disk(directory.path)
        raise


def _clear(directory: DataDirectory, target: Path) -> None:
    """Move everything of the store away; what was moved by an earlier attempt is not there any more."""
    for folder in (directory.quarantine, target):
        folder.mkdir(DIRECTORY_MODE, exist_ok=True)
    for path in sorted(directory.path.iterdir()):
        if path.name not in STAYS and not path.name.startswith(("token.", "restore.json.")):
            path.rename(target / path.name)
            crash_point("restore.clearing")
    for path in (target, directory.quarantine, directory.path):
        reach_the_disk(path)


def _place(directory: DataDirectory) -> None:
    """Move everything of the new store in."""
    if directory.restoring.is_dir():
        for path in sorted(directory.restoring.iterdir()):
            path.rename(directory.path / path.name)
            crash_point("restore.placing")
        reach_the_disk(directory.path)
        directory.restoring.rmdir()

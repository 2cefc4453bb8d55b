"""Restoring: a backup is put together beside the store, brought up to date, checked, and then put in its place."""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
from collections.abc import Callable, Generator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import apsw

from synthetic.backups.beside import list_files
from synthetic.backups.copying import describe
from synthetic.backups.errors import BackupDamagedError, BackupUnprovenError
from synthetic.backups.proving import GoOn, Inspection, check_folder_room, guarded, restore_files
from synthetic.backups.records import Backup
from synthetic.backups.replacement import replace_store, require_movable
from synthetic.backups.sources import OpenBackup
from synthetic.clock import Clock
from synthetic.data_directory import DataDirectory
from synthetic.database.connections import open_checkpointer, open_inspector
from synthetic.database.snapshot import Snapshot
from synthetic.durable_files import DIRECTORY_MODE, reach_the_disk, translate_system_error
from synthetic.errors import SyntheticError
from synthetic.faults import crash_point
from synthetic.kernel_settings import DatabaseSettings
from synthetic.log.positions import read_position
from synthetic.looking import looking_into, without_plugins

MADE_BY_OPENING = ("backups", "quarantine", "start.lock", "open.lock", "token")
"""What opening the store beside the old one leaves there, and the data directory has of its own."""

NEVER_CHANGED = ("artifacts", "archive")
CANNOT_LINK = (errno.EXDEV, errno.EPERM, errno.EMLINK, errno.EOPNOTSUPP)


class Lost(NamedTuple):
    """What the log of the replaced store has, and the restored one does not.

    Attributes:
        events: How many events; those that were archived since do not count.
        from_at: When the first of them was appended, Unix milliseconds.
        to_at: When the last was.
    """

    events: int
    from_at: int
    to_at: int


class Restored(NamedTuple):
    """What came of a restore.

    Attributes:
        position: The head of the log, in its new epoch.
        replaced: Where the old store is; None: there was none, or it was removed.
        lost: What has happened in the old store since the backup; None: nothing, or it cannot be told.
        problems: What the checks have found, if that was accepted.
    """

    position: str
    replaced: Path | None
    lost: Lost | None
    problems: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Restore:
    """A restore that is to be done.

    Attributes:
        directory: Where to.
        settings: Of the database, for its connections and what must stay free.
        clock: For the name of what is replaced.
        prepare: Opens the store in a directory, migrates it, begins a new epoch, records the restore, and closes it;
            returns its position and how it is checked.
        prove: Opens the store where it is in the end, and closes it.
        go_on: Told how much was done; raises where the work should stop.
        accept_problems: Restore it whatever the checks find.
        keep_replaced: Keep the old store in `quarantine/`.
    """

    directory: DataDirectory
    settings: DatabaseSettings
    clock: Clock
    prepare: Callable[[Path], tuple[str, Inspection]]
    prove: Callable[[], None]
    go_on: GoOn
    accept_problems: bool
    keep_replaced: bool


def restore_store(restore: Restore, opened: OpenBackup) -> Restored:
    """Put a backup in the place of the store, or where there is none yet.

    Until the last moment the old store stays as it is, and where it is.

    Raises:
        DatabaseBusyError: A process has the store open.
        BackupDamagedError: A part of the backup is not as it was written.
        BackupUnprovenError: What was restored does not pass the checks, and that is not accepted.
        StoreNewerError: A newer version has written it.
        SyntheticError: It cannot be done. Where the store was replaced already, the old one is in `quarantine/`.
    """
    directory = restore.directory
    directory.prepare()
    require_movable(directory, opened.file if opened.folder is None else opened.folder.path)
    hold = directory.hold_open(restore.clock)
    try:
        with hold.alone():
            opened.check_container()
            with _staged(restore, opened) as staging:
                crash_point("restore.staged")
                position, inspection = restore.prepare(staging)
                tidy_staging(staging)
                problems = inspection.find_problems(DataDirectory(staging), restore.go_on)
                if problems and not restore.accept_problems:
                    raise BackupUnprovenError(
                        f"The store was not restored, since it is not as it must be: {problems[0]}",
                        action="Use another backup, or accept what was found with --accept-problems.",
                        details={"backup": opened.backup.id, "problems": list(problems)},
                    )
                fold_log_back(staging, restore.settings)
                reach_the_disk_below(staging)
                crash_point("restore.checked")
                lost = find_lost(directory, restore.settings, opened.backup.position)
                had_store = directory.database.exists()
                name = _name(restore.clock.now_ms())
                replace_store(directory, name)
    finally:
        hold.release()
    replaced = directory.quarantine / name
    crash_point("restore.placed")
    restore.prove()
    if had_store and not restore.keep_replaced:
        shutil.rmtree(replaced, ignore_errors=True)
    # Without a store there may still have been something, such as settings: only what is empty goes.
    for folder in (replaced, directory.quarantine):
        with contextlib.suppress(OSError):
            folder.rmdir()
    return Restored(position, replaced if replaced.exists() else None, lost, problems)


@contextlib.contextmanager
def _staged(restore: Restore, opened: OpenBackup) -> Generator[Path]:
    """The backup, put together in `restoring/`, for the block."""
    directory = restore.directory
    staging = directory.restoring
    try:
        shutil.rmtree(staging, ignore_errors=True)
        staging.mkdir(DIRECTORY_MODE)
        check_folder_room(staging, opened.backup.size_bytes, restore.settings.free_disk_bytes, "Free space there.")
        go_on = guarded(restore.go_on, staging, restore.settings.free_disk_bytes)
        restore_files(opened.read_contents(), opened.objects, staging, go_on)
        _require_database(staging, restore.settings, opened.backup)
        if not opened.backup.is_whole:
            take_over_files(directory.path, staging, go_on)
        yield staging
    except OSError as error:
        raise translate_system_error(error, f"The store in {staging}") from error
    finally:
        # Once the store is in place, there is nothing here; while a note speaks of it, it is not to be touched.
        if not directory.restore_note.exists():
            shutil.rmtree(staging, ignore_errors=True)


def _require_database(staging: Path, settings: DatabaseSettings, backup: Backup) -> None:
    """Refuse a database that is not the one of which the record speaks, such as an empty one.

    Raises:
        BackupDamagedError: It is not.
    """
    try:
        with looking_into(DataDirectory(staging), settings, without_plugins(), opening=open_inspector) as snapshot:
            found = describe(snapshot.rows)
    except (SyntheticError, apsw.Error) as error:
        raise BackupDamagedError(f"The database of the backup {backup.id} cannot be read: {error}.") from error
    if not backup.migrations or found != (backup.position, backup.migrations):
        raise BackupDamagedError(f"The database of the backup {backup.id} is not the one that its record names.")


def take_over_files(data_dir: Path, staging: Path, go_on: GoOn) -> None:
    """Give a database that was backed up alone the files that are in place now.

    Artifacts and the archive never change once they are written, and take no room twice. The others are copied: who
    edits the settings later does not edit those of the old store too.
    """
    for path in list_files(data_dir):
        take_over_file(data_dir, path, staging, go_on)


def take_over_file(data_dir: Path, path: str, staging: Path, go_on: GoOn) -> None:
    """Give a new store one file of another.

    Args:
        data_dir: Of the other.
        path: Of the file, relative to it.
        staging: Where the new store is.
        go_on: Told how many bytes were copied.

    Raises:
        OSError: It cannot be read or written.
    """
    target = staging / path
    target.parent.mkdir(DIRECTORY_MODE, parents=True, exist_ok=True)
    if path.split("/", maxsplit=1)[0] in NEVER_CHANGED and _is_linked(data_dir / path, target):
        go_on(0)
        return
    shutil.copy2(data_dir / path, target, follow_symlinks=False)
    reach_the_disk(target)
    go_on(target.stat().st_size)


def _is_linked(path: Path, target: Path) -> bool:
    """Give a file a second name; False: its file system does not do that."""
    try:
        os.link(path, target, follow_symlinks=False)
    except OSError as error:
        if error.errno in CANNOT_LINK:
            return False
        raise
    return True


def reach_the_disk_below(folder: Path) -> None:
    """Wait until the names of all files below a folder are on the disk; the files themselves are there already."""
    for path, _folders, _files in os.walk(folder, topdown=False):
        reach_the_disk(Path(path))


def tidy_staging(staging: Path) -> None:
    """Remove what opening the store beside the old one has left there."""
    for name in MADE_BY_OPENING:
        path = staging / name
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)


def fold_log_back(staging: Path, settings: DatabaseSettings) -> None:
    """Fold the write-ahead log that the checks have left back into the database."""
    connection = open_checkpointer(DataDirectory(staging).database, settings)
    try:
        connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_TRUNCATE)
    finally:
        connection.close()


def find_lost(directory: DataDirectory, settings: DatabaseSettings, position: str) -> Lost | None:
    """What has happened in a store since a position; None: nothing, or it cannot be told.

    Args:
        directory: Of the store, which may be damaged.
        settings: For the connection.
        position: Of the backup.
    """
    epoch, _, number = position.partition(":")
    if not directory.database.exists() or not number:
        return None

    def look(snapshot: Snapshot) -> Lost | None:
        if read_position(snapshot).epoch != epoch:
            return None
        events, from_at, to_at = snapshot.rows(
            "SELECT count(*), min(ingested_at_utc), max(ingested_at_utc) FROM domain_events WHERE position > :after",
            {"after": int(number)},
        )[0]
        return Lost(events, from_at, to_at) if events else None

    try:
        with looking_into(directory, settings, without_plugins()) as snapshot:
            return look(snapshot)
    except (SyntheticError, apsw.Error):
        return None


def _name(now_ms: int) -> str:
    stamp = datetime.fromtimestamp(now_ms / 1000, UTC).strftime("%Y%m%dT%H%M%S")
    return f"replaced-{stamp}-{now_ms % 1000:03d}"

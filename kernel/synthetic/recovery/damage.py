"""A database that SQLite calls damaged when a store is opened: a copy is kept, and the ways out are named."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import apsw
import msgspec

from synthetic.backups.places import folder_of
from synthetic.backups.records import Backup
from synthetic.clock import Clock
from synthetic.data_directory import DataDirectory
from synthetic.database.connections import APPLICATION_ID
from synthetic.database.raw_file import RawFile
from synthetic.durable_files import DIRECTORY_MODE, FILE_MODE, durable_file, reach_the_disk
from synthetic.errors import NotAStoreError, StoreDamagedError, SyntheticError, iso_from_ms
from synthetic.kernel_settings import KernelSettings
from synthetic.log.sync.spans import span_in_words
from synthetic.logs import logger_for

DAMAGED = "-damaged"
"""How the names of the folders end in which copies of damaged databases are."""

COPIES_MAX = 3
"""Copies of different damages that are kept at most."""

NOTE = "damage.json"
CHUNK_BYTES = 1_048_576
LOOK_BYTES = 67_108_864
"""So much of a file that is no database is looked through for what a store says of its tables."""

_TELLS = b"CREATE TABLE registered_tables"
_LOG_MAGIC = (b"\x37\x7f\x06\x82", b"\x37\x7f\x06\x83")

log = logger_for(__name__)


class Note(NamedTuple):
    """Of what a copy is; two of the same need not be kept.

    Attributes:
        kept_at: When it was made, Unix milliseconds.
        reason: What SQLite said.
        database: Size in bytes and time of the last change of the database, in nanoseconds; zeros: it was not there.
        log: The same of its write-ahead log.
    """

    kept_at: int
    reason: str
    database: tuple[int, int]
    log: tuple[int, int]


def is_of_store(directory: DataDirectory) -> bool:
    """Whether what lies in the place of a database was one of a store, damaged as it may be.

    Nothing is done to the file of another program that happens to lie there.
    """
    try:
        if not directory.database.exists() or directory.database.stat().st_size == 0:
            # Beside a database the log says nothing: every program's begins so.
            return _begins(directory.log) in _LOG_MAGIC
        with RawFile(directory.database) as file:
            if file.read(68, 4) == APPLICATION_ID.to_bytes(4, "big"):
                return True
            before = b""
            for offset in range(0, min(file.size_bytes, LOOK_BYTES), CHUNK_BYTES):
                chunk = file.read(offset, CHUNK_BYTES)
                if _TELLS in before + chunk:
                    return True
                before = chunk[-len(_TELLS) :]
    except (apsw.Error, OSError):
        return False
    return False


def explain_damage(
    directory: DataDirectory, settings: KernelSettings, clock: Clock, error: SyntheticError, *, keeps: bool
) -> SyntheticError:
    """The error to raise in place of one that says that a database is damaged, or none of ours.

    Args:
        directory: Of the store.
        settings: Tell where its backups are, and how much room there must be.
        clock: For the name of the copy, and the age of the backup.
        error: What was found.
        keeps: Whether a copy is kept of the damaged files, if there is none yet.
    """
    if isinstance(error, NotAStoreError) and not is_of_store(directory):
        return error
    copy = _keep_copy(directory, settings, clock, error) if keeps else None
    backup = find_newest_proven(directory, settings)
    kept = f" A copy of it is in {copy}." if copy is not None else ""
    return StoreDamagedError(
        f"The database in {directory.path} is damaged, and was not opened for writing.{kept}",
        action=ways_out(backup, clock.now_ms()),
        details={
            "copy": None if copy is None else str(copy),
            "backup": None if backup is None else backup.id,
            "backupTakenAt": None if backup is None else iso_from_ms(backup.taken_at),
        },
    )


def ways_out(backup: Backup | None, now_ms: int) -> str:
    """What to do about a damaged database, the best first.

    Args:
        backup: The newest proven one, if there is any.
        now_ms: Tells its age.
    """
    salvage = "salvage what can be read into a new store: `synthetic recover`"
    if backup is None:
        first = f"No proven backup is at hand: {salvage}."
    else:
        age = span_in_words(max(0, now_ms - backup.taken_at))
        first = f"Restore the newest proven backup, {age} old: `synthetic restore {backup.id}`. Or {salvage}."
    return f"{first} Until then, `synthetic serve --read-only` serves what can be read."


def find_newest_proven(directory: DataDirectory, settings: KernelSettings) -> Backup | None:
    """The newest backup of a store that was proven and not found damaged since; one of the whole store comes first."""
    try:
        proven = [each for each in folder_of(directory, settings).list_backups()[0] if each.proven_at is not None]
    except (SyntheticError, OSError):
        return None
    sound = [each for each in proven if not each.is_damaged]
    return next((each for each in sound if each.is_whole), next(iter(sound), None))


def list_copies(directory: DataDirectory) -> list[Path]:
    """The copies of damaged databases, the oldest first."""
    if not directory.quarantine.is_dir():
        return []
    return sorted(path for path in directory.quarantine.iterdir() if path.name.endswith(DAMAGED) and path.is_dir())


def _keep_copy(directory: DataDirectory, settings: KernelSettings, clock: Clock, error: SyntheticError) -> Path | None:
    """Copy the damaged files to `quarantine/`, unless a copy of this damage is there; None: it could not be done.

    The index of the log (`-shm`) is left out: SQLite makes it of the log.
    """
    note = Note(clock.now_ms(), error.message, _state_of(directory.database), _state_of(directory.log))
    copies = list_copies(directory)
    for path in copies:
        before = _read_note(path)
        if before is not None and before[2:] == note[2:]:
            return path
    if len(copies) >= COPIES_MAX:
        log.warning("no further copy of a damaged database is kept", copies=len(copies))
        return None
    needed = note.database[0] + note.log[0] + settings.database.free_disk_bytes
    if shutil.disk_usage(directory.path).free < needed:
        log.warning("no room for a copy of the damaged database", needed_bytes=needed)
        return None
    stamp = datetime.fromtimestamp(note.kept_at / 1000, UTC).strftime("%Y%m%dT%H%M%S")
    target = directory.quarantine / f"{stamp}-{note.kept_at % 1000:03d}{DAMAGED}"
    partial = target.with_name(f"{target.name}.partial")
    try:
        directory.quarantine.mkdir(DIRECTORY_MODE, exist_ok=True)
        for crashed in directory.quarantine.glob(f"*{DAMAGED}.partial"):
            shutil.rmtree(crashed, ignore_errors=True)
        partial.mkdir(DIRECTORY_MODE)
        if directory.database.exists():
            _write(partial / directory.database.name, _database_bytes(directory.database))
        if note.log[0]:
            shutil.copyfile(directory.log, partial / directory.log.name)
            reach_the_disk(partial / directory.log.name)
        with durable_file(partial / NOTE) as file:
            file.write(msgspec.json.encode(note))
        partial.rename(target)
        reach_the_disk(directory.quarantine)
    except (OSError, apsw.Error, SyntheticError) as failure:
        shutil.rmtree(partial, ignore_errors=True)
        log.warning("the damaged database could not be copied", error=str(failure))
        return None
    return target


def _write(path: Path, chunks: Iterator[bytes]) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, FILE_MODE)
    with os.fdopen(descriptor, "wb") as file:
        for chunk in chunks:
            file.write(chunk)
        file.flush()
        os.fsync(descriptor)


def _database_bytes(path: Path) -> Iterator[bytes]:
    """The bytes of a database; zeros where the disk does not give them, so that the others are in their places."""
    with RawFile(path) as file:
        for offset in range(0, file.size_bytes, CHUNK_BYTES):
            try:
                yield file.read(offset, CHUNK_BYTES)
            except apsw.IOError:
                yield bytes(min(CHUNK_BYTES, file.size_bytes - offset))


def _read_note(copy: Path) -> Note | None:
    try:
        return msgspec.json.decode((copy / NOTE).read_bytes(), type=Note)
    except (OSError, msgspec.MsgspecError):
        return None


def _state_of(path: Path) -> tuple[int, int]:
    try:
        found = path.stat()
    except OSError:
        return 0, 0
    return found.st_size, found.st_mtime_ns


def _begins(path: Path) -> bytes:
    """The first four bytes of a file that SQLite does not lock, such as the log."""
    try:
        with path.open("rb") as file:
            return file.read(4)
    except OSError:
        return b""

"""Taking a backup: into a folder that has others, or into one file."""

from __future__ import annotations

import contextlib
from collections.abc import Generator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

from synthetic.backups.archive_file import ArchiveWriter, unproven_name, writing_archive
from synthetic.backups.beside import identities_of, keep_files
from synthetic.backups.copying import CopiedDatabase, copy_database
from synthetic.backups.errors import BackupDamagedError, BackupUnprovenError, BackupUnsupportedError
from synthetic.backups.folder import BackupFolder
from synthetic.backups.objects import FolderObjects, Objects, explain
from synthetic.backups.pieces import keep_content, keep_stream, read_contents
from synthetic.backups.places import scratch_of
from synthetic.backups.proving import GoOn, Inspection, check_folder_room, guarded, restore_files
from synthetic.backups.records import DATABASE, Backup, Contents, KeptFile, encode_contents
from synthetic.backups.scratch import scratch_folder
from synthetic.clock import Clock
from synthetic.data_directory import DataDirectory
from synthetic.durable_files import reach_the_disk, translate_system_error
from synthetic.faults import crash_point
from synthetic.kernel_settings import KernelSettings
from synthetic.logs import logger_for

log = logger_for(__name__)

SCRATCH_ACTION = "Free space there, or name a folder on another disk in `kernel.backups.scratch`."


class Writing(Protocol):
    """A place that a backup is being written to."""

    @property
    def objects(self) -> Objects:
        """Where its pieces go."""
        ...

    def finish(self, backup: Backup) -> Backup:
        """Write the record, last of all; as it was written, with what was added."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Taking:
    """A backup that is to be taken.

    Attributes:
        directory: Of the store.
        settings: The kernel's.
        reason: Why, in lower-case words.
        is_whole: Take the files beside the database too.
        inspection: How it is checked.
        version: Of Synthetic.
        clock: For its name.
        go_on: Told how much was done; raises where the work should stop.
    """

    directory: DataDirectory
    settings: KernelSettings
    reason: str
    is_whole: bool
    inspection: Inspection
    version: str
    clock: Clock
    go_on: GoOn

    @property
    def scratch(self) -> Path:
        """Where scratch folders are made."""
        return scratch_of(self.directory, self.settings)


def take_into_folder(taking: Taking, folder: BackupFolder) -> Backup:
    """Take a backup into a folder that this process has locked; what it has already is not stored again.

    Returns:
        Its record, on the disk.

    Raises:
        BackupUnprovenError: It was taken, and what is in it did not pass the checks; it is kept, and says so.
        BackupDamagedError: A piece that other backups share is not as it was written. It was set aside with all of
            the newest whole backup that are no better, and the next backup stores them anew; what was to be taken is
            not there, and those that have one of the pieces are not said to be proven any more.
        SyntheticError: It was not taken, for instance STORAGE_FULL; nothing of it is left.
    """
    writing = _FolderWriting(folder)
    try:
        backup = _take(taking, writing, _known_files(folder), folder.path)
    except BackupDamagedError as error:
        writing.give_up()
        _set_aside(folder, writing.objects, [str(error.details.get("file", ""))])
        _set_aside(folder, writing.objects, _find_damaged(folder, writing.objects, taking.go_on))
        raise
    except OSError as error:
        writing.give_up()
        raise explain(error, folder.path) from error
    except BaseException:
        writing.give_up()
        raise
    return _require_proven(backup, folder.path)


def take_into_file(taking: Taking, target: Path) -> Backup:
    """Take a backup into one file, which is replaced if it is there.

    Raises:
        BackupUnprovenError: It was taken, and what is in it did not pass the checks; it is kept beside the file, which
            stays as it was.
        SyntheticError: It was not taken; nothing of it is left.
    """
    with writing_archive(target) as writer:
        backup = _take(taking, _ArchiveWriting(writer), {}, target)
    return _require_proven(backup, unproven_name(target))


def _find_damaged(folder: BackupFolder, objects: FolderObjects, go_on: GoOn) -> list[str]:
    """The damaged pieces of the newest whole backup, which the next ones would otherwise meet one at a time."""
    found: list[str] = []
    for piece in {piece for file in _newest_files(folder) for piece in file.pieces}:
        try:
            go_on(0)
            objects.get(piece)
        except BackupDamagedError as error:
            found.append(str(error.details["file"]))
    return found


def _set_aside(folder: BackupFolder, objects: FolderObjects, names: list[str]) -> None:
    pieces = [name for name in names if objects.is_piece(name)]
    if not pieces:
        return
    # First: while a record can be found proven, nothing that it names is missing.
    folder.take_proof_back(pieces)
    try:
        for name in pieces:
            objects.set_aside(name)
    except OSError as error:
        raise explain(error, folder.path) from error


class _FolderWriting:
    def __init__(self, folder: BackupFolder) -> None:
        self.objects = FolderObjects(folder.path)
        self._folder = folder
        self._written: Backup | None = None

    def finish(self, backup: Backup) -> Backup:
        """Write the record, once all pieces have reached the disk."""
        self.objects.settle()
        crash_point("backup.pieces_kept")
        added_bytes = sum(self.objects.added.values())
        written = replace(backup, added_bytes=added_bytes, sequence=self._folder.next_sequence())
        self._written = written
        self._folder.save(written)
        crash_point("backup.recorded")
        return written

    def give_up(self) -> None:
        """Remove what was written: the record first, and its pieces only once it is gone for sure."""
        if self._written is not None:
            try:
                self._folder.remove(self._written)
                reach_the_disk(self._folder.path)
            except OSError as error:
                log.warning("record of a failed backup not removed", backup=self._written.id, error=str(error))
                return
        self.objects.give_up()


@dataclass(frozen=True, slots=True)
class _ArchiveWriting:
    writer: ArchiveWriter

    @property
    def objects(self) -> Objects:
        """Where its pieces go."""
        return self.writer.objects

    def finish(self, backup: Backup) -> Backup:
        """Write the record, behind all pieces."""
        written = replace(backup, added_bytes=self.writer.objects.stored_bytes)
        self.writer.finish(written)
        crash_point("backup.file_written")
        return written


def _take(taking: Taking, writing: Writing, known: dict[str, KeptFile], target: Path) -> Backup:
    """Keep everything, prove it, and write the record."""
    objects = writing.objects
    place = target if target.is_dir() else target.parent
    go_on = guarded(taking.go_on, place, taking.settings.database.free_disk_bytes)
    data_dir = taking.directory.path
    # What is refused by its path may still be met under another one, through a mount.
    left_out = identities_of(target, taking.scratch)
    files = keep_files(data_dir, left_out, known, objects, go_on) if taking.is_whole else {}
    with _copied(taking, go_on) as (copied, copy, taken_at):
        if taking.is_whole:
            files |= keep_files(data_dir, left_out, {**known, **files}, objects, go_on)
        with copy.open("rb") as file:
            database = KeptFile(DATABASE, copied.size_bytes, 0, 0, keep_stream(file, objects, go_on))
    contents = Contents(files=(database, *(files[path] for path in sorted(files))))
    listed = keep_content(encode_contents(contents), objects)
    backup = Backup(
        id=_name(taken_at, taking.reason),
        reason=taking.reason,
        position=copied.position,
        taken_at=taken_at,
        proven_at=None,
        is_whole=taking.is_whole,
        database_bytes=copied.size_bytes,
        files=len(files),
        file_bytes=sum(file.size_bytes for file in files.values()),
        added_bytes=0,
        contents=listed,
        migrations=copied.migrations,
        version=taking.version,
    )
    return writing.finish(prove(taking, backup, objects, go_on))


def prove(taking: Taking, backup: Backup, objects: Objects, go_on: GoOn) -> Backup:
    """Restore a backup into a scratch place, and check it there.

    Returns:
        Its record, with what came of that.

    Raises:
        BackupDamagedError, BackupUnsupportedError: A part of it is not as it was written.
        StorageFullError: There is no room for it in the scratch place.
        StorageReadOnlyError, StorageFailedError: The scratch place cannot be written.
        SyntheticError: What `go_on` raises.
    """
    contents = read_contents(backup, objects)
    with scratch_folder(taking.scratch) as scratch:
        spare_bytes = taking.settings.database.free_disk_bytes
        check_folder_room(scratch, backup.size_bytes, spare_bytes, SCRATCH_ACTION)
        try:
            restore_files(contents, objects, scratch, guarded(go_on, scratch, spare_bytes))
        except OSError as error:
            raise translate_system_error(error, f"The scratch folder {taking.scratch}") from error
        problems = taking.inspection.find_problems(DataDirectory(scratch), go_on)
    proven_at = None if problems else taking.clock.now_ms()
    return replace(backup, proven_at=proven_at, problems=problems)


@contextlib.contextmanager
def _copied(taking: Taking, go_on: GoOn) -> Generator[tuple[CopiedDatabase, Path, int]]:
    """A copy of the database, for the block, and when it was made."""
    settings = taking.settings
    with scratch_folder(taking.scratch) as scratch:
        size_bytes = taking.directory.database.stat().st_size
        check_folder_room(scratch, size_bytes, settings.database.free_disk_bytes, SCRATCH_ACTION)
        copy = scratch / DATABASE
        taken_at = taking.clock.now_ms()
        copied = copy_database(taking.directory, settings.database, copy, settings.backups.wal_bytes, lambda: go_on(0))
        crash_point("backup.copied")
        yield copied, copy, taken_at


def _known_files(folder: BackupFolder) -> dict[str, KeptFile]:
    """The files of the newest whole backup, by path, so that those that have not changed are not read again."""
    return {file.path: file for file in _newest_files(folder)[1:]}


def _newest_files(folder: BackupFolder) -> tuple[KeptFile, ...]:
    """All files of the newest whole backup whose list can be read, the database first; none: there is no such one."""
    for backup in folder.list_backups()[0]:
        if backup.is_whole:
            with contextlib.suppress(BackupDamagedError, BackupUnsupportedError):
                return folder.read_contents(backup).files
    return ()


def _name(taken_at: int, reason: str) -> str:
    stamp = datetime.fromtimestamp(taken_at / 1000, UTC).strftime("%Y%m%dT%H%M%S")
    return f"{stamp}-{taken_at % 1000:03d}-{reason}"


def _require_proven(backup: Backup, place: Path) -> Backup:
    if backup.proven_at is None:
        raise BackupUnprovenError(
            f"The backup {backup.id} was taken, and what it holds is not as it must be: {backup.problems[0]}",
            details={"backup": backup.id, "place": str(place), "problems": list(backup.problems)},
        )
    return backup

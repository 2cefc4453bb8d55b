"""`BackupFolder`: a folder with many backups, which share what is the same in them.

    20261121T181800-123-manual.json     the record of a backup, written last of all
    objects/3f/3f09...                  the pieces, each under the hash of its content
    lock                                empty; who writes to the folder holds a lock on it

It can be copied elsewhere with any tool while nothing is written to it, and its
objects never change, so a tool that copies what is new copies little.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
from collections.abc import Collection, Generator
from dataclasses import replace
from pathlib import Path

from synthetic.backups.errors import BackupBusyError, BackupDamagedError, BackupUnsupportedError
from synthetic.backups.objects import FolderObjects, explain, object_name
from synthetic.backups.pieces import read_contents
from synthetic.backups.records import Backup, Contents, seal, unseal
from synthetic.durable_files import DIRECTORY_MODE, FILE_MODE, durable_file
from synthetic.errors import NotFoundError, StorageFailedError

RECORD = ".json"
RECORD_BYTES_MAX = 16_777_216
LOCK = "lock"
NAMED_MAX = 20
"""So many damaged pieces are named in a record."""

_NAME = re.compile(r"[0-9]{8}T[0-9]{6}-[0-9]{3}-[a-z0-9_-]{1,100}")


class BackupFolder:
    """Backups in one folder.

    Attributes:
        path: The folder, which need not be there yet.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    @contextlib.contextmanager
    def locked(self) -> Generator[None]:
        """Keep other processes from writing to the folder, for the block; it is made if it is not there.

        The folder that it is in is not made: where a disk is not mounted, another one would be filled up instead.

        Raises:
            BackupBusyError: One does; nobody is waited for.
            StorageReadOnlyError, StorageFullError: The folder cannot be made or written.
        """
        try:
            self.path.mkdir(DIRECTORY_MODE, exist_ok=True)
            descriptor = os.open(self.path / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, FILE_MODE)
        except OSError as error:
            raise explain(error, self.path) from error
        try:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise BackupBusyError(retry_after_ms=5_000) from None
            yield
        finally:
            os.close(descriptor)

    def list_backups(self) -> tuple[list[Backup], list[BackupDamagedError | BackupUnsupportedError]]:
        """The records that can be read, the newest first, and what is wrong with the others.

        The newest is the one that was taken last, also where the clock was set back since.

        Raises:
            StorageFailedError: The folder is there and cannot be listed.
        """
        found: list[Backup] = []
        wrong: list[BackupDamagedError | BackupUnsupportedError] = []
        for name in self._names():
            try:
                found.append(self.get_backup(name))
            except NotFoundError:
                continue  # it was removed in this moment
            except (BackupDamagedError, BackupUnsupportedError) as error:
                wrong.append(error)
        found.sort(key=lambda backup: (backup.sequence, backup.id), reverse=True)
        return found, wrong

    def get_backup(self, id: str) -> Backup:
        """The record of one.

        Raises:
            NotFoundError: There is none of this name.
            BackupDamagedError, BackupUnsupportedError: Its record cannot be read.
        """
        path = self._record(id)
        try:
            with path.open("rb") as file:
                content = file.read(RECORD_BYTES_MAX)
        except FileNotFoundError:
            raise NotFoundError(
                f"There is no backup {id!r} in {self.path}.", action="`synthetic backup list` shows those that are."
            ) from None
        except OSError as error:
            raise BackupDamagedError(f"{path.name} cannot be read: {error.strerror}.") from error
        backup = unseal(content, path.name)
        if backup.id != id:
            raise BackupDamagedError(f"{path.name} is the record of {backup.id}.", details={"file": path.name})
        return backup

    def read_contents(self, backup: Backup) -> Contents:
        """What is in a backup.

        Raises:
            BackupDamagedError, BackupUnsupportedError: The list of it cannot be read.
        """
        return read_contents(backup, FolderObjects(self.path))

    def next_sequence(self) -> int:
        """The number of the backup that is written next; only while the folder is locked."""
        return max((backup.sequence for backup in self.list_backups()[0]), default=0) + 1

    def save(self, backup: Backup) -> None:
        """Write the record of a backup whose pieces are on the disk, or write it anew.

        Raises:
            StorageFullError, StorageReadOnlyError, StorageFailedError: It cannot be written.
        """
        with durable_file(self._record(backup.id)) as file:
            file.write(seal(backup))

    def remove(self, backup: Backup) -> None:
        """Remove the record of a backup; its pieces go with `remove_unused`."""
        self._record(backup.id).unlink(missing_ok=True)

    def take_proof_back(self, names: Collection[str]) -> None:
        """Note in the records of all backups that have a damaged piece that they are not whole.

        Only while the folder is locked. Once the pieces were stored anew, `synthetic backup verify` proves them again.

        Args:
            names: Of the pieces, as `object_name` gives them.

        Raises:
            StorageFullError, StorageReadOnlyError, StorageFailedError: A record cannot be written.
        """
        for backup in self.list_backups()[0]:
            if not backup.is_damaged and (damaged := sorted(self._piece_names(backup).intersection(names))):
                problems = tuple(f"{name} was not as it was written." for name in damaged[:NAMED_MAX])
                self.save(replace(backup, proven_at=None, is_damaged=True, problems=problems))

    def _piece_names(self, backup: Backup) -> set[str]:
        """The names of all pieces of a backup; of its list alone where that cannot be read."""
        pieces = set(backup.contents)
        with contextlib.suppress(BackupDamagedError, BackupUnsupportedError):
            pieces.update(piece for file in self.read_contents(backup).files for piece in file.pieces)
        return {object_name(piece.digest) for piece in pieces}

    def remove_unused(self) -> int:
        """Remove the pieces that no backup has any more; only while the folder is locked.

        Where a record or a list cannot be read, nothing is removed: what it names is not known.

        Returns:
            How many bytes were given back.

        Raises:
            OSError: A piece cannot be removed.
            StorageFailedError: The folder cannot be listed.
        """
        backups, wrong = self.list_backups()
        if wrong:
            return 0
        used: set[str] = set()
        try:
            for backup in backups:
                used.update(piece.digest for piece in backup.contents)
                for file in self.read_contents(backup).files:
                    used.update(piece.digest for piece in file.pieces)
        except (BackupDamagedError, BackupUnsupportedError):
            return 0
        freed = 0
        for path in FolderObjects(self.path).names():
            if path.name not in used:
                freed += path.lstat().st_size
                path.unlink(missing_ok=True)
        return freed

    def _names(self) -> list[str]:
        """The names of all records; what cannot be listed does not count as empty, since what nobody names goes."""
        try:
            names = [path.name for path in self.path.iterdir()]
        except FileNotFoundError:
            return []
        except OSError as error:
            raise StorageFailedError(
                f"The folder of backups {self.path} cannot be listed: {error.strerror}.",
                action="See that it is a folder that this user may read, and that its disk is mounted and well.",
            ) from error
        stems = (name.removesuffix(RECORD) for name in names if name.endswith(RECORD))
        return [stem for stem in stems if _NAME.fullmatch(stem)]

    def _record(self, id: str) -> Path:
        if not _NAME.fullmatch(id):
            raise NotFoundError(
                f"{id!r} is not the name of a backup.", action="`synthetic backup list` shows those that there are."
            )
        return self.path / f"{id}{RECORD}"

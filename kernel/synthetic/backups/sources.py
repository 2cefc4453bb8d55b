"""Finding a backup by what an operator calls it, opening it, and saying all that is wrong with it."""

from __future__ import annotations

import contextlib
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path

from synthetic.backups import folder as folders
from synthetic.backups.archive_file import SUFFIX, check_archive, reading_archive
from synthetic.backups.errors import BackupDamagedError
from synthetic.backups.folder import BackupFolder
from synthetic.backups.objects import FolderObjects, Objects, object_name
from synthetic.backups.pieces import read_contents
from synthetic.backups.proving import GoOn
from synthetic.backups.records import Backup, Contents, Piece
from synthetic.errors import NotFoundError

LATEST = "latest"
DAMAGED_NAMED = 20


@dataclass(frozen=True, slots=True)
class OpenBackup:
    """A backup that can be read.

    Attributes:
        backup: Its record.
        objects: Its pieces.
        folder: The folder that it is in; None: it is in one file.
        file: The one file; None: it is in a folder.
    """

    backup: Backup
    objects: Objects
    folder: BackupFolder | None = None
    file: Path | None = None

    def read_contents(self) -> Contents:
        """What is in it.

        Raises:
            BackupDamagedError, BackupUnsupportedError: The list of it cannot be read.
        """
        return read_contents(self.backup, self.objects)

    def check_container(self) -> None:
        """Compare what is in no piece with its hash.

        Raises:
            BackupDamagedError: It is not as it was written.
        """
        if self.file is not None:
            check_archive(self.file)


@contextlib.contextmanager
def open_backup(named: str, folder: BackupFolder) -> Generator[OpenBackup]:
    """Open a backup, for the block.

    Args:
        named: The name of one in the folder; `latest`: the newest there that was proven; else the path of a zip file,
            of a record in another folder, or of another folder, of which it is the newest that was proven.
        folder: That of the store.

    Raises:
        NotFoundError: There is none.
        BackupDamagedError, BackupUnsupportedError: Its record cannot be read.
    """
    path = Path(named)
    if named != LATEST and path.suffix == SUFFIX:
        with reading_archive(path) as (backup, objects):
            yield OpenBackup(backup, objects, file=path)
        return
    if named != LATEST and path.is_dir():
        folder, named = BackupFolder(path.absolute()), LATEST
    elif path.suffix == folders.RECORD:
        folder, named = BackupFolder(path.absolute().parent), path.stem
    backup = _latest(folder) if named == LATEST else folder.get_backup(named)
    yield OpenBackup(backup, FolderObjects(folder.path), folder=folder)


def find_damage(opened: OpenBackup, go_on: GoOn) -> tuple[str, ...]:
    """All parts of a backup that are not as they were written, and the files of the store that they are parts of.

    Raises:
        SyntheticError: What `go_on` raises.
    """
    try:
        contents = opened.read_contents()
    except BackupDamagedError as error:
        return (error.message,)
    named: list[str] = []
    looked: dict[str, bool] = {}
    for file in contents.files:
        for piece in file.pieces:
            if piece.digest not in looked:
                looked[piece.digest] = _is_whole(opened.objects, piece)
                go_on(piece.size_bytes)
            if not looked[piece.digest] and len(named) < DAMAGED_NAMED:
                named.append(f"{object_name(piece.digest)}, a part of {file.path}")
    return tuple(named)


def _is_whole(objects: Objects, piece: Piece) -> bool:
    try:
        objects.get(piece)
    except BackupDamagedError:
        return False
    return True


def _latest(folder: BackupFolder) -> Backup:
    found, wrong = folder.list_backups()
    for backup in found:
        if backup.proven_at is not None and backup.is_whole:
            return backup
    if wrong:
        raise wrong[0]
    raise NotFoundError(
        f"There is no proven backup in {folder.path}.",
        action="`synthetic backup list` shows what there is; name one that is there.",
    )

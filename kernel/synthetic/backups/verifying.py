"""Proving a backup again, and writing down in its record what came of that."""

from __future__ import annotations

from dataclasses import dataclass, replace

from synthetic.backups.errors import BackupBusyError, BackupDamagedError
from synthetic.backups.folder import BackupFolder
from synthetic.backups.objects import FolderObjects
from synthetic.backups.proving import GoOn, inspect_database
from synthetic.backups.records import Backup
from synthetic.backups.running import StoreBackups
from synthetic.backups.sources import OpenBackup, find_damage
from synthetic.backups.taking import prove
from synthetic.errors import StorageFullError, StorageReadOnlyError, SyntheticError


@dataclass(frozen=True, slots=True)
class Verified:
    """What came of proving a backup again.

    Attributes:
        backup: Its record, as it should be now.
        damage: The parts that are not as they were written, with the files of the store that they are parts of.
        unsaved: Why that is not in the folder: it cannot be written, or another process writes to it; None: it is.
    """

    backup: Backup
    damage: tuple[str, ...]
    unsaved: SyntheticError | None


def verify_backup(backups: StoreBackups, opened: OpenBackup, go_on: GoOn) -> Verified:
    """Read every byte of a backup, restore it into a scratch place, check it there, and note in its record how it is.

    One that is of the database alone is checked as it was when it was taken, without the files that its rows name.

    Args:
        backups: Of a store, whose settings and checks are used.
        opened: The backup.
        go_on: Told how much was done; raises where the work should stop.

    Raises:
        NotFoundError: It was removed meanwhile.
        BackupDamagedError, BackupUnsupportedError: Its record cannot be read any more, or it is of a newer format.
        SyntheticError: There is no room for it in the scratch place, or `go_on` raises.
    """
    backup = opened.backup
    is_whole = backup.is_whole
    inspection = backups.inspection if is_whole else inspect_database(backups.settings.database)
    taking = replace(backups.taking(backup.reason, go_on), is_whole=is_whole, inspection=inspection)
    damage: tuple[str, ...] = ()
    try:
        opened.check_container()
        found = replace(prove(taking, backup, opened.objects, go_on), is_damaged=False)
    except BackupDamagedError as error:
        damage = find_damage(opened, go_on) or (error.message,)
        found = replace(backup, proven_at=None, problems=damage, is_damaged=True)
    if opened.folder is None:
        return Verified(found, damage, None)
    try:
        _save(opened.folder, found)
    except (BackupBusyError, StorageReadOnlyError, StorageFullError) as error:
        # A copy on a disk that cannot be written is verified all the same.
        return Verified(found, damage, error)
    return Verified(found, damage, None)


def _save(folder: BackupFolder, backup: Backup) -> None:
    """Note how a backup is; what was removed while it was looked at stays removed.

    Raises:
        NotFoundError: It was removed.
        SyntheticError: It cannot be written.
    """
    with folder.locked():
        folder.get_backup(backup.id)
        objects = FolderObjects(folder.path)
        if not backup.is_damaged and not _is_there(folder, objects, backup):
            raise BackupDamagedError(f"Pieces of the backup {backup.id} were removed while it was verified.")
        folder.save(backup)


def _is_there(folder: BackupFolder, objects: FolderObjects, backup: Backup) -> bool:
    """Whether all pieces of a backup have their names in the folder."""
    return all(map(objects.has, backup.contents)) and all(
        objects.has(piece) for file in folder.read_contents(backup).files for piece in file.pieces
    )

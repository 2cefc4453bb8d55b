"""Which backups of a folder are kept: so many, and so old; and never without the last one that was proven."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from synthetic.backups.errors import BackupBusyError
from synthetic.backups.folder import BackupFolder
from synthetic.backups.objects import explain
from synthetic.backups.records import Backup
from synthetic.kernel_settings import BackupSettings


class Rotated(NamedTuple):
    """What has gone.

    Attributes:
        backups: The names of those that were removed.
        freed_bytes: What that gave back.
    """

    backups: tuple[str, ...]
    freed_bytes: int


def choose_old(backups: Sequence[Backup], settings: BackupSettings, now_ms: int) -> list[Backup]:
    """Those that are not kept.

    Args:
        backups: All of a folder, the newest first.
        settings: How many, and for how long.
        now_ms: Unix milliseconds.
    """
    proven = next((backup.id for backup in backups if backup.proven_at is not None and backup.is_whole), None)
    return [
        backup
        for number, backup in enumerate(backups)
        if backup.id != proven and (number >= settings.keep_count or 0 < settings.keep_ms < now_ms - backup.taken_at)
    ]


def rotate(folder: BackupFolder, settings: BackupSettings, now_ms: int) -> Rotated:
    """Remove the backups that are not kept, and the pieces that no other has; nothing while another process writes.

    Raises:
        SyntheticError: The folder cannot be written.
    """
    try:
        with folder.locked():
            old = choose_old(folder.list_backups()[0], settings, now_ms)
            for backup in old:
                folder.remove(backup)
            return Rotated(tuple(backup.id for backup in old), folder.remove_unused())
    except BackupBusyError:
        return Rotated((), 0)
    except OSError as error:
        raise explain(error, folder.path) from error

"""Which backups of a folder are kept: so many, and so old; and never without the last one that was proven."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from synthetic.backups.errors import BackupBusyError
from synthetic.backups.folder import BackupFolder
from synthetic.backups.objects import explain
from synthetic.backups.records import Backup
from synthetic.faults import crash_point
from synthetic.kernel_settings import BackupSettings

UNPROVEN_KEPT = 3
"""So many are kept of those that did not pass the checks: a store with a fault gets one more with each attempt."""


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

    The proven ones of the whole store, the proven ones of the database alone,
    those that were found damaged and those that were never proven are counted
    apart, so that none of them is pushed out by what is worth less.

    Args:
        backups: All of a folder, the newest first.
        settings: How many of each, and for how long.
        now_ms: Unix milliseconds.
    """
    proven = next((backup.id for backup in backups if backup.proven_at is not None and backup.is_whole), None)
    counted: Counter[tuple[bool, bool, bool]] = Counter()
    old: list[Backup] = []
    for number, backup in enumerate(backups):
        is_unproven = backup.proven_at is None and not backup.is_damaged
        kind = (is_unproven, backup.is_damaged, backup.is_whole or is_unproven)
        counted[kind] += 1
        is_beyond = counted[kind] > (UNPROVEN_KEPT if is_unproven else settings.keep_count)
        # The newest may just have been taken, for what is about to be done.
        is_safe = number == 0 or backup.id == proven
        if not is_safe and (is_beyond or 0 < settings.keep_ms < now_ms - backup.taken_at):
            old.append(backup)
    return old


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
                crash_point("backup.removing")
            return Rotated(tuple(backup.id for backup in old), folder.remove_unused())
    except BackupBusyError:
        return Rotated((), 0)
    except OSError as error:
        raise explain(error, folder.path) from error

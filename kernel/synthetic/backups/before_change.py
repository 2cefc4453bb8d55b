"""The backup of the database that is taken before something that cannot be undone: a migration, a purge."""

from __future__ import annotations

from dataclasses import replace

from synthetic.backups.errors import BackupUnprovenError
from synthetic.backups.places import check_places, folder_of
from synthetic.backups.proving import inspect_database
from synthetic.backups.records import Backup
from synthetic.backups.rotation import rotate
from synthetic.backups.taking import Taking, take_into_folder
from synthetic.clock import Clock
from synthetic.data_directory import DataDirectory
from synthetic.kernel_settings import KernelSettings


def back_up_before(what: str, directory: DataDirectory, settings: KernelSettings, version: str, clock: Clock) -> Backup:
    """Back the database up, and prove it; when it returns, the backup is on the disk.

    What is about to change is the database alone, so the files beside it are not in the backup.

    Args:
        what: What is about to be done, in lower-case words joined by hyphens.
        directory: Of the store.
        settings: The kernel's.
        version: Of Synthetic.
        clock: For the backup's name.

    Raises:
        SyntheticError: It could not be taken or not be proven, so the change is not to be made.
    """
    taking = Taking(
        directory=directory,
        settings=settings,
        reason=f"before-{what.replace('_', '-')}",
        is_whole=False,
        inspection=inspect_database(settings.database),
        version=version,
        clock=clock,
        go_on=lambda _done_bytes: None,
    )
    check_places(directory, settings)
    folder = folder_of(directory, settings)
    # Whether the clock can be believed is not known before the store is open: only those beyond the count go.
    kept = replace(settings.backups, keep_ms=0)
    try:
        with folder.locked():
            backup = take_into_folder(taking, folder)
    except BackupUnprovenError:
        rotate(folder, kept, clock.now_ms())
        raise
    rotate(folder, kept, clock.now_ms())
    return backup

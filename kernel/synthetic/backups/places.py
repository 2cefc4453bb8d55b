"""Where backups go and are prepared: outside of what they are of."""

from __future__ import annotations

from pathlib import Path

from synthetic.backups.folder import BackupFolder
from synthetic.data_directory import DataDirectory
from synthetic.errors import SettingsInvalidError
from synthetic.kernel_settings import KernelSettings


def folder_of(directory: DataDirectory, settings: KernelSettings) -> BackupFolder:
    """The folder of backups that a store's settings name."""
    named = settings.backups.directory
    return BackupFolder(directory.path / named if named else directory.backups)


def scratch_of(directory: DataDirectory, settings: KernelSettings) -> Path:
    """Where the scratch folders of a store's backups are made."""
    named = settings.backups.scratch
    return directory.path / named if named else directory.backups


def check_places(directory: DataDirectory, settings: KernelSettings) -> None:
    """Refuse settings by which a store would be backed up into itself.

    Raises:
        SettingsInvalidError: A folder that they name lies in the data directory, outside of its `backups/`.
    """
    check_outside(directory, folder_of(directory, settings).path, "kernel.backups.directory")
    check_outside(directory, scratch_of(directory, settings), "kernel.backups.scratch")


def check_outside(directory: DataDirectory, place: Path, named_by: str) -> None:
    """Refuse a place that the next backup would copy, and a restore would move away.

    Args:
        directory: Of the store.
        place: A folder, or one file; it need not be there.
        named_by: The setting or flag that names it.

    Raises:
        SettingsInvalidError: It lies in the data directory, outside of its `backups/`.
    """
    here, target = directory.path.resolve(), place.resolve()
    if target.is_relative_to(here) and not target.is_relative_to(here / directory.backups.name):
        raise SettingsInvalidError(
            f"{named_by} names {place}, which lies in the data directory, so the store would be backed up into itself.",
            action=f"Name a place outside of {directory.path}, or below {directory.backups}.",
            details={"setting": named_by},
        )

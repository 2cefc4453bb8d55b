"""Checks of where a store is: who may look into its directory, the room on its disk, and the settings beside it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator

from synthetic.check_contributions import Check, Finding, Repair
from synthetic.checks.repairs import close_open_directory
from synthetic.data_directory import DataDirectory
from synthetic.database.snapshot import Snapshot
from synthetic.errors import SettingsInvalidError, StorageFullError
from synthetic.kernel_settings import DatabaseSettings
from synthetic.setting_layers import read_layers
from synthetic.settings import load_kernel_settings
from synthetic.store_folder import StoreFolder


def find_open_directory(snapshot: Snapshot) -> list[Finding]:
    """Whether other users can look into the data directory, and so at everything below it."""
    path = snapshot.resource(StoreFolder).path
    return [Finding(message=problem, details={"path": str(path)}) for problem in DataDirectory(path).problems()]


def find_little_room(snapshot: Snapshot) -> Iterator[Finding]:
    """Whether the disk has less room than a start asks for."""
    path, needed = snapshot.resource(StoreFolder).path, snapshot.settings(DatabaseSettings).free_disk_bytes
    free = shutil.disk_usage(path).free
    if free < needed:
        yield Finding(
            message=f"{free // 1_048_576} MiB are free on the disk of the store, and {needed // 1_048_576} are needed.",
            details={"path": str(path), "freeBytes": free, "neededBytes": needed},
        )


def find_bad_settings(snapshot: Snapshot) -> Iterator[Finding]:
    """Whether a start would take the settings as they are now, which may not be those that a server has begun with."""
    path = snapshot.resource(StoreFolder).path
    try:
        load_kernel_settings(read_layers(path, {}, os.environ))
    except SettingsInvalidError as error:
        yield Finding(message=error.message, action=error.suggested_action, details=error.details)


FOLDER_CHECKS = (
    Check(
        name="permissions",
        purpose="No other user can look into the data directory.",
        find=find_open_directory,
        error_class=SettingsInvalidError,
        action="Close it to them: `synthetic check --repair`, or chmod 0700.",
        effort="light",
        repair=Repair(does="Closes the data directory to other users.", apply=close_open_directory),
    ),
    Check(
        name="disk",
        purpose="The disk of the store has the room that a start asks for.",
        find=find_little_room,
        error_class=StorageFullError,
        effort="light",
    ),
    Check(
        name="settings",
        purpose="The files of settings can be read, and the kernel's settings in them fit.",
        find=find_bad_settings,
        error_class=SettingsInvalidError,
        effort="light",
    ),
)

"""`StoreBackups`: the backups of an open store, as its settings want them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Self

from synthetic.backups.folder import BackupFolder
from synthetic.backups.notes import BACKUP, clear_request, save_proven
from synthetic.backups.proving import GoOn, Inspection
from synthetic.backups.records import Backup
from synthetic.backups.rotation import rotate
from synthetic.backups.taking import Taking, take_into_file, take_into_folder
from synthetic.clock import Clock, new_id
from synthetic.data_directory import DataDirectory
from synthetic.database.ownership import BlockingStore
from synthetic.database.surroundings import SettingsLookup
from synthetic.database.transaction import Transaction
from synthetic.errors import SyntheticError
from synthetic.kernel_settings import KernelSettings
from synthetic.log.sync.model import SyncOutcome
from synthetic.log.sync.reporting import report_sync
from synthetic.log.sync.store import find_state
from synthetic.logs import logger_for
from synthetic.retention.clock_check import is_clock_believed

log = logger_for(__name__)


@dataclass(frozen=True, slots=True)
class StoreBackups:
    """How an open store is backed up, as a resource of a kernel's snapshots.

    Attributes:
        directory: Of the store.
        settings: The kernel's.
        inspection: How a backup is checked.
        version: Of Synthetic.
        clock: The kernel's.
    """

    directory: DataDirectory
    settings: KernelSettings
    inspection: Inspection
    version: str
    clock: Clock

    @classmethod
    def make(cls, _settings: SettingsLookup, /) -> Self:
        """Never made on demand: each kernel provides its own.

        Raises:
            LookupError: Always.
        """
        raise LookupError("a kernel provides its StoreBackups when it is opened")

    @property
    def folder(self) -> BackupFolder:
        """The folder that the settings name."""
        return folder_of(self.directory, self.settings)

    def taking(self, reason: str, go_on: GoOn) -> Taking:
        """A whole backup that is to be taken, for a reason."""
        return Taking(
            directory=self.directory,
            settings=self.settings,
            reason=reason,
            is_whole=True,
            inspection=self.inspection,
            version=self.version,
            clock=self.clock,
            go_on=go_on,
        )


def folder_of(directory: DataDirectory, settings: KernelSettings) -> BackupFolder:
    """The folder of backups that a store's settings name."""
    named = settings.backups.directory
    return BackupFolder(directory.path / named if named else directory.backups)


def settle_restored(tx: Transaction, backup: Backup) -> None:
    """Note in a store that was restored from a backup what came of that: it was being taken when it was copied.

    Args:
        tx: To write in.
        backup: That the store was restored from.
    """
    save_proven(tx, backup)
    state = find_state(tx, BACKUP)
    if state is not None and state.heard_at is not None and backup.proven_at is not None:
        report_sync(tx, BACKUP, SyncOutcome.SUCCEEDED, cursor=backup.position, units=backup.size_bytes)


def back_up_store(
    store: BlockingStore,
    backups: StoreBackups,
    reason: str,
    go_on: GoOn,
    target: BackupFolder | Path | None = None,
    expected_interval_ms: int | None = None,
) -> Backup:
    """Take a backup, prove it, remove those that are not kept, and report to the module `backup` how that went.

    Args:
        store: To report in.
        backups: Of the store.
        reason: Why, in lower-case words.
        go_on: Told how much was done; raises where the work should stop.
        target: A folder, or one file; None: the folder that the settings name.
        expected_interval_ms: When the module is to be STALE; None: as before.

    Raises:
        BackupUnprovenError: What was taken did not pass the checks.
        SyntheticError: It was not taken.
    """
    attempt_id = new_id()

    def begin(tx: Transaction) -> None:
        clear_request(tx)
        report_sync(tx, BACKUP, SyncOutcome.STARTED, attempt_id=attempt_id, expected_interval_ms=expected_interval_ms)

    def fail(tx: Transaction, error: SyntheticError) -> None:
        report_sync(tx, BACKUP, SyncOutcome.FAILED, attempt_id=attempt_id, error=error)

    def succeed(tx: Transaction, backup: Backup) -> None:
        save_proven(tx, backup)
        report_sync(
            tx, BACKUP, SyncOutcome.SUCCEEDED, attempt_id=attempt_id, cursor=backup.position, units=backup.size_bytes
        )

    store.write(begin)
    place = backups.folder if target is None else target
    taking = backups.taking(reason, go_on)
    try:
        backup = take_into_folder(taking, place) if isinstance(place, BackupFolder) else take_into_file(taking, place)
    except SyntheticError as error:
        store.write(fail, error)
        raise
    store.write(succeed, backup)
    log.info("backup proven", backup=backup.id, added_bytes=backup.added_bytes, size_bytes=backup.size_bytes)
    if isinstance(place, BackupFolder):
        settings = backups.settings.backups
        if not store.read(is_clock_believed):
            # What the clock makes old may be of yesterday; those beyond the count go all the same.
            settings = replace(settings, keep_ms=0)
        rotated = rotate(place, settings, backups.clock.now_ms())
        if rotated.backups:
            log.info("backups removed", backups=rotated.backups, freed_bytes=rotated.freed_bytes)
    return backup

"""`StoreBackups`: the backups of an open store, as its settings want them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Self

from synthetic.backups.errors import BackupBusyError, BackupUnprovenError
from synthetic.backups.folder import BackupFolder
from synthetic.backups.notes import BACKUP, begin_request, clear_request, end_request, save_proven
from synthetic.backups.places import check_outside, check_places, folder_of
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


def settle_restored(tx: Transaction, backup: Backup) -> None:
    """Note in a store that was restored from a backup what came of that: it was being taken when it was copied.

    What had been asked for until then is what the store was restored from.

    Args:
        tx: To write in.
        backup: That the store was restored from.
    """
    clear_request(tx)
    save_proven(tx, backup)
    state = find_state(tx, BACKUP)
    if state is not None and state.heard_at is not None and backup.proven_at is not None:
        report_sync(tx, BACKUP, SyncOutcome.SUCCEEDED, cursor=backup.position, units=backup.size_bytes)


class _Attempt:
    """The reports of one backup to the module `backup`.

    Args:
        store: To report in.
        expected_interval_ms: When the module is to be STALE; None: as before.
        is_asked_for: Whether it is what was asked for, if anything was.
    """

    def __init__(self, store: BlockingStore, expected_interval_ms: int | None, *, is_asked_for: bool) -> None:
        self._store = store
        self._expected_interval_ms = expected_interval_ms
        self._is_asked_for = is_asked_for
        self._id = new_id()
        self._has_begun = False

    def begin(self) -> None:
        """Report that it has begun."""
        self._store.write(self._start)
        self._has_begun = True

    def fail(self, error: SyntheticError) -> None:
        """Report that it has failed, which may be before it began."""

        def report(tx: Transaction) -> None:
            if not self._has_begun:
                self._start(tx)
            end_request(tx, self._id)
            report_sync(tx, BACKUP, SyncOutcome.FAILED, attempt_id=self._id, error=error)

        self._store.write(report)

    def succeed(self, backup: Backup) -> None:
        """Report that it was taken and proven."""

        def report(tx: Transaction) -> None:
            end_request(tx, self._id)
            save_proven(tx, backup)
            outcome = SyncOutcome.SUCCEEDED
            report_sync(tx, BACKUP, outcome, attempt_id=self._id, cursor=backup.position, units=backup.size_bytes)

        self._store.write(report)

    def _start(self, tx: Transaction) -> None:
        if self._is_asked_for:
            begin_request(tx, self._id)
        interval_ms = self._expected_interval_ms
        report_sync(tx, BACKUP, SyncOutcome.STARTED, attempt_id=self._id, expected_interval_ms=interval_ms)


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
        target: A folder, or one file; None: the folder that the settings name, which is what was asked for.
        expected_interval_ms: When the module is to be STALE; None: as before.

    Raises:
        BackupBusyError: Another process takes one into the folder; nothing is reported, as that one reports.
        SettingsInvalidError: The target, or a folder that the settings name, lies in the data directory.
        BackupUnprovenError: What was taken did not pass the checks.
        SyntheticError: It was not taken.
    """
    check_places(backups.directory, backups.settings)
    place = backups.folder if target is None else target
    check_outside(backups.directory, place.path if isinstance(place, BackupFolder) else place, "--to")
    attempt = _Attempt(store, expected_interval_ms, is_asked_for=target is None)
    try:
        backup = _take(backups.taking(reason, go_on), place, attempt.begin)
    except BackupBusyError:
        raise
    except SyntheticError as error:
        attempt.fail(error)
        if isinstance(error, BackupUnprovenError):
            _rotate(store, backups, place)
        raise
    attempt.succeed(backup)
    log.info("backup proven", backup=backup.id, added_bytes=backup.added_bytes, size_bytes=backup.size_bytes)
    _rotate(store, backups, place)
    return backup


def _take(taking: Taking, place: BackupFolder | Path, begin: Callable[[], None]) -> Backup:
    """Take a backup; `begin` is called once nobody else takes one there."""
    if not isinstance(place, BackupFolder):
        begin()
        return take_into_file(taking, place)
    with place.locked():
        begin()
        return take_into_folder(taking, place)


def _rotate(store: BlockingStore, backups: StoreBackups, place: BackupFolder | Path) -> None:
    if not isinstance(place, BackupFolder):
        return
    settings = backups.settings.backups
    if not store.read(is_clock_believed):
        # What the clock makes old may be of yesterday; those beyond the count go all the same.
        settings = replace(settings, keep_ms=0)
    rotated = rotate(place, settings, backups.clock.now_ms())
    if rotated.backups:
        log.info("backups removed", backups=rotated.backups, freed_bytes=rotated.freed_bytes)

"""`examine`: what there is to say of a store's health on one page, whatever state it is in; nothing is changed."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from enum import IntEnum

from synthetic.backups.errors import BackupUnprovenError
from synthetic.checks.declared import LoadedChecks, lacking_in, run_in_snapshot
from synthetic.checks.folder_checks import FOLDER_CHECKS
from synthetic.checks.outcomes import CheckedFinding
from synthetic.clock import Clock
from synthetic.data_directory import DataDirectory
from synthetic.database.snapshot import Snapshot
from synthetic.errors import (
    MigrationPendingError,
    NoStoreError,
    NotAStoreError,
    StorageFullError,
    StoreDamagedError,
    SyntheticError,
)
from synthetic.kernel_settings import KernelSettings
from synthetic.log.sync.answer import ALARMING
from synthetic.log.sync.spans import span_in_words
from synthetic.log.sync.statuses import list_statuses
from synthetic.recovery.damage import find_newest_proven, list_copies
from synthetic.recovery.errors import CareNeededError
from synthetic.retention.clock_check import find_suspension

CHECK_SECONDS = 10.0
"""How long the light checks may take, all together."""

BACKUP_OLD_MS = 172_800_000
"""A proven backup that is older than two days is not one to rely on."""


LOOKED_AT_BEFORE = frozenset(f"kernel.{check.name}" for check in FOLDER_CHECKS)
"""What is looked at also where the database cannot be read."""


class Weight(IntEnum):
    """How much a finding matters, the heaviest first."""

    DATA = 0
    WORK = 1
    CARE = 2


@dataclass(frozen=True, slots=True)
class Ailment:
    """Something that is wrong.

    Attributes:
        weight: How much it matters.
        about: Of which part: a check, a module, a setting or a file.
        error: What it is, and what to do about it.
    """

    weight: Weight
    about: str
    error: SyntheticError


@dataclass(frozen=True, slots=True)
class Patient:
    """What is examined.

    Attributes:
        directory: Of the store.
        settings: The kernel's, or its defaults where they cannot be read.
        checks: Those of the kernel and of the loaded plugins.
        opening: Opens a snapshot, on a connection that cannot write.
        inspect: Looks whether the store could be opened for writing, without opening it so.
        clock: Tells ages.
        failure: Why the plugins or settings cannot be loaded; None: they can.
    """

    directory: DataDirectory
    settings: KernelSettings
    checks: LoadedChecks
    opening: Callable[[], AbstractContextManager[Snapshot]]
    inspect: Callable[[], object]
    clock: Clock
    failure: SyntheticError | None


def examine(patient: Patient) -> list[Ailment]:
    """All that is found wrong, the heaviest first."""
    return sorted(_look(patient), key=lambda ailment: ailment.weight)


def _look(patient: Patient) -> Iterator[Ailment]:
    directory = patient.directory
    if patient.failure is not None:
        yield Ailment(Weight.WORK, "settings", patient.failure)
    if directory.restore_note.exists():
        message = "A restore was cut short while it put the store in place."
        action = "Run any other command: it finishes the restore first."
        yield Ailment(Weight.WORK, "restore", CareNeededError(message, action=action))
    if not directory.database.exists() and not directory.log.exists():
        yield Ailment(Weight.WORK, "store", NoStoreError(f"There is no store in {directory.path}."))
        return
    yield from _look_at_files(patient)
    yield from _look_at_backups(patient)
    try:
        patient.inspect()
    except MigrationPendingError as error:
        yield Ailment(Weight.WORK, "migrations", error)
    except SyntheticError as error:
        yield _not_opened(error)
        return
    try:
        with patient.opening() as snapshot:
            yield from _look_inside(snapshot, patient)
    except SyntheticError as error:
        yield _not_opened(error)


def _look_inside(snapshot: Snapshot, patient: Patient) -> Iterator[Ailment]:
    for outcome in run_in_snapshot(snapshot, patient.checks.chosen("light"), CHECK_SECONDS):
        for finding in () if outcome.name in LOOKED_AT_BEFORE else outcome.findings:
            yield Ailment(Weight.DATA, finding.check, finding.error())
        if outcome.reason is not None and outcome.reason.error_class is not MigrationPendingError:
            yield _incomplete(outcome.reason)
    if lacking_in(snapshot):
        return
    for status in list_statuses(snapshot):
        if status.status in ALARMING:
            said = status.reasons[0].message if status.reasons else "It does not say why."
            message = f"The module {status.module} is {status.status.value}: {said}"
            action = "See `synthetic status` and docs/operating.md, Sync status."
            yield Ailment(Weight.CARE, status.module, CareNeededError(message, action=action))
    if find_suspension(snapshot) is not None:
        action = "See `synthetic retention`: it says why, and how to go on."
        yield Ailment(
            Weight.CARE, "retention", CareNeededError("Retention is suspended: the clock has jumped.", action=action)
        )


def _not_opened(error: SyntheticError) -> Ailment:
    """That a store cannot be opened or read is a danger to its data where the file is damaged, and else in the way."""
    is_damaged = isinstance(error, StoreDamagedError | NotAStoreError)
    return Ailment(Weight.DATA if is_damaged else Weight.WORK, "database", error)


def _incomplete(reason: CheckedFinding) -> Ailment:
    return Ailment(Weight.CARE, reason.check, reason.error())


def _look_at_files(patient: Patient) -> Iterator[Ailment]:
    directory, needed = patient.directory, patient.settings.database.free_disk_bytes
    free = shutil.disk_usage(directory.path).free
    if free < needed:
        message = f"{free // 1_048_576} MiB are free on the disk of the store, and {needed // 1_048_576} are needed."
        yield Ailment(Weight.WORK, "disk", StorageFullError(message))
    for problem in directory.problems():
        action = "Close it to them: `synthetic check --repair`, or chmod 0700."
        yield Ailment(Weight.CARE, "permissions", CareNeededError(problem, action=action))
    copies = list_copies(directory)
    if copies:
        message = f"{len(copies)} copies of damaged databases are kept, the last in {copies[-1]}."
        action = "Remove them once the store is sound again, and nothing more is wanted from them."
        yield Ailment(Weight.CARE, "quarantine", CareNeededError(message, action=action))


def _look_at_backups(patient: Patient) -> Iterator[Ailment]:
    backup = find_newest_proven(patient.directory, patient.settings)
    action = "Take one: `synthetic backup`; set a schedule under [kernel.backups]."
    if backup is None:
        error = BackupUnprovenError("There is no proven backup in the folder of the settings.", action=action)
        yield Ailment(Weight.CARE, "backups", error)
        return
    age_ms = max(0, patient.clock.now_ms() - backup.taken_at)
    if age_ms > BACKUP_OLD_MS:
        message = f"The newest proven backup, {backup.id}, is {span_in_words(age_ms)} old."
        yield Ailment(Weight.CARE, "backups", BackupUnprovenError(message, action=action))

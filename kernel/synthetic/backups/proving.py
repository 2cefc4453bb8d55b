"""Proving a backup: reading all of it back, putting the store together in a scratch place, and checking it there."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from synthetic.backups.objects import Objects
from synthetic.backups.pieces import restore_file
from synthetic.backups.records import Contents
from synthetic.check_contributions import Check
from synthetic.checks.database_checks import DATABASE_CHECKS
from synthetic.checks.declared import lacking_in, run_checks
from synthetic.checks.outcomes import CheckOutcome
from synthetic.checks.running import run_alone
from synthetic.clock import SystemClock
from synthetic.contributions import Stamped
from synthetic.data_directory import DataDirectory
from synthetic.database.connections import open_inspector
from synthetic.database.interruption import Interruption
from synthetic.database.surroundings import Surroundings
from synthetic.errors import MigrationPendingError, StorageFullError, SyntheticError
from synthetic.kernel_settings import DatabaseSettings
from synthetic.looking import looking_into, without_plugins

PROBLEMS_MAX = 20
PROBLEM_CHARACTERS_MAX = 500
FULL_RETRY_MS = 60_000
LOOK_BYTES = 8_388_608
"""After so much work, the disk is asked again how much is free."""

GoOn = Callable[[int], None]
"""Told how many bytes were worked on; raises where the work should stop."""


@dataclass(frozen=True, slots=True)
class Inspection:
    """How a store that was restored is checked.

    Attributes:
        settings: For the connections.
        checks: Those that are run.
        lend: What plugins and the kernel lend to reads of the store in a directory.
    """

    settings: DatabaseSettings
    checks: Sequence[Stamped[Check]]
    lend: Callable[[DataDirectory], Surroundings]

    def find_problems(self, directory: DataDirectory, go_on: GoOn) -> tuple[str, ...]:
        """What the checks find in the store in a directory, as sentences; none: it is as it must be.

        Args:
            directory: Of a store that nobody else has open.
            go_on: Raises where the work should stop.

        Raises:
            SyntheticError: What `go_on` raises.
        """
        watch = _Following(go_on)
        surroundings = self.lend(directory)
        opening = partial(
            looking_into, directory, self.settings, surroundings, opening=open_inspector, interruption=watch
        )

        def run(stamped: Stamped[Check]) -> CheckOutcome:
            outcome = run_alone(opening, stamped, partial(go_on, 0))
            go_on(0)
            return outcome

        def lacking() -> frozenset[str]:
            with opening() as snapshot:
                return lacking_in(snapshot)

        problems = [each for outcome in run_checks(self.checks, run, lacking) for each in _problems(outcome)]
        return tuple(problems[:PROBLEMS_MAX])


def inspect_database(settings: DatabaseSettings) -> Inspection:
    """How a database is checked where the plugins' checks do not fit it: before it is migrated."""
    checks = [Stamped("kernel", check) for check in DATABASE_CHECKS]
    return Inspection(settings, checks, lambda _directory: without_plugins())


class _Following(Interruption):
    """Ends when the work that it is a part of should."""

    def __init__(self, go_on: GoOn) -> None:
        super().__init__(SystemClock())
        self._go_on = go_on

    def reason(self) -> SyntheticError | None:
        """Why the work should stop, or None."""
        try:
            self._go_on(0)
        except SyntheticError as error:
            return error
        return super().reason()

    def check(self) -> None:
        """Stop the work if it should."""
        self._go_on(0)
        super().check()


def restore_files(contents: Contents, objects: Objects, folder: Path, go_on: GoOn) -> None:
    """Put all that is in a backup into an empty folder; every piece is compared with its hash on the way.

    Args:
        contents: Of the backup.
        objects: Its pieces.
        folder: Where it goes.
        go_on: Told how much was done; raises where the work should stop.

    Raises:
        BackupDamagedError: A piece is not as it was written.
        OSError: The folder cannot be written.
    """
    for file in contents.files:
        restore_file(file, objects, folder, go_on)


def check_folder_room(folder: Path, size_bytes: int, spare_bytes: int, action: str) -> None:
    """Refuse work for which a disk has no room, before it is begun.

    Args:
        folder: On the disk.
        size_bytes: What is to be written.
        spare_bytes: What must stay free.
        action: What to do where there is too little.

    Raises:
        StorageFullError: It has not.
    """
    free = shutil.disk_usage(folder).free
    if free < size_bytes + spare_bytes:
        raise StorageFullError(
            f"{size_bytes:,} bytes are needed in {folder}, and {free:,} are free, of which {spare_bytes:,} are kept.",
            action=action,
            retry_after_ms=FULL_RETRY_MS,
        )


def guarded(go_on: GoOn, place: Path, spare_bytes: int) -> GoOn:
    """The function to call while much is written: keeps a disk from being filled up, which is the store's too.

    Args:
        go_on: Called each time as well.
        place: A folder on the disk.
        spare_bytes: What must stay free.

    Raises:
        StorageFullError: The disk has no more room to spare; raised by the function.
    """
    unasked = LOOK_BYTES

    def look(done_bytes: int) -> None:
        nonlocal unasked
        go_on(done_bytes)
        unasked += done_bytes
        if unasked >= LOOK_BYTES:
            unasked = 0
            free = shutil.disk_usage(place).free
            if free < spare_bytes:
                raise StorageFullError(f"{free:,} bytes are free in {place}.", retry_after_ms=FULL_RETRY_MS)

    return look


def _problems(outcome: CheckOutcome) -> list[str]:
    found = [f"{outcome.name}: {finding.message}"[:PROBLEM_CHARACTERS_MAX] for finding in outcome.findings]
    reason = outcome.reason
    # A check of a plugin whose tables the store does not have yet says nothing about the store.
    if reason is not None and not issubclass(reason.error_class, MigrationPendingError):
        found.append(f"{outcome.name} could not be carried out: {reason.message}"[:PROBLEM_CHARACTERS_MAX])
    return found

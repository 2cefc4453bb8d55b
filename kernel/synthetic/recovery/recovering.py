"""`recover_store`: a new store of all that can be read of a damaged one, which is left as it is."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Callable, Generator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from synthetic.backups.places import check_outside
from synthetic.backups.proving import GoOn, Inspection, check_folder_room, guarded
from synthetic.backups.replacement import replace_store
from synthetic.backups.restoring import fold_log_back, reach_the_disk_below, tidy_staging
from synthetic.clock import Clock
from synthetic.data_directory import DataDirectory
from synthetic.database.opening import Blueprint
from synthetic.database.transaction import Transaction
from synthetic.durable_files import DIRECTORY_MODE, FILE_MODE, durable_file, reach_the_disk, translate_system_error
from synthetic.errors import ConflictError, NoStoreError, iso_from_ms
from synthetic.faults import crash_point
from synthetic.json_text import to_json
from synthetic.kernel_settings import DatabaseSettings
from synthetic.log.consumers.store import (
    NO_FAILURE,
    NO_REBUILD,
    NO_REQUEST,
    change_consumer,
    list_consumers,
)
from synthetic.log.positions import begin_epoch, read_ends, read_position
from synthetic.recovery.loading import TableReport
from synthetic.recovery.rebuilding import run_consumers
from synthetic.recovery.salvage import Salvaged, salvage
from synthetic.recovery.set_aside import SetAside
from synthetic.recovery.taking_over import room_for_files, take_over_readable
from synthetic.store import Store

REPORT = "recovered.json"
ASIDE = "recovered-set-aside.jsonl"
MARK = "recovering"
"""In a new store that is not finished, so that nothing else is taken for one, and removed."""

OWN_FILES = (REPORT, ASIDE, MARK)
FINISHING_PART = 0.25
"""The new store takes about as much room as the old one's rows; so much is kept beside it for indexes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recovery:
    """A recovery that is to be done.

    Attributes:
        directory: Of the damaged store.
        target: The folder of the new one; it must not be there yet, unless it is `restoring/`.
        replaced: What the damaged one is called in `quarantine/` when the new one takes its place; None: it stays.
        settings: Of the database.
        clock: For locks, and for when it was done.
        blueprint: What the loaded code wants of a store.
        open_target: Makes or opens the new store, with its migrations applied, in the name of who recovers.
        inspection: How the new store is checked.
        go_on: Told how many bytes were worked on; raises where the work should stop.
    """

    directory: DataDirectory
    target: Path
    replaced: str | None
    settings: DatabaseSettings
    clock: Clock
    blueprint: Blueprint
    open_target: Callable[[Path], Store]
    inspection: Inspection
    go_on: GoOn


@dataclass(frozen=True, slots=True)
class Recovered:
    """What came of a recovery.

    Attributes:
        target: The folder of the new store.
        position: The head of its log, in its new epoch.
        salvaged: What was read, kept and lost.
        set_aside: The file of rows that could not be kept; None: there are none.
        problems: What the checks find in the new store, and what it lacks of files.
        unreadable: Files and folders of the damaged store that could not be read, relative to it.
    """

    target: Path
    position: str
    salvaged: Salvaged
    set_aside: Path | None
    problems: tuple[str, ...]
    unreadable: tuple[str, ...]


def recover_store(recovery: Recovery) -> Recovered:
    """Make a new store of all that can be read of a damaged one.

    Beside the damaged one it has another name (`.partial`) until all is done, which the next recovery begins with
    removing; in `restoring/` it is nobody's until it is put in place. Until it is, nobody can open the damaged one, so
    nothing is written to it that the new one lacks.

    Raises:
        NoStoreError: There is no database, nor its log.
        ConflictError: The target is there already, or something else that has the name that it is made under.
        DatabaseBusyError: A process has the damaged store open.
        NothingRecoveredError: Nothing of it can be read.
        NotAStoreError, StoreNewerError: The database is not one that this code recovers.
        SyntheticError: There is no room, or the target cannot be written.
    """
    directory, target = recovery.directory, recovery.target
    if not directory.database.exists() and not directory.log.exists():
        raise NoStoreError(f"There is no store in {directory.path}.")
    staging = target
    if target != directory.restoring:
        check_outside(directory, target, "--into")
        staging = target.with_name(f"{target.name}.partial")
        if target.exists():
            raise _in_the_way(target)
        if staging.exists() and not _is_ours(staging):
            raise _in_the_way(staging)
    with _alone(directory, recovery.clock):
        try:
            recovered = _recover(recovery, staging)
            if recovery.replaced is not None:
                replace_store(directory, recovery.replaced)
        except OSError as error:
            _clear_away(directory, staging)
            raise translate_system_error(error, f"The new store in {staging}") from error
        except BaseException:
            _clear_away(directory, staging)
            raise
        crash_point("recover.placed")
        return recovered


def _in_the_way(path: Path) -> ConflictError:
    return ConflictError(
        f"{path} is there already.",
        action="Name another folder with --into, or move this one away.",
        details={"target": str(path)},
    )


def _is_ours(staging: Path) -> bool:
    """Whether a folder is what a recovery that was broken off has left."""
    if not staging.is_dir() or staging.is_symlink():
        return False
    return any((staging / name).is_file() for name in (MARK, REPORT)) or not any(staging.iterdir())


def _clear_away(directory: DataDirectory, staging: Path) -> None:
    """Remove a new store that is not finished; one that is being put in place is not to be touched."""
    if not directory.restore_note.exists():
        shutil.rmtree(staging, ignore_errors=True)


def _recover(recovery: Recovery, staging: Path) -> Recovered:
    directory, settings = recovery.directory, recovery.settings
    shutil.rmtree(staging, ignore_errors=True)
    staging.mkdir(DIRECTORY_MODE, parents=True)
    (staging / MARK).touch(FILE_MODE)
    size = sum(path.stat().st_size for path in (directory.database, directory.log) if path.exists())
    room = size + int(size * FINISHING_PART) + room_for_files(directory.path, staging, OWN_FILES)
    check_folder_room(staging, room, settings.free_disk_bytes, "Name a folder on another disk with --into.")
    go_on = guarded(recovery.go_on, staging, settings.free_disk_bytes)
    recovery.open_target(staging).close()
    aside = SetAside(staging / ASIDE)
    try:
        salvaged = salvage(
            directory.database, directory.log, DataDirectory(staging).database, recovery.blueprint, aside, go_on
        )
    finally:
        aside.close()
    crash_point("recover.staged")
    unreadable = take_over_readable(directory.path, staging, OWN_FILES, go_on)
    with recovery.open_target(staging) as store:
        position = _begin_anew(store, salvaged, go_on)
    crash_point("recover.loaded")
    problems = (
        *(f"{path} could not be read, and is not in the new store." for path in unreadable),
        *recovery.inspection.find_problems(DataDirectory(staging), recovery.go_on),
    )
    tidy_staging(staging)
    fold_log_back(staging, settings)
    _keep_token(directory, staging)
    aside_path = None if aside.path is None else recovery.target / ASIDE
    recovered = Recovered(recovery.target, position, salvaged, aside_path, problems, unreadable)
    _write_report(recovery, staging, recovered)
    (staging / MARK).unlink()
    reach_the_disk_below(staging)
    crash_point("recover.checked")
    if staging != recovery.target:
        staging.rename(recovery.target)
        reach_the_disk(recovery.target.parent)
    return recovered


@contextlib.contextmanager
def _alone(directory: DataDirectory, clock: Clock) -> Generator[None]:
    """Keep others from opening the damaged store meanwhile; where its folder cannot be written, nobody writes to it."""
    if not os.access(directory.path, os.W_OK):
        yield
        return
    hold = directory.hold_open(clock)
    try:
        with hold.alone():
            yield
    finally:
        hold.release()


def _begin_anew(store: Store, salvaged: Salvaged, go_on: GoOn) -> str:
    """Begin a new history, and make anew what consumers make of the log and of tables.

    Returns:
        The head of the log.
    """
    reports = salvaged.tables
    counts = {
        "kept": sum(each.kept for each in reports),
        "setAside": sum(each.set_aside for each in reports) + salvaged.strays,
        "damagedTables": sum(1 for each in reports if each.damaged),
    }

    def begin(tx: Transaction) -> None:
        tx.execute(
            "INSERT INTO meta (key, value) SELECT 'log_pruned_to', max(last_position) FROM log_segments"
            " HAVING max(last_position) > 0 ON CONFLICT (key) DO UPDATE SET value = excluded.value"
        )
        begin_epoch(tx)
        head = read_ends(tx).head
        for consumer in list_consumers(tx):
            change_consumer(
                tx, consumer.name, fingerprint="", phase="FOLLOWING", position=min(consumer.position, head),
                **NO_FAILURE, **NO_REBUILD, **NO_REQUEST,
            )  # fmt: skip

    store.operation(details=counts).write(begin)
    run_consumers(store, go_on)
    return str(store.read(read_position))


def _keep_token(directory: DataDirectory, staging: Path) -> None:
    """The first token goes along: its hash is in the database."""
    if directory.token.is_file():
        shutil.copyfile(directory.token, staging / directory.token.name)
        (staging / directory.token.name).chmod(FILE_MODE)


def _write_report(recovery: Recovery, staging: Path, recovered: Recovered) -> None:
    report = {
        "recoveredAt": iso_from_ms(recovery.clock.now_ms()),
        "from": str(recovery.directory.path),
        **report_as_json(recovered),
    }
    with durable_file(staging / REPORT) as file:
        file.write(to_json(report).encode() + b"\n")


def report_as_json(recovered: Recovered) -> dict[str, Any]:
    """What came of a recovery, for machines."""
    salvaged = recovered.salvaged
    return {
        "position": recovered.position,
        "tables": [table_as_json(table) for table in salvaged.tables],
        "ofUnknownTables": salvaged.strays,
        "unusableLogFrames": salvaged.unusable_frames,
        "missingPages": salvaged.missing_pages,
        "notMade": salvaged.failed,
        "unreadableFiles": list(recovered.unreadable),
        "problems": list(recovered.problems),
    }


def table_as_json(table: TableReport) -> dict[str, Any]:
    """What came of a table, for machines."""
    return {
        "table": table.table,
        "read": table.kept + table.set_aside,
        "kept": table.kept,
        "rebuilt": table.rebuilt,
        "setAside": table.set_aside,
        "lost": table.lost,
        "lostIsExact": table.is_lost_exact,
        "damagedPlaces": table.damaged,
    }

"""Watching a store's budget: counting the files beside the database, and the sync module `storage`.

The module appears in sync status once there is something to say: it is STALE
while the store takes more than the warning level, or the disk is short, with
the figures in the reason.
"""

from __future__ import annotations

from functools import partial

from synthetic.contributions import Service
from synthetic.data_directory import DataDirectory
from synthetic.database.ownership import BlockingStore
from synthetic.database.snapshot import Snapshot
from synthetic.database.transaction import Transaction
from synthetic.kernel_settings import StorageSettings
from synthetic.log.sync.model import SyncOutcome
from synthetic.log.sync.reporting import report_sync
from synthetic.log.sync.statuses import find_status
from synthetic.logs import logger_for
from synthetic.storage.files import measure_files
from synthetic.storage.free_pages import read_free_pages
from synthetic.storage.meter import StorageMeter
from synthetic.storage.notes import BESIDE_KEY, STORAGE, WARNING_KEY, find_note, save_note
from synthetic.storage.room import REFUSED, Room, RoomGate

TOLD_PATHS = 10
"""So many are named in the server's log."""

log = logger_for(__name__)


def watch_service(directory: DataDirectory, settings: StorageSettings, meter: StorageMeter) -> Service:
    """The watch as the kernel's background work."""
    return Service(
        name="storage_watch",
        purpose="Counts what the store takes on the disk, and warns before there is no room.",
        work=partial(watch_step, directory, meter),
        every_ms=settings.measure_ms,
    )


def watch_step(directory: DataDirectory, meter: StorageMeter, store: BlockingStore) -> int:
    """Count, and note what has changed; a store that stays as it is costs no write.

    Returns:
        0: the next look is due after the pause.

    Raises:
        OSError: The data directory itself cannot be read.
    """
    files = measure_files(directory)
    beside_bytes = files.beside_bytes
    if files.unreadable:
        log.warning("files cannot be read, and do not count", paths=files.unreadable[:TOLD_PATHS])
    room, warning, is_new = store.read(_judge, beside_bytes)
    meter.bytes_used.set(room.used_bytes)
    meter.free_disk_bytes.set(room.free_disk_bytes)
    if is_new:
        store.write(_note, beside_bytes, warning)
        if warning:
            log.warning("storage is short", reason=warning)
    return 0


def _judge(snapshot: Snapshot, beside_bytes: int) -> tuple[Room, str | None, bool]:
    """How much is used, what to warn of, and whether the store does not know it yet."""
    gate = snapshot.resource(RoomGate)
    used_pages = snapshot.value("SELECT page_count FROM pragma_page_count") - read_free_pages(snapshot)
    room = gate.look(used_pages, beside_bytes)
    warning = gate.warning(room)
    is_noted = _level(find_note(snapshot, WARNING_KEY)) == _level(warning)
    return room, warning, not is_noted or find_note(snapshot, BESIDE_KEY) != str(beside_bytes)


def _level(warning: str | None) -> tuple[bool, bool]:
    """Whether there is a warning, and whether writes are refused: its figures change all the time, this does not."""
    return bool(warning), (warning or "").startswith(REFUSED)


def _note(tx: Transaction, beside_bytes: int, warning: str | None) -> None:
    save_note(tx, BESIDE_KEY, str(beside_bytes))
    save_note(tx, WARNING_KEY, warning or "")
    if warning and find_status(tx, STORAGE) is None:
        report_sync(tx, STORAGE, SyncOutcome.SUCCEEDED, expected_interval_ms=0)

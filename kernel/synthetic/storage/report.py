"""`StorageReport`: what takes the store's room, measured now and then and remembered for a moment."""

from __future__ import annotations

import threading
from concurrent.futures import Future, wait
from typing import NamedTuple, Self

from synthetic.data_directory import DataDirectory
from synthetic.database.ownership import BlockingStore
from synthetic.database.snapshot import Snapshot
from synthetic.database.surroundings import SettingsLookup
from synthetic.errors import OverloadedError
from synthetic.retention.clock_check import ClockSource
from synthetic.storage.files import FileSizes, measure_files
from synthetic.storage.room import Room, RoomGate
from synthetic.storage.trees import PAGES_DECODED, DatabaseSize, measure_database

KEPT_SECONDS = 10.0

WAIT_SECONDS = 1.0
"""So long may a snapshot wait for another that measures, and for the files."""

RETRY_MS = 2_000


class StorageReport(NamedTuple):
    """What takes the store's room.

    Attributes:
        measured_at: When, Unix milliseconds.
        files: On the disk.
        database: In the database file.
        room: What counts against the limit.
        warning: What an operator should know, as a sentence; None: there is room enough.
    """

    measured_at: int
    files: FileSizes
    database: DatabaseSize
    room: Room
    warning: str | None


class StorageReports:
    """The last report, as a resource of snapshots: measuring is dear, and dashboards ask again and again.

    One at a time measures, and the others get the last report meanwhile. A
    snapshot pins the log, so that it must not stay open for as long as it takes
    to count many files: they are counted in a thread, for which a snapshot
    waits for a moment only, and then takes what was counted before.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._last: StorageReport | None = None
        self._until = float("-inf")
        self._count: Future[FileSizes] | None = None
        self._files: FileSizes | None = None

    @classmethod
    def make(cls, _settings: SettingsLookup, /) -> Self:
        """One that has measured nothing yet."""
        return cls()

    def read(self, snapshot: Snapshot) -> StorageReport:
        """The report, at most ten seconds old, or older while another snapshot measures.

        Raises:
            OverloadedError: The files are being counted for the first time, which takes long.
            OSError: The data directory cannot be read.
            SyntheticError: The store cannot be read.
            ValueError: There is no data directory.
        """
        clock = snapshot.resource(ClockSource).clock
        last = self._last
        if last is not None and clock.monotonic() < self._until:
            return last
        # From here on it may wait, which an event loop must not.
        snapshot.spend(PAGES_DECODED * 4_096)
        if not self._lock.acquire(timeout=0 if last is not None else WAIT_SECONDS):
            if last is None:
                raise _still_counting()
            return last
        try:
            last = self._last
            if last is None or clock.monotonic() >= self._until:
                last = self._last = self._measure(snapshot)
                self._until = clock.monotonic() + KEPT_SECONDS
        finally:
            self._lock.release()
        return last

    def _measure(self, snapshot: Snapshot) -> StorageReport:
        """Measure the database, while the files are counted."""
        count = self._begin_count(snapshot.resource(RoomGate).directory)
        database = measure_database(snapshot)
        wait((count,), WAIT_SECONDS)
        if count.done():
            self._count, self._files = None, None
            self._files = count.result()
        if self._files is None:
            raise _still_counting()
        return _report_of(snapshot, database, self._files)

    def _begin_count(self, directory: DataDirectory) -> Future[FileSizes]:
        """Begin to count the files, unless that is being done."""
        if self._count is not None and self._count.done():
            # Nobody has asked since it ended.
            self._files = self._files if self._count.exception() else self._count.result()
            self._count = None
        if self._count is None:
            self._count = Future()
            # A daemon, so that a process that ends does not wait for it; it only reads.
            threading.Thread(
                target=_count_files, args=(directory, self._count), name="synthetic-files", daemon=True
            ).start()
        return self._count


def measure_storage(store: BlockingStore, directory: DataDirectory) -> StorageReport:
    """Measure everything now, however long it takes: the files first, and then the database in a snapshot.

    Raises:
        OSError: The data directory cannot be read.
        SyntheticError: The store cannot be read.
    """
    files = measure_files(directory)
    return store.read(lambda snapshot: _report_of(snapshot, measure_database(snapshot), files))


def _report_of(snapshot: Snapshot, database: DatabaseSize, files: FileSizes) -> StorageReport:
    gate = snapshot.resource(RoomGate)
    room = gate.look(database.pages - database.free_pages, files.beside_bytes)
    return StorageReport(snapshot.now, files, database, room, gate.warning(room))


def _count_files(directory: DataDirectory, count: Future[FileSizes]) -> None:
    try:
        count.set_result(measure_files(directory))
    except BaseException as error:  # noqa: BLE001 - whatever it is, it is the answer of whoever waits
        count.set_exception(error)


def _still_counting() -> OverloadedError:
    return OverloadedError("The files of the store are being counted.", retry_after_ms=RETRY_MS)

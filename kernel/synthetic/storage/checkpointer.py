"""The one checkpointer: copies the write-ahead log into the database, and cuts its file off.

Copying needs no lock that others want, so it is done on a connection of its
own, beside the writes. To begin the log anew nobody may read from it any more
and nobody write: that is done in the writer's turn, right after a copy has left
next to nothing to do, and waits for readers for a moment only. A reader that
stays longer pins the log: then it is tried again later, and told to the log of
the server once it has become large. Where no server runs, commits copy by
themselves, in larger steps (`connections.CHECKPOINT_PAGES`).
"""

from __future__ import annotations

import threading

import apsw

from synthetic.clock import Clock
from synthetic.contributions import Service
from synthetic.data_directory import DataDirectory
from synthetic.database.connections import open_checkpointer
from synthetic.database.database import Database
from synthetic.database.failures import translate
from synthetic.database.ownership import BlockingStore
from synthetic.database.writing_connection import WritingConnection
from synthetic.faults import crash_point
from synthetic.kernel_settings import KernelSettings
from synthetic.logs import logger_for
from synthetic.storage.files import file_bytes
from synthetic.storage.meter import StorageMeter

COPY_SHARE = 4
"""A log is copied from this part of the size on from which it is emptied."""

LEFT_FRAMES = 256
"""With more left after a copy, emptying it would hold writes up for too long, or a reader pins it."""

WAIT_MS = 20
"""How long the writer's turn waits for readers of the log, at the size from which it is emptied."""

WAIT_MS_MAX = 200
"""It waits longer for a log that has grown beyond that, up to this: a large one slows every read down."""

LARGE_BYTES = 50_331_648
"""From this size on it is told to the log of the server."""

PATIENT_BYTES = 33_554_432
"""From this size on it is waited for more patiently: some tries remain before it is twice as large."""

PATIENT_MS, PATIENT_EVERY_SECONDS = 1_000, 5.0
"""It is waited for so long then, so often: by then each of many readers that take turns has ended once. That they do
shows in the copy, which gets further; one that stays, as a backup does, keeps it where it is, and is not waited for."""

PATIENT_EVERY_SECONDS_MAX = 300.0
"""Each time that was in vain, it is done half as often, down to this, since writes wait meanwhile."""

TOLD_SECONDS = 60.0

log = logger_for(__name__)


class Checkpointer:
    """Keeps one store's write-ahead log short."""

    def __init__(
        self, directory: DataDirectory, database: Database, settings: KernelSettings, clock: Clock, meter: StorageMeter
    ) -> None:
        """Make it; nothing is opened before the first look that finds something to do.

        Args:
            directory: The store's.
            database: For its writer's turn.
            settings: The kernel's.
            clock: Tells for how long the log is pinned.
            meter: Counts.
        """
        self._directory = directory
        self._database = database
        self._settings = settings
        self._clock = clock
        self._meter = meter
        self._connection: apsw.Connection | None = None
        self._lock = threading.Lock()
        self._closed = False
        self._copied = 0
        self._is_moving = False
        self._pinned_since: float | None = None
        self._told_at = float("-inf")
        self._patient_at = float("-inf")
        self._patient_every = PATIENT_EVERY_SECONDS

    def service(self) -> Service:
        """It, as the kernel's background work."""
        return Service(
            name="checkpointer",
            purpose="Copies the write-ahead log into the database, and keeps it short.",
            work=self.step,
            every_ms=self._settings.storage.checkpoint_ms,
        )

    def step(self, _store: BlockingStore) -> int:
        """Look at the log, and do what its size asks for.

        Returns:
            0: the next look is due after the pause.

        Raises:
            SyntheticError: The log cannot be read, or the database not written.
        """
        size = file_bytes(self._directory.log)
        self._meter.wal_bytes.set(size)
        empty_from = self._settings.storage.wal_bytes
        if size < empty_from // COPY_SHARE:
            self._note_pinned(size, is_pinned=False)
            return 0
        left = self._copy()
        if left is None or size < empty_from:
            return 0
        is_emptied = self._empty(left, size, size // empty_from)
        self._meter.checkpoints.labels("emptied" if is_emptied else "busy").inc()
        self._meter.wal_bytes.set(file_bytes(self._directory.log))
        self._note_pinned(size, is_pinned=not is_emptied)
        return 0

    def close(self) -> None:
        """Let go of the file; a step that comes later does nothing."""
        with self._lock:
            self._closed = True
            if self._connection is not None:
                self._connection.close()
                self._connection = None

    def _copy(self) -> int | None:
        """Copy what no reader needs; how many frames are left to copy, None where another process is at it."""
        with self._lock:
            if self._closed:
                return None
            try:
                if self._connection is None:
                    # What is opened now must be what is open: the log of one database would ruin another.
                    self._database.keep_up(WritingConnection.require_file)
                    self._connection = open_checkpointer(self._directory.database, self._settings.database)
                frames, copied = self._connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_PASSIVE)
            except (apsw.BusyError, apsw.LockedError):
                self._meter.checkpoints.labels("busy").inc()
                return None
            except apsw.Error as error:
                errno = 0 if self._connection is None else self._connection.system_errno
                raise translate(error, errno) from error
        crash_point("checkpoint.copied")
        self._meter.checkpoints.labels("copied").inc()
        self._is_moving, self._copied = copied != self._copied, copied
        return frames - copied

    def _empty(self, left: int, size: int, times: int) -> bool:
        """Begin the log anew.

        Args:
            left: So many frames are not copied yet.
            size: Of the log, in bytes.
            times: So many times it is as large as it should be.

        Returns:
            Whether it was done.
        """
        now = self._clock.monotonic()
        is_due = now - self._patient_at >= self._patient_every
        is_patient = self._is_moving and size >= PATIENT_BYTES and is_due
        if is_patient:
            self._patient_at, wait_ms = now, PATIENT_MS
        elif left > LEFT_FRAMES * times:
            return False
        else:
            wait_ms = min(WAIT_MS_MAX, WAIT_MS * times * times) if self._is_moving else WAIT_MS
        is_emptied = self._database.keep_up(lambda connection: connection.empty_log(wait_ms))
        if is_patient and not is_emptied:
            self._patient_every = min(2 * self._patient_every, PATIENT_EVERY_SECONDS_MAX)
        return is_emptied

    def _note_pinned(self, size: int, *, is_pinned: bool) -> None:
        """Count for how long readers have pinned the log, and tell it when it has grown large over that."""
        now = self._clock.monotonic()
        if not is_pinned:
            self._pinned_since = None
            self._patient_every = PATIENT_EVERY_SECONDS
            self._meter.wal_pinned_seconds.set(0)
            return
        if self._pinned_since is None:
            self._pinned_since = now
        seconds = now - self._pinned_since
        self._meter.wal_pinned_seconds.set(seconds)
        if size >= LARGE_BYTES and now - self._told_at >= TOLD_SECONDS:
            self._told_at = now
            log.warning("write-ahead log pinned by a reader or a backup", wal_bytes=size, seconds=round(seconds, 1))

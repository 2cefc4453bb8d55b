"""Giving back what deletions have freed: free pages are taken out of the file, a few at a time.

Each step is a transaction in the writer's turn, and takes as many pages as went
in the time that one may hold other writes up. The file becomes smaller at the
next checkpoint. Some free pages stay, for what is written next.
"""

from __future__ import annotations

from synthetic.clock import Clock
from synthetic.contributions import Service
from synthetic.database.database import Database
from synthetic.database.ownership import BlockingStore
from synthetic.database.pacing import leave_to_others
from synthetic.database.snapshot import Snapshot
from synthetic.database.writing_connection import WritingConnection
from synthetic.errors import DatabaseBusyError
from synthetic.kernel_settings import KernelSettings
from synthetic.logs import logger_for
from synthetic.storage.meter import StorageMeter

EVERY_MS = 5_000
HOLD_SECONDS = 0.005
"""So long may a step take; the next takes fewer pages or more, accordingly."""

FIRST_PAGES, LEAST_PAGES, MOST_PAGES = 32, 4, 256
"""The most is what is done in time where each page has to be moved; one at the file's end costs next to nothing."""

LOCK_WAIT_MS = 100

log = logger_for(__name__)


def read_free_pages(snapshot: Snapshot) -> int:
    """How many pages of the file hold nothing."""
    return snapshot.value("SELECT freelist_count FROM pragma_freelist_count")


def read_page_bytes(snapshot: Snapshot) -> int:
    """Size of a page."""
    return snapshot.value("SELECT page_size FROM pragma_page_size")


class FreePages:
    """Takes free pages out of one store's file."""

    def __init__(self, database: Database, settings: KernelSettings, clock: Clock, meter: StorageMeter) -> None:
        """Make it.

        Args:
            database: For its writer's turn.
            settings: With how much stays free.
            clock: Tells how long a step took.
            meter: Counts the pages.
        """
        self._database = database
        self._kept_bytes = settings.storage.free_page_bytes
        self._clock = clock
        self._meter = meter
        self._pages = FIRST_PAGES
        self._begun = 0

    def service(self) -> Service:
        """It, as the kernel's background work."""
        return Service(
            name="free_pages",
            purpose="Gives the room back that deletions have freed.",
            work=self.step,
            every_ms=EVERY_MS,
        )

    def step(self, store: BlockingStore) -> int:
        """Take some pages out, if there are more than are to stay.

        Returns:
            How many; 0 when there is nothing to do until the next look.

        Raises:
            SyntheticError: The pages cannot be moved.
        """
        free, page_bytes = store.read(lambda snapshot: (read_free_pages(snapshot), read_page_bytes(snapshot)))
        pages = min(self._pages, free - self._kept_bytes // page_bytes)
        if pages <= 0:
            if self._begun:
                log.info("free pages given back", pages=self._begun, page_bytes=page_bytes)
                self._begun = 0
            return 0
        try:
            seconds = self._database.keep_up(lambda connection: self._give_back(connection, pages))
        except DatabaseBusyError:
            return 0  # another process writes: the pages do not run away
        self._adjust(seconds)
        leave_to_others(seconds)
        self._begun += pages
        self._meter.pages_given_back.inc(pages)
        return pages

    def _give_back(self, connection: WritingConnection, pages: int) -> float:
        """Take pages out; seconds that it took once the lock was had."""
        started = self._clock.monotonic()
        connection.give_back(pages, LOCK_WAIT_MS)
        return self._clock.monotonic() - started

    def _adjust(self, seconds: float) -> None:
        if seconds > HOLD_SECONDS:
            self._pages = max(LEAST_PAGES, self._pages // 2)
        elif seconds < HOLD_SECONDS / 2:
            self._pages = min(MOST_PAGES, self._pages * 2)

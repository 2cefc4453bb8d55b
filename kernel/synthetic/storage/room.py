"""The budget of a store: what is left of its room, and refusing writes when nothing is.

The size counts that the data could not do without: the pages of the database
that hold something, its log, and the files beside it. So what retention
deletes makes room at once, before the file has become smaller. Each process
looks at it by itself, once a second at most, when something is written; the
files beside the database are counted by the one that does the background work,
which leaves their sum in the store's `meta`. Who is about to take many bytes
asks first (`asking`).

What frees room goes on (`Origin.is_upkeep`), and so does what the kernel itself
writes. So the limit is overrun by what is written to the database within a
second, by what is written beside it (artifacts, the archive, backups) within
`storage.measure_ms`, and by the events of deletions; it should be well below
what the disk holds.
"""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, NamedTuple, Self

from synthetic.clock import Clock, SystemClock
from synthetic.data_directory import DataDirectory
from synthetic.database.surroundings import SettingsLookup
from synthetic.errors import StorageFullError
from synthetic.kernel_settings import KernelSettings
from synthetic.origin import Origin
from synthetic.storage.files import file_bytes
from synthetic.storage.notes import BESIDE_KEY

if TYPE_CHECKING:
    from synthetic.database.writing_connection import WritingConnection

LOOK_SECONDS = 1.0
RETRY_MS = 30_000
REFUSED = "Writes are refused."
"""How a warning begins once the room is used up."""

MIB = 1_048_576
ACTION = (
    "Delete what is not needed (`synthetic retention`, deleteConstruct), or raise `kernel.storage.limit_bytes` or"
    " the disk's room; `synthetic storage` says what takes it."
)


class Room(NamedTuple):
    """How much of the budget is used.

    Attributes:
        used_bytes: What counts against it.
        free_disk_bytes: Free on the disk.
    """

    used_bytes: int
    free_disk_bytes: int


class RoomGate:
    """Refuses writes when the room is used up, as a resource of a kernel's transactions."""

    def __init__(
        self, directory: DataDirectory | None, settings: KernelSettings, clock: Clock, page_bytes: int
    ) -> None:
        """Make it.

        Args:
            directory: The store's; None: there is no limit.
            settings: With the limits.
            clock: For the pauses between two looks.
            page_bytes: Size of a page of the database.
        """
        self._directory = directory
        self._limit_bytes = settings.storage.limit_bytes
        self._warn_bytes = settings.storage.warn_bytes
        self._warn_free_bytes = settings.storage.warn_free_disk_bytes
        self._free_bytes_least = settings.database.free_disk_bytes // 2
        self._clock = clock
        self._page_bytes = page_bytes
        self._looked_at = float("-inf")
        self._refusal: str | None = None

    @classmethod
    def make(cls, _settings: SettingsLookup, /) -> Self:
        """Without a kernel there is no limit."""
        return cls(None, KernelSettings(), SystemClock(), 1)

    @property
    def directory(self) -> DataDirectory:
        """The store's.

        Raises:
            ValueError: There is none.
        """
        if self._directory is None:
            raise ValueError("only the gate of a kernel knows the directory")
        return self._directory

    def check(self, connection: WritingConnection, origin: Origin) -> None:
        """Refuse a write where there is no room for it; it costs nothing most of the time.

        Args:
            connection: To the store, within the transaction of the write.
            origin: Of the write.

        Raises:
            StorageFullError: There is none.
        """
        if origin.is_upkeep or self._directory is None:
            return
        now = self._clock.monotonic()
        if now - self._looked_at >= LOOK_SECONDS:
            beside_bytes = int(connection.find_fact(BESIDE_KEY) or 0)
            self._refusal = self.refusal(self.look(connection.used_pages(), beside_bytes))
            self._looked_at = now
        self.refuse(self._refusal)

    @property
    def is_limited(self) -> bool:
        """Whether there is a directory, whose room may be used up."""
        return self._directory is not None

    def refuse(self, refusal: str | None) -> None:
        """Raise the error for a refusal; None: there is room.

        Raises:
            StorageFullError: There is none.
        """
        if refusal is not None:
            raise StorageFullError(refusal, action=ACTION, retry_after_ms=RETRY_MS)

    def look(self, used_pages: int, beside_bytes: int) -> Room:
        """How much is used now.

        Args:
            used_pages: Pages of the database that hold something.
            beside_bytes: What the files beside the database take.

        Raises:
            ValueError: There is no directory.
        """
        used = used_pages * self._page_bytes + file_bytes(self.directory.log) + beside_bytes
        return Room(used, shutil.disk_usage(self.directory.path).free)

    def refusal(self, room: Room) -> str | None:
        """Why nothing may be written, as a sentence; None: it may."""
        if 0 < self._limit_bytes < room.used_bytes:
            return (
                f"The store takes {_mib(room.used_bytes)}, and its limit is {_mib(self._limit_bytes)};"
                " reads and deletes go on."
            )
        if room.free_disk_bytes < self._free_bytes_least:
            return (
                f"{_mib(room.free_disk_bytes)} are free on the disk, and {_mib(self._free_bytes_least)} are kept for"
                " what must go on; reads and deletes go on."
            )
        return None

    def warning(self, room: Room) -> str | None:
        """What an operator should know, as a sentence; None: there is room enough."""
        refusal = self.refusal(room)
        if refusal is not None:
            return f"{REFUSED} {refusal}"
        if 0 < self._warn_bytes < room.used_bytes:
            return f"The store takes {_mib(room.used_bytes)}; from {_mib(self._warn_bytes)} on it warns."
        if room.free_disk_bytes < self._warn_free_bytes:
            return f"{_mib(room.free_disk_bytes)} are free on the disk; below {_mib(self._warn_free_bytes)} it warns."
        return None


def _mib(size_bytes: int) -> str:
    return f"{size_bytes / MIB:,.1f} MiB"

"""Whether a server may be sent requests: the store answers, its schema is this code's, its disk has room."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Sequence

from synthetic.database.migrations import Applied, Migration, find_pending
from synthetic.database.snapshot import Snapshot
from synthetic.errors import (
    MigrationPendingError,
    OverloadedError,
    StorageFailedError,
    StorageFullError,
    StorageReadOnlyError,
)
from synthetic.kernel import Kernel

READY_SECONDS = 2.0
"""A store that takes longer to answer is not ready, whatever the reason."""


class Readiness:
    """Judges one server process."""

    def __init__(self, kernel: Kernel) -> None:
        """Remember which database file the kernel has opened."""
        self._kernel = kernel
        self._file = _identity(kernel.directory.database)

    async def check(self) -> None:
        """Judge now; takes at most `READY_SECONDS`.

        Raises:
            SyntheticError: Why requests should go elsewhere.
        """
        try:
            async with asyncio.timeout(READY_SECONDS):
                # A disk that hangs must not hang the event loop.
                await asyncio.to_thread(self._check_disk)
                await self._kernel.database.read(_check_ledger, self._kernel.blueprint.migrations)
        except TimeoutError:
            raise OverloadedError(
                f"The store did not answer within {READY_SECONDS:g} seconds.", retry_after_ms=1_000
            ) from None

    def _check_disk(self) -> None:
        directory = self._kernel.directory
        if _identity(directory.database) != self._file:
            raise StorageFailedError(
                "The database file is not the one that this server has opened, or cannot be reached.",
                action="Restart the server once the data directory is as it should be.",
            )
        if self._kernel.read_only:
            return
        disk = os.statvfs(directory.path)
        if disk.f_flag & os.ST_RDONLY or not os.access(directory.path, os.W_OK | os.X_OK):
            raise StorageReadOnlyError
        needed = self._kernel.settings.database.free_disk_bytes
        if disk.f_bavail * disk.f_frsize < needed:
            raise StorageFullError(
                f"Less than {needed // 1_048_576} MiB are free on the disk of the store.", retry_after_ms=10_000
            )


def _identity(path: os.PathLike[str]) -> tuple[int, int] | None:
    """Device and number of a file, found without opening it: closing it would drop SQLite's locks."""
    try:
        found = os.stat(path)  # noqa: PTH116 - a path of any kind
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _check_ledger(snapshot: Snapshot, known: Sequence[Migration]) -> None:
    rows = snapshot.rows("SELECT plugin, number, name, checksum FROM schema_migrations ORDER BY plugin, number")
    if find_pending(known, [Applied(*row) for row in rows]):
        raise MigrationPendingError

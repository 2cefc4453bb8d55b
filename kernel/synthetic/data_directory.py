"""The data directory: where everything of a store lies, and whether it can hold one.

Nothing of a store lives elsewhere. The database file itself is opened by
SQLite alone; this module only asks the file system about it.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import stat
import threading
from collections.abc import Generator
from pathlib import Path

from synthetic.clock import Clock
from synthetic.errors import (
    DatabaseBusyError,
    FileSystemUnsupportedError,
    NoStoreError,
    StorageFailedError,
    StorageFullError,
    StorageReadOnlyError,
)
from synthetic.retry import retry_until

NETWORK_FILE_SYSTEMS = frozenset(
    {"nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "afs", "fuse.sshfs", "fuse.s3fs", "davfs"}
)
DIRECTORY_MODE = 0o700
START_WAIT_SECONDS = 60.0


class DataDirectory:
    """Paths of a store, by their names in the design."""

    def __init__(self, path: Path) -> None:
        self.path = path.absolute()
        self.database = self.path / "synthetic.db"
        self.settings = self.path / "plugins.toml"
        self.token = self.path / "token"
        self.backups = self.path / "backups"
        self._start_lock = self.path / "start.lock"

    def prepare(self) -> None:
        """Make the directory if it is not there, closed to other users.

        Raises:
            StorageReadOnlyError: It cannot be made, or is not ours to write.
            StorageFailedError: The path is taken by something else.
        """
        try:
            self.path.mkdir(mode=DIRECTORY_MODE, parents=True, exist_ok=True)
        except (FileExistsError, NotADirectoryError) as error:
            raise StorageFailedError(
                f"{self.path} is not a directory.", action="Name another directory with --data."
            ) from error
        except OSError as error:
            raise StorageReadOnlyError(f"The data directory {self.path} cannot be made: {error.strerror}.") from error
        if not os.access(self.path, os.W_OK | os.X_OK) or os.statvfs(self.path).f_flag & os.ST_RDONLY:
            raise StorageReadOnlyError(f"The data directory {self.path} cannot be written.")

    def require_store(self) -> None:
        """Refuse a directory that holds no store.

        Raises:
            NoStoreError: There is no database file.
        """
        if not self.database.is_file():
            raise NoStoreError(f"There is no store in {self.path}.")

    def make_private_database(self) -> None:
        """Make an empty database file that other users cannot read; what SQLite puts beside it is like it.

        Only while no connection of this process is open: nothing but SQLite
        may open the file afterwards.

        Raises:
            StorageReadOnlyError: It cannot be made.
        """
        try:
            os.close(os.open(self.database, os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
        except FileExistsError:
            return
        except OSError as error:
            raise StorageReadOnlyError(f"{self.database} cannot be made: {error.strerror}.") from error

    def check(self, free_disk_bytes: int) -> None:
        """Refuse a place where a store would lose data.

        Args:
            free_disk_bytes: The least free space to start with.

        Raises:
            FileSystemUnsupportedError: It is a network file system, whose
                locks SQLite cannot rely on.
            StorageFullError: There is less free space.
            StorageReadOnlyError: The database file cannot be written.
        """
        kind = file_system_of(self.path)
        if kind in NETWORK_FILE_SYSTEMS:
            raise FileSystemUnsupportedError(f"{self.path} is on {kind}, a network file system.")
        free = shutil.disk_usage(self.path).free
        if free < free_disk_bytes:
            raise StorageFullError(
                f"{free // 1_048_576} MiB are free on the disk of {self.path}; "
                f"{free_disk_bytes // 1_048_576} MiB are needed to start.",
                retry_after_ms=10_000,
            )
        if self.database.exists() and not os.access(self.database, os.W_OK):
            raise StorageReadOnlyError(f"The database file {self.database} cannot be written.")

    def problems(self) -> list[str]:
        """What is unsafe about it but no reason to refuse, in words."""
        found: list[str] = []
        mode = stat.S_IMODE(self.path.stat().st_mode)
        if mode & 0o077:
            found.append(f"{self.path} can be read by other users (mode {mode:04o}); 0700 is safe.")
        return found

    @contextlib.contextmanager
    def start_lock(self, clock: Clock) -> Generator[None]:
        """Hold off other processes that start on this store.

        SQLite answers concurrent changes of the schema and of the journal mode
        with "locked" at once; so starts take turns.

        Raises:
            DatabaseBusyError: Another start has not ended within a minute.
            StorageReadOnlyError: The lock file cannot be made.
        """
        try:
            descriptor = os.open(self._start_lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise StorageReadOnlyError(f"{self._start_lock} cannot be made: {error.strerror}.") from error
        try:
            _wait_for_lock(descriptor, clock)
            yield
        finally:
            os.close(descriptor)


def _wait_for_lock(descriptor: int, clock: Clock) -> None:

    try:
        retry_until(
            clock.monotonic() + START_WAIT_SECONDS,
            lambda: fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB),
            is_transient=lambda error: isinstance(error, BlockingIOError),
            clock=clock,
            on_retry=lambda _: None,
            stopped=threading.Event(),
        )
    except BlockingIOError:
        raise DatabaseBusyError(
            "Another process has been starting on this store for a minute.",
            action="Wait for it, or stop it; `synthetic migrate` shows what a long migration does.",
            retry_after_ms=5_000,
        ) from None


def file_system_of(path: Path) -> str:
    """The type of the file system that holds a path, or "" where the system does not tell."""
    mounts = Path("/proc/mounts")
    if not mounts.is_file():
        return ""
    best, kind = "", ""
    target = str(path.resolve())
    for line in mounts.read_text("utf-8", "surrogateescape").splitlines():
        _device, point, found, *_rest = line.split(" ")
        point = point.replace("\\040", " ")
        inside = target == point or target.startswith(point.rstrip("/") + "/")
        if inside and len(point) >= len(best):
            best, kind = point, found
    return kind

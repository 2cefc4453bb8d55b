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
from synthetic.durable_files import DIRECTORY_MODE, FILE_MODE
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
LOCK_WAIT_SECONDS = 60.0


class DataDirectory:
    """Paths of a store, by their names in the design."""

    def __init__(self, path: Path) -> None:
        self.path = path.absolute()
        self.database = self.path / "synthetic.db"
        self.log = self.path / "synthetic.db-wal"
        self.settings = self.path / "plugins.toml"
        self.token = self.path / "token"
        self.backups = self.path / "backups"
        self.archive = self.path / "archive"
        self.quarantine = self.path / "quarantine"
        self.restoring = self.path / "restoring"
        self.restore_note = self.path / "restore.json"
        self.demo_mark = self.path / "demo.json"
        self._start_lock = self.path / "start.lock"
        self._open_lock = self.path / "open.lock"

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
            os.close(os.open(self.database, os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, FILE_MODE))
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
        descriptor = _open_lock_file(self._start_lock)
        try:
            _wait_for_lock(descriptor, fcntl.LOCK_EX, clock, "Another process has been starting on this store")
            yield
        finally:
            os.close(descriptor)

    def hold_open(self, clock: Clock) -> Hold:
        """Tell other processes that the store is open here, until it is released.

        Any number of kernels hold a store, several in one process too.

        Raises:
            DatabaseBusyError: One process has had the store for itself for a minute.
            StorageReadOnlyError: The lock file cannot be made.
        """
        descriptor = _open_lock_file(self._open_lock)
        try:
            _wait_for_lock(descriptor, fcntl.LOCK_SH, clock, "Another process has had this store for itself")
        except BaseException:
            os.close(descriptor)
            raise
        return Hold(descriptor)


class Hold:
    """A share in a store that is open; see `DataDirectory.hold_open`."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor: int | None = descriptor

    @contextlib.contextmanager
    def alone(self) -> Generator[None]:
        """Have the store for itself for a while; who opens it meanwhile waits.

        Raises:
            DatabaseBusyError: Someone else has it open; nobody is waited for.
        """
        if self._descriptor is None:
            raise ValueError("The store was closed.")
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            # The attempt gives the share up.
            self._share_again(self._descriptor)
            raise DatabaseBusyError(
                "Another process has this store open.",
                action="Stop the server and every other program that uses this store, then run it again.",
                retry_after_ms=5_000,
            ) from None
        try:
            yield
        finally:
            self._share_again(self._descriptor)

    def release(self) -> None:
        """Give the share back; doing it again changes nothing."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    @staticmethod
    def _share_again(descriptor: int) -> None:
        """Wait, if it must be, for the one process that took the store for itself in between."""
        fcntl.flock(descriptor, fcntl.LOCK_SH)


def _open_lock_file(path: Path) -> int:
    try:
        return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, FILE_MODE)
    except OSError as error:
        raise StorageReadOnlyError(f"{path} cannot be made: {error.strerror}.") from error


def _wait_for_lock(descriptor: int, operation: int, clock: Clock, holder: str) -> None:
    """Take a lock, of the kind LOCK_EX or LOCK_SH; `holder` begins the sentence on who else has it."""
    try:
        retry_until(
            clock.monotonic() + LOCK_WAIT_SECONDS,
            lambda: fcntl.flock(descriptor, operation | fcntl.LOCK_NB),
            is_transient=lambda error: isinstance(error, BlockingIOError),
            clock=clock,
            on_retry=lambda _: None,
            stopped=threading.Event(),
        )
    except BlockingIOError:
        raise DatabaseBusyError(
            f"{holder} for a minute.",
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

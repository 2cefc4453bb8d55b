"""The folder `artifacts/` of a data directory, entered step by step so that no symbolic link is ever followed.

Every file is reached through descriptors: `artifacts`, then the construct's
folder in it, then the type's, then the file, each opened with O_NOFOLLOW. Where
a link has been put in the way, the file counts as not there, and nothing is
written, read or removed behind it.
"""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple, Self

from synthetic import Snapshot, StoreFolder, translate_system_error
from synthetic_artifacts.errors import ArtifactMissingError
from synthetic_artifacts.names import printable

FOLDER = "artifacts"
FOLDER_MODE = 0o700
FILE_MODE = 0o600
STEPS = 3
"""Names in the path of a file: of the construct's folder, of the type's, its own."""

_ENTER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
# Without O_NONBLOCK, to open a pipe that somebody has put there would wait for ever.
READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
CREATE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
NOT_THERE = frozenset({errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.ENXIO, errno.EMLINK})
_MAKING_TRIES = 10


class FoundFile(NamedTuple):
    """A file in `artifacts/`.

    Attributes:
        path: Below `artifacts/`.
        changed_at: When it was last written, renamed or linked, Unix milliseconds.
        size_bytes: Its length.
    """

    path: str
    changed_at: int
    size_bytes: int


@dataclass(frozen=True, slots=True)
class ArtifactFolder:
    """`artifacts/` of a store.

    Paths of files are relative to it, with `/` between their three names.

    Attributes:
        path: The folder itself, which need not exist yet.
    """

    path: Path

    @classmethod
    def of(cls, snapshot: Snapshot) -> Self:
        """That of the store that is read."""
        return cls(_below(snapshot.resource(StoreFolder).path))

    def open_file(self, path: str) -> int:
        """Open a regular file to read; the caller closes the descriptor.

        Raises:
            ArtifactMissingError: It is not there, is no file, or a symbolic link is in the way.
            StorageReadOnlyError, StorageFailedError: It cannot be opened.
        """
        try:
            with self._entered(path) as (folder, name):
                descriptor = os.open(name, READ, dir_fd=folder)
        except OSError as error:
            raise _explain(error, path) from error
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            os.close(descriptor)
            raise ArtifactMissingError(details={"path": path})
        return descriptor

    def find_file(self, path: str) -> FoundFile | None:
        """What the file system says of a file; None: it is not there, is no file, or a link is in the way.

        Raises:
            StorageReadOnlyError, StorageFailedError: It cannot be asked.
        """
        try:
            with self._entered(path) as (folder, name):
                return _found(os.stat(name, dir_fd=folder, follow_symlinks=False), path)
        except OSError as error:
            if error.errno in NOT_THERE:
                return None
            raise translate_system_error(error, f"The file {printable(path)}") from error
        except ArtifactMissingError:
            return None

    def link_file(self, path: str, target: Path) -> None:
        """Give a file a second name, outside of the folder.

        Raises:
            ArtifactMissingError: It is a path that can be none.
            OSError: It is not there, or the name cannot be given.
        """
        with self._entered(path) as (folder, name):
            os.link(name, target, src_dir_fd=folder, follow_symlinks=False)

    def remove_file(self, path: str) -> bool:
        """Remove a file, and the folders that it leaves empty; a link is removed, and not what it points at.

        Returns:
            Whether it was there; a folder in its place, and a path that can be none, count as not there.

        Raises:
            StorageReadOnlyError, StorageFailedError: It cannot be removed.
        """
        try:
            with self._entered(path) as (folder, name):
                os.unlink(name, dir_fd=folder)
                os.fsync(folder)
        except OSError as error:
            if error.errno in NOT_THERE or error.errno == errno.EISDIR:
                return False
            raise translate_system_error(error, f"The file {printable(path)}") from error
        except ArtifactMissingError:
            return False
        self.remove_empty(path)
        return True

    def remove_empty(self, path: str) -> None:
        """Remove the folders of a file's path that are empty; whoever makes a file there makes them again."""
        construct, kind, _ = _steps(path)
        with contextlib.suppress(OSError), self.root() as root:
            with self._in(root, construct) as folder:
                os.rmdir(kind, dir_fd=folder)
            os.rmdir(construct, dir_fd=root)

    def remove_empty_folders(self, construct: str) -> None:
        """Remove the folders of a construct that are empty, as a crash may leave them."""
        with contextlib.suppress(OSError), self.root() as root:
            with self._in(root, construct) as folder:
                for kind in _names_of_folders(folder):
                    with contextlib.suppress(OSError):
                        os.rmdir(kind, dir_fd=folder)
            os.rmdir(construct, dir_fd=root)

    def create_file(self, path: str) -> tuple[int, int]:
        """Make an empty file that only its owner can read, and the folders that it is in, but not `artifacts/` itself.

        Returns:
            Descriptors of the file and of its folder, both the caller's to close.

        Raises:
            OSError: It cannot be made, or a symbolic link is in the way.
        """
        construct, kind, name = _steps(path)
        for tries_left in reversed(range(_MAKING_TRIES)):
            try:
                folder = self._make_folders(construct, kind)
                try:
                    return os.open(name, CREATE, FILE_MODE, dir_fd=folder), folder
                except BaseException:
                    os.close(folder)
                    raise
            except FileNotFoundError:
                # Whoever removed the last file of the folder removed it too, in between.
                if not tries_left:
                    raise
        raise AssertionError("unreachable")

    def sync_folders(self, path: str) -> None:
        """Wait until the folders of a file are on the disk, those too that somebody else has just made.

        The data directory is one of them: `artifacts/` may just have been made in it.

        Raises:
            OSError: They cannot be written.
        """
        construct, _, _ = _steps(path)
        with self.root() as root, self._in(root, construct) as folder:
            os.fsync(folder)
            os.fsync(root)
        above = os.open(self.path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(above)
        finally:
            os.close(above)

    def list_folders(self, after: str = "") -> list[str]:
        """The folders of constructs, in order, from the one behind a name.

        Raises:
            StorageReadOnlyError, StorageFailedError: They cannot be read.
        """
        try:
            with self.root() as root:
                return sorted(name for name in _names_of_folders(root) if name > after)
        except FileNotFoundError:
            return []
        except OSError as error:
            raise translate_system_error(error, f"The folder {self.path}") from error

    def list_files(self, construct: str) -> Iterator[FoundFile]:
        """All files in the folder of a construct, those too that are only half written.

        Raises:
            StorageReadOnlyError, StorageFailedError: They cannot be read.
        """
        try:
            with self.root() as root, self._in(root, construct) as folder:
                for kind in _names_of_folders(folder):
                    yield from self._list_kind(folder, construct, kind)
        except OSError as error:
            if error.errno not in NOT_THERE:
                raise translate_system_error(error, f"The folder {printable(construct)}") from error

    def _list_kind(self, folder: int, construct: str, kind: str) -> Iterator[FoundFile]:
        """The files of one type; what goes while they are listed is left out, and the others are not."""
        with contextlib.ExitStack() as opened:
            try:
                inner = opened.enter_context(self._in(folder, kind))
            except OSError as error:
                if error.errno in NOT_THERE:
                    return
                raise
            for entry in opened.enter_context(os.scandir(inner)):
                try:
                    status = entry.stat(follow_symlinks=False)
                except FileNotFoundError:
                    continue
                found = _found(status, f"{construct}/{kind}/{entry.name}")
                if found is not None:
                    yield found

    @contextlib.contextmanager
    def root(self) -> Generator[int]:
        """A descriptor of the folder itself, for the block.

        Raises:
            OSError: It is not there, is no folder, or a symbolic link is in its place.
        """
        descriptor = os.open(self.path, _ENTER)
        try:
            yield descriptor
        finally:
            os.close(descriptor)

    @contextlib.contextmanager
    def _in(self, folder: int, name: str) -> Generator[int]:
        descriptor = os.open(name, _ENTER, dir_fd=folder)
        try:
            yield descriptor
        finally:
            os.close(descriptor)

    @contextlib.contextmanager
    def _entered(self, path: str) -> Generator[tuple[int, str]]:
        """The folder that a file is in, open, and the file's own name."""
        construct, kind, name = _steps(path)
        with self.root() as root, self._in(root, construct) as folder, self._in(folder, kind) as inner:
            yield inner, name

    def _make_folders(self, construct: str, kind: str) -> int:
        """Make the folders that are not there; a descriptor of the inner one."""
        with self.root() as root:
            with contextlib.suppress(FileExistsError):
                os.mkdir(construct, FOLDER_MODE, dir_fd=root)
            with self._in(root, construct) as folder:
                with contextlib.suppress(FileExistsError):
                    os.mkdir(kind, FOLDER_MODE, dir_fd=folder)
                return os.open(kind, _ENTER, dir_fd=folder)


@lru_cache(maxsize=8)
def _below(data_dir: Path) -> Path:
    """The folder in a data directory: made once, since to join paths takes as long as to look one row up."""
    return data_dir / FOLDER


def _steps(path: str) -> tuple[str, str, str]:
    """The three names of a path.

    Raises:
        ArtifactMissingError: It is no path of an artifact, which a damaged store may hold.
    """
    steps = path.split("/")
    if len(steps) != STEPS or any(step in ("", ".", "..") or "\0" in step for step in steps):
        raise ArtifactMissingError(details={"path": path})
    return steps[0], steps[1], steps[2]


def _names_of_folders(folder: int) -> list[str]:
    with os.scandir(folder) as entries:
        return [entry.name for entry in entries if entry.is_dir(follow_symlinks=False)]


def _found(status: os.stat_result, path: str) -> FoundFile | None:
    if not stat.S_ISREG(status.st_mode):
        return None
    changed = max(status.st_mtime_ns, status.st_ctime_ns)
    return FoundFile(path, changed // 1_000_000, status.st_size)


def _explain(error: OSError, path: str) -> Exception:
    if error.errno in NOT_THERE:
        return ArtifactMissingError(details={"path": path})
    return translate_system_error(error, f"The file {path}")

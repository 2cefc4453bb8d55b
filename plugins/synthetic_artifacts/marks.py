"""The mark in `artifacts/`: shows that the folder is that of this store, with its disk mounted.

An unmounted disk leaves an empty folder behind, and a wrong one a folder of
somebody else's files. In neither may anything be written, taken for an orphan,
or missed. So `artifacts/` holds a file that says what the store knows as its
mark. It is written when the store starts for the first time. Where it is not
there later, nothing is done with the folder, unless files of the store lie in
it. Then only the mark has been lost, as in a copy that left hidden files out,
or the store is older than the mark that is there, as a backup is that was made
before there were marks; and the right one is written.
"""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
import time
from typing import NamedTuple

from synthetic import translate_system_error
from synthetic_artifacts.errors import ArtifactsAbsentError
from synthetic_artifacts.folders import CREATE, FILE_MODE, FOLDER_MODE, NOT_THERE, READ, ArtifactFolder
from synthetic_artifacts.names import PARTIAL

MARK = ".store"
"""Name of the file; no folder of a construct begins with a dot."""

ATTEMPTS = 8
"""So often a folder is marked by processes that come in each other's way, each after a longer pause."""

_BYTES_MAX = 100
_WORDS = "Synthetic looks for this file to know that the artifacts of its store are here. Keep it beside them."


class FolderClaim(NamedTuple):
    """What the store knows of its folder.

    Attributes:
        mark: What the file in it must say.
        files: Paths and lengths of some files that should be in it, also of those that are to be removed, whose length
            is None, any; empty while there are none.
        was_marked: Whether the mark was ever seen in it.
        was_used: Whether there was ever an artifact.
    """

    mark: str
    files: tuple[tuple[str, int | None], ...]
    was_marked: bool
    was_used: bool


def find_fault(folder: ArtifactFolder, claim: FolderClaim) -> ArtifactsAbsentError | None:
    """Why a folder is not the one that the store's artifacts are in; None: it is, or there are none yet.

    Raises:
        StorageReadOnlyError, StorageFailedError: It cannot be read.
    """
    found = _read(folder)
    if found == claim.mark or any(_is_there(folder, *each) for each in claim.files):
        return None
    if found is not None:
        return ArtifactsAbsentError(
            "The folder `artifacts/` of the data directory is that of another store.",
            details={"path": str(folder.path)},
        )
    # A store that never had an artifact, restored to where there is no folder at all, lacks nothing. But an empty
    # folder in place of one that was marked is where a disk was mounted.
    was_there = claim.was_marked and (claim.was_used or os.path.lexists(folder.path))
    if claim.files or was_there:
        return ArtifactsAbsentError(details={"path": str(folder.path)})
    return None


def is_marked(folder: ArtifactFolder, claim: FolderClaim) -> bool:
    """Whether the mark is there.

    Raises:
        StorageReadOnlyError, StorageFailedError: The folder cannot be read.
    """
    return _read(folder) == claim.mark


def require_folder(folder: ArtifactFolder, claim: FolderClaim) -> None:
    """Refuse a folder that is not the store's; make the store's own, and mark it, where that was not done.

    Raises:
        ArtifactsAbsentError: Its disk is not mounted, or it is another store's.
        StorageFullError, StorageReadOnlyError, StorageFailedError: It cannot be read or marked.
    """
    if is_marked(folder, claim):
        return
    fault = find_fault(folder, claim)
    if fault is not None:
        raise fault
    mark_folder(folder, claim)


def mark_folder(folder: ArtifactFolder, claim: FolderClaim) -> None:
    """Make a folder the store's, whatever is in it, and wait until that is on the disk.

    Raises:
        StorageFullError, StorageReadOnlyError, StorageFailedError: It cannot be made or marked.
    """
    for attempt in range(1, ATTEMPTS + 1):
        try:
            _mark(folder, claim)
        except FileNotFoundError as error:
            # Whoever marks it in the same moment takes this half for what a crash has left.
            if is_marked(folder, claim):
                return
            if attempt == ATTEMPTS:
                raise translate_system_error(error, f"The folder {folder.path}") from error
            time.sleep(secrets.randbelow(attempt * 1_000) / 1e5)
        except OSError as error:
            raise translate_system_error(error, f"The folder {folder.path}") from error
        else:
            return


def _mark(folder: ArtifactFolder, claim: FolderClaim) -> None:
    partial = f"{MARK}.{secrets.token_hex(4)}{PARTIAL}"
    try:
        with contextlib.suppress(FileExistsError):
            folder.path.mkdir(FOLDER_MODE)
        with folder.root() as root:
            descriptor = os.open(partial, CREATE, FILE_MODE, dir_fd=root)
            try:
                os.write(descriptor, f"{claim.mark}\n{_WORDS}\n".encode())
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
            # Before it has its name: nobody comes by here once there is a mark.
            _remove_partial(root, partial)
            os.rename(partial, MARK, src_dir_fd=root, dst_dir_fd=root)
            os.fsync(root)
    except OSError:
        with contextlib.suppress(OSError), folder.root() as root:
            os.unlink(partial, dir_fd=root)
        raise


def _remove_partial(root: int, own: str) -> None:
    """Remove what crashes have left of marks, but for one's own half."""
    for name in os.listdir(root):
        if name.startswith(f"{MARK}.") and name.endswith(PARTIAL) and name != own:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(name, dir_fd=root)


def _read(folder: ArtifactFolder) -> str | None:
    """What the mark says; None: it is not there, or a link is in its place."""
    try:
        with folder.root() as root:
            descriptor = os.open(MARK, READ, dir_fd=root)
            try:
                said = os.read(descriptor, _BYTES_MAX)
            finally:
                os.close(descriptor)
    except OSError as error:
        if error.errno in NOT_THERE or error.errno == errno.EISDIR:
            return None
        raise translate_system_error(error, f"The folder {folder.path}") from error
    return said.decode("ascii", "replace").partition("\n")[0]


def _is_there(folder: ArtifactFolder, path: str, size_bytes: int | None) -> bool:
    found = folder.find_file(path)
    return found is not None and size_bytes in (None, found.size_bytes)

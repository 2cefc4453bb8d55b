"""Reading the files of artifacts: never a byte of one that is not what was stored.

Before the first byte of a file is served, all of it is read and its hash
compared. That is remembered, with what the file system says of the file: its
number, its length, and when it was written and changed. A file of which all of
that is the same is not read again first; it is asked again after each piece is
read, and before that is sent. So the bytes are compared once for each identity
of a file: what a disk makes of them later, without a sign in the file system,
only the checksums of frames and the deep check find.

A file that says something else of itself may hold the same all the same, as
after `chmod` or where a backup has linked it: nothing more of it is sent until
its content was compared again, and only that decides whether it was altered.
"""

from __future__ import annotations

import errno
import hashlib
import os
import time
from collections.abc import Callable, Iterator

from synthetic import translate_system_error
from synthetic_artifacts.errors import ArtifactAlteredError, ArtifactTouchedError
from synthetic_artifacts.folders import ArtifactFolder
from synthetic_artifacts.frames import FrameIndex, FrameReader, FramesDamagedError, read_exactly, read_index
from synthetic_artifacts.known_files import FileIdentity, KnownFile, KnownFiles
from synthetic_artifacts.model import Artifact, Encoding

PIECE_BYTES = 1_048_576
"""What is read and sent at once: with less, system calls cost more than the copying."""

COMPARE_TRIES = 3
"""So often a file is read that says something else of itself afterwards."""

KEPT_CONTENT_BYTES = 65_536
"""Content of this length or less is kept in memory: to open its file would take longer than to send it."""

SETTLED_NS = 1_000_000_000
"""A file that has changed later than so long ago may change again without a later time: it is not remembered."""

CACHED_ONLY: int = getattr(os, "RWF_NOWAIT", 0)
"""Read what is in memory and wait for nothing; 0 where the system cannot."""


class StoredContent:
    """The content of an artifact, open to read, compared with its hash.

    Attributes:
        kept: All of it, where it is short and in memory; else None.
    """

    def __init__(self, fd: int, artifact: Artifact, known: KnownFile) -> None:
        """Read from a file, which is closed with this; without one (-1), what is kept of it."""
        self._fd = fd
        self.kept = known.content if fd < 0 else None
        self._id = artifact.id
        self._what = f"The file {artifact.path}"
        self._identity = known.identity
        self._frames = None if known.index is None else FrameReader(fd, known.index)

    def read(self, offset: int, length: int) -> bytes:
        """Bytes of the content; may wait for the disk.

        Raises:
            ArtifactAlteredError: The file has become shorter, or a frame of it is wrong.
            ArtifactTouchedError: The file may have changed since it was compared.
            StorageReadOnlyError, StorageFailedError: It cannot be read.
        """
        if self.kept is not None:
            return self.kept[offset : offset + length]
        try:
            if self._frames is None:
                piece = read_exactly(self._fd, length, offset)
            else:
                piece = b"".join(self._frames.pieces(offset, length))
        except FramesDamagedError as error:
            raise ArtifactAlteredError(details={"id": self._id}) from error
        except OSError as error:
            raise translate_system_error(error, self._what) from error
        self._compare()
        return piece

    def read_now(self, offset: int, length: int) -> bytes | memoryview | None:
        """The same without waiting for the disk; None where it would have to, or is to be decompressed."""
        if self.kept is not None:
            return self.kept[offset : offset + length]
        if self._frames is not None or not CACHED_ONLY:
            return None
        piece = bytearray(length)
        try:
            found = os.preadv(self._fd, (piece,), offset, CACHED_ONLY)
        except OSError as error:
            if error.errno in (errno.EAGAIN, errno.EOPNOTSUPP, errno.ENOSYS):
                return None
            raise translate_system_error(error, self._what) from error
        self._compare()
        return memoryview(piece)[:found] if found else None

    def _compare(self) -> None:
        if FileIdentity.of(self._fd) != self._identity:
            raise ArtifactTouchedError(details={"id": self._id})

    def close(self) -> None:
        """Let go of the file."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1


def open_file(folder: ArtifactFolder, artifact: Artifact) -> int:
    """Open the file of an artifact to read; the caller closes the descriptor.

    That it has the length that it should have is looked at here; what is in it
    is not.

    Raises:
        ArtifactMissingError: It is not there, is no file, or a symbolic link is in the way.
        ArtifactAlteredError: It has another length.
        StorageReadOnlyError, StorageFailedError: It cannot be opened.
    """
    descriptor = folder.open_file(artifact.path)
    if os.fstat(descriptor).st_size != artifact.stored_bytes:
        os.close(descriptor)
        raise ArtifactAlteredError(details={"id": artifact.id})
    return descriptor


def find_content(folder: ArtifactFolder, artifact: Artifact, files: KnownFiles) -> StoredContent | None:
    """The content of an artifact whose file was compared before and has not changed; else None.

    It is quick: the folders of a file that was read are in memory.

    Raises:
        ArtifactMissingError, ArtifactAlteredError, StorageFailedError: See `open_file`.
    """
    known = files.find(artifact.id)
    return None if known is None or known.sha256 != artifact.sha256 else open_known(folder, artifact, known)


def open_known(folder: ArtifactFolder, artifact: Artifact, known: KnownFile) -> StoredContent | None:
    """The content of an artifact, if its file is still the one that was compared; else None.

    Raises:
        ArtifactMissingError, ArtifactAlteredError, StorageFailedError: See `open_file`.
    """
    if known.content is not None and _is_unchanged(folder, artifact, known):
        return StoredContent(-1, artifact, known)
    fd = open_file(folder, artifact)
    if FileIdentity.of(fd) != known.identity:
        os.close(fd)
        return None
    return StoredContent(fd, artifact, known)


def _is_unchanged(folder: ArtifactFolder, artifact: Artifact, known: KnownFile) -> bool:
    """Whether the file is the one that was compared; what is in the way of it, such as a link, is another."""
    try:
        return FileIdentity.from_status(os.lstat(f"{folder.path}/{artifact.path}")) == known.identity
    except OSError:
        return False


def compare_content(
    folder: ArtifactFolder, artifact: Artifact, files: KnownFiles, on_piece: Callable[[int], None] = lambda _: None
) -> KnownFile:
    """Read all of an artifact's file and compare it, which takes about a second for a gigabyte.

    Args:
        folder: Of the store.
        artifact: Whose file it is.
        files: Where it is remembered, unless it has changed so lately that it may change again unseen.
        on_piece: Called before each piece is hashed, with its length in bytes; what it raises ends the comparison.

    Raises:
        ArtifactAlteredError: It is not what was stored.
        ArtifactTouchedError: Something goes on changing the file while it is read.
        ArtifactMissingError, StorageReadOnlyError, StorageFailedError: See `open_file`.
    """
    fd = open_file(folder, artifact)
    try:
        known = _compare_settled(fd, artifact, on_piece)
    finally:
        os.close(fd)
    if time.time_ns() - max(known.identity.written_ns, known.identity.changed_ns) > SETTLED_NS:
        files.add(artifact.id, known)
    return known


def open_content(folder: ArtifactFolder, artifact: Artifact, files: KnownFiles) -> StoredContent:
    """The content of an artifact, after all of it was read and compared.

    Raises:
        ArtifactTouchedError: Something goes on changing its file.
        ArtifactAlteredError, ArtifactMissingError, StorageReadOnlyError, StorageFailedError: See `compare_content`.
    """
    for _ in range(COMPARE_TRIES):
        content = open_known(folder, artifact, compare_content(folder, artifact, files))
        if content is not None:
            return content
    raise ArtifactTouchedError(details={"id": artifact.id})


def _compare_settled(fd: int, artifact: Artifact, on_piece: Callable[[int], None]) -> KnownFile:
    """Compare a file; what was written meanwhile changes its identity, and is not what was compared."""
    for _ in range(COMPARE_TRIES):
        known = _compare(fd, artifact, on_piece)
        if FileIdentity.of(fd) == known.identity:
            return known
    raise ArtifactTouchedError(details={"id": artifact.id})


def _compare(fd: int, artifact: Artifact, on_piece: Callable[[int], None]) -> KnownFile:
    altered = ArtifactAlteredError(details={"id": artifact.id})
    identity = FileIdentity.of(fd)
    found, size_bytes, kept = hashlib.sha256(), 0, bytearray()
    try:
        index = read_index(fd) if artifact.encoding == Encoding.ZSTD else None
        for piece in _pieces(fd, index):
            on_piece(len(piece))
            found.update(piece)
            size_bytes += len(piece)
            if artifact.size_bytes <= KEPT_CONTENT_BYTES >= size_bytes:
                kept += piece
    except FramesDamagedError as error:
        raise altered from error
    except OSError as error:
        raise translate_system_error(error, f"The file {artifact.path}") from error
    if found.hexdigest() != artifact.sha256 or size_bytes != artifact.size_bytes:
        raise altered
    return KnownFile(identity, artifact.sha256, index, bytes(kept) if size_bytes <= KEPT_CONTENT_BYTES else None)


def _pieces(fd: int, index: FrameIndex | None) -> Iterator[bytes | memoryview]:
    """All of a file's content."""
    if index is not None:
        yield from FrameReader(fd, index).pieces(0, index.size_bytes)
        return
    offset = 0
    while piece := os.pread(fd, PIECE_BYTES, offset):
        yield piece
        offset += len(piece)

"""Content between artifacts and files outside of the store, piece by piece: for the command line."""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
from collections.abc import Generator, Iterable, Iterator
from pathlib import Path
from typing import BinaryIO

from synthetic import BlockingStore, ConflictError, bad_input, steady_file, translate_system_error
from synthetic.cli import Progress
from synthetic_artifacts.errors import ArtifactAlteredError, ArtifactMissingError
from synthetic_artifacts.folders import FILE_MODE, ArtifactFolder
from synthetic_artifacts.known_files import KnownFiles
from synthetic_artifacts.marks import find_fault
from synthetic_artifacts.model import Artifact, ArtifactStatus
from synthetic_artifacts.names import PARTIAL
from synthetic_artifacts.reading import PIECE_BYTES, StoredContent, open_content
from synthetic_artifacts.store import mark_damaged, read_claim

NO_LINKS = frozenset({errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK})
"""What file systems answer that know no second name of a file, as those of memory cards."""


@contextlib.contextmanager
def artifact_pieces(store: BlockingStore, artifact: Artifact, shown: Progress) -> Generator[Iterator[bytes]]:
    """The content of an artifact, all of which was compared before; what is wrong with its file is noted.

    Args:
        store: Whose it is.
        artifact: One that is AVAILABLE.
        shown: Told of each piece.

    Raises:
        ArtifactsAbsentError: All files are gone at once, as where their disk is not mounted.
        ArtifactMissingError, ArtifactAlteredError, ArtifactTouchedError: Its file is not what was stored.
        StorageReadOnlyError, StorageFailedError: It cannot be read.
    """
    folder = store.read(ArtifactFolder.of)
    shown.expect(artifact.size_bytes)
    try:
        content = open_content(folder, artifact, KnownFiles())
        try:
            yield _pieces_of(content, artifact, shown)
        finally:
            content.close()
    except (ArtifactMissingError, ArtifactAlteredError) as error:
        fault = find_fault(folder, store.read(read_claim))
        if fault is not None:
            raise fault from None
        is_gone = isinstance(error, ArtifactMissingError)
        store.write(mark_damaged, artifact, ArtifactStatus.MISSING if is_gone else ArtifactStatus.ALTERED)
        raise


def _pieces_of(content: StoredContent, artifact: Artifact, shown: Progress) -> Iterator[bytes]:
    for offset in range(0, artifact.size_bytes, PIECE_BYTES):
        piece = content.read(offset, min(PIECE_BYTES, artifact.size_bytes - offset))
        yield piece
        shown.advance(len(piece))


def refuse_taken(target: Path) -> None:
    """Refuse to write over something.

    Raises:
        ConflictError: There is something of that name.
    """
    if os.path.lexists(target):
        raise _taken(target)


def write_pieces(pieces: Iterable[bytes], target: Path, *, replaces: bool) -> None:
    """Make a file of pieces: whole and on the disk under its name, or not there.

    Args:
        pieces: Of the content.
        target: Its name; its folder is there.
        replaces: Whether it takes the place of a file of that name.

    Raises:
        ConflictError: There is something of that name, and it is not to be replaced.
        StorageFullError, StorageReadOnlyError, StorageFailedError: It cannot be written.
    """
    # Without the name of the target: with more behind it, one that just fits would be too long.
    partial = target.with_name(f".{secrets.token_hex(8)}{PARTIAL}")
    try:
        descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, FILE_MODE)
        with steady_file(descriptor) as file:
            file.writelines(pieces)
            file.flush()
            os.fsync(file.fileno())
        if replaces:
            partial.rename(target)
        else:
            _give_name(partial, target)
    except OSError as error:
        raise translate_system_error(error, f"The file {target}") from error
    finally:
        with contextlib.suppress(OSError):
            partial.unlink()


def _give_name(partial: Path, target: Path) -> None:
    """Give a file its name, unless something else has that name by now.

    Raises:
        ConflictError: Something has.
        OSError: It cannot be given.
    """
    try:
        os.link(partial, target)
    except FileExistsError:
        raise _taken(target) from None
    except OSError as error:
        if error.errno not in NO_LINKS:
            raise
        refuse_taken(target)
        partial.rename(target)


def _taken(target: Path) -> ConflictError:
    return ConflictError(f"There is {target} already.", action="Name another file with --to, or replace it: --force.")


def content_pieces(source: Path, shown: Progress) -> Iterator[bytes]:
    """The content of a file.

    Raises:
        BadUserInputError: It cannot be read, or is none.
    """
    try:
        with source.open("rb") as file:
            shown.expect(os.fstat(file.fileno()).st_size)
            yield from read_pieces(file, shown)
    except OSError as error:
        raise bad_input("FILE", f"cannot be read from {source}: {error.strerror}") from error


def read_pieces(source: BinaryIO, shown: Progress) -> Iterator[bytes]:
    """What comes from a stream, until its end."""
    while piece := source.read(PIECE_BYTES):
        yield piece
        shown.advance(len(piece))

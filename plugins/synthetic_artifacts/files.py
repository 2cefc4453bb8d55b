"""Writing the files of artifacts; the calls block, so they run in threads.

A file is written under a name that ends in `.partial`, reaches the disk, gets
its final name, and its folders reach the disk; only then may a row name it. So
a crash leaves at most a file without a row, which the sweep removes. Text that
compression makes clearly smaller is kept in frames of Zstandard (`frames`);
everything else as it is.
"""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from types import TracebackType
from typing import NamedTuple, Self

from synthetic import StorageFullError, SyntheticError, crash_point, translate_system_error
from synthetic_artifacts.errors import ArtifactQuotaError, ArtifactTooLargeError
from synthetic_artifacts.folders import ArtifactFolder
from synthetic_artifacts.frames import FRAME_BYTES, FrameEncoder, is_text, pays
from synthetic_artifacts.model import Artifact, Encoding
from synthetic_artifacts.names import COMPRESSED, PARTIAL, file_name, folder_name

FREE_CHECK_BYTES = 4_194_304
"""After so many written bytes, the disk is asked again how much is free."""

FULL_RETRY_MS = 10_000


class Place(NamedTuple):
    """Where a new artifact's file goes.

    Attributes:
        construct_id: The construct that it belongs to.
        type: What kind of artifact it is.
        name: What people call it.
        content_type: Media type of the content.
    """

    construct_id: str
    type: str
    name: str
    content_type: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowance:
    """How much a new artifact may take, in bytes.

    What is left of the quotas is as it was when the writing began; the row is
    refused if others have used it up since.

    Attributes:
        size_bytes: Most bytes of the content.
        construct_left_bytes: What the construct's quota leaves, on the disk; None: it does not matter.
        all_left_bytes: What the quota of all artifacts leaves, on the disk; None: it does not matter.
        free_disk_bytes: What must stay free on the disk.
    """

    size_bytes: int
    construct_left_bytes: int | None
    all_left_bytes: int | None
    free_disk_bytes: int


class Written(NamedTuple):
    """A file that is whole and on the disk, and that no row names yet.

    Attributes:
        path: Below `artifacts/`.
        sha256: Of the content, 64 hexadecimal digits.
        size_bytes: Length of the content.
        stored_bytes: Length of the file.
        encoding: How the content is kept in it, an `Encoding`.
    """

    path: str
    sha256: str
    size_bytes: int
    stored_bytes: int
    encoding: str


class ArtifactWriter:
    """Writes the file of one artifact as its content comes, with at most one frame of it in memory.

    To be used in a `with`: what was not finished is gone when it ends. So is
    what was finished when an error of the contract ends it, since then nothing
    was stored; after any other end, a row may name the file, and the sweep
    decides. A file that turns out not to be needed goes with `discard`::

        with ArtifactWriter.open(folder, place, allowance) as writer:
            writer.write(data)
            written = writer.finish()
            saved = store.write(add_artifact, prepared, written)
            if not saved.created:
                writer.discard()
    """

    def __init__(self, folder: ArtifactFolder, path: str, place: Place, allowance: Allowance) -> None:
        """For `open`; `path` is that of the file as it will be."""
        self._folder = folder
        self._path = path
        self._place = place
        self._allowance = allowance
        self._hash = hashlib.sha256()
        self._size_bytes = 0
        self._stored_bytes = 0
        self._unasked_bytes = 0
        self._beginning: bytearray | None = bytearray() if is_text(place.content_type) else None
        self._encoder: FrameEncoder | None = None
        self._file = self._in_folder = -1
        self._current: str | None = None

    @classmethod
    def open(cls, folder: ArtifactFolder, place: Place, allowance: Allowance) -> Self:
        """Make the file, empty, under a name that says that it is not whole.

        Args:
            folder: Of the store.
            place: Where it goes.
            allowance: How much it may take.

        Raises:
            ArtifactQuotaError: A quota is used up.
            StorageFullError: The disk has no room to spare.
            StorageReadOnlyError, StorageFailedError: The file cannot be made.
        """
        path = "/".join((folder_name(place.construct_id), folder_name(place.type), file_name(place.name)))
        writer = cls(folder, path, place, allowance)
        writer._make()
        return writer

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Take the next bytes of the content.

        Raises:
            ArtifactTooLargeError: The content is larger than an artifact may be.
            ArtifactQuotaError: A quota is used up.
            StorageFullError: The disk has no room to spare.
            StorageReadOnlyError, StorageFailedError: The file cannot be written.
        """
        self._size_bytes += len(data)
        if self._size_bytes > self._allowance.size_bytes:
            raise ArtifactTooLargeError(
                f"The content has more than {self._allowance.size_bytes:,} bytes.",
                details={"limitBytes": self._allowance.size_bytes},
            )
        self._hash.update(data)
        if self._beginning is None:
            self._encode(data)
            return
        self._beginning += data
        if len(self._beginning) >= FRAME_BYTES:
            self._choose_encoding()

    def finish(self) -> Written:
        """Give the file its final name, once it is on the disk; no row names it yet.

        Raises:
            ArtifactQuotaError, StorageFullError, StorageReadOnlyError, StorageFailedError: As for `write`.
        """
        self._choose_encoding()
        if self._encoder is not None:
            self._encoder.finish()
        partial, final = self._partial_name, self._final_name
        try:
            os.fsync(self._file)
            crash_point("artifact.bytes_written")
            os.rename(partial, final, src_dir_fd=self._in_folder, dst_dir_fd=self._in_folder)
            self._current = final
            crash_point("artifact.file_named")
            os.fsync(self._in_folder)
            self._folder.sync_folders(self._path)
        except OSError as error:
            raise translate_system_error(error, f"The file {final}") from error
        crash_point("artifact.file_placed")
        encoding = Encoding.IDENTITY if self._encoder is None else Encoding.ZSTD
        path = f"{self._path.rpartition('/')[0]}/{final}"
        return Written(path, self._hash.hexdigest(), self._size_bytes, self._stored_bytes, str(encoding))

    def discard(self) -> None:
        """Leave nothing of the file; doing it again changes nothing.

        What cannot be removed now is left to the sweep.
        """
        if self._current is None:
            return
        try:
            os.unlink(self._current, dir_fd=self._in_folder)
        except OSError:
            # The error that led here says more; the sweep removes what no row names.
            self._current = None
            return
        self._current = None
        self._folder.remove_empty(self._path)

    def put_back(self, artifact: Artifact) -> None:
        """Make what was finished the file of an artifact with the same content, whose own is gone or altered.

        Raises:
            StorageFullError, StorageReadOnlyError, StorageFailedError: It cannot be put there.
        """
        name = artifact.path.rpartition("/")[2]
        try:
            os.rename(self._final_name, name, src_dir_fd=self._in_folder, dst_dir_fd=self._in_folder)
            crash_point("artifact_repair.file_put_back")
            self._current = None
            os.fsync(self._in_folder)
        except OSError as error:
            raise translate_system_error(error, f"The file {artifact.path}") from error

    def close(self) -> None:
        """Let go of the descriptors; the file stays as it is."""
        for descriptor in (self._file, self._in_folder):
            if descriptor >= 0:
                os.close(descriptor)
        self._file = self._in_folder = -1

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        is_whole = self._current == self._final_name
        if not is_whole or isinstance(error, SyntheticError):
            self.discard()
        self.close()

    @property
    def _partial_name(self) -> str:
        return self._path.rpartition("/")[2] + PARTIAL

    @property
    def _final_name(self) -> str:
        return self._path.rpartition("/")[2] + (COMPRESSED if self._encoder is not None else "")

    def _make(self) -> None:
        partial = f"{self._path}{PARTIAL}"
        try:
            self._file, self._in_folder = self._folder.create_file(partial)
        except OSError as error:
            raise translate_system_error(error, f"The file {partial}") from error
        self._current = self._partial_name
        try:
            self._check_room(0)
            self._check_disk()
        except BaseException:
            self.discard()
            self.close()
            raise

    def _choose_encoding(self) -> None:
        """Look at the beginning, unless that is done, and pass it on."""
        beginning, self._beginning = self._beginning, None
        if beginning is None:
            return
        if pays(bytes(beginning)):
            self._encoder = FrameEncoder(self._store)
        self._encode(beginning)

    def _encode(self, data: bytes | bytearray | memoryview) -> None:
        if self._encoder is not None:
            self._encoder.write(data)
        else:
            self._store(data)

    def _store(self, data: bytes | bytearray | memoryview) -> None:
        """Write to the file, as far as the quotas and the disk allow."""
        self._check_room(len(data))
        try:
            with memoryview(data) as rest:
                written = 0
                while written < len(rest):
                    written += os.write(self._file, rest[written:])
            self._stored_bytes += len(data)
            self._unasked_bytes += len(data)
            if self._unasked_bytes >= FREE_CHECK_BYTES:
                # Not all at the end: commits of the store would wait behind a flood.
                os.fdatasync(self._file)
                self._check_disk()
        except OSError as error:
            raise translate_system_error(error, f"The file {self._path}") from error

    def _check_room(self, more_bytes: int) -> None:
        needed = self._stored_bytes + max(more_bytes, 1)
        left = self._allowance
        for setting, left_bytes in (("construct_bytes", left.construct_left_bytes), ("all_bytes", left.all_left_bytes)):
            if left_bytes is not None and needed > left_bytes:
                raise quota_error(setting, self._place.construct_id)

    def _check_disk(self) -> None:
        self._unasked_bytes = 0
        status = os.fstatvfs(self._file)
        if status.f_bavail * status.f_frsize < self._allowance.free_disk_bytes:
            raise StorageFullError(
                "The disk of the store has no more room to spare, so the artifact was not stored.",
                retry_after_ms=FULL_RETRY_MS,
            )


def quota_error(setting: str, construct_id: str) -> ArtifactQuotaError:
    """The error for a quota that is used up.

    Args:
        setting: The field of the settings class.
        construct_id: Whose quota it is, where each construct has its own.
    """
    whose = f"The artifacts of construct {construct_id!r}" if setting == "construct_bytes" else "All artifacts together"
    return ArtifactQuotaError(
        f"{whose} would take more room than `plugins.artifacts.{setting}` allows; deleted ones count until their grace"
        " time is over.",
        details={"setting": f"plugins.artifacts.{setting}", "constructId": construct_id},
    )

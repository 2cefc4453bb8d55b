"""Writing an export: a ZIP file whose members are stored as they are, since those with lines are compressed already.

So any tool that reads ZIP takes it apart, and `zstd -d` unpacks the lines. No
member says when or by whom it was made: the same content is the same file.
"""

from __future__ import annotations

import contextlib
import hashlib
import stat
import zipfile
from collections.abc import Iterable, Sequence
from io import BufferedReader
from types import TracebackType
from typing import IO, BinaryIO, Self

import msgspec
import zstandard

from synthetic.database.snapshot import Value
from synthetic.errors import StorageFailedError
from synthetic.transfer.errors import ExportTooLargeError
from synthetic.transfer.lines import encode_line
from synthetic.transfer.manifest import MANIFEST_NAME, MEMBERS_MAX, FileMember, Manifest, Member

LEVEL = 9
CHUNK_BYTES = 1_048_576
_FIRST_TIME = (1980, 1, 1, 0, 0, 0)
_FILE_MODE = stat.S_IFREG | 0o600


class ArchiveWriter:
    """Writes the members one after the other, the manifest last. To be used in a `with`."""

    def __init__(self, file: BinaryIO) -> None:
        """Begin.

        Args:
            file: Open to write and to seek in.
        """
        self._zip = zipfile.ZipFile(file, "w", zipfile.ZIP_STORED)
        self._files: dict[str, FileMember] = {}
        self._members = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is not None:
            # The file is thrown away, and what broke the writing off says more than what closing it would.
            with contextlib.suppress(OSError, ValueError):
                self._zip.close()

    @property
    def files(self) -> tuple[FileMember, ...]:
        """The files that were written so far."""
        return tuple(self._files.values())

    def write_lines(
        self, name: str, table: str, columns: Sequence[str], rows: Iterable[Sequence[Value]]
    ) -> Member | None:
        """Write rows as a member; nothing where there are none.

        Raises:
            ExportTooLargeError: There are too many members.
            OSError: It cannot be written.
        """
        remaining = iter(rows)
        first = next(remaining, None)
        if first is None:
            return None
        digest, count, unpacked_bytes, size_bytes = hashlib.sha256(), 0, 0, 0
        compressor = zstandard.ZstdCompressor(level=LEVEL, write_checksum=True).compressobj()
        with self._open(name) as member:

            def put(data: bytes) -> None:
                nonlocal size_bytes
                digest.update(data)
                size_bytes += len(data)
                member.write(data)

            row: Sequence[Value] | None = first
            while row is not None:
                line = encode_line(row)
                count += 1
                unpacked_bytes += len(line)
                put(compressor.compress(line))
                row = next(remaining, None)
            put(compressor.flush())
        return Member(
            name=name,
            table=table,
            columns=tuple(columns),
            rows=count,
            sha256=digest.hexdigest(),
            size_bytes=size_bytes,
            unpacked_bytes=unpacked_bytes,
        )

    def write_file(self, source: BufferedReader) -> str:
        """Write a file as a member, once however many rows name the same content; the member's name.

        Raises:
            ExportTooLargeError: There are too many members.
            StorageFailedError: It was changed meanwhile.
            OSError: It cannot be read or written.
        """
        sha256 = hashlib.file_digest(source, "sha256").hexdigest()
        name = f"files/{sha256}"
        if name not in self._files:
            source.seek(0)
            size_bytes, digest = 0, hashlib.sha256()
            with self._open(name) as member:
                while data := source.read(CHUNK_BYTES):
                    member.write(data)
                    digest.update(data)
                    size_bytes += len(data)
            if digest.hexdigest() != sha256:
                raise StorageFailedError("A file was changed while it was exported.")
            self._files[name] = FileMember(name=name, sha256=sha256, size_bytes=size_bytes)
        return name

    def finish(self, manifest: Manifest) -> None:
        """Write the manifest, and the directory of the members.

        Raises:
            OSError: It cannot be written.
        """
        with self._open(MANIFEST_NAME) as member:
            member.write(msgspec.json.encode(manifest))
        self._zip.close()

    def _open(self, name: str) -> IO[bytes]:
        self._members += 1
        # The manifest comes after all others.
        if self._members > MEMBERS_MAX - (name != MANIFEST_NAME):
            raise ExportTooLargeError(f"One file holds at most {MEMBERS_MAX:,} members.")
        info = zipfile.ZipInfo(name, _FIRST_TIME)
        info.external_attr = _FILE_MODE << 16
        return self._zip.open(info, "w", force_zip64=True)

"""Reading an export that may be hostile: all of it is checked before anything of it is used.

First the file's end says how many members there are, and the directory before
it must list as many, so a million of them are refused before anything is made
of them. Then each member must have a name of the
format, be stored as it is, lie in the file behind the one before it, and be in
the manifest with this length and hash; and the lines must be as many, and as
long, as the manifest says, so what would unpack to more is stopped where it
begins to. Nothing is ever written under a name that the file brings.

The container is ZIP (APPNOTE.TXT 6.3.10, sections 4.3.6 to 4.3.16).
"""

from __future__ import annotations

import hashlib
import os
import stat
import struct
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from types import TracebackType
from typing import IO, BinaryIO, Self

import msgspec
import zstandard

from synthetic.database.snapshot import Value
from synthetic.errors import NotFoundError
from synthetic.transfer.archive_directory import check_directory
from synthetic.transfer.errors import ExportRefusedError, ExportTooNewError
from synthetic.transfer.event_lines import event_problem
from synthetic.transfer.lines import decode_line
from synthetic.transfer.manifest import (
    FORMAT,
    MANIFEST_BYTES_MAX,
    MANIFEST_NAME,
    NAME,
    VERSION,
    Heading,
    Manifest,
    Member,
)

CHUNK_BYTES = 1_048_576
LINE_BYTES_MAX = 134_217_728
"""Longest line: a row with its largest body fits twice."""

EXPANSION_MAX = 2_000
"""So many bytes may come of one; lines of real stores expand to some tens."""

WINDOW_BYTES_MAX = 134_217_728
"""Memory that unpacking may ask for."""

_LOCAL_BYTES = 30
_FLAGS = 0x808
"""What may be said of a member: that its name is UTF-8, and that its length stands behind it."""

# What `zipfile` raises on what it cannot read; a name that is not in the encoding that is said of it is a ValueError.
_UNREADABLE = (zipfile.BadZipFile, EOFError, NotImplementedError, ValueError, struct.error)


class ExportFile:
    """An export, checked from end to end.

    Attributes:
        id: The hash of the manifest, which names this content and no other.
        manifest: What it says of itself.
    """

    def __init__(self, file: BinaryIO, archive: zipfile.ZipFile, manifest: Manifest, id: str) -> None:
        """Make it; see `open_checked`."""
        self._file = file
        self._zip = archive
        self.manifest = manifest
        self.id = id

    @classmethod
    def open_checked(cls, path: Path, advance: Callable[[int], None]) -> Self:
        """Open an export, and read all of it once.

        Args:
            path: The file.
            advance: Told of each piece how many bytes it has; may raise to stop.

        Raises:
            NotFoundError: There is no such file.
            ExportRefusedError: It is not an export as it was made.
            ExportTooNewError: It is of a newer format.
        """
        try:
            # Without O_NONBLOCK, to open a pipe would wait for ever.
            descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        except (OSError, ValueError) as error:
            raise NotFoundError(f"{path} cannot be read: {getattr(error, 'strerror', error)}.") from error
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            os.close(descriptor)
            raise ExportRefusedError(f"{path} is no regular file.")
        file = os.fdopen(descriptor, "rb")
        try:
            archive = _open_zip(file)
            text = _read_manifest(archive)
            export = cls(file, archive, _parse(text), hashlib.sha256(text).hexdigest())
            export._check(advance)
        except OSError as error:
            file.close()
            raise ExportRefusedError(f"{path} cannot be read: {error.strerror or error}.") from error
        except BaseException:
            file.close()
            raise
        return export

    def rows(self, member: Member) -> Iterator[list[Value]]:
        """The rows of a member, one by one.

        Raises:
            ExportRefusedError: It is not as it was when it was checked.
        """
        for number, line in enumerate(self._lines(member), 1):
            try:
                yield decode_line(line, len(member.columns))
            except ValueError as error:
                raise refused(member.name, f"line {number}: {error}") from error

    def open_file(self, name: str) -> IO[bytes]:
        """A file that rows name, to be read.

        Raises:
            ExportRefusedError: It is not as it was when it was checked.
        """
        try:
            return self._zip.open(name)
        except _UNREADABLE as error:
            raise refused(name, str(error)) from error

    def close(self) -> None:
        """Let go of the file."""
        self._zip.close()
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _check(self, advance: Callable[[int], None]) -> None:
        """Compare the members with the manifest, and read them."""
        expected = {member.name: member for member in self.manifest.lines()}
        files = {member.name: member for member in self.manifest.files}
        named = [*expected, *files, MANIFEST_NAME]
        found = set(self._zip.namelist())
        if len(named) != len(self.manifest.lines()) + len(self.manifest.files) + 1 or found != set(named):
            odd = sorted(found.symmetric_difference(named))[:3]
            raise ExportRefusedError("The members are not those of the manifest.", details={"members": odd})
        for name, member in (expected | files).items():
            self._check_hash(name, member.sha256, member.size_bytes, advance)
        events = {unit.events.name for unit in self.manifest.units if unit.events is not None}
        for member in expected.values():
            rows = 0
            for row in self.rows(member):
                rows += 1
                problem = event_problem(member.columns, row) if member.name in events else None
                if problem is not None:
                    raise refused(member.name, f"line {rows}: {problem}")
            if rows != member.rows:
                raise refused(member.name, f"it has {rows} lines, and the manifest says {member.rows}")

    def _check_hash(self, name: str, sha256: str, size_bytes: int, advance: Callable[[int], None]) -> None:
        if self._zip.getinfo(name).file_size != size_bytes:
            raise refused(name, "its length is not that of the manifest")
        digest = hashlib.sha256()
        try:
            with self._zip.open(name) as source:
                while data := source.read(CHUNK_BYTES):
                    digest.update(data)
                    advance(len(data))
        except _UNREADABLE as error:
            raise refused(name, str(error)) from error
        if digest.hexdigest() != sha256 or (name.startswith("files/") and name != f"files/{sha256}"):
            raise refused(name, "its hash is not that of the manifest")

    def _lines(self, member: Member) -> Iterator[bytes]:
        """The lines of a member, which may not be longer together than the manifest says."""
        if member.unpacked_bytes > member.size_bytes * EXPANSION_MAX:
            raise refused(member.name, f"it would expand to more than {EXPANSION_MAX:,} times its length")
        unpacked = 0
        rest = b""
        decompressor = zstandard.ZstdDecompressor(max_window_size=WINDOW_BYTES_MAX)
        try:
            with self._zip.open(member.name) as source, decompressor.stream_reader(source) as reader:
                while data := reader.read(CHUNK_BYTES):
                    unpacked += len(data)
                    if unpacked > member.unpacked_bytes:
                        raise refused(member.name, "it is longer than the manifest says")
                    *lines, rest = (rest + data).split(b"\n")
                    if len(rest) > LINE_BYTES_MAX:
                        raise refused(member.name, f"a line has more than {LINE_BYTES_MAX:,} bytes")
                    yield from lines
        except (zstandard.ZstdError, *_UNREADABLE) as error:
            raise refused(member.name, str(error)) from error
        if rest or unpacked != member.unpacked_bytes:
            raise refused(member.name, "it is shorter than the manifest says")


def refused(name: str, problem: str) -> ExportRefusedError:
    """The error for a member with which something is wrong."""
    return ExportRefusedError(f"{name} is not as it was exported: {problem}.", details={"member": name})


def _open_zip(file: BinaryIO) -> zipfile.ZipFile:
    """The container, once its directory is known to be of a bearable size and its members to be plain ones."""
    size_bytes = file.seek(0, 2)
    check_directory(file, size_bytes)
    try:
        archive = zipfile.ZipFile(file)
    except (zipfile.BadZipFile, NotImplementedError, ValueError, struct.error) as error:
        raise ExportRefusedError(f"It cannot be read as ZIP: {error}.") from error
    folded: set[str] = set()
    end = 0
    for info in sorted(archive.infolist(), key=lambda each: each.header_offset):
        name = info.filename
        if NAME.fullmatch(name) is None or info.orig_filename != name:
            raise ExportRefusedError("A member has a name that no export has.", details={"member": name[:200]})
        if name.casefold() in folded:
            raise refused(name, "there are two members of this name")
        folded.add(name.casefold())
        # Who says nothing of its kind means a file.
        if stat.S_IFMT(info.external_attr >> 16) not in (0, stat.S_IFREG):
            raise refused(name, "it is a link, a folder or a device")
        if info.flag_bits & ~_FLAGS or info.compress_type != zipfile.ZIP_STORED or info.file_size != info.compress_size:
            raise refused(name, "it is encrypted, or compressed by ZIP")
        if info.header_offset < end:
            raise refused(name, "it lies in another member")
        end = info.header_offset + _LOCAL_BYTES + len(name) + info.file_size
        if end > size_bytes:
            raise refused(name, "it is longer than the file")
    return archive


def _read_manifest(archive: zipfile.ZipFile) -> bytes:
    """The bytes of the manifest.

    Raises:
        ExportRefusedError: It is not there, or too long.
    """
    try:
        if archive.getinfo(MANIFEST_NAME).file_size > MANIFEST_BYTES_MAX:
            raise refused(MANIFEST_NAME, f"it has more than {MANIFEST_BYTES_MAX:,} bytes")
        return archive.read(MANIFEST_NAME)
    except (KeyError, *_UNREADABLE) as error:
        raise ExportRefusedError("It has no manifest, so it is no export.") from error


def _parse(text: bytes) -> Manifest:
    """The manifest.

    Raises:
        ExportRefusedError: It is none.
        ExportTooNewError: It is of a newer format.
    """
    try:
        heading = msgspec.json.decode(text, type=Heading)
        if heading.format == FORMAT and heading.version > VERSION:
            raise ExportTooNewError(
                f"The export is of format {heading.version}, and this version reads up to {VERSION}.",
                details={"version": heading.version, "readable": VERSION},
            )
        manifest = msgspec.json.decode(text, type=Manifest)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise refused(MANIFEST_NAME, str(error)) from error
    if manifest.format != FORMAT or manifest.version < 1:
        raise refused(MANIFEST_NAME, "it is of another format")
    return manifest

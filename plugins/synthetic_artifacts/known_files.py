"""Which files of artifacts this process has compared with their hashes, and what the file system said of them then."""

from __future__ import annotations

import os
import threading
from collections import OrderedDict
from dataclasses import dataclass
from typing import NamedTuple, Self

from synthetic import SettingsLookup
from synthetic_artifacts.frames import FrameIndex

KNOWN_FILES_MAX = 10_000
KEPT_BYTES_MAX = 67_108_864
"""Contents and tables of frames that are kept, in all."""


class FileIdentity(NamedTuple):
    """What changes when a file is replaced or written to."""

    device: int
    number: int
    size_bytes: int
    written_ns: int
    changed_ns: int

    @classmethod
    def of(cls, fd: int) -> Self:
        """That of an open file."""
        return cls.from_status(os.fstat(fd))

    @classmethod
    def from_status(cls, status: os.stat_result) -> Self:
        """What the file system says of a file."""
        return cls(status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns)


@dataclass(frozen=True, slots=True)
class KnownFile:
    """A file whose content was compared with its hash.

    Attributes:
        identity: Of the file, before it was read.
        sha256: Of its content.
        index: Where its frames are; None: it has none.
        content: All of it, where it is short; else None.
    """

    identity: FileIdentity
    sha256: str
    index: FrameIndex | None
    content: bytes | None

    @property
    def kept_bytes(self) -> int:
        """How much memory its content or its table of frames takes."""
        return len(self.content or b"") + (0 if self.index is None else self.index.held_bytes)


class KnownFiles:
    """The files that this process has compared with their hashes, those that were asked for last."""

    def __init__(self) -> None:
        """Know none."""
        self._lock = threading.Lock()
        self._files: OrderedDict[str, KnownFile] = OrderedDict()
        self._kept_bytes = 0

    @classmethod
    def make(cls, _settings: SettingsLookup, /) -> Self:
        """One for each kernel."""
        return cls()

    def find(self, id: str) -> KnownFile | None:
        """What is known of the file of an artifact."""
        with self._lock:
            known = self._files.get(id)
            if known is not None:
                self._files.move_to_end(id)
            return known

    def add(self, id: str, known: KnownFile) -> None:
        """Remember a file, and forget those that nobody has asked for in the longest time."""
        with self._lock:
            self._forget(id)
            self._files[id] = known
            self._kept_bytes += known.kept_bytes
            while len(self._files) > KNOWN_FILES_MAX or self._kept_bytes > KEPT_BYTES_MAX:
                self._forget(next(iter(self._files)))

    def forget(self, id: str) -> None:
        """Compare the file of an artifact anew before it is served again."""
        with self._lock:
            self._forget(id)

    def _forget(self, id: str) -> None:
        known = self._files.pop(id, None)
        if known is not None:
            self._kept_bytes -= known.kept_bytes

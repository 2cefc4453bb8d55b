"""What a disk holds of some files, beside what their writer sees: the last synced state, and what came since."""

from __future__ import annotations

import random
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

SECTOR_BYTES = 512
"""A disk writes so much whole or not at all; the last sector before the power goes may be torn all the same."""


class Change(NamedTuple):
    """What was done to a file and has not reached the disk for certain.

    Attributes:
        offset: Where bytes were written; for a file that was cut, its new size.
        data: What was written; None: the file was cut.
    """

    offset: int
    data: bytes | None


@dataclass
class _File:
    durable: bytearray | None
    pending: list[Change] = field(default_factory=list)
    is_deleted: bool = False


class DurableImage:
    """The disk below a folder, as far as the files were opened since.

    A disk may bring what was not synced in any order, or not at all. A new file
    is there once it was synced, which SQLite follows by a sync of its folder.
    """

    def __init__(self, folder: Path) -> None:
        """Take what is in the folder for durable."""
        self._files = {
            str(path): _File(bytearray(path.read_bytes()))
            for path in folder.glob("synthetic.db*")
            if not path.name.endswith("-shm")
        }
        self._lock = threading.Lock()

    def opened(self, path: str) -> None:
        """A file was opened, and made if it was not there."""
        with self._lock:
            if path not in self._files:
                self._files[path] = _File(None)
            elif self._files[path].is_deleted:
                # Made anew: whether the old one's end had reached the disk decides nothing any more.
                self._files[path] = _File(None, is_deleted=False)

    def written(self, path: str, offset: int, data: bytes) -> None:
        """Bytes were written."""
        with self._lock:
            self._files[path].pending.append(Change(offset, data))

    def cut(self, path: str, size: int) -> None:
        """A file has a new size."""
        with self._lock:
            self._files[path].pending.append(Change(size, None))

    def synced(self, path: str) -> None:
        """All that was done to a file is on the disk."""
        with self._lock:
            file = self._files[path]
            file.durable = _applied(file.durable or bytearray(), file.pending)
            file.pending = []

    def lost(self, path: str, chance: random.Random) -> None:
        """A sync has failed: the system forgets what it could not write, and takes it for written."""
        with self._lock:
            file = self._files[path]
            file.durable = _applied(
                file.durable or bytearray(), [each for each in file.pending if chance.random() < 0.5]
            )
            file.pending = []

    def deleted(self, path: str, *, is_synced: bool) -> None:
        """A file was deleted, for certain if the folder was synced too."""
        with self._lock:
            if path in self._files:
                if is_synced:
                    del self._files[path]
                else:
                    self._files[path].is_deleted = True

    def lay_out(self, folder: Path, chance: random.Random) -> None:
        """Write into a folder what is found after the power has gone: of what was not synced, some, and some torn."""
        for path, file in self._files.items():
            if file.is_deleted and chance.random() < 0.5:
                continue
            if file.durable is None and chance.random() < 0.5:
                continue  # its name had not reached the disk
            content = _applied(file.durable or bytearray(), _surviving(file.pending, chance))
            (folder / Path(path).name).write_bytes(content)


def _applied(content: bytearray, changes: list[Change]) -> bytearray:
    for offset, data in changes:
        if data is None:
            del content[offset:]
            content.extend(bytes(offset - len(content)))
            continue
        if len(content) < offset:
            content.extend(bytes(offset - len(content)))
        content[offset : offset + len(data)] = data
    return content


def _surviving(pending: list[Change], chance: random.Random) -> list[Change]:
    """What of some changes has come to the disk: none, the first ones with a torn last, or any sectors of any."""
    way = chance.randrange(3)
    if way == 0 or not pending:
        return []
    if way == 1:
        kept = pending[: chance.randint(1, len(pending))]
        last = kept[-1]
        if last.data is not None:
            kept[-1] = Change(last.offset, last.data[: chance.randint(0, len(last.data))])
        return kept
    pieces: list[Change] = []
    for change in pending:
        if change.data is None:
            pieces += [change] * chance.randrange(2)
            continue
        for start in range(0, len(change.data), SECTOR_BYTES):
            if chance.random() < 0.5:
                pieces.append(Change(change.offset + start, change.data[start : start + SECTOR_BYTES]))
    return pieces

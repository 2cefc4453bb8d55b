"""`RawFile`: the bytes of a database file, read through SQLite's own layer of files.

A plain `open` and `close` of a database file would drop the locks that SQLite
holds on it in this process. SQLite's layer knows of them, and closes a file
only when none is left.
"""

from __future__ import annotations

from pathlib import Path
from typing import Self

import apsw


class RawFile:
    """A database file that is only read, whatever it holds; to be closed, or used in a `with`."""

    def __init__(self, path: Path) -> None:
        """Open it.

        Raises:
            apsw.CantOpenError: It is not there, or may not be read.
        """
        self._file = apsw.VFSFile("", str(path.absolute()), [apsw.SQLITE_OPEN_MAIN_DB | apsw.SQLITE_OPEN_READONLY, 0])
        self.size_bytes = self._file.xFileSize()

    def read(self, offset: int, size_bytes: int) -> bytes:
        """Some bytes; fewer where the file ends.

        Raises:
            apsw.IOError: The disk does not give them.
        """
        size_bytes = min(size_bytes, self.size_bytes - offset)
        return self._file.xRead(size_bytes, offset) if size_bytes > 0 else b""

    def close(self) -> None:
        """Let go of it."""
        self._file.xClose()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_raised: object) -> None:
        self.close()

"""`SetAside`: the file of rows that were read and could not be kept."""

from __future__ import annotations

import base64
import math
import os
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import BinaryIO

from synthetic.database.snapshot import Value
from synthetic.json_text import to_json


class SetAside:
    """Rows in JSON Lines, each with its table and why it is not in it.

    Attributes:
        counts: How many of each table; of "": of no table that is known.
    """

    def __init__(self, path: Path) -> None:
        """Name the file; it is made with the first row."""
        self._path = path
        self._file: BinaryIO | None = None
        self.counts: Counter[str] = Counter()

    @property
    def path(self) -> Path | None:
        """The file; None: nothing was set aside."""
        return self._path if self.counts else None

    def add(self, table: str, values: Mapping[str, Value], reason: str) -> None:
        """Put a row aside.

        Args:
            table: Whose it is; empty: that is not known.
            values: By column, or by place where the columns are not known.
            reason: Why it could not be kept.

        Raises:
            OSError: The file cannot be written.
        """
        if self._file is None:
            self._file = self._path.open("ab")
        row = {name: _shown(value) for name, value in values.items()}
        self._file.write(to_json({"table": table or None, "reason": reason, "row": row}).encode() + b"\n")
        self.counts[table] += 1

    def close(self) -> None:
        """Wait until the rows are on the disk, and let go of the file.

        Raises:
            OSError: They cannot be written.
        """
        if self._file is not None:
            self._file.flush()
            os.fsync(self._file.fileno())
            self._file.close()
            self._file = None


def _shown(value: Value) -> object:
    """A value in JSON: bytes as an object with their Base64, a number that JSON does not have with its name."""
    if isinstance(value, bytes):
        return {"base64": base64.b64encode(value).decode()}
    if isinstance(value, float) and not math.isfinite(value):
        return {"real": str(value)}
    return value

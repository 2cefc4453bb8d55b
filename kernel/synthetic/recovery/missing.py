"""`Missing`: what the indexes of a table say of rows that it has lost, in a file, since these may be all its rows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Self

import apsw

from synthetic.database.connections import open_copy
from synthetic.durable_files import FILE_MODE
from synthetic.recovery.schemas import ROWID, Shape, quote
from synthetic.recovery.tables import Key, Row


class Missing:
    """Rows of one table that are gone, put together from its indexes; to be used in a `with`.

    The file is made when it is first needed, and removed at the end. The keys
    of rows that are there are not kept: the new table has them.
    """

    def __init__(self, path: Path, shape: Shape, indexes: Sequence[Shape]) -> None:
        """Begin with nothing.

        Args:
            path: Of the file; what a crash has left there is removed.
            shape: Of the table.
            indexes: Those that are asked, in the order in which `add` numbers them.
        """
        self._path = path
        self._shape = shape
        own = {ROWID, shape.alias, *shape.key} if shape.has_rowid else {*shape.key}
        self._names = [[name for name in index.columns if name is not None and name not in own] for index in indexes]
        self._needed = {name for name in shape.columns if name is not None} - own
        self._keys = [f"key{place}" for place in range(len(shape.key))]
        self._marks = [f"in{place}" for place in range(len(indexes))]
        self._opened: apsw.Connection | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_raised: object) -> None:
        if self._opened is not None:
            self._opened.close()
            self._path.unlink(missing_ok=True)

    def leave_out(self, key: Key) -> None:
        """A row was read, and not put into the new table: it is not gone."""
        if None not in key:
            marks = ", ".join("?" * len(key))
            self._connection.execute(f"INSERT OR IGNORE INTO left_out VALUES ({marks})", key)

    def add(self, place: int, key: Key, row: Row) -> None:
        """An index has an entry for a row that is not in the new table.

        Args:
            place: Of the index.
            key: Of the row; a damaged one of which a part is NULL is nobody's.
            row: The columns that the index has.
        """
        if None in key or self._is_left_out(key):
            return
        names = self._names[place]
        columns = [*self._keys, self._marks[place], *map(_stored, names)]
        changes = [f"{name} = excluded.{name}" for name in columns[len(key) :]]
        self._connection.execute(
            f"INSERT INTO missing ({', '.join(columns)}) VALUES ({', '.join('?' * len(columns))})"
            f" ON CONFLICT DO UPDATE SET {', '.join(changes)}",
            (*key, 1, *(row[name] for name in names)),
        )

    def count(self) -> int:
        """How many rows are gone."""
        return 0 if self._opened is None else self._opened.execute("SELECT count(*) FROM missing").get

    def rows(self) -> Iterator[Row]:
        """Those of which the indexes hold every column."""
        if self._opened is None or not self._marks:
            return
        marks = ", ".join(self._marks)
        together: list[tuple[int | None, ...]] = list(self._opened.execute(f"SELECT DISTINCT {marks} FROM missing"))
        for seen in together:
            known = {name for names, is_in in zip(self._names, seen, strict=True) if is_in for name in names}
            if self._needed <= known:
                yield from self._rows_in(seen, sorted(known))

    def _rows_in(self, seen: tuple[int | None, ...], names: Sequence[str]) -> Iterator[Row]:
        """Rows that are in the same indexes."""
        shape = self._shape
        key = (shape.alias or ROWID,) if shape.has_rowid else shape.key
        chosen = ", ".join([*self._keys, *map(_stored, names)])
        same = " AND ".join(f"{mark} IS ?" for mark in self._marks)
        for values in self._connection.execute(f"SELECT {chosen} FROM missing WHERE {same}", seen):
            yield dict(zip((*key, *names), values, strict=True))

    def _is_left_out(self, key: Key) -> bool:
        same = " AND ".join(f"{name} = ?" for name in self._keys)
        return self._connection.execute(f"SELECT 1 FROM left_out WHERE {same}", key).get is not None

    @property
    def _connection(self) -> apsw.Connection:
        if self._opened is None:
            self._path.unlink(missing_ok=True)
            self._path.touch(FILE_MODE)
            self._opened = open_copy(self._path)
            keys = ", ".join(self._keys)
            kept = dict.fromkeys(name for names in self._names for name in names)
            columns = ", ".join([*self._keys, *self._marks, *map(_stored, kept)])
            self._opened.execute(
                f"CREATE TABLE missing ({columns}, PRIMARY KEY ({keys})) WITHOUT ROWID;"
                f"CREATE TABLE left_out ({keys}, PRIMARY KEY ({keys})) WITHOUT ROWID; BEGIN"
            )
        return self._opened


def _stored(name: str) -> str:
    """The column for a column of the table, which may be called like one that is needed beside it."""
    return quote(f"of {name}")

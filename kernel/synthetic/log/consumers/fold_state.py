"""`FoldState`: the rows of a fold, as its `apply` sees them.

Rows are loaded when they are asked for, kept in memory while a batch of events
is taken in, and written back at its end, each changed row once. The same code
works on the tables that answer and on the shadows that a rebuild fills.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from synthetic.contributions import Stamped, Table
from synthetic.database.transaction import Snapshot, Transaction

RowT = TypeVar("RowT", bound=tuple[Any, ...])
Key = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class FoldTable:
    """One table of a fold.

    Attributes:
        name: As registered.
        record: The NamedTuple of its rows.
        key: Columns of the key, the first fields of the record.
    """

    name: str
    record: type[Any]
    key: tuple[str, ...]

    @property
    def columns(self) -> tuple[str, ...]:
        """All columns."""
        return self.record._fields

    def load(self, name: str) -> str:
        """SQL that reads a row of this table, or of its shadow, by key."""
        return f"SELECT {', '.join(self.columns)} FROM {name} WHERE {self._where()}"

    def store(self, name: str) -> str:
        """SQL that writes a row, whether it is there or not."""
        rest = [column for column in self.columns if column not in self.key]
        change = f"UPDATE SET {', '.join(f'{each} = excluded.{each}' for each in rest)}" if rest else "NOTHING"
        return (
            f"INSERT INTO {name} ({', '.join(self.columns)}) VALUES ({', '.join(f':{each}' for each in self.columns)})"
            f" ON CONFLICT ({', '.join(self.key)}) DO {change}"
        )

    def remove(self, name: str) -> str:
        """SQL that deletes a row by key."""
        return f"DELETE FROM {name} WHERE {self._where()}"

    def _where(self) -> str:
        return " AND ".join(f"{column} = :{column}" for column in self.key)


def fold_tables(declared: Mapping[str, type[Any]], registered: Sequence[Stamped[Table]]) -> tuple[FoldTable, ...]:
    """The tables of a fold, with the keys that its plugin registered.

    Raises:
        KeyError: One is not registered.
    """
    keys = {table.record.name: table.record.key for table in registered}
    return tuple(FoldTable(name, record, keys[name]) for name, record in declared.items())


class FoldState:
    """What `apply` reads and changes."""

    def __init__(self, tables: Sequence[FoldTable], snapshot: Snapshot, rename: Callable[[str], str]) -> None:
        """Begin with what is stored.

        Args:
            tables: The fold's.
            snapshot: To load rows from.
            rename: From a table's name to that of the table to use in its place.
        """
        self._tables = {table.record: table for table in tables}
        self._names = {table.record: rename(table.name) for table in tables}
        self._load = {record: table.load(self._names[record]) for record, table in self._tables.items()}
        self._snapshot = snapshot
        self._rows: dict[type[Any], dict[Key, Any]] = {record: {} for record in self._tables}
        self._changed: dict[type[Any], set[Key]] = {record: set() for record in self._tables}

    def get(self, record_class: type[RowT], *key: Any) -> RowT | None:
        """The row with this key, as changed by the events so far; None if there is none.

        Raises:
            TypeError: The class is no record of this fold, or the key has another number of columns.
        """
        rows, table = self._rows_of(record_class, key)
        if key not in rows:
            params = dict(zip(table.key, key, strict=True))
            rows[key] = self._snapshot.record(record_class, self._load[record_class], params)
        return rows[key]

    def put(self, record: tuple[Any, ...]) -> None:
        """Insert the row, or replace the one with its key.

        Raises:
            TypeError: It is no record of this fold.
        """
        table = self._tables.get(type(record))
        if table is None:
            raise TypeError(f"{type(record).__name__} is no record of this fold")
        key = tuple(record[: len(table.key)])
        self._rows[type(record)][key] = record
        self._changed[type(record)].add(key)

    def delete(self, record_class: type[tuple[Any, ...]], *key: Any) -> None:
        """Delete the row with this key, if there is one.

        Raises:
            TypeError: As `get`.
        """
        rows, _ = self._rows_of(record_class, key)
        rows[key] = None
        self._changed[record_class].add(key)

    def write_back(self, tx: Transaction) -> int:
        """Store what was changed; the kernel calls it at the end of a batch.

        Returns:
            How many rows that were.
        """
        count = 0
        for record_class, table in self._tables.items():
            rows, name = self._rows[record_class], self._names[record_class]
            changed = [(key, rows[key]) for key in self._changed[record_class]]
            gone = [dict(zip(table.key, key, strict=True)) for key, row in changed if row is None]
            kept = [row._asdict() for _, row in changed if row is not None]
            if gone:
                tx.execute_many(table.remove(name), gone)
            if kept:
                tx.execute_many(table.store(name), kept)
            count += len(changed)
        return count

    def _rows_of(self, record_class: type[Any], key: Key) -> tuple[dict[Key, Any], FoldTable]:
        table = self._tables.get(record_class)
        if table is None:
            raise TypeError(f"{record_class.__name__} is no record of this fold")
        if len(key) != len(table.key):
            raise TypeError(f"a key of {table.name} is ({', '.join(table.key)})")
        return self._rows[record_class], table

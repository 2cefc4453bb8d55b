"""`FoldState`: the rows of a fold, as its `apply` sees them.

Rows are loaded when they are asked for, kept in memory while a batch of events
is taken in, and written back at its end, each changed row once. The same code
works on the tables that answer and on the shadows that a rebuild fills.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from synthetic.contributions import Stamped, Table
from synthetic.database.snapshot import Snapshot
from synthetic.database.transaction import Transaction

RowT = TypeVar("RowT", bound=tuple[Any, ...])
InputT = TypeVar("InputT")
Key = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class FoldTable:
    """One table of a fold.

    Attributes:
        name: As registered.
        record: The NamedTuple of its rows.
        key: Columns of the key, the first fields of the record.
        position: The one of them that holds the position of the event without which a row is of no use; None: none.
    """

    name: str
    record: type[Any]
    key: tuple[str, ...]
    position: str | None = None

    @property
    def columns(self) -> tuple[str, ...]:
        """All columns."""
        return self.record._fields

    def load(self, name: str) -> str:
        """SQL that reads a row of this table, or of its shadow, by key."""
        return f"SELECT {', '.join(self.columns)} FROM {name} WHERE {self._where()}"

    def load_below(self, name: str, length: int) -> str:
        """SQL that reads the rows whose keys begin with so many values."""
        where = f" WHERE {self._where(length)}" if length else ""
        return f"SELECT {', '.join(self.columns)} FROM {name}{where}"

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

    def is_left(self, key: Key, horizon: int) -> bool:
        """Whether a row with this key has no place any more, since its event has left the log.

        Args:
            key: Of the row.
            horizon: Events up to this position have left the log.
        """
        return self.position is not None and key[self.key.index(self.position)] <= horizon

    def remaining(self, horizon: int) -> tuple[str, dict[str, int]]:
        """A condition in SQL that holds of the rows of which `is_left` does not, and its parameters."""
        return ("TRUE", {}) if self.position is None else (f"+{self.position} > :horizon", {"horizon": horizon})

    def _where(self, length: int | None = None) -> str:
        return " AND ".join(f"{column} = :{column}" for column in self.key[:length])


def fold_tables(
    declared: Mapping[str, type[Any]], registered: Sequence[Stamped[Table]], positions: Mapping[str, str] | None = None
) -> tuple[FoldTable, ...]:
    """The tables of a fold, with the keys that its plugin registered.

    Args:
        declared: The record of each.
        registered: Tables of the plugin.
        positions: The columns of `Fold.positions`.

    Raises:
        KeyError: One is not registered.
    """
    keys, columns = {table.record.name: table.record.key for table in registered}, positions or {}
    return tuple(FoldTable(name, record, keys[name], columns.get(name)) for name, record in declared.items())


class FoldState:
    """What `apply` reads and changes.

    Attributes:
        notes: What `apply` keeps for `finish`, by whatever keys it likes; empty when a batch begins.
    """

    def __init__(
        self, tables: Sequence[FoldTable], snapshot: Snapshot, rename: Callable[[str], str], inputs: object = None
    ) -> None:
        """Begin with what is stored.

        Args:
            tables: The fold's.
            snapshot: To load rows from.
            rename: From a table's name to that of the table to use in its place.
            inputs: What the fold depends on beside its events, if anything.
        """
        self._tables = {table.record: table for table in tables}
        self._names = {table.record: rename(table.name) for table in tables}
        self._load = {record: table.load(self._names[record]) for record, table in self._tables.items()}
        self._snapshot = snapshot
        self._rows: dict[type[Any], dict[Key, Any]] = {record: {} for record in self._tables}
        self._changed: dict[type[Any], set[Key]] = {record: set() for record in self._tables}
        self._listed: dict[type[Any], set[Key]] = {record: set() for record in self._tables}
        # For each length of a prefix that was listed: the keys in memory, by their prefix of that length.
        self._prefixes: dict[type[Any], dict[int, defaultdict[Key, set[Key]]]] = {each: {} for each in self._tables}
        # For each first value of a key that `around` was asked about: the keys of the rows that are there, in order.
        self._ordered: dict[type[Any], dict[Key, list[Key]]] = {each: {} for each in self._tables}
        self._inputs = inputs
        self.notes: dict[Any, Any] = {}

    def input(self, input_class: type[InputT]) -> InputT:
        """What the fold depends on beside its events: the `value` of its `inputs`.

        Raises:
            TypeError: It has no inputs, or of another class.
        """
        if not isinstance(self._inputs, input_class):
            raise TypeError(f"the inputs of this fold are no {input_class.__name__}")
        return self._inputs

    def get(self, record_class: type[RowT], *key: Any) -> RowT | None:
        """The row with this key, as changed by the events so far; None if there is none.

        Raises:
            TypeError: The class is no record of this fold, or the key has another number of columns.
        """
        found = self._rows.get(record_class)
        if found is not None and key in found:
            return found[key]
        rows, table = self._rows_of(record_class, key)
        if key not in rows:
            params = dict(zip(table.key, key, strict=True))
            self._keep(record_class, key, self._snapshot.record(record_class, self._load[record_class], params))
        return rows[key]

    def rows(self, record_class: type[RowT], *prefix: Any) -> list[RowT]:
        """The rows whose keys begin with these values, in the order of keys, as changed by the events so far.

        All of them are loaded, and kept in memory until the batch ends: so the
        prefix must be one that few rows share.

        Args:
            record_class: The record of the table.
            prefix: Values of the first columns of the key, none to all; None matches nothing.

        Raises:
            TypeError: The class is no record of this fold, or the prefix has more columns than the key.
        """
        table = self._table_of(record_class)
        if len(prefix) > len(table.key):
            raise TypeError(f"a key of {table.name} is ({', '.join(table.key)})")
        rows = self._rows[record_class]
        self._load_below(record_class, prefix)
        return [row for key in sorted(self._keys_below(record_class, prefix)) if (row := rows[key]) is not None]

    def around(self, record_class: type[RowT], *key: Any) -> tuple[RowT | None, RowT | None]:
        """The rows next before and next behind a key, among those whose keys begin with the same value.

        A row that has the key itself is neither. All rows that begin with that
        value are loaded once in a batch and then kept in order: so many keys
        may be asked about, but few rows should begin alike.

        Args:
            record_class: The record of the table.
            key: A whole key; there need be no row that has it.

        Returns:
            Both as changed by the events so far; None where there is none.

        Raises:
            TypeError: As `get`.
        """
        rows, _ = self._rows_of(record_class, key)
        ordered = self._ordered[record_class].get(key[:1])
        if ordered is None:
            self._load_below(record_class, key[:1])
            ordered = sorted(each for each in self._keys_below(record_class, key[:1]) if rows[each] is not None)
            self._ordered[record_class][key[:1]] = ordered
        before, behind = bisect_left(ordered, key), bisect_right(ordered, key)
        return (
            rows[ordered[before - 1]] if before else None,
            rows[ordered[behind]] if behind < len(ordered) else None,
        )

    def put(self, record: tuple[Any, ...]) -> None:
        """Insert the row, or replace the one with its key.

        Raises:
            TypeError: It is no record of this fold.
        """
        record_class = type(record)
        table = self._table_of(record_class)
        key, rows = tuple(record[: len(table.key)]), self._rows[record_class]
        if rows.get(key) is None:
            self._keep(record_class, key, record)
        else:
            # It takes the place of one that is there, so what is known of keys stays.
            rows[key] = record
        self._changed[record_class].add(key)

    def delete(self, record_class: type[tuple[Any, ...]], *key: Any) -> None:
        """Delete the row with this key, if there is one.

        Raises:
            TypeError: As `get`.
        """
        self._rows_of(record_class, key)
        self._keep(record_class, key, None)
        self._changed[record_class].add(key)

    def write_back(self, tx: Transaction, horizon: int = 0) -> int:
        """Store what was changed; the kernel calls it at the end of a batch.

        Args:
            tx: To write in.
            horizon: Events up to this position have left the log, and with them the rows that are about one alone.

        Returns:
            How many rows that were.
        """
        count = 0
        for record_class, table in self._tables.items():
            rows, name = self._rows[record_class], self._names[record_class]
            changed = [(key, rows[key]) for key in self._changed[record_class] if not table.is_left(key, horizon)]
            gone = [dict(zip(table.key, key, strict=True)) for key, row in changed if row is None]
            kept = [row._asdict() for _, row in changed if row is not None]
            if gone:
                tx.execute_many(table.remove(name), gone)
            if kept:
                tx.execute_many(table.store(name), kept)
            count += len(changed)
        return count

    def _load_below(self, record_class: type[Any], prefix: Key) -> None:
        """Have all rows in memory whose keys begin with these values."""
        rows, listed, table = self._rows[record_class], self._listed[record_class], self._tables[record_class]
        if any(prefix[:length] in listed for length in range(len(prefix) + 1)):
            return
        params = dict(zip(table.key, prefix, strict=False))
        sql = table.load_below(self._names[record_class], len(prefix))
        for record in self._snapshot.records(record_class, sql, params):
            key = tuple(record[: len(table.key)])
            if key not in rows:
                self._keep(record_class, key, record)
        listed.add(prefix)

    def _keep(self, record_class: type[Any], key: Key, record: Any) -> None:
        """Have a row in memory, or know that there is none."""
        rows = self._rows[record_class]
        ordered = self._ordered[record_class].get(key[:1])
        if ordered is not None and (rows.get(key) is None) != (record is None):
            if record is None:
                del ordered[bisect_left(ordered, key)]
            else:
                insort(ordered, key)
        if key not in rows:
            for length, keys in self._prefixes[record_class].items():
                keys[key[:length]].add(key)
        rows[key] = record

    def _keys_below(self, record_class: type[Any], prefix: Key) -> set[Key]:
        """The keys in memory that begin with these values."""
        indexes, length = self._prefixes[record_class], len(prefix)
        if length not in indexes:
            indexes[length] = defaultdict(set)
            for key in self._rows[record_class]:
                indexes[length][key[:length]].add(key)
        return indexes[length].get(prefix, set())

    def _table_of(self, record_class: type[Any]) -> FoldTable:
        table = self._tables.get(record_class)
        if table is None:
            raise TypeError(f"{record_class.__name__} is no record of this fold")
        return table

    def _rows_of(self, record_class: type[Any], key: Key) -> tuple[dict[Key, Any], FoldTable]:
        table = self._table_of(record_class)
        if len(key) != len(table.key):
            raise TypeError(f"a key of {table.name} is ({', '.join(table.key)})")
        return self._rows[record_class], table

"""Rows of an export: each is fitted to this store, stored, or left out for a reason that is counted."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

import apsw

from synthetic.database.snapshot import Value
from synthetic.database.transaction import Transaction
from synthetic.errors import ConflictError, InternalError
from synthetic.transfer.archive_reading import refused
from synthetic.transfer.arriving_files import ArrivingFiles
from synthetic.transfer.policies import OnConflict, UnitOutcome, count
from synthetic.transfer.renaming import Renaming
from synthetic.transfer.travelling import Link, TravellingTable, quoted
from synthetic.transfer.waiting_references import note_waiting
from synthetic.travel_contributions import TravellingFile

NO_FIT = (apsw.ConstraintError, apsw.MismatchError, apsw.TooBigError)
"""What SQLite raises on values that a table does not take."""


class ClashError(ConflictError):
    """The store has another row of the same key."""


class ArrivingRows:
    """Stores the rows of one unit, table by table, those first that others point at.

    Attributes:
        untold: What events call the rows that were not stored: type and id in the export. Nothing is told of them.
    """

    def __init__(
        self,
        tx: Transaction,
        tables: Mapping[str, TravellingTable],
        renaming: Renaming,
        on_conflict: OnConflict,
        outcome: UnitOutcome,
        files: ArrivingFiles,
        import_id: str,
    ) -> None:
        """Begin.

        Args:
            tx: To write in.
            tables: Those that travel, here.
            renaming: What is called what here.
            on_conflict: What becomes of what is there already.
            outcome: Where is noted what was done.
            files: Of the unit; they have their places.
            import_id: The import, for references that wait.
        """
        self._tx = tx
        self._tables = tables
        self._renaming = renaming
        self._on_conflict = on_conflict
        self._outcome = outcome
        self._files = files
        self._import_id = import_id
        self._emptied: list[tuple[str, Value]] = []
        self._awaited: tuple[str, Value] | None = None
        self._queue: defaultdict[tuple[str, Value], list[Mapping[str, Value]]] = defaultdict(list)
        self._numbers: defaultdict[tuple[str, str], dict[Value, int]] = defaultdict(dict)
        self._next: dict[tuple[str, str], int] = {}
        self._there: defaultdict[tuple[str, str], dict[Value, bool]] = defaultdict(dict)
        self.untold: set[tuple[str, str]] = set()
        self.positions: Mapping[Value, int] = {}
        self.event_ids: Mapping[Value, str] = {}

    def store(self, table: TravellingTable, row: Mapping[str, Value], member: str) -> None:
        """Store a row, or leave it out; one that needs another of its table waits for that, until `finish`.

        Args:
            table: Whose it is.
            row: Its columns, as far as both stores have them.
            member: Where it stands in the export, for errors.

        Raises:
            ClashError: Another row is there, and the policy is not to pass it over.
            ExportRefusedError: It is no row that the table could hold.
        """
        ready = [row]
        while ready:
            following = ready.pop()
            if self._store(table, following, member):
                for target in {link.target for link in table.links if link.table == table.name and link.target}:
                    ready += self._queue.pop((table.name, following.get(target)), ())

    def finish(self, table: TravellingTable) -> None:
        """Leave out the rows of a table that have waited for one that has not come."""
        for name, value in [each for each in self._queue if each[0] == table.name]:
            for row in self._queue.pop((name, value)):
                self._leave_out(table, row)

    def _store(self, table: TravellingTable, row: Mapping[str, Value], member: str) -> bool:
        """Store one row; whether it is there now."""
        values = dict(row)
        self._emptied, self._awaited = [], None
        if not self._fit(table, values):
            if self._awaited is None:
                self._leave_out(table, row)
            else:
                self._queue[self._awaited].append(row)
            return False
        number = None if table.numbered is None else values.pop(table.numbered, None)
        try:
            stored = self._insert(table, values)
            if stored is None and not self._settle(table, values, row):
                return False
            stored = stored or self._insert(table, values)
        except InternalError as error:
            if isinstance(error.__cause__, NO_FIT):
                raise refused(member, f"a row does not fit into {table.name} ({error.__cause__})") from error
            raise
        if stored is None:
            self._leave_out(table, row)
            return False
        if table.numbered is not None:
            self._numbers[table.name, table.numbered][number] = stored[0]
        count(self._outcome.rows, table.name)
        key = [stored[0] if name == table.numbered else values[name] for name in table.record.key]
        for column, value in self._emptied:
            note_waiting(self._tx, self._import_id, self._outcome, table.name, key, column, value)
        return True

    def _fit(self, table: TravellingTable, values: dict[str, Value]) -> bool:
        """Give a row the keys that hold here; whether it can be stored."""
        travel = table.record.travel
        for link in table.links:
            if values.get(link.column) is not None and not self._fit_link(table, link, values):
                return False
        if table.id_column is not None:
            values[table.id_column] = self._renaming.of(table.name, values[table.id_column])
        for column in travel.positions:
            if values.get(column) is not None:
                values[column] = self.positions.get(values[column]) or max(self._tx.position().number, 1)
        for column in travel.events:
            values[column] = self.event_ids.get(values.get(column), values.get(column))
        for column in travel.numbered:
            values[column] = self._take_number(table.name, column)
        return travel.file is None or self._fit_file(table.name, travel.file, values)

    def _fit_file(self, table: str, file: TravellingFile, values: dict[str, Value]) -> bool:
        """Have a row name the file that has come, or say that it is missing; whether it can be stored so."""
        named = (table, str(values[file.column]))
        values[file.column] = self._files.paths[named]
        if named not in self._files.missing:
            return True
        if not file.state or values.get(file.state, file.present) not in (file.present, file.missing):
            return False
        values[file.state] = file.missing
        return True

    def _fit_link(self, table: TravellingTable, link: Link, values: dict[str, Value]) -> bool:
        """Give one reference the key that holds here; whether the row can be stored with it."""
        value = values[link.column]
        if link.path:
            values[link.column] = self._renaming.in_json(value, link.path, link.table)
            return True
        if not link.table:
            values[link.column] = self._renaming.of_kind(values.get(link.kind_column), value)
            return True
        other, original = self._tables.get(link.table), value
        if other is not None and link.target and link.target == other.numbered:
            value = self._numbers[link.table, link.target].get(value)
        else:
            value = self._renaming.of(link.table, value)
        if link.strength != "loose" and (value is None or not self._is_there(link, value)):
            if link.strength != "clear" or link.column not in table.nullable:
                if link.table == table.name:
                    self._awaited = (table.name, original)
                return False
            self._emptied.append((link.column, value))
            value = None
        values[link.column] = value
        return True

    def _is_there(self, link: Link, value: Value) -> bool:
        known = self._there[link.table, link.target]
        if not known.get(value):
            sql = f"SELECT 1 FROM {link.table} WHERE {quoted(link.target)} = :value"
            known[value] = self._tx.row(sql, {"value": value}) is not None
        return known[value]

    def _take_number(self, table: str, column: str) -> int:
        """The next number of a column that this store numbers."""
        if (table, column) not in self._next:
            self._next[table, column] = self._tx.value(f"SELECT coalesce(max({quoted(column)}), 0) FROM {table}")
        self._next[table, column] += 1
        return self._next[table, column]

    def _insert(self, table: TravellingTable, values: Mapping[str, Value]) -> Sequence[Any] | None:
        """Store a row; what the store numbered, or None if another is in its place."""
        names = list(values)
        columns, places = ", ".join(map(quoted, names)), ", ".join(f":v{number}" for number in range(len(names)))
        return self._tx.row(
            f"INSERT INTO {table.name} ({columns}) VALUES ({places})"
            f" ON CONFLICT DO NOTHING RETURNING {table.numbered or table.record.key[0]}",
            {f"v{number}": values[name] for number, name in enumerate(names)},
        )

    def _settle(self, table: TravellingTable, values: dict[str, Value], row: Mapping[str, Value]) -> bool:
        """Decide on a row in whose place another is; whether it is to be tried again.

        Raises:
            ClashError: It is not to be passed over.
        """
        found = self._find(table, values)
        if found is not None and self._is_same(table, found, values):
            self._outcome.unchanged += 1
            self._keep_quiet(table, row)
            return False
        is_own = self._outcome.kind == "CONSTRUCT"
        if self._on_conflict is OnConflict.RENAME:
            if self._clear_unique(table, values):
                return True
            self._leave_out(table, row)
            return False
        if self._on_conflict is OnConflict.SKIP and not is_own:
            count(self._outcome.kept, table.name)
            self._keep_quiet(table, row)
            return False
        if self._on_conflict is OnConflict.OVERWRITE and not is_own and found is not None:
            self._replace(table, values)
            return False
        key = _key_of(table, row)
        raise ClashError(
            f"The store has another row of {table.name} in place of {key!r}.",
            action="Delete it and go on with the same command, or begin anew with another policy: --restart"
            " --on-conflict RENAME.",
            details={"table": table.name, "key": key, "unit": self._outcome.unit},
        )

    def _find(self, table: TravellingTable, values: Mapping[str, Value]) -> dict[str, Any] | None:
        """The row of the same key."""
        if any(name not in values for name in table.record.key):
            return None
        condition = " AND ".join(f"{quoted(name)} = :{name}" for name in table.record.key)
        names = ", ".join(map(quoted, values))
        params = {name: values[name] for name in table.record.key}
        found = self._tx.row(f"SELECT {names} FROM {table.name} WHERE {condition}", params)
        return None if found is None else dict(zip(values, found, strict=True))

    def _is_same(self, table: TravellingTable, found: Mapping[str, Value], values: Mapping[str, Value]) -> bool:
        travel = table.record.travel
        own = {*travel.numbered, *travel.positions, *travel.events}
        return all(found[name] == value for name, value in values.items() if name not in own)

    def _clear_unique(self, table: TravellingTable, values: dict[str, Value]) -> bool:
        """Empty a column that makes a row the double of another, if there is one that may be empty."""
        links = {link.column for link in table.links}
        for (index,) in self._tx.rows(
            "SELECT name FROM pragma_index_list(:table) WHERE \"unique\" AND origin <> 'pk' ORDER BY seq",
            {"table": table.name},
        ):
            names = [name for (name,) in self._tx.rows("SELECT name FROM pragma_index_info(:index)", {"index": index})]
            free = [name for name in names if name in table.nullable and name not in links and values.get(name)]
            if free:
                values[free[-1]] = None
                count(self._outcome.cleared, f"{table.name}.{free[-1]}")
                return True
        return False

    def _replace(self, table: TravellingTable, values: Mapping[str, Value]) -> None:
        """Give the row of the same key the values of the export."""
        others = [name for name in values if name not in table.record.key]
        condition = " AND ".join(f"{quoted(name)} = :{name}" for name in table.record.key)
        if others:
            changes = ", ".join(f"{quoted(name)} = :{name}" for name in others)
            self._tx.execute(f"UPDATE {table.name} SET {changes} WHERE {condition}", values)
        count(self._outcome.rows, table.name)

    def _leave_out(self, table: TravellingTable, row: Mapping[str, Value]) -> None:
        self._outcome.leave_out(table.name, _key_of(table, row))
        self._keep_quiet(table, row)

    def _keep_quiet(self, table: TravellingTable, row: Mapping[str, Value]) -> None:
        if table.entity is not None:
            column = table.record.travel.entity_column
            self.untold.add((table.entity, str(row.get(column)) if column else _key_of(table, row)))


def _key_of(table: TravellingTable, row: Mapping[str, Value]) -> str:
    return "/".join(str(row.get(name)) for name in table.record.key)

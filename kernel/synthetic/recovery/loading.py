"""Putting what was read into the tables of a new store; what does not fit there is set aside, with the reason."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import apsw

from synthetic.database.snapshot import Value
from synthetic.recovery.cells import Page
from synthetic.recovery.missing import Missing
from synthetic.recovery.schemas import ROWID, Shape, quote
from synthetic.recovery.set_aside import SetAside
from synthetic.recovery.tables import Key, Row, Source, key_of

BATCH_PAGES = 1_000
ROW_ERRORS = (apsw.ConstraintError, apsw.MismatchError, apsw.SQLError, apsw.TooBigError, OverflowError)
"""What the driver raises because of the row that is inserted, and of nothing else."""

GoOn = Callable[[int], None]
"""Told how many bytes were worked on; raises where the work should stop."""


@dataclass(slots=True)
class TableReport:
    """What came of a table.

    Attributes:
        table: Its name.
        kept: Rows that are in the new store.
        rebuilt: Of these, rows that were put together from indexes, the table having lost them.
        set_aside: Rows that were read and could not be kept.
        lost: Rows that are known to be gone; None: some are, and it cannot be told how many.
        is_lost_exact: Whether no more than these are.
        damaged: Pages and rows of the table that could not be read.
    """

    table: str
    kept: int = 0
    rebuilt: int = 0
    set_aside: int = 0
    lost: int | None = 0
    is_lost_exact: bool = True
    damaged: int = 0


class Loader:
    """Fills the tables of a new store."""

    def __init__(self, connection: apsw.Connection, aside: SetAside, go_on: GoOn, scratch: Path) -> None:
        """Make it.

        Args:
            connection: Of `open_loader`.
            aside: Where rows go that do not fit.
            go_on: Told how much was done; raises where the work should stop.
            scratch: A file that is made and removed, for what is known of rows that are gone.
        """
        self.connection = connection
        self._aside = aside
        self._go_on = go_on
        self._scratch = scratch

    def load(self, source: Source, *, keeps: Callable[[Row], bool] = lambda _row: True) -> TableReport:
        """Put the rows of a table into the one of that name, in the place of what is there.

        Args:
            source: Where they are.
            keeps: Whether a row is wanted at all.
        """
        shape = source.shape
        report = TableReport(shape.name, damaged=source.trees.gone(source.root))
        seeds = self._take_seeds(shape)
        with Missing(self._scratch, shape, [index for index, _ in source.indexes]) as missing:
            for page in self._in_batches(source.trees.pages(source.root)):
                report.damaged += page.broken
                for row, cell in source.rows(page):
                    if row is None:
                        self._set_aside(report, numbered_row(cell.values), "It does not have the columns of its table.")
                    elif keeps(row) and self._insert(shape, row, report):
                        report.kept += 1
                    else:
                        missing.leave_out(key_of(shape, row))
            if report.damaged:
                self._rebuild(source, report, keeps, missing)
        if report.damaged:
            for seed in seeds:
                self._insert_seed(shape, seed)
        return report

    def _in_batches(self, pages: Iterable[Page]) -> Iterator[Page]:
        """Some pages, of which a few at a time are worked on in a transaction: the log of the new store stays short."""
        self.connection.execute("BEGIN")
        for count, page in enumerate(pages, 1):
            if count % BATCH_PAGES == 0:
                self._go_on(0)
                self.connection.execute("COMMIT; BEGIN")
            yield page
        self.connection.execute("COMMIT")

    def try_rows(self, shape: Shape, rows: Sequence[Row]) -> int:
        """How many of some rows the table would take if it were empty; nothing is changed."""
        taken = 0
        self.connection.execute("SAVEPOINT trial")
        try:
            self.connection.execute(f"DELETE FROM {quote(shape.name)}")
            for row in rows:
                try:
                    self._run_insert(shape, row)
                    taken += 1
                except ROW_ERRORS:
                    continue
        finally:
            self.connection.execute("ROLLBACK TO trial; RELEASE trial")
        return taken

    def _take_seeds(self, shape: Shape) -> list[Row]:
        """Empty a table, and return what migrations have put there: needed where the store's own row of it is gone."""
        names = [name for name in shape.columns if name is not None]
        chosen = ", ".join(map(quote, names))
        rows = [
            dict(zip(names, values, strict=True))
            for values in self.connection.execute(f"SELECT {chosen} FROM {quote(shape.name)}")
        ]
        self.connection.execute(f"DELETE FROM {quote(shape.name)}")
        return rows

    def _insert_seed(self, shape: Shape, row: Row) -> None:
        try:
            self._run_insert(shape, row)
        except apsw.ConstraintError:
            return  # the store's own is there

    def _insert(self, shape: Shape, row: Row, report: TableReport) -> int:
        try:
            self._run_insert(shape, row)
        except ROW_ERRORS as error:
            self._set_aside(report, row, f"The store does not take it: {error}.")
            return 0
        return 1

    def _run_insert(self, shape: Shape, row: Row) -> None:
        names = ", ".join(map(quote, row))
        marks = ", ".join("?" * len(row))
        self.connection.execute(f"INSERT INTO {quote(shape.name)} ({names}) VALUES ({marks})", tuple(row.values()))

    def _rebuild(self, source: Source, report: TableReport, keeps: Callable[[Row], bool], missing: Missing) -> None:
        """Look in the indexes for what is gone."""
        shape = source.shape
        full = {
            name
            for (name,) in self.connection.execute(
                "SELECT name FROM pragma_index_list(?) WHERE partial = 0", (shape.name,)
            )
        }
        is_exact = False
        for place, (index, root) in enumerate(source.indexes):
            gone = source.trees.gone(root)
            for page in self._in_batches(source.trees.pages(root)):
                gone += page.broken
                for key, row in source.entries(index, page):
                    if not self._is_there(shape, key):
                        missing.add(place, key, row)
            is_exact = is_exact or (gone == 0 and index.name in full)
        lost = missing.count()
        with self.connection:
            for row in missing.rows():
                lost -= 1
                if keeps(row) and self._insert(shape, row, report):
                    report.kept += 1
                    report.rebuilt += 1
        report.is_lost_exact = is_exact
        report.lost = lost if lost or is_exact else None

    def _is_there(self, shape: Shape, key: Key) -> bool:
        """Whether the new table has a row."""
        names = (shape.alias or ROWID,) if shape.has_rowid else shape.key
        same = " AND ".join(f"{quote(name)} = ?" for name in names)
        return self.connection.execute(f"SELECT 1 FROM {quote(shape.name)} WHERE {same}", key).get is not None

    def _set_aside(self, report: TableReport, row: Row, reason: str) -> None:
        report.set_aside += 1
        self._aside.add(report.table, row, reason)

    def settle_references(self, reports: dict[str, TableReport]) -> None:
        """Set rows aside whose keys point at rows that are gone, until none is left.

        Args:
            reports: By table, which are brought up to date.
        """
        changed = True
        while changed:
            changed = False
            for table, report in reports.items():
                self._go_on(0)
                for condition, reason in self._dangling(table):
                    changed = self._move_out(table, condition, reason, report) or changed

    def _dangling(self, table: str) -> list[tuple[str, str]]:
        """For each foreign key of a table, the condition by which rows that break it are found, and the reason."""
        keys: dict[int, list[tuple[str, str, str | None]]] = {}
        for number, _, target, column, other in self.connection.execute(
            'SELECT id, seq, "table", "from", "to" FROM pragma_foreign_key_list(?) ORDER BY id, seq', (table,)
        ):
            keys.setdefault(number, []).append((target, column, other))
        found: list[tuple[str, str]] = []
        for pairs in keys.values():
            target = pairs[0][0]
            primary = shape_key(self.connection, target)
            others = [other or primary[place] for place, (_, _, other) in enumerate(pairs)]
            columns = [column for _, column, _ in pairs]
            given = " AND ".join(f"child.{quote(column)} IS NOT NULL" for column in columns)
            equal = " AND ".join(
                f"parent.{quote(other)} = child.{quote(column)}" for other, column in zip(others, columns, strict=True)
            )
            condition = f"{given} AND NOT EXISTS (SELECT 1 FROM {quote(target)} AS parent WHERE {equal})"
            found.append((condition, f"The row of {target} that {', '.join(columns)} names is not there."))
        return found

    def _move_out(self, table: str, condition: str, reason: str, report: TableReport) -> bool:
        """Set the rows aside for which a condition holds; whether there were any."""
        count = 0
        with self.connection:
            cursor = self.connection.execute(f"SELECT child.* FROM {quote(table)} AS child WHERE {condition}")
            for values in cursor:
                count += 1
                names = [name for name, _ in cursor.get_description()]
                self._set_aside(report, dict(zip(names, values, strict=True)), reason)
            if count:
                self.connection.execute(f"DELETE FROM {quote(table)} AS child WHERE {condition}")
        report.kept -= count
        return count > 0


def shape_key(connection: apsw.Connection, table: str) -> list[str]:
    """The columns of a table's primary key, in order."""
    return [
        name for (name,) in connection.execute("SELECT name FROM pragma_table_info(?) WHERE pk ORDER BY pk", (table,))
    ]


def numbered_row(values: Sequence[Value]) -> Row:
    """Values whose columns are not known, by their places from 0."""
    return {str(place): value for place, value in enumerate(values)}

"""`salvage`: from the pages of a damaged database to the tables of a new store."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

import apsw

from synthetic.database.connections import APPLICATION_ID, open_loader
from synthetic.database.opening import Blueprint
from synthetic.errors import NotAStoreError
from synthetic.recovery.building import LEDGER, Built, build_tables, plan_tables
from synthetic.recovery.cells import Cell
from synthetic.recovery.errors import NothingRecoveredError
from synthetic.recovery.loading import GoOn, Loader, TableReport, numbered_row
from synthetic.recovery.pages import PageFile
from synthetic.recovery.schemas import SchemaObject, Shape, believe_roots, index_shapes, read_schema, shape_of
from synthetic.recovery.set_aside import SetAside
from synthetic.recovery.tables import Source, is_whole, row_of
from synthetic.recovery.trees import SCHEMA_ROOT, Trees

TRIAL_ROWS = 50
"""Rows that a table must take before a tree whose name is lost is believed to be that table's."""

OWNERS = "registered_tables"
_RENUMBERED = re.compile(r"__\d+$")


@dataclass(slots=True)
class Salvaged:
    """What came of the pages of a database.

    Attributes:
        tables: Of each table.
        strays: Rows and entries of which it is not known whose they are; they are set aside.
        unusable_frames: Pages in the write-ahead log that follow a damaged one, and are lost with it.
        missing_pages: Pages that the header counts beyond the end of the file: it was cut short.
        failed: What could not be made in the new store, in words.
    """

    tables: list[TableReport]
    strays: int = 0
    unusable_frames: int = 0
    missing_pages: int = 0
    failed: list[str] = field(default_factory=list[str])


def salvage(database: Path, log: Path, target: Path, blueprint: Blueprint, aside: SetAside, go_on: GoOn) -> Salvaged:
    """Fill a new store with all that can be read of a database, which nobody writes to.

    Args:
        database: The damaged one; it is only read.
        log: Its write-ahead log, which need not be there.
        target: The database of a store that the loaded code has just made, and nobody has open.
        blueprint: What that code wants.
        aside: Where rows go that cannot be kept.
        go_on: Told how many bytes were worked on; raises where the work should stop.

    Raises:
        NothingRecoveredError: No page of it can be read.
        NotAStoreError: It is another program's.
        StoreNewerError: A newer version has written it.
    """
    with PageFile(database, log) as file:
        trees = Trees(file, go_on)
        if not any(trees.is_of_table(root) is not None for root in trees.roots):
            raise NothingRecoveredError
        objects = read_schema(trees)
        _refuse_strangers(file, objects)
        objects = believe_roots(trees, objects)
        connection = open_loader(target)
        try:
            blueprint.preparation.prepare(connection, "writer")
            loader = Loader(connection, aside, go_on, target.with_name(f"{target.name}-missing"))
            salvaged = _Salvage(connection, trees, objects, blueprint, aside, loader).run()
            salvaged.unusable_frames, salvaged.missing_pages = file.unusable_frames, file.missing
            return salvaged
        finally:
            connection.close()


def _refuse_strangers(file: PageFile, objects: Sequence[SchemaObject]) -> None:
    header = file.read(1) or b""
    named = {each.name for each in objects}
    is_ours = header[68:72] == APPLICATION_ID.to_bytes(4, "big") or named & {LEDGER, OWNERS}
    if file.is_header_whole and named and not is_ours:
        raise NotAStoreError("The database file belongs to another program.")


class _Salvage:
    """One salvage, on an open connection."""

    def __init__(
        self,
        connection: apsw.Connection,
        trees: Trees,
        objects: Sequence[SchemaObject],
        blueprint: Blueprint,
        aside: SetAside,
        loader: Loader,
    ) -> None:
        self._connection = connection
        self._trees = trees
        self._objects = objects
        self._blueprint = blueprint
        self._aside = aside
        self._roots = {each.name: each.root for each in objects if each.root}
        self._loader = loader

    def run(self) -> Salvaged:
        """Make the tables, fill them, and set aside what does not fit."""
        built = self._build()
        self._name_trees(built.tables)
        reports: dict[str, TableReport] = {}
        for table in built.tables:
            source = self._source(table)
            if source is None:
                is_empty = not self._has_nameless_rows()
                reports[table] = TableReport(table, lost=0 if is_empty else None, is_lost_exact=is_empty, damaged=1)
            elif table == OWNERS:
                reports[table] = self._load_owners(source, built.tables)
            else:
                reports[table] = self._loader.load(source)
        self._loader.settle_references(reports)
        self._make_from_rows(reports)
        self._continue_numbers(reports)
        return Salvaged(list(reports.values()), self._set_strays_aside(), failed=built.failed)

    def _build(self) -> Built:
        source = self._source(LEDGER)
        rows = [] if source is None else list(source.all_rows())
        is_whole = source is not None and source.is_whole()
        plan = plan_tables(self._blueprint, rows, is_ledger_whole=is_whole, is_present=self._is_present)
        return build_tables(self._connection, self._blueprint, plan, self._objects)

    def _is_present(self, plugin: str) -> bool:
        """Whether rows of a plugin's tables fill the columns that the loaded code gives them."""
        for table in self._blueprint.tables:
            source = self._source(table.record.name) if table.plugin == plugin else None
            if source is not None:
                row = next(source.all_rows(), None)
                if row is not None and any(name not in row for name in source.shape.columns if name is not None):
                    return False
        return True

    def _source(self, table: str) -> Source | None:
        """Where the rows of a table are; None: that is not known."""
        root = self._roots.get(table)
        if root is None or not self._connection.table_exists("main", table):
            return None
        shape = shape_of(self._connection, table)
        by_name = {_RENUMBERED.sub("", each.name): each.root for each in self._objects if each.table == table}
        indexes = [
            (index, by_name[index.name])
            for index in index_shapes(self._connection, shape)
            if by_name.get(index.name, root) != root
        ]
        return Source(self._trees, shape, root, indexes)

    def _name_trees(self, tables: Iterable[str]) -> None:
        """Find the trees of tables whose names are lost, by the rows that they take; where two would do, none is."""
        # What is beyond the end of a file that was cut short has no tree in it; else the number of the root is wrong.
        file, trees = self._trees.file, self._trees
        wrong = set[int]() if file.missing else {root for root in self._roots.values() if root > file.count}
        is_schema_whole = is_whole(trees, SCHEMA_ROOT)
        shapes = {
            table: shape_of(self._connection, table)
            for table in tables
            if table not in self._roots or self._roots[table] in wrong
        }
        # The entries of an index can look like rows of a table without rowids: where names of indexes may be lost as
        # well, these are not told apart.
        nameless = {table: shape for table, shape in shapes.items() if shape.has_rowid or is_schema_whole}
        claims: dict[int, list[str]] = {}
        for root in self._unnamed() if nameless else ():
            cells = list(islice((cell for page in self._trees.pages(root) for cell in page.cells), TRIAL_ROWS))
            has_rowid = self._trees.is_of_table(root)
            fitting = [
                table for table, shape in nameless.items() if shape.has_rowid is has_rowid and self._fits(shape, cells)
            ]
            if len(fitting) == 1:
                claims[root] = fitting
        wanted = [names[0] for names in claims.values()]
        for root, names in claims.items():
            if wanted.count(names[0]) == 1:
                self._roots[names[0]] = root

    def _unnamed(self) -> list[int]:
        named = set(self._roots.values())
        return [root for root in self._trees.roots if root > 1 and root not in named]

    def _has_nameless_rows(self) -> bool:
        """Whether anything stands, or may have stood, in a tree of which it is not known whose it is."""
        return bool(self._trees.strays) or any(
            self._trees.gone(root) or any(page.cells or page.broken for page in self._trees.pages(root))
            for root in self._unnamed()
        )

    def _fits(self, shape: Shape, cells: Sequence[Cell]) -> bool:
        """Whether a table takes all of some rows, with a value in each of its columns."""
        if not cells or any(len(cell.values) != len(shape.columns) for cell in cells):
            return False
        rows = [row for row in (row_of(shape, cell) for cell in cells) if row is not None]
        return len(rows) == len(cells) == self._loader.try_rows(shape, rows)

    def _load_owners(self, source: Source, tables: Sequence[str]) -> TableReport:
        """The record of tables is the loaded code's; that of tables which the code does not know stays."""
        present = set(tables)
        known = self._connection.execute("SELECT name, plugin, record FROM registered_tables").fetchall()
        names = {name for name, _, _ in known}
        report = self._loader.load(source, keeps=lambda row: row["name"] not in names and row["name"] in present)
        with self._connection:
            for row in known:
                report.kept += 1
                self._connection.execute(
                    "INSERT OR REPLACE INTO registered_tables (name, plugin, record) VALUES (?, ?, ?)", row
                )
        return report

    def _make_from_rows(self, reports: dict[str, TableReport]) -> None:
        """Let tables that have lost rows make anew what they say can be made from those that came (`Travel`)."""
        with self._connection:
            for table in self._blueprint.tables:
                report, sql = reports.get(table.record.name), table.record.travel.afterwards
                if report is not None and report.damaged and sql:
                    self._connection.execute(sql)

    def _continue_numbers(self, reports: dict[str, TableReport]) -> None:
        """No number is given a second time: neither where rows are gone, nor where what counted them is."""
        counted: dict[str, int] = {}
        for page in self._trees.pages(self._roots.get("sqlite_sequence", -1)):
            for cell in page.cells:
                match cell.values:
                    case (str() as name, int() as number):
                        counted[name] = max(number, counted.get(name, 0))
                    case _:
                        continue
        with self._connection:
            for table, report in reports.items():
                shape = shape_of(self._connection, table)
                sql = self._connection.execute("SELECT sql FROM sqlite_schema WHERE name = ?", (table,)).get
                if shape.alias is None or "AUTOINCREMENT" not in str(sql).upper():
                    continue
                source = self._source(table) if report.damaged else None
                known = 0 if source is None else source.greatest_number()
                self._connection.execute("DELETE FROM sqlite_sequence WHERE name = ?", (table,))
                self._connection.execute(
                    f'INSERT INTO sqlite_sequence (name, seq) SELECT ?1, max(?2, coalesce(max("{shape.alias}"), 0))'
                    f' FROM "{table}"',
                    (table, max(known, counted.get(table, 0))),
                )

    def _set_strays_aside(self) -> int:
        """Set aside what stands on pages of which it is not known to which table they belong."""
        reason = "It is not known of which table it is."
        before = self._aside.counts[""]
        for _, cell in self._trees.stray_cells():
            self._aside.add("", numbered_row((cell.rowid, *cell.values)), reason)
        for root in self._unnamed():
            for page in self._trees.pages(root):
                for cell in page.cells:
                    self._aside.add("", numbered_row((cell.rowid, *cell.values)), reason)
        return self._aside.counts[""] - before

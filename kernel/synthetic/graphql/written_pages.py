"""Pages that SQLite writes as JSON, where a page is nothing but nodes that have plain columns.

Python has nothing to do for a row then: no tuple, no object, no encoding. Of what
a request over HTTP costs, that is a sixth for a hundred rows of ten columns, and
a third for ten thousand.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping

from synthetic.database.snapshot import Parameters, Row, Snapshot
from synthetic.errors import SyntheticError
from synthetic.graphql.executor import LeafField, LeafFields
from synthetic.graphql.json_columns import JsonColumn, is_checked, quoted
from synthetic.graphql.row_types import JsonSource
from synthetic.graphql.selections import STATEMENTS_KEPT
from synthetic.logs import logger_for

FIELDS_MAX = 100
"""A selection with more is written by Python: SQLite bounds the arguments of a function."""

SORTS_KEPT = 32
"""Statements of one place of which it is remembered whether they put rows in order; filters make them differ."""

RESTS = 100
"""After a page that was too long, so many are read at once: pages of one place are often alike."""

ROW = '"row json"'
"""The column of what SQLite writes of a row: no table has one of that name."""

SORTS = "USE TEMP B-TREE"
"""Stands in the plan of a statement that puts rows in order."""

WRONG = "\0"
"""Stands in a page where the row was that has a wrong value. JSON has no such character."""

TABLE_SQL = "SELECT sql FROM sqlite_schema WHERE type = 'table' AND name = :name"

log = logger_for(__name__)


def page_of(row: str) -> str:
    """The aggregate that makes a page of rows, of the expression that writes one."""
    return f"concat('[', group_concat({row}), ']')"


_PAGE = page_of(ROW)


@functools.lru_cache(maxsize=STATEMENTS_KEPT)
def _selected(row: str) -> str:
    # The same text each time: what is looked up by it is found without reading it anew.
    return f"{row} AS {ROW}"


class PageWriter:
    """Has SQLite write the pages of one place in a plan; remembers what the selections there need."""

    def __init__(self, table: str, sources: Mapping[str, JsonSource]) -> None:
        """Make it.

        Args:
            table: Name of the one that the columns are of.
            sources: For the attributes that have a column of their own, how it becomes JSON.
        """
        self._table = table
        self._sources = sources
        self._written: dict[LeafFields, str | None] = {}
        self._sorts: dict[str, bool] = {}
        self._rests = 0

    def write(
        self, snapshot: Snapshot, fields: LeafFields, page_sql: Callable[[str], str], params: Parameters
    ) -> str | None:
        """A page as JSON.

        Args:
            snapshot: To read in.
            fields: What the nodes have.
            page_sql: From the expression that writes a row to the statement that selects what `page_of` makes of all.
            params: Of this statement.

        Returns:
            None where the rows have to be read: a value is one that its type cannot have, or the page is too large.
        """
        rows = self._rows(snapshot, fields, page_sql, params)
        return None if rows is None else _unless_wrong(rows[0][0])

    def write_many(
        self,
        snapshot: Snapshot,
        fields: LeafFields,
        pages_sql: Callable[[str], str],
        params: Parameters,
        count: int,
    ) -> list[str | None]:
        """Many pages as JSON, by one statement.

        Args:
            snapshot: To read in.
            fields: What the nodes have.
            pages_sql: From the expression that writes a row to the statement that selects for each page its place among
                them, and what `page_of` makes of its rows; a page without a row may be left out.
            params: Of this statement.
            count: How many pages there are.

        Returns:
            A page for each place, as `write` gives it; None, too, where the statement has left it out.
        """
        pages: list[str | None] = [None] * count
        for place, value in self._rows(snapshot, fields, pages_sql, params) or ():
            pages[place] = _unless_wrong(value)
        return pages

    def sql(
        self, snapshot: Snapshot, row: str, columns: str, sql_of: Callable[[str, str], str], params: Parameters
    ) -> str:
        """The statement of one page or many whose rows come from a subquery that has a limit.

        Each is written in the subquery, and not handed through it, which costs a seventh of such a statement; but not
        where SQLite puts the rows in order, since then all would be written of which the page takes a few.

        Args:
            snapshot: What is read.
            row: The expression that writes one.
            columns: All that it is made of.
            sql_of: From the aggregate that makes a page, and what is to be selected in the subquery, to the statement.
            params: Of this statement.
        """
        sql = sql_of(_PAGE, _selected(row))
        is_sorted = self._sorts.get(sql)
        if is_sorted is None:
            if len(self._sorts) >= SORTS_KEPT:
                self._sorts.clear()
            plan = snapshot.rows(f"EXPLAIN QUERY PLAN {sql}", params)
            is_sorted = self._sorts[sql] = any(SORTS in str(step[-1]) for step in plan)
        return sql_of(page_of(row), columns) if is_sorted else sql

    def _rows(
        self, snapshot: Snapshot, fields: LeafFields, sql_of: Callable[[str], str], params: Parameters
    ) -> list[Row] | None:
        if self._rests > 0:
            self._rests -= 1
            return None
        row = None
        try:
            if fields not in self._written:
                self._written[fields] = self._row(snapshot, fields)
            row = self._written[fields]
            rows = None if row is None else snapshot.rows_of_json(sql_of(row), params)
        except SyntheticError:
            # Reading the rows will tell.
            return None
        except Exception:
            log.exception("page not written", table=self._table, row=row)
            self._written[fields] = None
            return None
        if rows is None and row is not None:
            self._rests = RESTS
        return rows

    def _row(self, snapshot: Snapshot, fields: LeafFields) -> str | None:
        """The expression that writes a row: its JSON, or `WRONG`; None where SQLite cannot write it."""
        columns = [self._column(field) for field in fields.fields]
        if None in columns or len(columns) > FIELDS_MAX:
            return None
        found = [column for column in columns if column is not None]
        keys = [quoted(field.key) for field in fields.fields]
        entries = ", ".join(f"{key}, {column.sql}" for key, column in zip(keys, found, strict=True))
        own = snapshot.value(TABLE_SQL, {"name": self._table}) or ""
        pairs = zip(fields.fields, found, strict=True)
        conditions = dict.fromkeys(self._wrong(field, column, own) for field, column in pairs)
        wrong = " OR ".join(f"({condition})" for condition in conditions if condition)
        written = f"json_object({entries})"
        return f"CASE WHEN {wrong} THEN char(0) ELSE {written} END" if wrong else written

    def _column(self, field: LeafField) -> JsonColumn | None:
        if isinstance(field.written, JsonColumn):
            return field.written
        if field.attribute is None:
            return JsonColumn(quoted(field.value)) if isinstance(field.value, str) else None
        source = self._sources.get(field.attribute)
        return None if source is None else source.column_of(source.name, field.leaf)

    def _wrong(self, field: LeafField, column: JsonColumn, table_sql: str) -> str:
        """The condition of a column's wrong values; "" where the table has none."""
        source = None if field.attribute is None else self._sources.get(field.attribute)
        is_safe = source is not None and is_checked(table_sql, source.name, column)
        return "" if is_safe else column.wrong


def _unless_wrong(page: str | None) -> str | None:
    """A page as SQLite has put it together, if all its rows are right."""
    return None if page is None or WRONG in page else page

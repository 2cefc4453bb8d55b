"""Pages that SQLite writes as JSON, where a page is nothing but nodes that have plain columns.

Python has nothing to do for a row then: no tuple, no object, no encoding. Of what
a request over HTTP costs, that is a twelfth for a hundred rows of ten columns, and
a third for ten thousand.
"""

from __future__ import annotations

from collections.abc import Mapping

from synthetic.database.snapshot import Parameters, Snapshot
from synthetic.errors import SyntheticError
from synthetic.graphql.executor.rows import LeafField, LeafFields, Written
from synthetic.graphql.json_columns import JsonColumn, quoted
from synthetic.graphql.row_types import JsonSource
from synthetic.logs import logger_for

FIELDS_MAX = 100
"""A selection with more is written by Python: SQLite bounds the arguments of a function."""

RESTS = 100
"""After a page that was too long, so many are read at once: pages of one place are often alike."""

log = logger_for(__name__)


class PageWriter:
    """Has SQLite write the pages of one place in a plan; remembers what the selections there need."""

    def __init__(self, sources: Mapping[str, JsonSource]) -> None:
        """Make it.

        Args:
            sources: For the attributes that have a column of their own, how it becomes JSON.
        """
        self._sources = sources
        self._selects: dict[LeafFields, str | None] = {}
        self._rests = 0

    def write(self, snapshot: Snapshot, fields: LeafFields, page_sql: str, params: Parameters) -> Written | None:
        """A page as JSON.

        Args:
            snapshot: To read in.
            fields: What the nodes have.
            page_sql: Selects the rows, in the order of the page and not more than it has.
            params: Of this statement.

        Returns:
            None where the rows have to be read: a value is one that its type cannot have, or the page is too large.
        """
        if self._rests:
            self._rests -= 1
            return None
        if fields not in self._selects:
            self._selects[fields] = self._select(fields)
        select = self._selects[fields]
        if select is None:
            return None
        try:
            row = snapshot.row_of_json(f"{select} FROM ({page_sql})", params)
        except SyntheticError:
            # Reading the rows will tell.
            return None
        except Exception:
            log.exception("page not written", select=select)
            self._selects[fields] = None
            return None
        if row is None:
            self._rests = RESTS
            return None
        text, count, is_wrong = row
        return None if is_wrong else Written(text, count)

    def _select(self, fields: LeafFields) -> str | None:
        columns = [self._column(field) for field in fields.fields]
        if None in columns or len(columns) > FIELDS_MAX:
            return None
        found = [column for column in columns if column is not None]
        keys = [quoted(field.key) for field in fields.fields]
        entries = ", ".join(f"{key}, {column.sql}" for key, column in zip(keys, found, strict=True))
        wrong = " OR ".join(dict.fromkeys(column.wrong for column in found if column.wrong)) or "FALSE"
        return f"SELECT json_group_array(json_object({entries})), count(*), max({wrong})"

    def _column(self, field: LeafField) -> JsonColumn | None:
        if field.attribute is None:
            return JsonColumn(quoted(field.value)) if isinstance(field.value, str) else None
        source = self._sources.get(field.attribute)
        return None if source is None else source.column_of(source.name, field.leaf)

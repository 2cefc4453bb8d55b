"""Reading a table from its trees: its own rows, and by its indexes what these say of rows that are gone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from synthetic.database.transaction import Value
from synthetic.recovery.cells import Cell
from synthetic.recovery.schemas import ROWID, Shape
from synthetic.recovery.trees import Trees

Row: TypeAlias = dict[str, Value]
"""Values by column; those of columns that were added after the row was written are not there."""

Key: TypeAlias = tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class Source:
    """A table of the damaged database.

    Attributes:
        trees: Of the database.
        shape: Of the table.
        root: Of its tree.
        indexes: The shape and the root of each of its indexes.
    """

    trees: Trees
    shape: Shape
    root: int
    indexes: Sequence[tuple[Shape, int]]

    def rows(self) -> Iterator[tuple[Row | None, Cell]]:
        """Each row with what stands in the file; None in its place where that is no row of this table."""
        for page in self.trees.pages(self.root):
            for cell in page.cells:
                fits = page.is_of_table == self.shape.has_rowid
                yield row_of(self.shape, cell) if fits else None, cell

    def damage(self) -> int:
        """How many pages of the table are gone, and rows on others cannot be read."""
        return self.trees.gone(self.root) + sum(page.broken for page in self.trees.pages(self.root))

    def is_index_whole(self, root: int) -> bool:
        """Whether all entries of an index can be read."""
        return self.trees.gone(root) == 0 and not any(page.broken for page in self.trees.pages(root))

    def entries(self) -> Iterator[tuple[Key, Row]]:
        """What the indexes hold: the key of a row, and the columns that the index has of it."""
        for shape, root in self.indexes:
            for page in self.trees.pages(root):
                for cell in page.cells:
                    if cell.rowid is None and len(cell.values) == len(shape.columns):
                        row = {name: value for name, value in zip(shape.columns, cell.values, strict=True) if name}
                        yield key_of(self.shape, row), row


def row_of(shape: Shape, cell: Cell) -> Row | None:
    """A row by what stands in the file; None: it cannot be one of that table."""
    if len(cell.values) > len(shape.columns) or (cell.rowid is None) == shape.has_rowid:
        return None
    row: Row = {name: value for name, value in zip(shape.columns, cell.values, strict=False) if name is not None}
    if cell.rowid is not None:
        if shape.alias is not None and row.get(shape.alias) is not None:
            return None
        row[shape.alias or ROWID] = cell.rowid
    return row


def key_of(shape: Shape, row: Mapping[str, Value]) -> Key:
    """What tells a row from others of its table."""
    if shape.has_rowid:
        number = shape.alias or ROWID
        return (row[number] if number in row else row.get(ROWID),)
    return tuple(row.get(name) for name in shape.key)


@dataclass(frozen=True, slots=True)
class Missing:
    """What indexes say of rows that are gone.

    Attributes:
        rows: Those of which the indexes hold every column.
        others: How many there are of which they do not.
        is_exact: Whether an index that is whole has said so; else there may be more.
    """

    rows: Sequence[Row]
    others: int
    is_exact: bool


def find_missing(source: Source, found: set[Key], whole_indexes: frozenset[str]) -> Missing:
    """Look in the indexes of a table for rows that are not in it.

    Args:
        source: The table.
        found: The keys of the rows that were read.
        whole_indexes: Names of the indexes that have an entry for every row.
    """
    shape = source.shape
    known: dict[Key, Row] = {}
    for key, columns in source.entries():
        if key not in found:
            known.setdefault(key, {}).update(columns)
    needed = {name for name in shape.columns if name is not None and name != shape.alias}
    rows: list[Row] = []
    for key, row in known.items():
        if needed <= row.keys():
            if shape.has_rowid:
                row[shape.alias or ROWID] = key[0]
                if shape.alias is not None:
                    row.pop(ROWID, None)
            rows.append(row)
    is_exact = any(index.name in whole_indexes and source.is_index_whole(root) for index, root in source.indexes)
    return Missing(rows, len(known) - len(rows), is_exact)

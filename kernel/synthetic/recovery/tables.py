"""Reading a table from its trees: its own rows, and by its indexes what these say of rows that are gone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from synthetic.database.snapshot import Value
from synthetic.recovery.cells import Cell, Page
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

    def rows(self, page: Page) -> Iterator[tuple[Row | None, Cell]]:
        """Each row of a page with what stands in the file; None in its place where that is no row of this table."""
        fits = page.is_of_table == self.shape.has_rowid
        for cell in page.cells:
            yield row_of(self.shape, cell) if fits else None, cell

    def all_rows(self) -> Iterator[Row]:
        """The rows of a table."""
        for page in self.trees.pages(self.root):
            yield from (row for row, _ in self.rows(page) if row is not None)

    def is_whole(self) -> bool:
        """Whether all pages and rows of the table can be read."""
        return is_whole(self.trees, self.root)

    def entries(self, index: Shape, page: Page) -> Iterator[tuple[Key, Row]]:
        """What a page of an index holds: the key of a row, and the columns that the index has of it."""
        for cell in page.cells:
            if cell.rowid is None and len(cell.values) == len(index.columns):
                row = {name: value for name, value in zip(index.columns, cell.values, strict=True) if name}
                yield key_of(self.shape, row), row

    def greatest_number(self) -> int:
        """The greatest number of a row that an index knows."""
        return max(
            (
                key[0]
                for index, root in self.indexes
                for page in self.trees.pages(root)
                for key, _ in self.entries(index, page)
                if isinstance(key[0], int)
            ),
            default=0,
        )


def is_whole(trees: Trees, root: int) -> bool:
    """Whether all pages of a tree, and all that stands on them, can be read."""
    return trees.gone(root) == 0 and not any(page.broken for page in trees.pages(root))


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

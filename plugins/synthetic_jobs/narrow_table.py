"""Text in as many columns of a terminal as there are: what is long is cut, and what is cut shows an ellipsis."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from rich.cells import cell_len, set_cell_size
from rich.console import Console, ConsoleOptions, RenderResult
from rich.segment import Segment
from rich.table import Table

from synthetic.cli import plain, table_of

_GAP_COLUMNS = 3
"""Between two columns of a table as `table_of` makes it."""

_INDENT_COLUMNS = 2

_HEADING_LINES = 2
_ANY_COLUMNS = 1_000
"""As many as there are where the output is no terminal."""


def cut_at_end(text: str, columns: int) -> str:
    """The beginning of a text, in one line of at most so many columns, without control characters."""
    line = plain(" ".join(text.split())).plain
    if cell_len(line) <= columns:
        return line
    return set_cell_size(line, columns - 1).rstrip() + "…" if columns > 0 else ""


def cut_in_middle(id: str, columns: int) -> str:
    """An id in at most so many columns: both ends of it, since ids that were made together begin alike."""
    line = plain(" ".join(id.split())).plain
    if cell_len(line) <= columns:
        return line
    if columns <= 0:
        return ""
    tail_columns = (columns - 1) // 2
    head = set_cell_size(line, columns - 1 - tail_columns).rstrip()
    return f"{head}…{set_cell_size(line[::-1], tail_columns).rstrip()[::-1]}"


def shrink(widths: Mapping[str, int], least: Sequence[tuple[str, int]], columns: int, *, gap: int) -> dict[str, int]:
    """Widths that together need no more than so many columns, if that is possible.

    Args:
        widths: What each would need, by name, without the gaps between them.
        least: Which is made smaller, down to what, in this order; names that have no width are passed over.
        columns: How many there are.
        gap: Columns between two of them.
    """
    fitting = dict(widths)
    for name, width in least:
        excess = sum(fitting.values()) + gap * (len(fitting) - 1) - columns
        if excess > 0 and name in fitting:
            fitting[name] -= max(0, min(excess, fitting[name] - width))
    return fitting


class NarrowTable:
    """A table whose rows are never folded.

    Where a row does not fit, the long columns are cut; where it still does not, the first column, an id, which is
    needed whole to do anything, gets a line of its own above the others.
    """

    def __init__(
        self,
        columns: Sequence[str],
        rows: Sequence[Sequence[str | None]],
        *,
        numbers: Sequence[str] = (),
        most: Mapping[str, int],
        comfortable: Sequence[tuple[str, int]],
        least: Sequence[tuple[str, int]],
    ) -> None:
        """Describe it.

        Args:
            columns: The headings; the first is over the ids.
            rows: A text for each heading, or None.
            numbers: The headings over numbers.
            most: How wide a column becomes, however much room there is.
            comfortable: What columns are cut down to, in this order, before ids get lines of their own.
            least: What the others are cut down to once they have.
        """
        self._columns = columns
        self._numbers = numbers
        self._comfortable = comfortable
        self._least = least
        self._ids = [row[0] or "" for row in rows]
        self._rows = [
            [
                "-" if value is None else cut_at_end(value, most.get(name, _ANY_COLUMNS))
                for name, value in self._named(row)
            ]
            for row in rows
        ]
        self._widths = {
            name: max(cell_len(name), *(cell_len(row[index]) for row in self._rows), 0)
            for index, name in enumerate(columns)
        }

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Lay it out for the width that there is."""
        widths = shrink(self._widths, self._comfortable, options.max_width, gap=_GAP_COLUMNS)
        if sum(widths.values()) + _GAP_COLUMNS * (len(widths) - 1) <= options.max_width:
            yield self._table(self._columns, widths)
            return
        yield from self._in_two_lines(console, options)

    def _named(self, row: Sequence[str | None]) -> Iterator[tuple[str, str | None]]:
        return zip(self._columns, row, strict=True)

    def _table(self, columns: Sequence[str], widths: Mapping[str, int]) -> Table:
        rows = [
            [cut_at_end(value or "", widths[name]) for name, value in self._named(row) if name in columns]
            for row in self._rows
        ]
        table = table_of(columns, rows, numbers=self._numbers)
        for column in table.columns:
            column.no_wrap = True
            column.overflow = "ellipsis"
        return table

    def _in_two_lines(self, console: Console, options: ConsoleOptions) -> RenderResult:
        indented = options.update(width=max(1, options.max_width - _INDENT_COLUMNS))
        id_column, *columns = self._columns
        widths = shrink(
            {name: self._widths[name] for name in columns}, self._least, indented.max_width, gap=_GAP_COLUMNS
        )
        lines = console.render_lines(self._table(columns, widths), indented, pad=False)
        indent, end = Segment(" " * _INDENT_COLUMNS), Segment.line()
        yield plain(id_column, "bold")
        for line in lines[:_HEADING_LINES]:
            yield from (indent, *line, end)
        for id, line in zip(self._ids, lines[_HEADING_LINES:], strict=True):
            yield plain(cut_in_middle(id, options.max_width))
            yield from (indent, *line, end)

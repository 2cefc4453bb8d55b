"""What commands print: values for people or as JSON, and errors by the contract.

Standard output carries the answer alone; errors and progress go to standard
error. Text that comes from a store or from outside is shown without the
control characters with which it could move the cursor or colour the terminal.
"""

from __future__ import annotations

import json
import os
import sys
import unicodedata
from collections.abc import Mapping, Sequence
from typing import Any, TextIO, cast

from rich import box
from rich.console import Console, ConsoleRenderable, Group
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from synthetic.errors import SyntheticError

PIPE_COLUMNS = 1_000
"""Width where the output is no terminal, so that nothing is wrapped or cut there."""


class OutputClosedError(Exception):
    """Whoever read the output of the command has gone away."""


class _Console(Console):
    def on_broken_pipe(self) -> None:
        """Leave the exit code to `synthetic.cli.main`; rich would end the process with 1."""
        raise OutputClosedError


def emit(value: Any, as_json: bool) -> None:
    """Print the answer of a command.

    Args:
        value: Text, numbers, booleans, None; mappings, lists and tuples of them.
        as_json: Print one JSON document; else mappings as lines, and lists of
            mappings as a table.
    """
    if as_json:
        sys.stdout.write(json.dumps(value, separators=(",", ":"), default=str) + "\n")
        sys.stdout.flush()
    else:
        show(_rendered(value))


def show(*parts: ConsoleRenderable | str) -> None:
    """Print something for people on standard output; a `str` is plain text, not markup."""
    console = console_on(sys.stdout)
    for part in parts:
        console.print(plain(part) if isinstance(part, str) else part, soft_wrap=isinstance(part, str))
    sys.stdout.flush()


def console_on(stream: TextIO) -> Console:
    """A console that wraps lines on a terminal, and nowhere else."""
    is_terminal = stream.isatty()
    return _Console(file=stream, width=None if is_terminal else PIPE_COLUMNS, highlight=False, emoji=False)


def plain(text: str, style: str = "") -> Text:
    """Text for a terminal in which control characters, but for line breaks and tabs, are made visible."""
    visible = "".join(
        character
        if character in "\n\t" or unicodedata.category(character) not in {"Cc", "Cf", "Cs"}
        else "\N{REPLACEMENT CHARACTER}"
        for character in text
    )
    return Text(visible, style=style)


def table_of(columns: Sequence[str], rows: Sequence[Sequence[Any]], *, numbers: Sequence[str] = ()) -> Table:
    """A table without frames.

    Args:
        columns: The headings.
        rows: A value for each heading.
        numbers: The headings over numbers, which are set to the right.
    """
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for column in columns:
        table.add_column(column, justify="right" if column in numbers else "left", overflow="fold")
    for row in rows:
        table.add_row(*(plain(in_words(value)) for value in row))
    return table


def fields_of(values: Mapping[str, Any]) -> Table:
    """Names and values in two columns."""
    table = Table.grid(padding=(0, 2))
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="fold")
    for name, value in values.items():
        table.add_row(plain(name), plain(in_words(value)) if _is_scalar(value) else _rendered(value))
    return table


def in_words(value: Any) -> str:
    """A single value as a person writes it."""
    match value:
        case None:
            return "-"
        case bool():
            return "yes" if value else "no"
        case int():
            return f"{value:,}"
        case list() | tuple():
            return ", ".join(in_words(item) for item in cast("Sequence[Any]", value))
        case _:
            return str(value)


def in_bytes(size: int) -> str:
    """A number of bytes with a unit that leaves at most four digits."""
    amount, units = float(size), iter(("B", "KiB", "MiB", "GiB", "TiB"))
    unit = next(units)
    while amount >= 1024 and unit != "TiB":
        amount, unit = amount / 1024, next(units)
    return f"{size} B" if unit == "B" else f"{amount:.1f} {unit}"


def _is_scalar(value: Any) -> bool:
    if isinstance(value, list | tuple):
        return all(_is_scalar(item) for item in cast("Sequence[Any]", value))
    return not isinstance(value, Mapping)


def _rendered(value: Any) -> ConsoleRenderable:
    if isinstance(value, Mapping):
        return fields_of(cast("Mapping[str, Any]", value))
    if isinstance(value, list | tuple):
        items = cast("Sequence[Any]", value)
        if items and all(isinstance(item, Mapping) for item in items):
            columns = list(dict.fromkeys(key for item in items for key in item))
            return table_of(columns, [[item.get(column) for column in columns] for item in items])
        return Group(*(_rendered(item) for item in items))
    return plain(in_words(value))


def report_error(error: SyntheticError, *, correlation_id: str, now_ms: int, as_json: bool) -> None:
    """Print an error on standard error, as the contract has it."""
    if as_json:
        sys.stderr.write(
            json.dumps(error.to_contract(correlation_id, now_ms), separators=(",", ":"), default=str) + "\n"
        )
        return
    console = console_on(sys.stderr)
    console.print(plain(error.code, "bold red") + Text(": ") + plain(error.message), soft_wrap=True)
    lines = {"What to do": error.suggested_action, "Correlation id": correlation_id}
    if error.details.get("at"):
        lines = {"Raised at": error.details["at"], **lines}
    console.print(Padding(fields_of(lines), (0, 0, 0, 2), expand=False))


def finish_output() -> None:
    """Write what is still to be written; where that fails, the interpreter shall not try again at its end."""
    try:
        sys.stdout.flush()
    except OSError:
        give_up_output()


def give_up_output() -> None:
    """Send what is still to be written to nowhere: its reader is gone, or its disk is full."""
    descriptor = os.open(os.devnull, os.O_WRONLY)
    os.dup2(descriptor, sys.stdout.fileno())
    os.close(descriptor)

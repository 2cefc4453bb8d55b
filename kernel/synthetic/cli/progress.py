"""Showing how far long work has come, on a terminal."""

from __future__ import annotations

import sys
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

from rich.progress import BarColumn, TaskID, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.progress import Progress as Display

from synthetic.cli.output import console_on, in_bytes, plain


class Progress:
    """How far one piece of work has come; nothing is shown where nobody looks."""

    def __init__(self, display: Display | None, task: TaskID, unit: str) -> None:
        self._display = display
        self._task = task
        self._unit = unit
        self._done = 0
        self._total: int | None = None

    def expect(self, total: int) -> None:
        """Say how much there is to do in all, as soon as that is known."""
        self._total = total
        self._update()

    def advance(self, amount: int = 1, note: str | None = None) -> None:
        """Say that more is done.

        Args:
            amount: How much more.
            note: What is being worked on now, for instance a file.
        """
        self._done += amount
        self._update(note)

    def _update(self, note: str | None = None) -> None:
        if self._display is None:
            return
        done = self._in_unit(self._done)
        count = done if self._total is None else f"{done} of {self._in_unit(self._total)}"
        fields: dict[str, Any] = {"count": count} if note is None else {"count": count, "note": plain(note).plain}
        self._display.update(self._task, completed=self._done, total=self._total, **fields)

    def _in_unit(self, amount: int) -> str:
        return in_bytes(amount) if self._unit == "bytes" else f"{amount:,} {self._unit}".strip()


@contextmanager
def progress(title: str, as_json: bool = False, *, unit: str = "") -> Generator[Progress]:
    """Show a line on standard error while the block runs, if that is a terminal and not `as_json`.

    Args:
        title: What is being done, in a word or two.
        as_json: Show nothing: a machine reads along.
        unit: What is counted; `bytes` are shown with fitting units.
    """
    if as_json or not sys.stderr.isatty():
        yield Progress(None, TaskID(0), unit)
        return
    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        TextColumn("{task.fields[count]}", markup=False),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[note]}", markup=False),
    )
    with Display(*columns, console=console_on(sys.stderr), transient=True) as display:
        yield Progress(display, display.add_task(title, total=None, count="", note=""), unit)

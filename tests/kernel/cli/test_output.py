"""What `emit` and `progress` make of values, for people and for machines."""

from __future__ import annotations

import io
import json
import sys

import pytest

from synthetic.cli import emit, progress
from synthetic.cli.output import in_bytes, in_words


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("value", "lines"),
    [
        ("[bold]words[/bold]", ["[bold]words[/bold]"]),
        (1_234_567, ["1,234,567"]),
        ({"rows": 3, "names": ["a", "b"], "done": True, "left": None}, ["rows 3", "names a, b", "done yes", "left -"]),
        ({"by kind": {"text": 1}}, ["by kind text 1"]),
        ([{"name": "a", "rows": 1}, {"name": "b", "size": 2}], ["name rows size", "a 1 -", "b - 2"]),
        (["a", "b"], ["a", "b"]),
        ([], []),
    ],
)
def test_values_are_lines_or_a_table_for_people(capsys, value, lines):
    emit(value, as_json=False)
    rows = [" ".join(row.split()) for row in capsys.readouterr().out.splitlines()]
    assert [row for row in rows if row and "─" not in row] == lines


@pytest.mark.parametrize("value", ["text", 1, None, {"a": [1, {"b": "\u202e"}]}, ["\udc80"]])
def test_values_are_one_line_of_json_for_machines(capsys, value):
    emit(value, as_json=True)
    output = capsys.readouterr().out
    assert output.count("\n") == 1
    assert json.loads(output) == value


def test_what_is_no_terminal_is_not_wrapped(capsys):
    emit({"path": "x" * 500}, as_json=False)
    assert "x" * 500 in capsys.readouterr().out


@pytest.mark.parametrize(
    ("size", "shown"), [(0, "0 B"), (1023, "1023 B"), (1536, "1.5 KiB"), (1_048_576, "1.0 MiB"), (2**52, "4096.0 TiB")]
)
def test_bytes_have_fitting_units(size, shown):
    assert in_bytes(size) == shown


def test_words_for_values():
    assert [in_words(value) for value in (None, False, 1000, "x", ("a", 1))] == ["-", "no", "1,000", "x", "a, 1"]


def work(as_json: bool) -> None:
    with progress("Reading", as_json, unit="bytes") as shown:
        shown.expect(4096)
        shown.advance(2048, note="one\x1b[2J.jsonl")
        shown.advance(2048)


def test_progress_is_shown_on_a_terminal(monkeypatch):
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setattr(sys, "stderr", Terminal())
    work(as_json=False)
    shown = sys.stderr.getvalue()
    assert "Reading" in shown
    assert "4.0 KiB of 4.0 KiB" in shown
    assert "one\ufffd[2J.jsonl" in shown


@pytest.mark.parametrize("as_json", [True, False])
def test_progress_is_silent_where_nobody_looks(monkeypatch, as_json):
    monkeypatch.setattr(sys, "stderr", Terminal() if as_json else io.StringIO())
    work(as_json)
    assert sys.stderr.getvalue() == ""

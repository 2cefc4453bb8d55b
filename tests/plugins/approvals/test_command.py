"""`synthetic approvals` as whoever decides runs it: what it shows, what it cannot be made to hide, and what it does."""

from __future__ import annotations

import io
import json
import sys
from typing import Any

import pytest

from plugins.approvals.driving import Approvals
from synthetic import SystemClock
from synthetic.cli import main
from synthetic.testing import open_test_store
from synthetic_approvals.presentation import arguments_in_lines, visible

NO_DISK_CHECK = ("--set", "kernel.database.free_disk_bytes=0")


@pytest.fixture
def approvals(data_dir):
    """An empty store, which the commands open as well, with their clock."""
    with open_test_store(data_dir) as store:
        yield Approvals(store, SystemClock())  # pyright: ignore[reportArgumentType]


class Line:
    """Runs `synthetic approvals`."""

    def __init__(self, data_dir, capsys) -> None:
        self._data_dir = data_dir
        self._capsys = capsys

    def run(self, *words: str, code: int = 0) -> str:
        """Run a verb that must end with a code; what it answered, or complained of."""
        found = main(["approvals", *words, "--data", str(self._data_dir), *NO_DISK_CHECK])
        captured = self._capsys.readouterr()
        assert found == code, captured.err
        return captured.err if code else captured.out

    def json(self, *words: str, code: int = 0) -> Any:
        """The same for machines."""
        return json.loads(self.run(*words, "--json", code=code))


@pytest.fixture
def line(data_dir, capsys) -> Line:
    return Line(data_dir, capsys)


class Terminal(io.StringIO):
    """Standard input at which a person sits."""

    def isatty(self) -> bool:
        return True


def test_approvals_are_listed_shown_and_decided(line, approvals):
    assert line.run("list") == "no approvals in all\n"
    asked = approvals.ask("a", reason="It is ready.", requester="builder-3")
    approvals.ask("b", tool="deploy")
    listed = line.run("list", "--tool", "shell")
    assert "git push" in listed
    assert "builder-3" in listed
    assert "deploy" not in listed
    assert listed.endswith("2 PENDING in all\n")
    shown = line.run("show", "a")
    for words in ('"command": "git push"', '"force": false', asked.arguments_sha256, "It is ready.", "PENDING, "):
        assert words in shown
    for_machines = line.json("show", "a")
    assert for_machines["arguments"] == {"command": "git push", "force": False}
    assert 0 < for_machines["remainingMs"] <= 3_600_000
    assert {each["id"] for each in line.json("list", "--status", "pending")["approvals"]} == {"a", "b"}

    decided = line.json("approve", "a", "--hash", asked.arguments_sha256, "--comment", "Go.", "--decider", "lead")
    assert (decided["status"], decided["decidedBy"], decided["decider"], decided["comment"]) == (
        "APPROVED", "command:approvals approve", "lead", "Go.",
    )  # fmt: skip
    assert approvals.check("a").comment == "Go."
    error = line.json("reject", "a", "--hash", asked.arguments_sha256, code=65)
    assert (error["code"], error["details"]["status"]) == ("ALREADY_DECIDED", "APPROVED")
    error = line.json("reject", "b", "--hash", "0" * 64, code=65)
    assert error["code"] == "APPROVAL_ARGUMENTS_CHANGED"
    assert "REJECTED" in line.run("reject", "b", "--hash", approvals.get("b").arguments_sha256)


@pytest.mark.parametrize(("typed", "status"), [("y\n", "REJECTED"), ("n\n", "PENDING"), ("", "PENDING")])
def test_whoever_names_no_hash_is_shown_what_it_is_about_and_asked(line, approvals, monkeypatch, typed, status):
    approvals.ask("a")
    monkeypatch.setattr(sys, "stdin", Terminal(typed))
    answer = line.run("reject", "a", code=0 if status == "REJECTED" else 130)
    if status == "REJECTED":
        assert '"command": "git push"' in answer
    assert approvals.get("a").status == status


def test_nobody_decides_unseen_where_nobody_can_be_asked(line, approvals):
    approvals.ask("a")
    assert "--hash" in line.run("approve", "a", code=64)
    assert "--hash" in line.run("approve", "a", "--json", code=64)
    assert approvals.get("a").status == "PENDING"


HOSTILE = "rm -rf /\x1b[2K\r\u202egnihton\u2066\u200b\u2028\u0085\ue000 \N{TAG LATIN SMALL LETTER A}ls é 字"


def test_nothing_that_is_asked_for_hides_from_a_terminal(line, approvals):
    approvals.ask("a", arguments={"command": HOSTILE, HOSTILE: 1}, reason="Fine.\nsha256  0000", requester="b")
    for shown in (line.run("show", "a"), line.run("list")):
        for character in "\x1b\r\u202e\u2066\u200b\u2028\u0085\ue000\N{TAG LATIN SMALL LETTER A}":
            assert character not in shown
    shown = line.run("show", "a")
    assert "rm -rf /\\u001b[2K\\r\\u202egnihton\\u2066\\u200b\\u2028\\u0085\\ue000 \\U000e0061ls é 字" in shown
    assert "Fine.\\nsha256  0000" in shown
    assert arguments_in_lines(approvals.get("a")).count("\n") == 3
    assert visible("a\tb c\u00a0d") == "a\\tb c\\u00a0d"

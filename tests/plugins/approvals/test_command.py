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
        answer, complaint = self.both(*words, code=code)
        return complaint if code else answer

    def both(self, *words: str, code: int) -> tuple[str, str]:
        """The same: what it answered, and what it complained of or asked."""
        found = main(["approvals", *words, "--data", str(self._data_dir), *NO_DISK_CHECK])
        captured = self._capsys.readouterr()
        assert found == code, captured.err
        return captured.out, captured.err

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
    assert listed.endswith("1 PENDING in all\n")
    assert line.json("list", "--tool", "shell")["counts"]["PENDING"] == 1
    assert line.run("list").endswith("2 PENDING in all\n")
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


@pytest.mark.parametrize(
    ("typed", "code", "status"), [("y\n", 0, "REJECTED"), ("n\n", 64, "PENDING"), ("", 130, "PENDING")]
)
def test_whoever_names_no_hash_is_shown_what_it_is_about_and_asked(line, approvals, monkeypatch, typed, code, status):
    approvals.ask("a")
    monkeypatch.setattr(sys, "stdin", Terminal(typed))
    answer, _ = line.both("reject", "a", code=code)
    assert '"command": "git push"' in answer
    assert ("Nothing was decided.\n" in answer) == (code == 64)
    assert approvals.get("a").status == status


@pytest.mark.parametrize("verb", ["approve", "reject"])
def test_nobody_is_asked_about_what_is_over(line, approvals, monkeypatch, verb):
    approvals.ask("decided")
    approvals.decide("decided")
    approvals.ask("lapsed")
    approvals.store.write(lambda tx: tx.execute("UPDATE pending_approvals SET expires_running_ms = 0"
        " WHERE id = 'lapsed'"))  # fmt: skip
    monkeypatch.setattr(sys, "stdin", Terminal("y\n"))
    for id, code in (("decided", "ALREADY_DECIDED"), ("lapsed", "APPROVAL_EXPIRED")):
        answer, complaint = line.both(verb, id, code=65)
        assert answer == ""
        assert code in complaint
        assert "this?" not in complaint


@pytest.mark.parametrize("verb", ["approve", "reject", "delete"])
def test_nobody_decides_unseen_where_nobody_can_be_asked(line, approvals, verb):
    approvals.ask("a")
    assert "`synthetic approvals show a`" in line.run(verb, "a", code=64)
    error = line.json(verb, "a", code=64)
    assert (error["code"], "`synthetic approvals show a`" in error["action"]) == ("BAD_USER_INPUT", True)
    assert approvals.get("a").status == "PENDING"


def test_approvals_are_cancelled_and_deleted(line, approvals, monkeypatch):
    approvals.ask("a")
    approvals.ask("b")
    assert line.json("cancel", "a", "--reason", "Not needed.")["comment"] == "Not needed."
    shown = line.run("show", "a")
    assert "CANCELLED" in shown
    assert "ended at" in shown
    assert "decided at" not in shown
    sha256 = approvals.decide("b").arguments_sha256
    assert "ended at" not in line.run("show", "b")
    assert "ALREADY_DECIDED" in line.run("cancel", "b", code=65)
    monkeypatch.setattr(sys, "stdin", Terminal("n\n"))
    assert "Nothing was deleted." in line.both("delete", "b", code=64)[0]
    assert approvals.get("b").arguments_sha256 == sha256
    monkeypatch.setattr(sys, "stdin", Terminal("y\n"))
    assert "The approval b is deleted." in line.run("delete", "b")
    assert line.json("delete", "a", "--yes") == {"deleted": "a"}
    approvals.ask("c")
    line.run("delete", "c", "--yes")
    assert approvals.told()[-2:] == [("approval.cancelled", "c"), ("approval.deleted", "c")]
    assert line.run("list") == "no approvals in all\n"


def test_the_list_says_by_which_token_it_was_asked_and_apart_from_that_who_they_say_they_are(line, approvals):
    approvals.ask("a", requester="lead")
    head, *rows = line.run("list").splitlines()
    assert head.index("asked by") < head.index("requester")
    row = next(each for each in rows if each.startswith("a"))
    assert row[head.index("asked by") :].startswith("program")
    assert row[head.index("requester") :].startswith("lead")


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


UNSEEN = (
    "\u3164\u115f\u1160\uffa0\u034f\u17b4\u17b5\ufe00\ufe0f\U000e0100\U000e01ef\U000e0000\U000e007f\u2800\u180b\u00ad"
)


@pytest.mark.parametrize("character", UNSEEN)
def test_what_a_terminal_shows_as_nothing_is_an_escape(approvals, character):
    escape = f"\\u{ord(character):04x}" if ord(character) <= 0xFFFF else f"\\U{ord(character):08x}"
    assert visible(f"rm{character}-rf") == f"rm{escape}-rf"
    asked = approvals.ask(arguments={"path": f"a{character}b"})
    assert f'"a{escape}b"' in arguments_in_lines(asked)


def test_an_escape_cannot_be_imitated(line, approvals):
    approvals.ask("a", arguments={"path": "c:\\u202e"}, reason="c:\\u202e")
    shown = line.run("show", "a")
    # In the arguments JSON doubles it already.
    assert shown.count("c:\\\\u202e") == 2
    assert "c:\\\\\\" not in shown
    assert visible("\u202e") == "\\u202e"
    assert visible("\\u202e") == "\\\\u202e"


@pytest.mark.parametrize(
    ("name", "recorded"), [("operator-1", "operator-1"), ("x" * 201, None), ("a\u200bb", None), ("", None)]
)
def test_who_decides_is_whoever_runs_the_command_unless_they_say_otherwise(
    line, approvals, monkeypatch, name, recorded
):
    for variable in ("LOGNAME", "USER", "LNAME", "USERNAME"):
        monkeypatch.setenv(variable, name)
    sha256 = approvals.ask("a").arguments_sha256
    decided = line.json("approve", "a", "--hash", sha256)
    if name:
        assert decided["decider"] == recorded
    else:
        # Then it is the name of the account, if that has one.
        assert decided["decider"] != ""
    approvals.ask("b")
    assert line.json("reject", "b", "--hash", sha256, "--decider", "lead")["decider"] == "lead"

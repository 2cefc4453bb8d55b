"""`synthetic jobs watch`: bars on a terminal, lines elsewhere, and how it ends. It runs in a process of its own."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import pty
import re
import select
import signal
import struct
import subprocess
import termios
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from rich.cells import cell_len
from rich.console import Console

from plugins.jobs.driving import Jobs
from synthetic import SystemClock, delete_owned
from synthetic.cli import main
from synthetic.testing import open_test_store
from synthetic.testing_commands import ForkedProcess, start_command
from synthetic_jobs.bars import bars

PATIENCE_SECONDS = 60.0
NO_DISK_CHECK = ("--set", "kernel.database.free_disk_bytes=0")

Process = subprocess.Popen[str] | ForkedProcess


@pytest.fixture
def clock() -> SystemClock:
    """The command's own."""
    return SystemClock()


@pytest.fixture
def store(data_dir):
    """An empty store, which the command opens as well."""
    with open_test_store(data_dir) as opened:
        yield opened


@pytest.fixture
def watching(data_dir):
    """Starts `synthetic jobs watch`; what is left of it is ended with the test."""
    with contextlib.ExitStack() as started:

        def start(*words: str, terminal: int | None = None) -> Process:
            command = ["jobs", "watch", "--data", str(data_dir), *NO_DISK_CHECK, *words]
            # Without the size of another terminal, which readline, that pytest loads, may put into what is inherited.
            inherited = {name: value for name, value in os.environ.items() if name not in ("LINES", "COLUMNS")}
            environment = {**inherited, "TERM": "xterm-256color"}
            process = start_command(command, environment=environment, terminal=terminal)
            started.callback(process.communicate)
            started.callback(process.kill)
            return process

        yield start


def lines_of(process: Process) -> Iterator[dict[str, Any]]:
    assert process.stdout is not None
    return map(json.loads, process.stdout)


def outline(line: dict[str, Any]) -> tuple[Any, ...]:
    return line["jobId"], line["type"], line["status"], line["progress"], line["phase"]


def test_jobs_that_are_named_are_watched_until_all_have_completed(watching, jobs: Jobs, store):
    jobs.add("a")
    jobs.run("b")
    jobs.add("other")
    process = watching("a", "b", "--json")
    lines = lines_of(process)
    assert outline(next(lines)) == ("a", None, "PENDING", 0, None)
    assert outline(next(lines)) == ("b", None, "RUNNING", 0, None)
    jobs.claim_job("other", "builder-1")
    jobs.complete_job("b", 1)
    jobs.claim_job("a", "builder-1")
    jobs.update_job_progress("a", 1, progress=40, phase="compile")
    jobs.save_checkpoint("a", 1, "scan", {})
    jobs.complete_job("a", 1)
    rest = list(lines)
    position = store.read(lambda snapshot: snapshot.value("SELECT max(position) FROM domain_events"))
    assert rest[-1]["position"].endswith(f":{position}")
    assert [outline(line) for line in rest] == [
        ("b", "STATUS_CHANGED", "COMPLETED", 100, None),
        ("a", "STATUS_CHANGED", "RUNNING", 0, None),
        ("a", "PROGRESSED", "RUNNING", 40, "compile"),
        ("a", "CHECKPOINTED", "RUNNING", 40, "scan"),
        ("a", "STATUS_CHANGED", "COMPLETED", 100, "compile"),
    ]
    assert process.wait(PATIENCE_SECONDS) == 0


@pytest.mark.parametrize("status", ["COMPLETED", "FAILED", "CANCELLED"])
def test_what_has_finished_already_decides_at_once(data_dir, capsys, jobs: Jobs, status):
    jobs.finish("a", status)
    jobs.finish("b")
    code = main(["jobs", "watch", "a", "b", "a", "--data", str(data_dir), "--json", *NO_DISK_CHECK])
    captured = capsys.readouterr()
    assert [json.loads(line)["jobId"] for line in captured.out.splitlines()] == ["a", "b"]
    assert code == (0 if status == "COMPLETED" else 65)
    if code:
        error = json.loads(captured.err)
        assert (error["code"], error["message"]) == ("JOBS_NOT_COMPLETED", "1 of 2 jobs did not complete.")
        assert error["details"] == {"jobs": [{"id": "a", "status": status}]}


def test_a_job_that_is_deleted_meanwhile_has_not_completed(watching, jobs: Jobs, store):
    construct = jobs.construct()
    jobs.add("a", construct_id=construct)
    process = watching("a", "--json")
    lines = lines_of(process)
    next(lines)
    delete_owned(store, "constructs", construct)
    assert outline(next(lines))[:2] == ("a", "DELETED")
    assert process.wait(PATIENCE_SECONDS) == 65
    assert json.loads(process.stderr.read())["details"] == {"jobs": [{"id": "a", "status": None}]}


def test_without_ids_all_that_is_under_way_is_watched_until_ctrl_c(watching, jobs: Jobs):
    jobs.run("a")
    jobs.add("pending")
    jobs.finish("done")
    process = watching()
    assert process.stdout is not None
    assert process.stdout.readline().split(" ", 1)[1] == "a build RUNNING 0 %\n"
    jobs.claim_job("pending", "builder-1")
    assert process.stdout.readline().split(" ", 1)[1] == "pending build RUNNING 0 %\n"
    jobs.fail_job("a", 1, "It broke\x1b[31m.", retryable=False)
    assert process.stdout.readline().split(" ", 1)[1] == "a build FAILED 0 % It broke\ufffd[31m.\n"
    process.send_signal(signal.SIGINT)
    assert process.wait(PATIENCE_SECONDS) == 0


def test_of_some_kinds_nothing_else_is_shown(watching, jobs: Jobs):
    jobs.run("a", kind="x")
    jobs.run("b", kind="y")
    process = watching("--kind", "y", "--json")
    lines = lines_of(process)
    assert outline(next(lines))[0] == "b"
    jobs.complete_job("a", 1)
    jobs.complete_job("b", 1)
    assert outline(next(lines))[:3] == ("b", "STATUS_CHANGED", "COMPLETED")


def test_ctrl_c_before_the_end_says_that_it_was_stopped(watching, jobs: Jobs):
    jobs.run("a")
    process = watching("a", "--json")
    next(lines_of(process))
    process.send_signal(signal.SIGINT)
    assert process.wait(PATIENCE_SECONDS) == 130


def test_ids_do_not_go_with_a_kind(data_dir, capsys):
    assert main(["jobs", "watch", "a", "--kind", "x", "--data", str(data_dir), "--json", *NO_DISK_CHECK]) == 64
    assert json.loads(capsys.readouterr().err)["code"] == "BAD_USER_INPUT"


class Terminal:
    """The other side of a terminal."""

    def __init__(self) -> None:
        self.own, self.theirs = pty.openpty()
        self.resize(12, 100)

    def resize(self, lines: int, columns: int) -> None:
        """Let it have another size for what is started afterwards."""
        fcntl.ioctl(self.theirs, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))

    def read_until(self, wanted: Callable[[str], bool]) -> str:
        """What appears from now on, until it is as wanted."""
        text, deadline = "", time.monotonic() + PATIENCE_SECONDS
        while not wanted(text):
            ready, _, _ = select.select([self.own], [], [], max(0.0, deadline - time.monotonic()))
            assert ready, text
            text += re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", os.read(self.own, 65_536).decode(errors="replace"))
        return text

    def drain(self, process: Process) -> int:
        """Read to the end; the exit code."""
        while select.select([self.own], [], [], PATIENCE_SECONDS)[0]:
            try:
                os.read(self.own, 65_536)
            except OSError:  # the other end is closed
                break
        return process.wait(PATIENCE_SECONDS)


@pytest.fixture
def terminal() -> Iterator[Terminal]:
    opened = Terminal()
    yield opened
    os.close(opened.own)


def test_on_a_terminal_each_job_has_a_bar_that_grows(watching, jobs: Jobs, terminal: Terminal):
    jobs.run("a")
    jobs.wait("b")
    process = watching("a", "b", terminal=terminal.theirs)
    os.close(terminal.theirs)
    terminal.read_until(lambda text: "RUNNING" in text and "WAITING" in text and "for review:1" in text)
    jobs.update_job_progress("a", 1, progress=50, phase="compile")
    assert "━" in terminal.read_until(lambda text: "50 %" in text and "compile" in text)
    jobs.fail_job("a", 1, "It\x1bbroke.", retryable=False)
    terminal.read_until(lambda text: "FAILED" in text and "It\ufffdbroke." in text)
    jobs.cancel_job("b")
    assert terminal.drain(process) == 65


def test_a_terminal_is_never_drawn_over_its_height(watching, jobs: Jobs, terminal: Terminal):
    process = watching(terminal=terminal.theirs)
    os.close(terminal.theirs)
    terminal.read_until(lambda text: "Nothing is under way; waiting." in text)
    for number in range(30):
        jobs.add(f"job-{number}")
    jobs.claim_jobs(["build"], "builder-1", limit=30)
    assert terminal.read_until(lambda text: "and 21 more" in text).count("RUNNING") == 9
    process.send_signal(signal.SIGINT)
    assert terminal.drain(process) == 0


def test_on_a_small_terminal_each_job_has_one_line_with_its_whole_id(watching, jobs: Jobs, terminal: Terminal):
    ids = [f"0198b5a2-7c1e-7d43-9f10-6a2b8c4d5e{number:02}" for number in range(30)]
    for id in ids:
        jobs.run(id, kind="transcripts")
    jobs.update_job_progress(ids[0], 1, progress=40, phase="compile everything anew")
    terminal.resize(24, 80)
    process = watching(terminal=terminal.theirs)
    os.close(terminal.theirs)
    frame = terminal.read_until(lambda text: "and 9 more" in text)
    lines = [text.strip("\r") for text in frame.split("\n")]
    assert [line for line in lines if "RUNNING" in line and len(line) <= 80] == lines[:21]
    assert [id for id in ids if id in frame] == ids[:21]
    assert "compile…" in lines[0]
    assert "━" in lines[0]
    process.send_signal(signal.SIGINT)
    assert terminal.drain(process) == 0


def drawn(shown: Any, columns: int) -> list[str]:
    """The lines of a frame, none of which is wider than the terminal."""
    console = Console(width=columns, highlight=False, emoji=False)
    with console.capture() as captured:
        console.print(shown)
    lines = captured.get().splitlines()
    assert all(cell_len(line) <= columns for line in lines), lines
    return lines


@pytest.mark.parametrize("columns", [200, 80, 60, 40])
def test_whatever_gives_way_on_a_narrow_terminal_the_id_stays_to_be_seen(jobs: Jobs, columns):
    jobs.run("0198b5a2-7c1e-7d43-9f10-6a2b8c4d5e6f", kind="kind-" * 30)
    jobs.cancel_job("0198b5a2-7c1e-7d43-9f10-6a2b8c4d5e6f")
    jobs.fail_job(jobs.run("a" * 100 + "b" * 100, kind="\u5efa" * 40).id, 1, "It broke.\n" * 90, retryable=False)
    stored = [jobs.get("0198b5a2-7c1e-7d43-9f10-6a2b8c4d5e6f"), jobs.get("a" * 100 + "b" * 100)]
    if columns < 200:
        assert "b" in drawn(bars(stored, [], 0, columns, 9), columns)[1]
    running, *rest = drawn(bars(stored[:1], [], 0, columns, 9), columns)
    assert rest == []
    assert ("0198b5a2-7c1e-7d43-9f10-6a2b8c4d5e6f" if columns > 60 else "0198") in running


def test_jobs_that_are_gone_count_against_the_height_too(jobs: Jobs):
    jobs.run("a")
    gone = ["g" * 200, *(f"gone-{number}" for number in range(9))]
    lines = drawn(bars([jobs.get("a")], gone, 2, 80, 4), 80)
    assert len(lines) == 5
    assert lines[1].endswith(" is not there any more")
    assert lines[-1] == "and 9 more"
    assert drawn(bars([], gone[:1], 0, 80, 1), 80)[0].startswith("ggg")

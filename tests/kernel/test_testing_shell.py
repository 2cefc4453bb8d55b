from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from synthetic import testing_shell
from synthetic.testing_shell import shell_program


@pytest.fixture
def program(tmp_path: Path) -> Iterator[Path]:
    with shell_program(tmp_path) as program:
        yield program


def run(program: Path, script: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """A script in a shell that finds the program."""
    path = f"{program.parent}{os.pathsep}{os.environ['PATH']}"
    environment = {**os.environ, "PATH": path, "SYNTHETIC_DATABASE_FREE_DISK_BYTES": "0", **variables}
    return subprocess.run(
        ["bash", "-c", script], cwd=program.parent, env=environment, capture_output=True, text=True, timeout=60,
        check=False,
    )  # fmt: skip


def test_a_shell_runs_commands_in_its_folder_with_its_variables_and_learns_how_they_end(program):
    made = run(program, "mkdir room && cd room && SYNTHETIC_DATA=here synthetic migrate >/dev/null && ls")
    assert (made.returncode, made.stdout, made.stderr) == (0, "here\n", "")
    wrong = run(program, "synthetic no-such-command > said; echo $?")
    assert wrong.stdout == "64\n"
    assert "no-such-command" in wrong.stderr
    assert (program.parent / "said").read_text() == ""


def test_commands_of_a_pipeline_run_at_once_and_one_whose_reader_has_gone_ends(program):
    done = run(program, "synthetic --help | head -n 1; echo ${PIPESTATUS[1]}; echo $(synthetic --version)")
    first, ended, version = done.stdout.splitlines()[-3:]
    assert (ended, version.startswith("synthetic ")) == ("0", True), (first, done.stdout)


def test_a_command_that_a_signal_ends_is_seen_to_end_so(program, monkeypatch):
    def killed(*_arguments, **_named):
        """In place of a fork, a link that says how a killed one ended."""
        link, theirs = testing_shell.socket.socketpair()
        with theirs:
            theirs.sendall(f"1\n{int(signal.SIGKILL)}\n".encode())
        return link

    monkeypatch.setattr(testing_shell, "fork_command", killed)
    assert run(program, "synthetic serve; echo $?").stdout == f"{128 + signal.SIGKILL}\n"


def test_where_another_interpreter_is_asked_for_the_program_becomes_it(tmp_path, monkeypatch):
    interpreter = tmp_path / "python"
    interpreter.write_text(f'#!/bin/sh\n[ "$1" = -IS ] && exec "{sys.executable}" "$@"\necho "$@"\n')
    interpreter.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(interpreter))
    with shell_program(tmp_path) as program:
        assert run(program, "synthetic things --json").stdout == "-m synthetic things --json\n"

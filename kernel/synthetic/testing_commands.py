"""`synthetic` commands for tests: each a process of its own, and none of them waits for the imports.

Python needs a second of CPU time to import the kernel, its plugins and what
they stand on. A suite that starts hundreds of processes would spend most of its
time so. The first command therefore starts one process that imports all this
(`synthetic.testing_forks`); a command is a fork of it, which takes the words,
the environment and the working directory that it is given and calls
`synthetic.cli.main`. What a user's shell starts is something else in one
respect only, the interpreter's own start, so tests of that start it themselves.

Where the environment says that the interpreter is to be another (`PYTHONHOME`)
or watched (coverage), a command is started as a user would. Folders that
`PYTHONPATH` adds are put on a fork's path, which comes to the same as long as
they hold nothing that was imported before.
"""

from __future__ import annotations

import atexit
import functools
import json
import os
import select
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import IO

INTERPRETER = ("PYTHON", "LC_", "LANG", "TZ")
"""How variables begin that the interpreter reads when it starts."""

IMPORT_PATH = "PYTHONPATH"
"""Of these, the one that a fork can still heed."""

WATCHED = "COVERAGE_PROCESS"
"""How variables begin by which coverage follows processes."""

_AT_FIRST, _INTERPRETER_AT_FIRST = dict(os.environ), sys.executable
"""Before any test changes them."""


class ForkedProcess:
    """A process that is no child of this one; the part of `subprocess.Popen` that tests use.

    Attributes:
        pid: Its number.
        returncode: What it ended with, a signal as a negative number; None while it runs.
        stdout: What it writes; None where that goes to a file.
        stderr: Likewise.
        stdin: What it reads; None where it is given nothing.
    """

    def __init__(
        self, link: socket.socket, stdout: IO[str] | None, stderr: IO[str] | None, stdin: IO[str] | None = None
    ) -> None:
        """Take it over; the link says its number and, later, what it ended with."""
        self._socket = link
        # Unbuffered, so that what was not asked for yet can still be waited for.
        self._link = link.makefile("rb", buffering=0)
        self.pid = int(self._link.readline())
        self.returncode: int | None = None
        self.stdout = stdout
        self.stderr = stderr
        self.stdin = stdin

    def poll(self) -> int | None:
        """What it ended with; None while it runs."""
        return self._look(0)

    def wait(self, timeout: float | None = None) -> int:
        """Wait for its end.

        Args:
            timeout: Seconds at most.

        Raises:
            subprocess.TimeoutExpired: It still runs.
        """
        code = self._look(timeout)
        if code is None:
            raise subprocess.TimeoutExpired(["synthetic"], timeout or 0)
        return code

    def _look(self, timeout: float | None) -> int | None:
        if self.returncode is None and select.select([self._socket], [], [], timeout)[0]:
            said = self._link.readline()
            if not said:
                raise RuntimeError("the process that commands are forked from has ended")
            self.returncode = os.waitstatus_to_exitcode(int(said))
            self._link.close()
            self._socket.close()
        return self.returncode

    def communicate(self) -> tuple[str, str]:
        """Read all that it writes to its pipes, wait for its end, and close them."""
        streams = (self.stdout, self.stderr)
        with ThreadPoolExecutor(len(streams)) as readers:
            reading = [None if stream is None else readers.submit(stream.read) for stream in streams]
            self.wait()
            written, errors = ("" if each is None else each.result() for each in reading)
        for stream in streams:
            if stream is not None:
                stream.close()
        return written, errors

    def send_signal(self, number: int) -> None:
        """Signal it, if it runs."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        """Send SIGTERM."""
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """Send SIGKILL."""
        self.send_signal(signal.SIGKILL)


def start_command(
    words: Sequence[str],
    *,
    environment: Mapping[str, str] | None = None,
    program: Path | None = None,
    terminal: int | None = None,
    is_told: bool = False,
) -> subprocess.Popen[str] | ForkedProcess:
    """Start `synthetic` with pipes to read what it writes.

    Args:
        words: The command and its arguments.
        environment: All its variables; None: those of this process.
        program: In place of `synthetic`, a file of Python that runs with these arguments: a worker.
        terminal: In place of the pipe for its output, this descriptor.
        is_told: Give it a pipe to read from as well.
    """
    variables = dict(os.environ if environment is None else environment)
    if not is_forked(variables):
        return subprocess.Popen(  # noqa: S603 - our own command
            _long_way(words, program), stdin=subprocess.PIPE if is_told else subprocess.DEVNULL,
            stderr=subprocess.PIPE, stdout=subprocess.PIPE if terminal is None else terminal, text=True, env=variables,
        )  # fmt: skip
    errors, into_errors = os.pipe()
    output, into_output = os.pipe() if terminal is None else (None, os.dup(terminal))
    read, told = os.pipe() if is_told else (None, None)
    try:
        link = fork_command(words, variables, into_output, into_errors, program=program, told=read)
    finally:
        for descriptor in filter(None, (into_output, into_errors, read)):
            os.close(descriptor)
    teller = None if told is None else os.fdopen(told, "w", encoding="utf-8")
    return ForkedProcess(link, None if output is None else _reader(output), _reader(errors), teller)


def _reader(descriptor: int) -> IO[str]:
    return os.fdopen(descriptor, encoding="utf-8")


def run_command(
    words: Sequence[str], *, environment: Mapping[str, str] | None = None, timeout: float | None = None
) -> subprocess.CompletedProcess[str]:
    """Run `synthetic` to its end; what it wrote and ended with.

    Args:
        words: The command and its arguments.
        environment: All its variables; None: those of this process.
        timeout: Seconds at most; then it is killed.

    Raises:
        subprocess.TimeoutExpired: It was killed.
    """
    variables = dict(os.environ if environment is None else environment)
    if not is_forked(variables):
        return subprocess.run(  # noqa: S603 - our own command
            _long_way(words, None), stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=timeout,
            check=False, env=variables,
        )  # fmt: skip
    with _text_file() as output, _text_file() as errors:
        process = ForkedProcess(fork_command(words, variables, output.fileno(), errors.fileno()), None, None)
        try:
            code = process.wait(timeout)
        except BaseException:
            process.kill()
            process.wait()
            raise
        output.seek(0)
        errors.seek(0)
        return subprocess.CompletedProcess(["synthetic", *words], code, output.read(), errors.read())


def _text_file() -> IO[str]:
    return tempfile.TemporaryFile("w+", encoding="utf-8")


def _long_way(words: Sequence[str], program: Path | None) -> list[str]:
    return [sys.executable, *(["-m", "synthetic"] if program is None else [str(program)]), *words]


def is_forked(variables: Mapping[str, str]) -> bool:
    """Whether a fork is the interpreter that these variables ask for."""
    is_watched = any(name.startswith(WATCHED) for name in variables)
    is_another = _of_interpreter(variables) != _of_interpreter(_AT_FIRST) or sys.executable != _INTERPRETER_AT_FIRST
    return not is_watched and not is_another and not _replaces_modules(variables)


def _of_interpreter(variables: Mapping[str, str]) -> dict[str, str]:
    found = {name: value for name, value in variables.items() if name.startswith(INTERPRETER)}
    found.pop(IMPORT_PATH, None)
    return found


def _replaces_modules(variables: Mapping[str, str]) -> bool:
    """Whether a folder that is new on the import path holds a module that this process has, or one that sets it up."""
    before = _AT_FIRST.get(IMPORT_PATH, "").split(os.pathsep)
    for folder in variables.get(IMPORT_PATH, "").split(os.pathsep):
        if folder in before or not Path(folder).is_dir():
            continue
        for entry in Path(folder).iterdir():
            name = entry.name.partition(".")[0]
            if name in {"sitecustomize", "usercustomize", *sys.stdlib_module_names} or _is_elsewhere(name, folder):
                return True
    return False


def _is_elsewhere(module_name: str, folder: str) -> bool:
    file = getattr(sys.modules.get(module_name), "__file__", None)
    return file is not None and not Path(file).is_relative_to(folder)


@dataclass(frozen=True, slots=True)
class _Origin:
    """The process that commands are forked from, and the socket on which it is asked for them."""

    control: socket.socket
    process: subprocess.Popen[bytes]


@functools.cache
def _origin() -> _Origin:
    control, theirs = socket.socketpair()
    with theirs:
        process = subprocess.Popen(  # noqa: S603 - our own module
            [_INTERPRETER_AT_FIRST, "-m", "synthetic.testing_forks", str(theirs.fileno())], stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, pass_fds=[theirs.fileno()], env=_AT_FIRST,
        )  # fmt: skip
    origin = _Origin(control, process)
    atexit.register(_end, origin)
    return origin


def _end(origin: _Origin) -> None:
    origin.control.close()
    origin.process.wait()


def fork_command(
    words: Sequence[str],
    variables: Mapping[str, str],
    output: int,
    errors: int,
    *,
    program: Path | None = None,
    folder: Path | None = None,
    told: int | None = None,
) -> socket.socket:
    """Ask for a fork.

    Args:
        words: The command and its arguments.
        variables: All its variables, for which `is_forked` holds.
        output: Descriptor of what it writes to; it is still the caller's to close.
        errors: Likewise.
        program: See `start_command`.
        folder: Its working directory; None: that of this process.
        told: Descriptor of what it reads, likewise the caller's; None: nothing.

    Returns:
        What says, a line each, its number and then how it ended, as `os.waitpid` says it.
    """
    link, theirs = socket.socketpair()
    with theirs:
        socket.send_fds(_origin().control, [b"."], [theirs.fileno(), output, errors, *([] if told is None else [told])])
    asked = {
        "words": list(words),
        "variables": dict(variables),
        "folder": str(folder or Path.cwd()),
        "program": None if program is None else str(program),
    }
    link.sendall(json.dumps(asked).encode() + b"\n")
    return link

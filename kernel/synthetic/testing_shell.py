"""A `synthetic` for the shells of tests: a small program on their path, whose commands are forks as well.

A page of the documentation is tested by running its console sessions in a
shell. The shell finds this program, which hands its words, its environment, its
working directory and where it writes to the process of the test. That asks for
a fork (see `synthetic.testing_commands`), and the program ends as the fork
does. A fork reads nothing from standard input, and does not hear of signals to
the program. Where a fork would not be the interpreter that the environment asks
for, the program becomes what a user starts.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import socket
import sys
import tempfile
import threading
from collections.abc import Generator
from pathlib import Path
from typing import Any

from synthetic.testing_commands import fork_command, is_forked

_PROGRAM = """#!{interpreter} -IS
import json, os, socket, sys
with socket.socket(socket.AF_UNIX) as shop:
    shop.connect({address!r})
    socket.send_fds(shop, [b"."], [1, 2])
    asked = {{"words": sys.argv[1:], "variables": dict(os.environ), "folder": os.getcwd()}}
    shop.sendall(json.dumps(asked).encode() + b"\\n")
    _, links, _, _ = socket.recv_fds(shop, 1, 1)
if not links:
    os.execv({interpreter!r}, [{interpreter!r}, "-m", "synthetic", *sys.argv[1:]])
with open(links[0]) as link:
    _, status = link
code = os.waitstatus_to_exitcode(int(status))
if code < 0:
    os.kill(os.getpid(), -code)
sys.exit(code)
"""
"""It imports next to nothing, so that it starts in a hundredth of a second."""


@contextlib.contextmanager
def shell_program(folder: Path) -> Generator[Path]:
    """Put a program `synthetic` into a folder, for shells that have this folder on their path.

    Args:
        folder: Where; it must exist.

    Yields:
        The program. It works until the `with` ends.
    """
    # Not in that folder: the address of a socket has to be short.
    room = Path(tempfile.mkdtemp(prefix="synthetic-"))
    try:
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(str(room / "commands"))
            listener.listen()
            program = folder / "synthetic"
            text = _PROGRAM.format(interpreter=sys.executable, address=str(room / "commands"))
            program.write_text(text, encoding="utf-8")
            program.chmod(0o755)
            answering = threading.Thread(target=_answer_all, args=(listener,))
            answering.start()
            try:
                yield program
            finally:
                listener.shutdown(socket.SHUT_RDWR)  # which ends the wait for a program; to close it would not
                answering.join()
    finally:
        shutil.rmtree(room)


def _answer_all(listener: socket.socket) -> None:
    while True:
        try:
            asking, _ = listener.accept()
        except OSError:
            return  # it was shut down
        with asking:
            _answer(asking)


def _answer(asking: socket.socket) -> None:
    """Start what a program asks for, and hand it the link that says how that ends; nothing, if it is to start it."""
    _, descriptors, _, _ = socket.recv_fds(asking, 1, 2)
    try:
        with asking.makefile("r", encoding="utf-8") as lines:
            asked: dict[str, Any] = json.loads(lines.readline())
        if not is_forked(asked["variables"]):
            return
        output, errors = descriptors
        with fork_command(asked["words"], asked["variables"], output, errors, folder=Path(asked["folder"])) as link:
            socket.send_fds(asking, [b"."], [link.fileno()])
    finally:
        for descriptor in descriptors:
            os.close(descriptor)

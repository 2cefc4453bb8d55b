"""The process that the commands of tests are forked from; `synthetic.testing_commands` starts it and asks it.

It imports all that any command may need, and opens nothing and starts no
thread, so that a fork of it is as good as a fresh interpreter. It waits for its
forks, since they are no children of who asked for them.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import io
import json
import os
import runpy
import select
import signal
import socket
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, TextIO

import typer

from synthetic.kernel import schema_of
from synthetic.registry import load_registry
from synthetic.testing_commands import IMPORT_PATH

MODULES = ("synthetic.cli", "synthetic.server.serve", "synthetic.worker", "uvicorn.lifespan.on")
"""What any command may need; uvicorn imports the last of them when it serves."""


def _import_all() -> None:
    """Import what any command may need, without opening or starting anything."""
    for name in MODULES:
        importlib.import_module(name)
    _read_words()
    schema_of(load_registry(None, environ={}))
    gc.collect()
    gc.freeze()


def _read_words() -> None:
    """Read the words of a command that takes one, and show a page of help: only then Typer imports what it needs."""
    application = typer.Typer(add_completion=False)
    application.command()(_take)
    with contextlib.redirect_stdout(io.StringIO()):
        application(["--word", "a"], standalone_mode=False)
        application(["--help"], standalone_mode=False)


def _take(word: Annotated[str, typer.Option(help="*Any*.")]) -> None:
    """A command."""


def _wait_for_requests(control: socket.socket) -> list[int] | None:
    """Fork for each request, and say what became of each fork.

    Returns:
        In a fork its descriptors; None when nobody can ask any more.
    """
    links: dict[int, socket.socket] = {}
    ended, woken = socket.socketpair()
    for one in (ended, woken):
        one.setblocking(False)  # noqa: FBT003 - the standard library's
    signal.signal(signal.SIGCHLD, _wake)
    signal.set_wakeup_fd(woken.fileno())
    while True:
        ready, _, _ = select.select([control, ended], [], [])
        if ended in ready:
            ended.recv(4_096)
            _report(links)
        if control not in ready:
            continue
        request, descriptors, _, _ = socket.recv_fds(control, 1, 4)
        if not request:
            return None
        pid = os.fork()
        if pid == 0:
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            for one in (control, ended, woken, *links.values()):
                one.close()
            return descriptors
        links[pid] = socket.socket(fileno=descriptors[0])
        for descriptor in descriptors[1:]:
            os.close(descriptor)
        links[pid].sendall(f"{pid}\n".encode())


def _wake(*_: object) -> None:
    """Nothing: the descriptor that Python writes to on a signal is what wakes the wait."""


def _report(links: dict[int, socket.socket]) -> None:
    """Say to those who wait what has ended."""
    while links:
        pid, status = os.waitpid(-1, os.WNOHANG)
        if not pid:
            return
        with links.pop(pid) as link:
            try:
                link.sendall(f"{status}\n".encode())
            except BrokenPipeError:
                continue  # nobody waits any more


def _become(descriptors: Sequence[int]) -> str | None:
    """Make a fork what was asked for; the program in place of `synthetic`."""
    link, output, errors, *inputs = descriptors
    with socket.socket(fileno=link) as asking, asking.makefile("r", encoding="utf-8") as lines:
        asked: dict[str, Any] = json.loads(lines.readline())
    for descriptor, standard in ((output, 1), (errors, 2), *((each, 0) for each in inputs)):
        os.dup2(descriptor, standard)
        os.close(descriptor)
    # The interpreter's own streams took notice of what they were opened on.
    sys.stdout, sys.stderr = _opened_anew(sys.stdout, 1, -1), _opened_anew(sys.stderr, 2, 1)
    _heed_import_path(os.environ.get(IMPORT_PATH, ""), asked["variables"].get(IMPORT_PATH, ""))
    os.environ.clear()
    os.environ.update(asked["variables"])
    os.chdir(asked["folder"])
    program: str | None = asked["program"]
    sys.path[0] = asked["folder"] if program is None else str(Path(program).parent)
    sys.argv[:] = [sys.argv[0] if program is None else program, *asked["words"]]
    return program


def _heed_import_path(before: str, wanted: str) -> None:
    """Put the folders of `PYTHONPATH` where the interpreter's start puts them: after the program's own."""
    if wanted == before:
        return
    old = set(filter(None, before.split(os.pathsep)))
    sys.path[1:] = [*filter(None, wanted.split(os.pathsep)), *(folder for folder in sys.path[1:] if folder not in old)]
    importlib.invalidate_caches()


def _opened_anew(stream: TextIO, descriptor: int, buffering: int) -> TextIO:
    return os.fdopen(descriptor, "w", buffering, encoding=stream.encoding, errors=stream.errors, closefd=False)


def main() -> int:
    """Be the process that commands are forked from, until nobody asks any more; in a fork, the command."""
    control = socket.socket(fileno=int(sys.argv[1]))
    _import_all()
    descriptors = _wait_for_requests(control)
    if descriptors is None:
        return 0
    program = _become(descriptors)
    if program is not None:
        runpy.run_path(program, run_name="__main__")
        return 0
    from synthetic.cli import main as run  # noqa: PLC0415 - imported long since

    return run()


if __name__ == "__main__":
    sys.exit(main())

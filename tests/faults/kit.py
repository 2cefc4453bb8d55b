"""What the fault tests share: a command, a client, a disk, a stranger with a lock, proof that a file is whole."""

from __future__ import annotations

import contextlib
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import apsw
import httpx

from synthetic.testing import RunningServer
from synthetic.testing_commands import run_command

SAVE = """mutation($id: ID!, $text: String) {
    saveConstruct(input: {id: $id, type: "task", title: "A task", description: $text}) { construct { id } }
}"""
COUNT = "{ constructs { totalCount } }"


def command(*arguments: str, data: Path, timeout: float = 60) -> subprocess.CompletedProcess[str]:
    """Run `synthetic` as a person would."""
    variables = {"SYNTHETIC_DATABASE_FREE_DISK_BYTES": "0", **os.environ}
    return run_command([*arguments, "--data", str(data)], environment=variables, timeout=timeout)


def refused(*arguments: str, data: Path) -> dict[str, Any]:
    """Code and exit code of a command that must fail, and say in words or as JSON what to do."""
    as_json = arguments[0] != "serve"  # a server talks to people until it is ready
    done = command(*arguments, *(["--json"] if as_json else []), data=data)
    assert done.returncode != 0, done.stdout
    assert "Traceback" not in done.stderr, done.stderr
    if as_json:
        contract = json.loads(done.stderr.strip().splitlines()[-1])
        assert contract["action"]
        return {"code": contract["code"], "exit": done.returncode}
    assert "What to do" in done.stderr, done.stderr
    (code,) = re.findall(r"^([A-Z_]+): ", done.stderr, re.MULTILINE)
    return {"code": code, "exit": done.returncode}


def ask(server: RunningServer, query: str, **variables: Any) -> dict[str, Any]:
    """One operation over HTTP."""
    # Without TLS nothing is verified, and to load the authorities would take longer than the operation.
    answer = httpx.post(
        server.url, json={"query": query, "variables": variables}, headers=server.headers, timeout=60,
        trust_env=False, verify=False,
    )  # fmt: skip
    return answer.json()


def code_of(answer: dict[str, Any]) -> str:
    """The code of the first error, or OK."""
    return answer["errors"][0]["extensions"]["code"] if "errors" in answer else "OK"


def check_sound(data: Path) -> apsw.Connection:
    """Open a store that no process has open, and prove that the file is whole."""
    connection = apsw.Connection(str(data / "synthetic.db"))
    assert connection.pragma("integrity_check") == "ok"
    assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
    return connection


@contextlib.contextmanager
def lock_held(data: Path) -> Iterator[None]:
    """Another process holds the write lock; it waits for its turn, as the server may write just then."""
    script = (
        "import apsw, sys; c = apsw.Connection(sys.argv[1]); c.set_busy_timeout(30_000); c.execute('BEGIN IMMEDIATE');"
        " print('held', flush=True); sys.stdin.read()"
    )
    # The end of the `with` closes its pipes, which ends it, and waits for it.
    with subprocess.Popen(
        [sys.executable, "-c", script, str(data / "synthetic.db")],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    ) as stranger:  # fmt: skip
        assert stranger.stdout is not None
        assert stranger.stdout.readline() == "held\n"
        yield


@dataclass
class Disk:
    """A mounted file system of 24 MiB."""

    path: Path

    @property
    def _filler(self) -> Path:
        return self.path / "filler"

    def fill(self, leave_bytes: int) -> None:
        """Take all space but so much."""
        free = os.statvfs(self.path)
        self._filler.write_bytes(b"\0" * max(0, free.f_bavail * free.f_frsize - leave_bytes))

    def free(self) -> None:
        """Give the space back."""
        self._filler.unlink()

    def read_only(self) -> None:
        """Refuse all writes from now on."""
        subprocess.run(["mount", "-o", "remount,ro", str(self.path)], check=True)

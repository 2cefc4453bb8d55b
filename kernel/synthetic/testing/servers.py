"""A server process on loopback, for the length of a `with`."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import threading
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from synthetic.testing_commands import ForkedProcess, start_command

READY_SECONDS = 60.0


@dataclass(slots=True)
class RunningServer:
    """A server process on loopback.

    Attributes:
        url: Of `/graphql`.
        token: With every scope; "" where it runs without authentication.
        process: To signal it.
        log: What it wrote to standard error so far.
    """

    url: str
    token: str
    process: subprocess.Popen[str] | ForkedProcess
    log: list[str]

    @property
    def headers(self) -> dict[str, str]:
        """What a client sends to be let in."""
        return {"Authorization": f"Bearer {self.token}"} if self.token else {}

    def stop(self, number: int = signal.SIGTERM) -> int:
        """Signal the process and wait for its end; the exit code."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        return self.process.wait(READY_SECONDS)


@contextlib.contextmanager
def running_server(
    directory: Path, *arguments: str, environment: Mapping[str, str] | None = None, verb: str = "serve"
) -> Generator[RunningServer]:
    """`synthetic serve` as a process of its own, on a free port, until the `with` ends.

    Args:
        directory: The data directory.
        arguments: More flags.
        environment: More variables.
        verb: In place of `serve`, another command that serves: `demo`.

    Raises:
        RuntimeError: It ended before it was ready; the message has its log.
    """
    variables = {**os.environ, "SYNTHETIC_DATABASE_FREE_DISK_BYTES": "0", **(environment or {})}
    process = start_command([verb, "--data", str(directory), "--port", "0", *arguments], environment=variables)
    log: list[str] = []
    collector = threading.Thread(target=_collect, args=(process.stderr, log), daemon=True)
    collector.start()
    try:
        url = _wait_until_ready(process, log)
        token_file = directory / "token"
        token = token_file.read_text("utf-8").strip() if token_file.exists() else ""
        yield RunningServer(url=url, token=token, process=process, log=log)
    finally:
        if process.poll() is None:
            process.terminate()
            try:
                process.wait(READY_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        collector.join(READY_SECONDS)
        for stream in (process.stdout, process.stderr):
            if stream is not None:
                stream.close()


def _collect(stream: IO[str] | None, log: list[str]) -> None:
    log.extend(stream or ())


def _wait_until_ready(process: subprocess.Popen[str] | ForkedProcess, log: Sequence[str]) -> str:
    assert process.stdout is not None
    for line in process.stdout:
        if line.startswith("ready "):
            # What follows must not fill the pipe and hold the server up.
            threading.Thread(target=_collect, args=(process.stdout, []), daemon=True).start()
            return line.split()[1]
    raise RuntimeError(f"the server ended with {process.wait()} before it was ready:\n{''.join(log)}")

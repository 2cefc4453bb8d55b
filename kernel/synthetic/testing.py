"""The test kit: real stores in temporary directories, a clock to move, a real server.

A store is migrated once for each set of settings and then copied, the plugins
are loaded once for each set of settings of a process, and a store does not wait
for the disk (`synchronous=OFF`) unless a test asks for that.
"""

from __future__ import annotations

import contextlib
import functools
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, TypeVar

from synthetic.clock import Clock, RunningTime, SystemClock, new_id
from synthetic.kernel import Kernel
from synthetic.registry import Registry, load_registry
from synthetic.setting_layers import ENVIRONMENT_PREFIX, FILE_NAME
from synthetic.store import Store
from synthetic.testing_commands import ForkedProcess, start_command

ResultT = TypeVar("ResultT")

FAST_SETTINGS = {"kernel.database.synchronous": "OFF", "kernel.database.free_disk_bytes": "0"}
"""For tests that are not about durability."""

READY_SECONDS = 60.0
WAIT_SECONDS = 30.0
LOOK_SECONDS = 0.01


class ManualClock:
    """A clock that stands still until it is moved; monotonic time can run on."""

    def __init__(self, now_ms: int = 1_800_000_000_000, *, monotonic: Clock | None = None) -> None:
        """Set the clock.

        Args:
            now_ms: Unix milliseconds it shows.
            monotonic: Whose monotonic time it shows; None: it stands still too.
        """
        self._now_ms = now_ms
        self._monotonic = monotonic
        self._seconds = 0.0
        self._run = new_id()

    def now_ms(self) -> int:
        """Unix milliseconds UTC."""
        return self._now_ms

    def monotonic(self) -> float:
        """Seconds since some instant."""
        return self._seconds if self._monotonic is None else self._monotonic.monotonic()

    def running_time(self) -> RunningTime:
        """How far it was advanced; each clock is a run of its own."""
        return RunningTime(self._run, self._seconds)

    def advance(self, ms: int) -> None:
        """Move it; a negative number sets the wall clock back, never the monotonic one."""
        self._now_ms += ms
        self._seconds += max(0, ms) / 1000

    def jump(self, ms: int) -> None:
        """Set the wall clock forward or back, as if no time had passed."""
        self._now_ms += ms


def wait_until(holds: Callable[[], ResultT], what: str = "it", *, seconds: float = WAIT_SECONDS) -> ResultT:
    """Look again and again until something holds: for what another thread or process brings about.

    Args:
        holds: Looks; what it returns counts as true or false.
        what: What is waited for, for the message.
        seconds: How long at most.

    Returns:
        What `holds` returned in the end.

    Raises:
        AssertionError: It did not come about.
    """
    deadline = time.monotonic() + seconds
    while not (found := holds()):
        if time.monotonic() > deadline:
            raise AssertionError(f"{what} did not come about within {seconds:g} s")
        time.sleep(LOOK_SECONDS)
    return found


def make_template(directory: Path, settings: Mapping[str, str] | None = None) -> Path:
    """Make a migrated, empty store to copy from, and return its directory."""
    kernel = Kernel.open(directory, overrides={**FAST_SETTINGS, **(settings or {})}, migrate=True)
    kernel.close()
    return directory


def copy_template(template: Path, target: Path) -> Path:
    """Copy a template store, which must be closed, and return the copy's directory."""
    shutil.copytree(template, target)
    target.chmod(0o700)
    return target


@contextlib.contextmanager
def open_test_store(
    directory: Path, *, settings: Mapping[str, str] | None = None, clock: Clock | None = None
) -> Generator[Store]:
    """A store that need not survive a power cut, for the length of a `with`.

    Where the directory has no `plugins.toml` of its own, the store has the
    same loaded plugins as others that were opened with these settings.
    """
    overrides = {**FAST_SETTINGS, **(settings or {})}
    registry = None if (directory / FILE_NAME).exists() else _shipped_registry(overrides)
    kernel = Kernel.open(directory, overrides=overrides, migrate=True, registry=registry, clock=clock or SystemClock())
    with Store(kernel) as store:
        yield store


def _shipped_registry(overrides: Mapping[str, str]) -> Registry:
    """The plugins that the shipped file lists; loading them takes longer than all else that opening does."""
    environment = {name: value for name, value in os.environ.items() if name.startswith(ENVIRONMENT_PREFIX)}
    return _load_once(tuple(sorted(overrides.items())), tuple(sorted(environment.items())), tuple(sys.path))


@functools.lru_cache(maxsize=8)
def _load_once(
    overrides: tuple[tuple[str, str], ...], environment: tuple[tuple[str, str], ...], _import_path: tuple[str, ...]
) -> Registry:
    """Load what is the same as long as settings, environment and import path are, since a registry never changes."""
    return load_registry(None, overrides=dict(overrides), environ=dict(environment))


def expect_data(answer: Mapping[str, Any]) -> dict[str, Any]:
    """The `data` of an answer that must not have errors."""
    assert "errors" not in answer, answer["errors"]
    return answer["data"]


def expect_error(answer: Mapping[str, Any], code: str) -> dict[str, Any]:
    """The first error of an answer, which must have this code and the contract's shape."""
    error = answer["errors"][0]
    contract = error["extensions"]
    assert set(contract) == CONTRACT_KEYS, contract
    assert contract["code"] == code, contract
    assert contract["action"], contract
    return error


CONTRACT_KEYS = {
    "code",
    "message",
    "recoverable",
    "retryAfterMs",
    "action",
    "details",
    "correlationId",
    "occurredAt",
}


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

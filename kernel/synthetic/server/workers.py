"""Several processes on the same listening sockets, and the parent that keeps them running.

Each worker is a fresh Python process that opens the store for itself: SQLite
connections, threads and locks do not survive a fork. The parent has the store
closed, serves nothing and waits: it starts workers, restarts one that died
after a pause that grows, and stops them all when it is told to. Workers learn
from their standard input that the parent has died, and stop.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import sys
import time
from asyncio.subprocess import PIPE, Process
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import msgspec

from synthetic.errors import WorkerFailedError
from synthetic.kernel_settings import ServerSettings
from synthetic.logs import logger_for
from synthetic.retry import Backoff
from synthetic.server.banner import READY, say
from synthetic.server.process import STOP_GRACE_SECONDS

MODULE = "synthetic.server.worker"
FAILED = "failed"
"""First word of the line with which a worker says that it cannot start; message and action follow as JSON."""

STEADY_SECONDS = 10.0
"""A worker that lived longer is restarted without a longer pause than the time before."""

RESTART = Backoff(first_ms=200.0, ceiling_ms=30_000.0)

log = logger_for(__name__)


class Assignment(msgspec.Struct, frozen=True, kw_only=True):
    """What a worker is told, as one line of JSON on its standard input.

    Attributes:
        data_dir: The data directory.
        overrides: Settings by dotted name.
        no_auth: Whether to let everybody in.
        worker: Its number, from 0.
        read_only: Whether to change nothing.
        descriptors: File descriptors of the sockets to listen on.
    """

    data_dir: str
    overrides: dict[str, str]
    no_auth: bool
    worker: int
    descriptors: tuple[int, ...]
    read_only: bool = False


class Failure(msgspec.Struct, frozen=True):
    """Why a worker cannot start."""

    message: str
    action: str


class Workers:
    """The worker processes of one server."""

    def __init__(
        self,
        data_dir: Path,
        overrides: Mapping[str, str],
        listening: Sequence[socket.socket],
        settings: ServerSettings,
        *,
        no_auth: bool,
        read_only: bool,
        announce: Callable[[], None],
    ) -> None:
        """Make it; `run` starts them.

        Args:
            data_dir: Of the store.
            overrides: Settings that were given by flags.
            listening: Sockets, bound and listening.
            settings: How many workers, and how long they may take to stop.
            no_auth: Whether to let everybody in.
            read_only: Whether to change nothing.
            announce: Called once, when all of them serve.
        """
        self._assignment = Assignment(
            data_dir=str(data_dir),
            overrides=dict(overrides),
            no_auth=no_auth,
            read_only=read_only,
            worker=0,
            descriptors=tuple(one.fileno() for one in listening),
        )
        self._count = settings.workers
        self._patience = settings.shutdown_ms / 1000 + STOP_GRACE_SECONDS
        self._announce = announce
        self._waited_for = set(range(settings.workers))
        self._running: dict[int, Process] = {}
        self._stopping = asyncio.Event()

    async def run(self) -> None:
        """Keep the workers running until a signal comes.

        Raises:
            WorkerFailedError: One could not start, at the first attempt.
        """
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._on_signal)
        try:
            async with asyncio.TaskGroup() as group:
                for worker in range(self._count):
                    group.create_task(self._keep(worker))
        except* WorkerFailedError as failures:
            raise failures.exceptions[0] from None
        finally:
            for number in (signal.SIGTERM, signal.SIGINT):
                loop.remove_signal_handler(number)

    def _on_signal(self) -> None:
        """Stop; the second time, or when a worker takes too long, without waiting."""
        if self._stopping.is_set():
            self._send_all(signal.SIGKILL)
            return
        log.info("stopping workers")
        self._stopping.set()
        self._send_all(signal.SIGTERM)
        asyncio.get_running_loop().call_later(self._patience, self._send_all, signal.SIGKILL)

    def _send_all(self, number: signal.Signals) -> None:
        for process in self._running.values():
            _send(process, number)

    async def _keep(self, worker: int) -> None:
        """Keep one worker running."""
        failures = 0
        while not self._stopping.is_set():
            started = time.monotonic()
            process = await self._start(worker)
            try:
                code = await self._watch(worker, process)
            finally:
                await self._end(worker, process)
            if self._stopping.is_set():
                return
            failures = 0 if time.monotonic() - started > STEADY_SECONDS else failures + 1
            pause_ms = RESTART.pause_ms(failures)
            log.error("worker ended, another is started", ended=worker, exit_code=code, pause_ms=round(pause_ms))
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), pause_ms / 1000)

    async def _start(self, worker: int) -> Process:
        # The same packages as here, and not what lies in the working directory.
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-P",
            "-m",
            MODULE,
            stdin=PIPE,
            stdout=PIPE,
            env=environment,
            pass_fds=self._assignment.descriptors,
        )
        self._running[worker] = process
        if process.stdin is not None:
            # It stays open: that it ends is how the worker learns that this process has.
            process.stdin.write(msgspec.json.encode(msgspec.structs.replace(self._assignment, worker=worker)) + b"\n")
        if self._stopping.is_set():
            _send(process, signal.SIGTERM)
        return process

    async def _watch(self, worker: int, process: Process) -> int:
        """Listen to a worker until it has ended; its exit code."""
        failure: Failure | None = None
        while process.stdout is not None and (line := await process.stdout.readline()):
            word, _, rest = line.decode(errors="replace").rstrip("\n").partition(" ")
            if word == READY:
                self._on_ready(worker)
            elif word == FAILED:
                failure = msgspec.json.decode(rest, type=Failure)
            else:
                # Nothing of ours prints there; what a plugin prints is passed on rather than lost.
                say([line.decode(errors="replace").rstrip("\n")])
        code = await process.wait()
        if worker in self._waited_for and not self._stopping.is_set():
            if failure is None:
                raise WorkerFailedError(f"Worker process {worker} ended before it served, with exit code {code}.")
            raise WorkerFailedError(failure.message, action=failure.action)
        return code

    def _on_ready(self, worker: int) -> None:
        if worker in self._waited_for:
            self._waited_for.discard(worker)
            if not self._waited_for:
                self._announce()

    async def _end(self, worker: int, process: Process) -> None:
        """See a worker off that may still run, because another one failed."""
        del self._running[worker]
        if process.returncode is not None:
            return
        _send(process, signal.SIGTERM)
        try:
            await asyncio.wait_for(process.wait(), self._patience)
        except TimeoutError:
            _send(process, signal.SIGKILL)
            await process.wait()


def _send(process: Process, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        process.send_signal(number)

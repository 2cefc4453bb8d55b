"""The event loop in which a worker's coroutine functions run: one, in a thread of its own.

Handlers are other people's code, and share it: one that ends the process, or
stops the loop, ends itself and nothing else.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import CancelledError, Future
from typing import Any, NamedTuple

from synthetic.worker.daemon_threads import DaemonThreads
from synthetic.worker.log_lines import log_line

CLOSE_SECONDS = 1.0
BLOCKING_THREADS_MAX = min(32, (os.cpu_count() or 1) + 4)
"""How many blocking calls the handlers have at once (`asyncio.to_thread`); as many as asyncio itself would allow."""

ENDS_OF_PROCESSES = (SystemExit, KeyboardInterrupt)
"""What asyncio lets through a task, and out of its loop."""


class _Outcome(NamedTuple):
    """What a coroutine came to: its result, or how it asked for the end of the process."""

    result: object
    exit: BaseException | None


class EventLoop:
    """Runs coroutines for other threads; it starts with the first of them.

    Attributes:
        calls: The threads in which its coroutines wait for the server. Handlers' own blocking calls have others, so
            that none of them holds up what a handler has to say.
    """

    def __init__(self, threads: int) -> None:
        """Make it.

        Args:
            threads: How many calls to the server its coroutines may wait for at once.
        """
        self.calls = DaemonThreads(threads, "synthetic-call")
        self._lock = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._pending: set[Future[_Outcome]] = set()
        self._is_closed = False

    def run(self, work: Coroutine[Any, Any, object], when_interrupted: Callable[[Callable[[], None]], None]) -> object:
        """Run a coroutine to its end, and wait for that.

        Args:
            work: The coroutine.
            when_interrupted: Told what to call to cancel it.

        Raises:
            BaseException: Whatever the coroutine raised; `concurrent.futures.CancelledError` if it was cancelled.
            RuntimeError: The loop has broken.
        """
        future = self._submit(work, when_interrupted)
        try:
            outcome = future.result()
        finally:
            with self._lock:
                self._pending.discard(future)
        if outcome.exit is not None:
            raise outcome.exit
        return outcome.result

    def close(self) -> None:
        """Cancel what still runs, and end the thread; one that does not end in time is left behind."""
        with self._lock:
            self._is_closed = True
            loop, thread = self._loop, self._thread
        if loop is not None and thread is not None:
            _call(loop, loop.stop)
            thread.join(CLOSE_SECONDS)
        self.calls.shutdown()

    def _submit(
        self, work: Coroutine[Any, Any, object], when_interrupted: Callable[[Callable[[], None]], None]
    ) -> Future[_Outcome]:
        with self._lock:
            if self._is_closed:
                work.close()
                raise CancelledError
            loop = self._started()
            future = asyncio.run_coroutine_threadsafe(_supervised(loop, work, when_interrupted), loop)
            self._pending.add(future)
            return future

    def _started(self) -> asyncio.AbstractEventLoop:
        if self._loop is None:
            self._loop = asyncio.new_event_loop()
            self._loop.set_default_executor(DaemonThreads(BLOCKING_THREADS_MAX, "synthetic-blocking"))
            self._thread = threading.Thread(
                target=self._serve, args=(self._loop,), name="synthetic-event-loop", daemon=True
            )
            self._thread.start()
        return self._loop

    def _serve(self, loop: asyncio.AbstractEventLoop) -> None:
        """Run a loop until it is closed, and then as long as its tasks need to take note of that."""
        asyncio.set_event_loop(loop)
        try:
            while not self._is_closed:
                _run_on(loop)
            _wind_down(loop)
        except BaseException as error:  # noqa: BLE001 - nobody else would tell those who wait for the loop
            log_line(logging.ERROR, "event loop broke", error=error)
        finally:
            self._abandon()
            loop.close()

    def _abandon(self) -> None:
        """The loop has ended: nobody waits for it any longer, and the next coroutine starts another."""
        with self._lock:
            self._loop = None
            for future in self._pending:
                if not future.done():
                    future.set_exception(RuntimeError("the event loop has ended"))


async def _supervised(
    loop: asyncio.AbstractEventLoop,
    work: Coroutine[Any, Any, object],
    when_interrupted: Callable[[Callable[[], None]], None],
) -> _Outcome:
    task = asyncio.current_task()
    if task is not None:
        when_interrupted(lambda: _call(loop, task.cancel))
    try:
        return _Outcome(await work, None)
    except ENDS_OF_PROCESSES as error:
        # Raised through, it would end the loop, and with it all other jobs.
        return _Outcome(None, error)


def _run_on(loop: asyncio.AbstractEventLoop) -> None:
    """Run a loop until it is stopped, by whomever, or a task of a handler's own has left it."""
    try:
        loop.run_forever()
    except ENDS_OF_PROCESSES as error:
        # Whoever awaits the task gets it too; the loop itself can go on where it stood.
        log_line(logging.WARNING, "task tried to end the process", reason=repr(error))


def _wind_down(loop: asyncio.AbstractEventLoop) -> None:
    tasks = asyncio.all_tasks(loop)
    for task in tasks:
        task.cancel()
    if tasks:
        loop.run_until_complete(asyncio.gather(*tasks, return_exceptions=True))
    loop.run_until_complete(loop.shutdown_asyncgens())
    loop.run_until_complete(loop.shutdown_default_executor())


def _call(loop: asyncio.AbstractEventLoop, function: Callable[[], Any]) -> None:
    """Call a function in a loop, which may have been closed in the meantime."""
    with contextlib.suppress(RuntimeError):
        loop.call_soon_threadsafe(function)

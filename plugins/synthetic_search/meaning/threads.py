"""Threads that no end of a process waits for."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from concurrent.futures import Executor, Future
from queue import SimpleQueue
from threading import Lock, Thread
from typing import Any, ParamSpec, TypeVar

P = ParamSpec("P")
ResultT = TypeVar("ResultT")

_Waiting = SimpleQueue[Callable[[], None] | None]


class DaemonThreads(Executor):
    """Runs functions in some threads, begun when they are first needed.

    The threads of `ThreadPoolExecutor` are waited for when the interpreter
    ends, so that one that hangs keeps a server from stopping. These are not.
    What is cancelled before its turn is not run.
    """

    def __init__(self, most: int, name: str) -> None:
        """Make it.

        Args:
            most: So many run at once.
            name: What the threads are called.
        """
        self._most = most
        self._name = name
        self._waiting: _Waiting = SimpleQueue()
        self._begun = 0
        self._lock = Lock()
        weakref.finalize(self, _end, self._waiting, most)

    def submit(self, fn: Callable[P, ResultT], /, *args: P.args, **kwargs: P.kwargs) -> Future[ResultT]:
        """Run a function as soon as a thread is free."""
        future: Future[ResultT] = Future()
        with self._lock:
            if self._begun < self._most:
                self._begun += 1
                Thread(target=_run, args=(self._waiting,), name=f"{self._name}-{self._begun}", daemon=True).start()
        self._waiting.put(lambda: _fulfil(future, lambda: fn(*args, **kwargs)))
        return future


def _run(waiting: _Waiting) -> None:
    while (work := waiting.get()) is not None:
        work()
        del work  # what it holds is not kept until the next one comes


def _fulfil(future: Future[Any], make: Callable[[], Any]) -> None:
    if not future.set_running_or_notify_cancel():
        return
    try:
        result = make()
    except BaseException as error:  # noqa: BLE001 - who waits for the future is told
        future.set_exception(error)
    else:
        future.set_result(result)


def _end(waiting: _Waiting, threads: int) -> None:
    for _ in range(threads):
        waiting.put(None)

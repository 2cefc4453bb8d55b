"""Threads that do blocking calls, and never hold up the end of the process.

The threads of the standard library's executor are joined when the interpreter
ends, so that one blocking call would keep a worker alive that was told to end.
"""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from queue import Empty, SimpleQueue
from typing import Any, ParamSpec, TypeAlias, TypeVar

ParametersT = ParamSpec("ParametersT")
ResultT = TypeVar("ResultT")
_Call: TypeAlias = tuple[Future[Any], Callable[[], Any]]


class DaemonThreads(ThreadPoolExecutor):
    """An executor whose threads end with the process; they are started as they are needed.

    It is a `ThreadPoolExecutor` because an event loop accepts no other kind as
    its default executor; nothing of that class but its name is used.
    """

    def __init__(self, threads_max: int, name: str) -> None:
        """Make it.

        Args:
            threads_max: How many calls run at once; others wait in turn.
            name: Of the threads, before their number.
        """
        super().__init__(threads_max, name)
        self._threads_max = threads_max
        self._name = name
        self._guard = threading.Lock()
        self._calls: SimpleQueue[_Call | None] = SimpleQueue()
        self._started = 0
        # Threads that do nothing, less the calls that wait for one.
        self._free = 0
        self._is_shut = False

    def submit(
        self, fn: Callable[ParametersT, ResultT], /, *args: ParametersT.args, **kwargs: ParametersT.kwargs
    ) -> Future[ResultT]:
        """Call a function in one of the threads.

        Returns:
            What the call will have come to.

        Raises:
            RuntimeError: It was shut down.
        """
        future: Future[ResultT] = Future()
        with self._guard:
            if self._is_shut:
                raise RuntimeError("no calls are taken after the shutdown")
            self._calls.put((future, functools.partial(fn, *args, **kwargs)))
            self._free -= 1
            if self._free < 0 and self._started < self._threads_max:
                self._started += 1
                self._free += 1
                threading.Thread(target=self._serve, name=f"{self._name}-{self._started}", daemon=True).start()
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:  # noqa: ARG002 - it never waits
        """Take no more calls. It waits for none, whatever `wait` says: that is what these threads are for.

        Args:
            wait: Without effect.
            cancel_futures: Whether to cancel the calls that have not begun.
        """
        with self._guard:
            if self._is_shut:
                return
            self._is_shut = True
            if cancel_futures:
                self._cancel_waiting()
            for _ in range(self._started):
                self._calls.put(None)

    def _cancel_waiting(self) -> None:
        while True:
            try:
                call = self._calls.get_nowait()
            except Empty:
                return
            if call is not None:
                call[0].cancel()

    def _serve(self) -> None:
        while (call := self._calls.get()) is not None:
            _run(*call)
            # What the call holds goes now, not when the next one comes.
            del call
            with self._guard:
                self._free += 1


def _run(future: Future[Any], function: Callable[[], Any]) -> None:
    if not future.set_running_or_notify_cancel():
        return
    try:
        result = function()
    except BaseException as error:  # noqa: BLE001 - it is for whoever waits for the call
        future.set_exception(error)
    else:
        future.set_result(result)

"""Threads for work that waits, with a bound on how much of it may wait."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, TypeVar, TypeVarTuple

from synthetic.errors import OverloadedError
from synthetic.metrics import Metrics

Ts = TypeVarTuple("Ts")
ResultT = TypeVar("ResultT")

OVERLOAD_RETRY_MS = 250


class BoundedThreads:
    """A pool whose places are given back when the work has ended, not when its caller has left."""

    def __init__(self, name: str, threads: int, places: int, metrics: Metrics) -> None:
        """Make the pool.

        Args:
            name: In the names of its threads, and in the count of what was turned away.
            threads: How many run at once.
            places: How many run and wait together.
            metrics: Counts what was turned away.
        """
        self._name = name
        self._executor = ThreadPoolExecutor(threads, thread_name_prefix=f"synthetic-{name}")
        self._places = threading.BoundedSemaphore(places)
        self._metrics = metrics

    async def run(self, function: Callable[[*Ts], ResultT], *args: *Ts) -> ResultT:
        """Run a function in one of the threads; cancelling the await does not stop one that has begun.

        Raises:
            OverloadedError: All places are taken.
        """
        return await self.begin(function, *args)

    def begin(self, function: Callable[[*Ts], ResultT], *args: *Ts) -> asyncio.Future[ResultT]:
        """Have a function run in one of the threads; what is returned is no task, and ends with the function.

        Raises:
            OverloadedError: All places are taken.
        """
        return asyncio.wrap_future(self._submit(function, *args))

    def begin_in_turn(self, function: Callable[[*Ts], ResultT], *args: *Ts) -> asyncio.Future[ResultT]:
        """The same for who must not be turned away: it takes no place.

        How many may wait so is bounded by how many there are whom that concerns, such as open connections.
        """
        return asyncio.wrap_future(self._executor.submit(function, *args))

    def run_blocking(self, function: Callable[[*Ts], ResultT], *args: *Ts) -> ResultT:
        """Run a function in one of the threads and wait for it.

        Raises:
            OverloadedError: All places are taken.
        """
        return self._submit(function, *args).result()

    def close(self) -> None:
        """Wait for what runs, and let the threads end."""
        self._executor.shutdown(wait=True)

    def _submit(self, function: Callable[[*Ts], ResultT], *args: *Ts) -> Future[ResultT]:
        if not self._places.acquire(blocking=False):
            self._metrics.overloads.labels(self._name).inc()
            raise OverloadedError(retry_after_ms=OVERLOAD_RETRY_MS)
        future = self._executor.submit(function, *args)
        future.add_done_callback(self._give_back)
        return future

    def _give_back(self, _future: Future[Any]) -> None:
        self._places.release()

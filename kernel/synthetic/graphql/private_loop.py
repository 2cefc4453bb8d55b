"""An event loop without a world: it only runs what one operation has made ready.

graphql-core awaits the answers of batched fields; nothing in an operation
waits for the network or a timer. So this loop has no selector and no file
descriptors, costs nothing to make, and can say when something awaits what will
never come.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Coroutine
from contextvars import Context
from typing import Any, TypeVar, TypeVarTuple

from synthetic.logs import logger_for

log = logger_for(__name__)

ResultT = TypeVar("ResultT")
Ts = TypeVarTuple("Ts")


class PrivateLoop(asyncio.AbstractEventLoop):
    """Runs one coroutine and the callbacks that come of it, in the calling thread."""

    def __init__(self) -> None:
        self._ready: deque[asyncio.Handle] = deque()

    def run(self, coroutine: Coroutine[Any, Any, ResultT]) -> ResultT:
        """Run a coroutine to its end.

        Raises:
            RuntimeError: It awaits something that is not part of the operation.
        """
        previous = asyncio._get_running_loop()  # noqa: SLF001 - named for those who write loops
        asyncio._set_running_loop(self)  # noqa: SLF001
        try:
            task = self.create_task(coroutine)
            while not task.done():
                if not self._ready:
                    task.cancel()
                    self._run_ready()
                    raise RuntimeError("a resolver awaited something other than a batched field; resolvers do no I/O")
                self._run_ready()
            return task.result()
        finally:
            asyncio._set_running_loop(previous)  # noqa: SLF001

    def _run_ready(self) -> None:
        for _ in range(len(self._ready)):
            handle = self._ready.popleft()
            if not handle.cancelled():
                handle._run()  # noqa: SLF001 - as asyncio's own loops do

    def call_soon(
        self, callback: Callable[[*Ts], object], *args: *Ts, context: Context | None = None
    ) -> asyncio.Handle:
        """Run a callback in the next round."""
        handle = asyncio.Handle(callback, args, self, context)
        self._ready.append(handle)
        return handle

    def create_future(self) -> asyncio.Future[Any]:
        """A future of this loop."""
        return asyncio.Future(loop=self)

    def create_task(  # pyright: ignore[reportIncompatibleMethodOverride] - the signature differs between versions
        self, coro: Coroutine[Any, Any, ResultT], **options: Any
    ) -> asyncio.Task[ResultT]:
        """A task of this loop."""
        return asyncio.Task(coro, loop=self, **options)

    def call_exception_handler(self, context: dict[str, Any]) -> None:
        """Log what no one else will hear of."""
        log.error("exception outside a resolver", detail=context.get("message"), exc_info=context.get("exception"))

    def get_debug(self) -> bool:
        """Tasks and futures ask for it."""
        return False

    def is_running(self) -> bool:
        """Whether it runs in this thread."""
        return asyncio._get_running_loop() is self  # noqa: SLF001

    def is_closed(self) -> bool:
        """It has nothing to close."""
        return False

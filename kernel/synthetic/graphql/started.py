"""Requests are worked on in place as far as that goes without waiting.

Most are answered without waiting for anything. What is only needed while
something waits, as a task that watches whether the client leaves, or a timer,
costs more than such an answer: so it is made once something does wait.
"""

from __future__ import annotations

from collections.abc import Coroutine, Generator
from typing import Any, Generic, TypeVar, cast

ResultT = TypeVar("ResultT")


class Started(Generic[ResultT]):
    """A coroutine that has come as far as it could without waiting; await it for the rest, in the same task.

    Attributes:
        is_done: Whether it has come to its end.
    """

    __slots__ = ("_result", "_waits_for", "_work", "is_done")

    def __init__(self, work: Coroutine[Any, Any, ResultT]) -> None:
        """Run it until it ends or first waits.

        Raises:
            Exception: What the coroutine raised.
        """
        self._work = work
        self._result: ResultT | None = None
        self._waits_for: Any = None
        self.is_done = False
        try:
            self._waits_for = work.send(None)
        except StopIteration as end:
            self._result = end.value
            self.is_done = True

    @property
    def result(self) -> ResultT:
        """What it returned, once it is done."""
        return cast("ResultT", self._result)

    def __await__(self) -> Generator[Any, Any, ResultT]:
        """Wait for what it waits for, and so on until it ends, as `await` does with any coroutine."""
        work, waits_for = self._work, self._waits_for
        try:
            while True:
                try:
                    sent = yield waits_for
                except GeneratorExit:
                    work.close()
                    raise
                except BaseException as thrown:  # noqa: BLE001 - handed on, whatever it is
                    waits_for = work.throw(thrown)
                else:
                    waits_for = work.send(sent)
        except StopIteration as end:
            self._result = end.value
            self.is_done = True
            return end.value

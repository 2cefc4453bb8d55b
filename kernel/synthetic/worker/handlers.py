"""Which function handles which kind of job."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import NamedTuple, TypeAlias, TypeVar

from synthetic.worker.job import AsyncJob, Job

PlainHandler: TypeAlias = Callable[[Job], object]
AsyncHandler: TypeAlias = Callable[[AsyncJob], Awaitable[object]]
HandlerT = TypeVar("HandlerT", bound=PlainHandler | AsyncHandler)


class Handler(NamedTuple):
    """A function, and what it is for.

    Attributes:
        kind: Of the jobs that it handles.
        function: What runs.
        lease_ms: How long a claim or a heartbeat holds such a job.
        is_async: Whether the function is a coroutine function.
    """

    kind: str
    function: PlainHandler | AsyncHandler
    lease_ms: int
    is_async: bool

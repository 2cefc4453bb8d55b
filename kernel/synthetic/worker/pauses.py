"""How long to wait before a request is sent again: exponential back-off with full jitter."""

from __future__ import annotations

import random

from synthetic.worker.errors import RequestFailedError

FIRST_SECONDS = 0.1
CEILING_SECONDS = 5.0


def pause_seconds(failures: int, error: RequestFailedError | None = None) -> float:
    """A pause after so many failures in a row (from 1), no shorter than what the server asks for.

    The ceilings are 0.1, 0.2, 0.4 ... 3.2, then 5 seconds. Jitter comes on top
    of what the server asks for too, so that its clients do not come back as one.
    """
    ceiling = min(CEILING_SECONDS, FIRST_SECONDS * 2 ** min(failures - 1, 16))
    asked = (error.retry_after_ms or 0) / 1000 if error is not None else 0.0
    return asked + random.uniform(0.0, ceiling)  # noqa: S311 - jitter is no secret


def with_jitter(seconds: float) -> float:
    """A period between three quarters and the whole of another, so that workers that started together drift apart."""
    return random.uniform(0.75 * seconds, seconds)  # noqa: S311 - jitter is no secret

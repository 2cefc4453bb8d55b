"""How many requests a second one client may make: token buckets, a bounded number of them."""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Callable

from synthetic.errors import RateLimitedError

BUCKETS_MAX = 10_000

WHOLE = 1.0 - 1e-9
"""One request, but for rounding: who waits as long as it was told must be let in."""


class RateLimit:
    """Lets each key have `per_second` requests a second, and as many at once after a quiet second.

    At most `BUCKETS_MAX` keys are remembered; the one that was quiet the
    longest is forgotten first, and a forgotten key starts with a full bucket.
    """

    def __init__(self, per_second: int, monotonic: Callable[[], float]) -> None:
        """Start with full buckets.

        Args:
            per_second: Requests of one key.
            monotonic: Seconds that never go back.
        """
        self._per_second = per_second
        self._monotonic = monotonic
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, key: str) -> None:
        """Count one request.

        Raises:
            RateLimitedError: There were too many; it says when the next is welcome.
        """
        if not self.has_taken(key):
            level, _at = self._buckets[key]
            raise RateLimitedError(retry_after_ms=math.ceil((1.0 - level) / self._per_second * 1000))

    def has_taken(self, key: str) -> bool:
        """Count one request, unless there were too many."""
        now = self._monotonic()
        found = self._buckets.get(key)
        if found is None:
            level = float(self._per_second)
            if len(self._buckets) >= BUCKETS_MAX:
                self._buckets.popitem(last=False)
        else:
            left, at = found
            level = min(float(self._per_second), left + (now - at) * self._per_second)
            self._buckets.move_to_end(key)
        if level < WHOLE:
            self._buckets[key] = (level, now)
            return False
        self._buckets[key] = (level - 1.0, now)
        return True

    def give_back(self, key: str) -> None:
        """Take back the count of a request that is going to be counted again."""
        found = self._buckets.get(key)
        if found is not None:
            left, at = found
            self._buckets[key] = (left + 1.0, at)

"""`RequestCounts`: what the kernel counts of requests, for Prometheus.

Each request is counted twice and timed once, which with the client library's
own metrics takes longer than reading its headers. These are plain numbers,
changed by the event loop alone, and made into metrics when somebody asks.
"""

from __future__ import annotations

import time
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector


class Durations:
    """A histogram.

    Attributes:
        buckets: How many fell between two bounds, and beyond the last.
        total: All of them together, in seconds.
        created_at: When it was made, in Unix seconds.
    """

    __slots__ = ("_bounds", "buckets", "created_at", "total")

    def __init__(self, bounds: Sequence[float]) -> None:
        self._bounds = bounds
        self.buckets = [0] * (len(bounds) + 1)
        self.total = 0.0
        self.created_at = time.time()

    def add(self, seconds: float) -> None:
        """Count one."""
        self.buckets[bisect_left(self._bounds, seconds)] += 1
        self.total += seconds

    def cumulated(self) -> list[tuple[str, float]]:
        """Bounds, and how many took no longer, as Prometheus has them."""
        total, pairs = 0, list[tuple[str, float]]()
        for bound, count in zip((*map(str, self._bounds), "+Inf"), self.buckets, strict=True):
            total += count
            pairs.append((bound, total))
        return pairs


@dataclass(slots=True)
class Count:
    """A counter.

    Attributes:
        value: How many there were.
        created_at: When it was made, in Unix seconds.
    """

    value: int = 0
    created_at: float = field(default_factory=time.time)


class RequestCounts(Collector):
    """GraphQL operations that ended, how long they took, and answers over HTTP."""

    def __init__(self, registry: CollectorRegistry, bounds: Sequence[float]) -> None:
        """Start with none.

        Args:
            registry: Where they are shown.
            bounds: Of durations, in seconds.
        """
        self._bounds = bounds
        self._operations: dict[tuple[str, str, str], Count] = {}
        self._seconds: dict[tuple[str, str], Durations] = {}
        self._responses: dict[int, Count] = {}
        registry.register(self)

    def operation(self, transport: str, operation: str, code: str, seconds: float) -> None:
        """Count an operation that ended."""
        key = (transport, operation, code)
        count = self._operations.get(key)
        if count is None:
            count = self._operations[key] = Count()
        count.value += 1
        durations = self._seconds.get((transport, operation))
        if durations is None:
            durations = self._seconds[transport, operation] = Durations(self._bounds)
        durations.add(seconds)

    def response(self, status: int) -> None:
        """Count an answer."""
        count = self._responses.get(status)
        if count is None:
            count = self._responses[status] = Count()
        count.value += 1

    def collect(self) -> Iterable[Metric]:
        """The metrics, as they are now."""
        operations = CounterMetricFamily(
            "synthetic_requests",
            "GraphQL operations that ended, by transport, kind of operation and outcome (OK or an error code).",
            labels=("transport", "operation", "code"),
        )
        for key, count in list(self._operations.items()):
            operations.add_metric(key, count.value, count.created_at)
        labels = ("transport", "operation")
        seconds = HistogramMetricFamily("synthetic_request_seconds", "Duration of GraphQL operations.", labels=labels)
        for key, durations in list(self._seconds.items()):
            seconds.add_metric(key, durations.cumulated(), durations.total)
            created: dict[str, str] = dict(zip(labels, key, strict=True))
            seconds.add_sample(f"{seconds.name}_created", created, durations.created_at)
        responses = CounterMetricFamily("synthetic_http_responses", "HTTP answers, by status.", labels=("status",))
        for status, count in list(self._responses.items()):
            responses.add_metric((str(status),), count.value, count.created_at)
        return operations, seconds, responses

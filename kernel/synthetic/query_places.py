"""`QueryPlaces`: what the kernel counts of where queries and subscriptions are executed, for Prometheus.

A query in place takes some ten microseconds, and a histogram of the client
library would take a fifth of that. These are plain numbers, changed by the
event loop alone, and made into metrics when somebody asks.
"""

from __future__ import annotations

from collections.abc import Iterable

from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from synthetic.request_counts import Durations

HELD_SECONDS = (0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.002, 0.003, 0.004, 0.005, 0.0075, 0.01, 0.025, 0.1)


class QueryPlaces(Collector):
    """Where what reads ran, and for how long that in place held the event loop.

    What is counted are queries, and executions of a subscription's document for what one commit has brought. Mutations
    are not, whatever they select, nor is what graphql-core executes.

    Attributes:
        in_place: Those that were answered on the event loop.
        pool: Those that ran in the pool, among them those that began again there.
        restarts: Those that were begun in place and began again in the pool, by why they were cut short.
    """

    def __init__(self, registry: CollectorRegistry) -> None:
        self.in_place = 0
        self.pool = 0
        self.restarts: dict[str, int] = dict.fromkeys(("over_budget", "late", "locked", "in_use"), 0)
        self._held = Durations(HELD_SECONDS)
        registry.register(self)

    def held(self, seconds: float) -> None:
        """Count a time for which a run held the event loop, whether it was answered or cut short."""
        self._held.add(seconds)

    def collect(self) -> Iterable[Metric]:
        """The metrics, as they are now."""
        # All of them are shown from the start, and were made with this object.
        created_at = self._held.created_at
        queries = CounterMetricFamily(
            "synthetic_queries",
            "Queries, and executions of subscriptions for what a commit brought, by where they ran.",
            labels=("place",),
        )
        queries.add_metric(("in_place",), self.in_place, created_at)
        queries.add_metric(("pool",), self.pool, created_at)
        restarts = CounterMetricFamily(
            "synthetic_query_restarts",
            "Those of synthetic_queries that were begun on the event loop and began again in the pool.",
            labels=("reason",),
        )
        for reason, count in self.restarts.items():
            restarts.add_metric((reason,), count, created_at)
        held = HistogramMetricFamily(
            "synthetic_in_place_seconds", "How long one of synthetic_queries that ran in place held the event loop."
        )
        held.add_metric((), self._held.cumulated(), self._held.total)
        held.add_sample(f"{held.name}_created", {}, created_at)
        return queries, restarts, held

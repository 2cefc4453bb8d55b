"""What the kernel counts, for Prometheus: one registry per kernel, nothing global.

A kernel makes one `Metrics` and hands it to its parts, which change the
attributes directly. What is counted for each request is plain numbers, because
the client library's metrics cost several times as much. Label values
come from small closed sets (codes, names of queues and services), never from
what a client sent.

With several worker processes each answers `/metrics` for itself alone: the
`synthetic_process` metric tells them apart by `worker`, and sums over scrapes
of one address mean nothing unless they are grouped by it.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import Protocol

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    GCCollector,
    Histogram,
    Info,
    PlatformCollector,
    ProcessCollector,
    generate_latest,
)
from prometheus_client.core import CounterMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from prometheus_client.registry import Collector

from synthetic.query_places import QueryPlaces
from synthetic.request_counts import RequestCounts

CONTENT_TYPE = CONTENT_TYPE_PLAIN_0_0_4
"""Media type of `Metrics.text`."""

SECONDS = (0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
LOCK_WAIT_MS = (
    0.1,
    0.25,
    0.5,
    1.0,
    2.5,
    5.0,
    10.0,
    25.0,
    50.0,
    100.0,
    250.0,
    500.0,
    1_000.0,
    2_500.0,
    5_000.0,
    10_000.0,
)
GROUP_SIZES = (1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0)


class CacheCounts(Protocol):
    """A cache that counts for itself."""

    @property
    def hits(self) -> int:
        """How often it had what was asked for."""
        ...

    @property
    def misses(self) -> int:
        """How often it had not."""
        ...


class Metrics:
    """The kernel's counters, gauges and histograms.

    Attributes:
        registry: Where plugins may register metrics of their own.
        sqlite_write_lock_wait_ms: How long writers waited for the write lock, in milliseconds.
        writes: Writes that were committed.
        write_retries: Attempts to begin a write that were repeated, by `reason`.
        commit_group_size: Writes in one commit.
        writer_queue: Writes that wait in line.
        reads: Reads that were begun.
        read_seconds: Duration of reads.
        overloads: Work that was turned away, by `queue`: `writer`, `readers`,
            `mutations`, `documents`, `connections`, `sockets` or `streams`.
        open_connections: TCP connections, WebSockets among them.
        open_sockets: WebSockets.
        open_streams: Event streams.
        subscribers: Followers of the log.
        background: 1 while this process does the background work.
        resumes: Subscriptions that began at a position their client brought.
        drops: Connections that were closed because their client did not read.
        places: Where queries ran.
        plan_refusals: Operations that were executed by graphql-core because no plan could be made, by `reason`.
        operations_unrecorded: Operations that `record_operation` could not be told of.
        documents: The cache of compiled documents, once there is one; what it counts is shown.
    """

    def __init__(self) -> None:
        registry = CollectorRegistry(auto_describe=True)
        self.registry = registry
        self.sqlite_write_lock_wait_ms = Histogram(
            "sqlite_write_lock_wait_ms",
            "How long a writer waited for SQLite's write lock, in milliseconds.",
            buckets=LOCK_WAIT_MS,
            registry=registry,
        )
        self.writes = Counter("synthetic_writes", "Writes that were committed.", registry=registry)
        self.write_retries = Counter(
            "synthetic_write_retries", "Attempts to begin a write that were repeated.", ("reason",), registry=registry
        )
        self.commit_group_size = Histogram(
            "synthetic_commit_group_size", "Writes that shared one commit.", buckets=GROUP_SIZES, registry=registry
        )
        self.writer_queue = Gauge("synthetic_writer_queue", "Writes that wait in line.", registry=registry)
        self.reads = Counter("synthetic_reads", "Reads that were begun.", registry=registry)
        self.read_seconds = Histogram(
            "synthetic_read_seconds", "Duration of reads.", buckets=SECONDS, registry=registry
        )
        self.overloads = Counter(
            "synthetic_overloads", "Work that was turned away because a queue was full.", ("queue",), registry=registry
        )
        self.open_connections = Gauge(
            "synthetic_open_connections", "TCP connections of this process, WebSockets among them.", registry=registry
        )
        self.open_sockets = Gauge("synthetic_open_sockets", "WebSockets of this process.", registry=registry)
        self.open_streams = Gauge("synthetic_open_streams", "Event streams of this process.", registry=registry)
        self.subscribers = Gauge(
            "synthetic_subscribers", "Subscriptions of this process that follow the log.", registry=registry
        )
        self.resumes = Counter(
            "synthetic_resumes", "Subscriptions that went on from a position of an earlier one.", registry=registry
        )
        self.drops = Counter(
            "synthetic_subscribers_dropped",
            "Connections with subscriptions that were closed since their client did not read.",
            registry=registry,
        )
        self.places = QueryPlaces(registry)
        self.plan_refusals = Counter(
            "synthetic_plan_refusals",
            "Operations that were executed by graphql-core because no plan could be made of them.",
            ("reason",),
            registry=registry,
        )
        self.operations_unrecorded = Counter(
            "synthetic_operations_unrecorded", "Operations of which no record could be kept.", registry=registry
        )
        self.documents: CacheCounts | None = None
        registry.register(_DocumentCollector(self))
        self._make_labelled(registry)
        self._make_process(registry)

    def _make_labelled(self, registry: CollectorRegistry) -> None:
        self._counts = RequestCounts(registry, SECONDS)
        self._service_units = Counter(
            "synthetic_service_units", "Units of work that background services did.", ("service",), registry=registry
        )
        self._service_seconds = Histogram(
            "synthetic_service_step_seconds",
            "Duration of the steps of background services.",
            ("service",),
            buckets=SECONDS,
            registry=registry,
        )
        self._service_failures = Counter(
            "synthetic_service_failures", "Steps of background services that failed.", ("service",), registry=registry
        )
        self._service_failing = Gauge(
            "synthetic_service_failing",
            "How many times in a row a background service or consumer has failed; 0: it works.",
            ("service",),
            registry=registry,
        )
        self._service_hanging = Gauge(
            "synthetic_service_hanging_seconds",
            "How long a service or consumer has been at one turn, where that is more than a minute; 0: it went on.",
            ("service",),
            registry=registry,
        )
        self.background = Gauge(
            "synthetic_background", "1 in the process that does the background work.", registry=registry
        )
        self._consumer_events = Counter(
            "synthetic_consumer_events", "Events that consumers took in.", ("consumer",), registry=registry
        )
        self._consumer_seconds = Histogram(
            "synthetic_consumer_batch_seconds",
            "Duration of the transactions in which consumers take events in.",
            ("consumer",),
            buckets=SECONDS,
            registry=registry,
        )
        self._consumer_set_aside = Counter(
            "synthetic_consumer_set_aside", "Events that consumers went on without.", ("consumer",), registry=registry
        )

    def _make_process(self, registry: CollectorRegistry) -> None:
        self._process = Info("synthetic_process", "Which process answers.", registry=registry)
        ProcessCollector(registry=registry)
        PlatformCollector(registry=registry)
        GCCollector(registry=registry)

    def name_process(self, version: str, worker: int) -> None:
        """Say which program answers, and which of its worker processes, counted from 0."""
        self._process.info({"version": version, "worker": str(worker)})

    def request(self, transport: str, operation: str, code: str, ms: float) -> None:
        """Count a GraphQL operation that ended.

        Args:
            transport: `http`, `websocket` or `sse`.
            operation: `query`, `mutation`, `subscription`, or `none` when the
                request failed before its kind was known.
            code: `OK`, or the code of its first error.
            ms: How long it took.
        """
        self._counts.operation(transport, operation, code, ms / 1000)

    def http_response(self, status: int) -> None:
        """Count an HTTP answer."""
        self._counts.response(status)

    def service_step(self, service: str, units: int, seconds: float) -> None:
        """Count a step of a background service that ended well.

        Args:
            service: Plugin and name of the service, as `plugin.name`.
            units: What the step returned.
            seconds: How long it took.
        """
        self._service_units.labels(service).inc(units)
        self._service_seconds.labels(service).observe(seconds)

    def service_failing(self, service: str, in_a_row: int) -> None:
        """Count a piece of background work that raised.

        Args:
            service: Plugin and name of the service or consumer.
            in_a_row: How many times it has by now; 0: it works again.
        """
        self._service_failing.labels(service).set(in_a_row)
        if in_a_row:
            self._service_failures.labels(service).inc()

    def service_hanging(self, service: str, seconds: float) -> None:
        """Show that a piece of background work does not come to the end of its turn.

        Args:
            service: Plugin and name of the service or consumer.
            seconds: For how long; 0: it has gone on.
        """
        self._service_hanging.labels(service).set(seconds)

    def consumer_batch(self, consumer: str, events: int, seconds: float) -> None:
        """Count a transaction in which a consumer took events in."""
        self._consumer_events.labels(consumer).inc(events)
        self._consumer_seconds.labels(consumer).observe(seconds)

    def consumer_set_aside(self, consumer: str) -> None:
        """Count an event that a consumer went on without."""
        self._consumer_set_aside.labels(consumer).inc()

    def text(self) -> bytes:
        """All metrics of this kernel, in Prometheus' text format."""
        return generate_latest(self.registry)


class _DocumentCollector(Collector):
    """Shows what the document cache counts, at the time of asking."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics
        self._created_at = time.time()

    def collect(self) -> Iterable[Metric]:
        family = CounterMetricFamily(
            "synthetic_documents", "Documents asked for, by whether they were compiled already.", labels=("cache",)
        )
        cache = self._metrics.documents
        family.add_metric(("hit",), cache.hits if cache else 0, self._created_at)
        family.add_metric(("miss",), cache.misses if cache else 0, self._created_at)
        return (family,)

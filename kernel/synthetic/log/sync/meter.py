"""Metrics of sync state, as the monitor last saw it.

Only the process whose monitor runs shows them, and only while it runs: figures
that nobody keeps up to date are left out, so that of several processes one
shows what holds.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Self

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from synthetic.clock import Clock, SystemClock
from synthetic.database.surroundings import SettingsLookup
from synthetic.kernel_settings import SyncSettings
from synthetic.log.sync.model import ModuleKind, ModuleStatus, SyncStatus

GRACE_SECONDS = 2.0
"""So much longer than three looks may take, figures are shown after the last one."""


class SyncMeter(Collector):
    """Keeps what the monitor saw, and shows it to Prometheus."""

    def __init__(self, clock: Clock, monitor_ms: int) -> None:
        self._clock = clock
        self._fresh_seconds = 3 * monitor_ms / 1000 + GRACE_SECONDS
        self._seen: tuple[float, Sequence[ModuleStatus]] | None = None

    @classmethod
    def make(cls, settings: SettingsLookup, /) -> Self:
        """One that nobody scrapes, for snapshots without a kernel."""
        return cls(SystemClock(), settings(SyncSettings).monitor_ms)

    def take(self, statuses: Sequence[ModuleStatus]) -> None:
        """Remember what was seen just now."""
        self._seen = (self._clock.monotonic(), statuses)

    def collect(self) -> Iterable[Metric]:
        """What was seen, unless it is too long ago."""
        seen = self._seen
        statuses = () if seen is None or self._clock.monotonic() - seen[0] > self._fresh_seconds else seen[1]
        failures = CounterMetricFamily("sync_failures", "Attempts of a module that failed.", labels=("module",))
        events = GaugeMetricFamily(
            "synthetic_consumer_lag_events", "Events that a consumer has yet to apply.", labels=("consumer",)
        )
        ms = GaugeMetricFamily(
            "synthetic_consumer_lag_ms", "How long the first of them has waited, in milliseconds.", labels=("consumer",)
        )
        modules = GaugeMetricFamily("synthetic_sync_modules", "Modules, by how they fare.", labels=("status",))
        for status in statuses:
            failures.add_metric((status.module,), status.failures)
            if status.kind is not ModuleKind.OUTSIDE and status.lag_events is not None and status.lag_ms is not None:
                events.add_metric((status.module,), status.lag_events)
                ms.add_metric((status.module,), status.lag_ms)
        if statuses:
            counts = Counter(status.status for status in statuses)
            for each in SyncStatus:
                modules.add_metric((each.value,), counts[each])
        return (failures, events, ms, modules)

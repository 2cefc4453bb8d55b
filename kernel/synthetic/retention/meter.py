"""Metrics of retention."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Self

from prometheus_client import CollectorRegistry, Counter
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from synthetic.database.surroundings import SettingsLookup


class RetentionMeter(Collector):
    """Counts what the retention of this process deletes, as a resource of its transactions.

    Whether retention is suspended is a matter of the store, not of a process:
    whoever answers a scrape reads it there first.
    """

    def __init__(self, registry: CollectorRegistry) -> None:
        self._deleted = Counter(
            "synthetic_retention_deleted", "Rows that retention has deleted.", ("rule",), registry=registry
        )
        self._suspended: bool | None = None
        registry.register(self)

    @classmethod
    def make(cls, _settings: SettingsLookup, /) -> Self:
        """One that nobody scrapes, for snapshots without a kernel."""
        return cls(CollectorRegistry())

    def deleted(self, rule: str, tables: Mapping[str, int]) -> None:
        """Count a batch that was committed.

        Args:
            rule: As `plugin.name`.
            tables: How many rows of which table.
        """
        self._deleted.labels(rule).inc(sum(tables.values()))

    def suspended(self, is_suspended: bool | None) -> None:
        """Note what is in the store just now; None, and nothing is shown: it could not be read."""
        self._suspended = is_suspended

    def collect(self) -> Iterable[Metric]:
        """Whether it is suspended."""
        gauge = GaugeMetricFamily(
            "synthetic_retention_suspended", "1 while retention waits for an operator to confirm the clock."
        )
        if self._suspended is not None:
            gauge.add_metric((), float(self._suspended))
        return (gauge,)

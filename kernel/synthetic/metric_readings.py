"""Taking the readings that plugins contribute to `/metrics`, so that none of them does harm.

Each is taken in a read of its own, with a deadline, one after the other: they
hold one connection of the pool at most. What was read is shown again for some
seconds, and a reading that took long for twenty times as long as it took, so
that however often somebody asks, readings take at most a twentieth of one
reader's time. One that fails is left out, counted, logged, and tried again
after a while; the others do not notice.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from prometheus_client import CollectorRegistry, Counter
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from synthetic.clock import Clock
from synthetic.contributions import Stamped
from synthetic.database.interruption import Interruption
from synthetic.exits import staying
from synthetic.logs import logger_for
from synthetic.metric_contributions import MetricReading

if TYPE_CHECKING:
    from synthetic.database.database import Database

READING_SECONDS = 1.0
"""How long one reading may take."""

REFRESH_SECONDS = 2.0
"""How long all of them may take together; those that are not reached are taken first the next time."""

FRESH_SECONDS = 5.0
"""So long what was read is shown without reading it again."""

REST_FACTOR = 20
"""So many times as long as it took, at least, a reading is not taken again."""

RETRY_SECONDS = 30.0
"""So long a reading that failed is left alone."""

SHOWN_SECONDS = 60.0
"""What was read longer ago is not shown any more."""

log = logger_for(__name__)


@dataclass(frozen=True, slots=True)
class _Taken:
    """What came of a reading.

    Attributes:
        at: When it ended, in seconds of the clock's monotonic scale.
        due_at: When it is to be taken again.
        values: From the value of the label ("" without one) to the number; None: it failed.
    """

    at: float
    due_at: float
    values: Mapping[str, float] | None


class MetricReadings(Collector):
    """Takes the readings of one kernel and shows them to Prometheus."""

    def __init__(
        self, readings: Sequence[Stamped[MetricReading]], clock: Clock, registry: CollectorRegistry | None = None
    ) -> None:
        """Take nothing yet.

        Args:
            readings: Of the loaded plugins; their names were checked when those were loaded.
            clock: Whose monotonic time counts.
            registry: Where they are shown; None: nowhere.
        """
        self._readings = {stamped.record.name: stamped for stamped in readings}
        self._clock = clock
        self._taken: dict[str, _Taken] = {}
        self._refreshing = asyncio.Lock()
        self._failures = Counter(
            "synthetic_metric_reading_failures",
            "Readings of a metric that failed or took too long.",
            ("metric",),
            registry=registry,
        )
        if registry is not None:
            registry.register(self)

    async def refresh(self, database: Database) -> None:
        """Take again what is due, for at most `REFRESH_SECONDS`; whoever asks meanwhile waits for the same."""
        try:
            async with asyncio.timeout(REFRESH_SECONDS), self._refreshing:
                for stamped in self._due():
                    await self._take(database, stamped)
        except TimeoutError:
            log.warning("not all metrics could be read in time", seconds=REFRESH_SECONDS)

    def count_failure(self, metric: str) -> None:
        """Count a reading that failed."""
        self._failures.labels(metric).inc()

    def collect(self) -> Iterable[Metric]:
        """What was read last, less what failed or is too long ago."""
        now = self._clock.monotonic()
        for name, stamped in self._readings.items():
            reading = stamped.record
            family = GaugeMetricFamily(name, reading.purpose, labels=(reading.label,) if reading.label else ())
            taken = self._taken.get(name)
            if taken is not None and taken.values is not None and now - taken.at <= SHOWN_SECONDS:
                for value, number in taken.values.items():
                    family.add_metric((value,) if reading.label else (), number)
            yield family

    def _due(self) -> list[Stamped[MetricReading]]:
        """Those that are to be taken now, the longest untaken first."""
        now = self._clock.monotonic()
        known = {name: self._taken.get(name) for name in self._readings}
        due = [name for name, taken in known.items() if taken is None or taken.due_at <= now]
        due.sort(key=lambda name: -math.inf if (taken := known[name]) is None else taken.at)
        return [self._readings[name] for name in due]

    async def _take(self, database: Database, stamped: Stamped[MetricReading]) -> None:
        reading = stamped.record
        began = self._clock.monotonic()
        values: Mapping[str, float] | None = None
        try:
            # The deadline stops SQL; the time-out, what does something else for too long.
            watch = Interruption(self._clock, began + READING_SECONDS)
            with staying("the metric"):
                async with asyncio.timeout(READING_SECONDS):
                    values = _checked(reading, await database.read(reading.read, interruption=watch))
        except Exception as error:
            self.count_failure(reading.name)
            reason = str(error) or type(error).__name__
            log.warning(
                "a metric could not be read", plugin=stamped.plugin, metric=reading.name, reason=reason, exc_info=True
            )
        finally:
            # Also when it was cut short because all of them took too long: the next time it is not the first.
            ended = self._clock.monotonic()
            rest = max(FRESH_SECONDS if values is not None else RETRY_SECONDS, REST_FACTOR * (ended - began))
            self._taken[reading.name] = _Taken(ended, ended + rest, values)


def _checked(reading: MetricReading, result: Any) -> Mapping[str, float]:
    """What a reading returned, as numbers by the value of its label.

    Raises:
        TypeError: It is nothing that a reading may return.
        ValueError: A number is not finite, or a label has a value that was not declared.
    """
    if result is None:
        return {}
    if not reading.label:
        return {"": _number(result)}
    if not isinstance(result, Mapping):
        raise TypeError(f"{reading.name} has a label, so its reading must return a mapping, not {result!r}")
    found = cast("Mapping[Any, Any]", result)
    unknown = [value for value in found if value not in reading.label_values]
    if unknown:
        raise ValueError(f"{reading.name} does not declare the value {unknown[0]!r} of its label {reading.label}")
    return {value: _number(found.get(value, 0)) for value in reading.label_values}


def _number(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError(f"a reading must be a number, not {value!r}")
    if not math.isfinite(value):
        raise ValueError(f"a reading must be a finite number, not {value!r}")
    return float(value)

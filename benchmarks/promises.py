"""What was promised, what was measured, and how both are shown."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass

import pytest
from pytest_benchmark.fixture import BenchmarkFixture


@dataclass(frozen=True, slots=True)
class Promise:
    """One line of the report.

    Attributes:
        name: What was measured.
        ours: The figure, with its unit.
        limit: The figure that it is held against.
        ratio: Of the two; from `at_least` on the promise is kept, or up to `at_most`.
    """

    name: str
    ours: str
    limit: str
    ratio: float
    at_most: float | None = None
    at_least: float | None = None

    @property
    def verdict(self) -> str:
        """The promise, and whether it is kept."""
        if self.at_least is not None:
            return f"at least {self.at_least:g}x  {'kept' if self.ratio >= self.at_least else 'MISSED'}"
        if self.at_most is not None:
            return f"at most {self.at_most:g}x  {'kept' if self.ratio <= self.at_most else 'MISSED'}"
        return "for comparison"


PROMISES = pytest.StashKey[list[Promise]]()


def in_time(seconds: float) -> str:
    """A duration in the unit that suits it."""
    for unit, size in (("s", 1.0), ("ms", 1e-3)):
        if seconds >= size:
            return f"{seconds / size:.2f} {unit}"
    return f"{seconds * 1e6:.0f} us"


def in_bytes(size_bytes: float) -> str:
    """A size in megabytes."""
    return f"{size_bytes / 1e6:.1f} MB"


def at_rate(amount: float, unit: str) -> Callable[[float], str]:
    """Shows how fast an amount was done, given the seconds."""
    return lambda seconds: f"{amount / seconds:.3g} {unit}/s"


class Comparison:
    """Times two functions in turns, so that the noise of the machine hits both; the ratio of the medians counts."""

    def __init__(self, benchmark: BenchmarkFixture, promises: list[Promise]) -> None:
        self._benchmark = benchmark
        self._promises = promises

    def __call__(
        self,
        name: str,
        *,
        ours: Callable[[], object],
        limit: Callable[[], object],
        at_most: float | None = None,
        at_least: float | None = None,
        rounds: int = 30,
        prepare: Callable[[], object] = lambda: None,
        shown: Callable[[float], str] = in_time,
    ) -> None:
        """Measure, and add a line to the report.

        Args:
            name: What is measured.
            ours: What we do.
            limit: What it is held against.
            at_most: Promise: ours takes at most so many times the limit's time.
            at_least: Promise: ours does at least so many times what the limit does in the same time.
            rounds: How often each is timed, after two rounds that do not count.
            prepare: Called before each round, outside of the time that counts.
            shown: How seconds are shown.
        """
        limits: list[float] = []

        def time_limit() -> None:
            prepare()
            started = time.perf_counter()
            limit()
            limits.append(time.perf_counter() - started)

        self._benchmark.pedantic(ours, setup=time_limit, rounds=rounds, warmup_rounds=2)
        stats = self._benchmark.stats
        assert stats is not None
        mine, theirs = stats.stats.median, statistics.median(limits[2:])
        ratio = mine / theirs if at_least is None else theirs / mine
        self._promises.append(Promise(name, shown(mine), shown(theirs), ratio, at_most, at_least))


def report(promises: list[Promise], write: Callable[[str], None]) -> None:
    """Write the table of all promises."""
    names = max(len(each.name) for each in promises)
    write(f"{'':{names}}  {'ours':>12}  {'limit':>12}  {'ratio':>7}  promised")
    for each in promises:
        write(f"{each.name:{names}}  {each.ours:>12}  {each.limit:>12}  {each.ratio:>6.2f}x  {each.verdict}")

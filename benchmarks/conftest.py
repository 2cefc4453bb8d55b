"""Promises about speed: each is a ratio to hand-written code on the same driver, measured in the same run.

The hand-written limit is timed right before each round of ours, so that noise
of the machine hits both. Nothing here fails a build: a ratio that misses its
promise is printed as missed.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import apsw
import pytest

from synthetic.store import Store
from synthetic.testing import open_test_store

DURABLE = {"kernel.database.synchronous": "FULL"}


@dataclass
class Promise:
    """One line of the report."""

    name: str
    ours: str
    limit: str
    ratio: float
    promised: float
    higher_is_better: bool

    @property
    def kept(self) -> bool:
        return self.ratio >= self.promised if self.higher_is_better else self.ratio <= self.promised


PROMISES = pytest.StashKey[list[Promise]]()


def pytest_configure(config: pytest.Config) -> None:
    config.stash[PROMISES] = []


def pytest_terminal_summary(terminalreporter, config: pytest.Config) -> None:
    rows = config.stash[PROMISES]
    if not rows:
        return
    terminalreporter.section("promises")
    width = max(len(row.name) for row in rows)
    terminalreporter.write_line(f"{'':{width}}  {'ours':>14}  {'limit':>14}  {'ratio':>8}  promised")
    for row in rows:
        sign = "at least" if row.higher_is_better else "at most"
        mark = "kept" if row.kept else "MISSED"
        terminalreporter.write_line(
            f"{row.name:{width}}  {row.ours:>14}  {row.limit:>14}  {row.ratio:>7.2f}x  {sign} {row.promised:g}x  {mark}"
        )


def shown(seconds: float) -> str:
    """A duration in the unit that suits it."""
    for unit, size in (("s", 1.0), ("ms", 1e-3)):
        if seconds >= size:
            return f"{seconds / size:.2f} {unit}"
    return f"{seconds * 1e6:.0f} us"


@pytest.fixture
def report(request: pytest.FixtureRequest) -> Callable[[Promise], None]:
    """Add a line that was not timed in rounds."""
    return request.config.stash[PROMISES].append


@pytest.fixture
def compare(benchmark, request: pytest.FixtureRequest):
    """Time `ours` against `limit`, in turns; the ratio of the medians is the promise."""

    def run(
        name: str,
        *,
        ours: Callable[[], object],
        limit: Callable[[], object],
        at_most: float | None = None,
        at_least: float | None = None,
        rounds: int = 30,
    ) -> None:
        limits: list[float] = []

        def time_limit() -> None:
            started = time.perf_counter()
            limit()
            limits.append(time.perf_counter() - started)

        benchmark.pedantic(ours, setup=time_limit, rounds=rounds, warmup_rounds=2)
        mine, theirs = benchmark.stats.stats.median, statistics.median(limits[2:])
        # "At least n times the rate" is the inverse of "at most 1/n of the time".
        ratio, promised = (theirs / mine, at_least) if at_least else (mine / theirs, at_most)
        request.config.stash[PROMISES].append(
            Promise(name, shown(mine), shown(theirs), ratio, promised or 0.0, higher_is_better=bool(at_least))
        )

    return run


@pytest.fixture
def durable_store(tmp_path: Path):
    """A store that survives a power cut, as it is served."""
    with open_test_store(tmp_path / "store", settings=DURABLE) as store:
        yield store


@pytest.fixture
def hand(tmp_path: Path, durable_store: Store):
    """A connection to a store of the same tables, for hand-written SQL."""
    path = tmp_path / "hand"
    with open_test_store(path, settings=DURABLE):
        pass
    connection = apsw.Connection(str(path / "synthetic.db"))
    connection.pragma("synchronous", "FULL")
    connection.pragma("foreign_keys", 1)
    yield connection
    connection.close()

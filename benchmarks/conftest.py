"""Promises about speed, one file each. They are ratios, measured in one run, to what is written by hand.

Nothing here fails a build: a ratio that misses its promise is printed as
MISSED. `pytest benchmarks` takes a few minutes and leaves out what needs
gigabytes, which `--full` brings.

A figure depends on the machine; a ratio does less so, but a machine that is
busy with other things makes each of them worse. So the load is printed too.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import apsw
import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from synthetic.store import Store
from synthetic.testing import open_test_store

from .ingesting import Ingested, ingest_sizes
from .promises import PROMISES, Comparison, Promise, report

DURABLE = {"kernel.database.synchronous": "FULL"}
"""As a store is served: what is answered survives a power cut."""


def pytest_configure(config: pytest.Config) -> None:
    config.stash[PROMISES] = []


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    promises = config.stash[PROMISES]
    if promises:
        terminalreporter.section("promises")
        report(promises, terminalreporter.write_line)
        load = ", ".join(f"{each:.1f}" for each in os.getloadavg())
        terminalreporter.write_line(f"load of the machine {load} on {os.cpu_count()} processors")


@pytest.fixture
def promise(request: pytest.FixtureRequest) -> Callable[[Promise], None]:
    """Add a line to the report that was not timed in turns."""
    return request.config.stash[PROMISES].append


@pytest.fixture
def compare(benchmark: BenchmarkFixture, request: pytest.FixtureRequest) -> Comparison:
    return Comparison(benchmark, request.config.stash[PROMISES])


@pytest.fixture(scope="session")
def is_full(request: pytest.FixtureRequest) -> bool:
    """Whether there is time for gigabytes."""
    return request.config.getoption("--full")


@pytest.fixture
def durable_store(tmp_path: Path):
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


@pytest.fixture(scope="session")
def ingested(tmp_path_factory: pytest.TempPathFactory, is_full: bool) -> list[Ingested]:
    """Stores of one session each, from small to large, that `synthetic ingest` has made."""
    return ingest_sizes(tmp_path_factory.mktemp("ingested"), is_full=is_full)

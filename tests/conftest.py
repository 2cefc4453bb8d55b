from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from example_counts import FULL, SHARE
from synthetic import logs
from synthetic.testing import copy_template, make_template, open_test_store

pytest_plugins = ["synthetic.testing.pytest_plugin"]


def pytest_configure(config: pytest.Config) -> None:
    """Let properties that say no number of their own try as many examples as the others (see example_counts.py)."""
    settings.register_profile(FULL, settings.default)
    settings.register_profile("short", settings.default, max_examples=settings.default.max_examples // SHARE)
    settings.load_profile(FULL if config.getoption("--full") else "short")


LONG = (
    "test_readme.py",
    "test_docs_examples.py",
    "kernel/graphql/test_slow_clients.py",
    "kernel/log/consumers/test_processes.py",
    "plugins/ingest/test_memory.py",
    "kernel/server/test_workers.py",
    "kernel/retention/test_runs.py",
)
"""Files with tests of many seconds, the longest first."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with long tests, so that no process is left alone with one of them at the end."""
    places = {Path(__file__).parent / name: place for place, name in enumerate(LONG)}
    if missing := [path.name for path in places if not path.exists()]:
        raise pytest.UsageError(f"LONG names files that are not there: {', '.join(missing)}")
    items.sort(key=lambda item: places.get(item.path, len(places)))


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(autouse=True)
def leave_logging_alone(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Put the process's logging back as it was: a command sets it up for a process of its own."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    quiet = [logging.getLogger(name) for name in logs.QUIET_LOGGERS]
    before = [(logger.handlers[:], logger.propagate, logger.level) for logger in quiet]
    monkeypatch.setattr(logs, "_direct", None)
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    for logger, (own, propagate, own_level) in zip(quiet, before, strict=True):
        logger.handlers[:] = own
        logger.propagate = propagate
        logger.setLevel(own_level)
    logging.captureWarnings(capture=False)


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated, empty store, closed; copy it."""
    return make_template(tmp_path_factory.mktemp("template") / "store")


@pytest.fixture
def data_dir(template: Path, tmp_path: Path) -> Path:
    """The directory of an empty store."""
    return copy_template(template, tmp_path / "store")


@pytest.fixture
def store(data_dir: Path):
    """An empty store, opened in this process."""
    with open_test_store(data_dir) as opened:
        yield opened


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of real transcripts and trajectories that SYNTHETIC_REAL_DATA names."""
    named = os.environ.get("SYNTHETIC_REAL_DATA")
    if not named:
        pytest.skip("SYNTHETIC_REAL_DATA names no folder")
    return Path(named)

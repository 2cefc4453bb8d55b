from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from synthetic import logs
from synthetic.testing import copy_template, make_template, open_test_store


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

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

import apsw
import pytest

from synthetic.clock import Clock, SystemClock
from synthetic.database.connections import open_writer
from synthetic.database.database import Database
from synthetic.database.surroundings import Surroundings
from synthetic.kernel_settings import DatabaseSettings, LimitSettings
from synthetic.metrics import Metrics

SETTINGS = DatabaseSettings(synchronous="OFF", busy_timeout_ms=50, write_deadline_ms=300, group_ms=60_000)


def never(connection: apsw.Connection) -> None:
    """A guard that lets every write pass."""


@contextlib.contextmanager
def open_database(
    path: Path, settings: DatabaseSettings = SETTINGS, guard=never, clock: Clock | None = None
) -> Iterator[Database]:
    """A database with one table `t (n)`, without the rest of a kernel."""
    connection = open_writer(path, settings)
    connection.execute("CREATE TABLE IF NOT EXISTS t (n INTEGER PRIMARY KEY, label TEXT) STRICT")
    limits = {LimitSettings: LimitSettings()}
    surroundings = Surroundings(limits.__getitem__)
    database = Database(path, connection, settings, clock or SystemClock(), surroundings, Metrics(), guard)
    try:
        yield database
    finally:
        database.close()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "synthetic.db"


@pytest.fixture
def database(path: Path) -> Iterator[Database]:
    with open_database(path) as opened:
        yield opened

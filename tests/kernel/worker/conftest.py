from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from synthetic.testing import RunningServer, copy_template, running_server
from synthetic.worker import Client

from .kit import Jobs


@pytest.fixture(scope="package")
def server(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """One server for the tests of this folder: each of them has kinds of its own."""
    data = copy_template(template, tmp_path_factory.mktemp("served") / "store")
    quick = ("--set", "plugins.jobs.retry_first_ms=1", "--set", "plugins.jobs.reap_every_ms=100")
    with running_server(data, *quick) as started:
        yield started


@pytest.fixture
def jobs(server: RunningServer) -> Iterator[Jobs]:
    with Client(server.url, token=server.token) as client:
        yield Jobs(client)

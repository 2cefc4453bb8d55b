"""What the tests of the dashboard drive: a browser, and stores with something of everything."""

from __future__ import annotations

from pathlib import Path

import pytest

from plugins.dashboard.driving import chromium
from plugins.dashboard.filling import fill
from synthetic.testing import copy_template, open_test_store, running_server


@pytest.fixture(scope="module")
def browser():
    with chromium() as opened:
        yield opened


@pytest.fixture(scope="module")
def server(template: Path, tmp_path_factory: pytest.TempPathFactory):
    """Of a filled store, with its administrator's token."""
    directory = copy_template(template, tmp_path_factory.mktemp("dashboard") / "store")
    with open_test_store(directory) as store:
        token = fill(store).admin
    with running_server(directory) as running:
        running.token = token
        yield running


@pytest.fixture
def directory(template: Path, tmp_path: Path) -> Path:
    """Of an empty store."""
    return copy_template(template, tmp_path / "store")

from __future__ import annotations

from pathlib import Path

import pytest

from plugins.artifacts.driving import Artifacts, forget
from synthetic import Store, SystemClock
from synthetic.testing import ManualClock, copy_template, open_test_store

SETTINGS = {
    "plugins.artifacts.free_disk_bytes": "0",
    "plugins.artifacts.size_bytes": "3000000",
    "plugins.artifacts.construct_bytes": "4000000",
    "plugins.artifacts.all_bytes": "6000000",
}


@pytest.fixture(scope="module")
def clock() -> ManualClock:
    """Shows the time, as files do, and stands still until a test moves it."""
    return ManualClock(SystemClock().now_ms(), monotonic=SystemClock())


@pytest.fixture(scope="module")
def opened(template: Path, tmp_path_factory: pytest.TempPathFactory, clock: ManualClock):
    """A store for all tests of a file, with small quotas."""
    data = copy_template(template, tmp_path_factory.mktemp("shared") / "store")
    with open_test_store(data, settings=SETTINGS, clock=clock) as store:
        yield store


@pytest.fixture
def store(opened: Store, clock: ManualClock) -> Store:
    """The store, with nothing in it, whose time the test moves."""
    clock.jump(SystemClock().now_ms() - clock.now_ms())
    forget(opened)
    return opened


@pytest.fixture
def artifacts(store: Store, clock: ManualClock) -> Artifacts:
    """What tests do with artifacts."""
    return Artifacts(store, clock)

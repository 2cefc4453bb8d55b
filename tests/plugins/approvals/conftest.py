from __future__ import annotations

from pathlib import Path

import pytest

from plugins.approvals.driving import Approvals, forget
from synthetic import Store, SystemClock
from synthetic.testing import ManualClock, copy_template, open_test_store

START = 1_800_000_000_000


@pytest.fixture(scope="module")
def clock() -> ManualClock:
    """Stands still until a test moves it."""
    return ManualClock(START, monotonic=SystemClock())


@pytest.fixture(scope="module")
def opened(template: Path, tmp_path_factory: pytest.TempPathFactory, clock: ManualClock):
    """A store for all tests of a file."""
    with open_test_store(copy_template(template, tmp_path_factory.mktemp("shared") / "store"), clock=clock) as store:
        yield store


@pytest.fixture
def store(opened: Store, clock: ManualClock) -> Store:
    """The store, with nothing in it, whose time the test moves."""
    clock.jump(START - clock.now_ms())
    opened.write(forget)
    return opened


@pytest.fixture
def approvals(store: Store, clock: ManualClock) -> Approvals:
    """The functions of the plugin's store, each in a transaction of its own."""
    return Approvals(store, clock)

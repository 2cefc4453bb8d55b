from __future__ import annotations

from pathlib import Path

import pytest

from plugins.projections.agents.fleet import SETTINGS, START, Fleet
from synthetic import SystemClock
from synthetic.testing import ManualClock, copy_template, open_test_store


@pytest.fixture(scope="module")
def fleet(template: Path, tmp_path_factory: pytest.TempPathFactory):
    """A store for all tests of a file, each with agents of its own, whose time they move."""
    clock = ManualClock(START, monotonic=SystemClock())
    directory = copy_template(template, tmp_path_factory.mktemp("fleet") / "store")
    with open_test_store(directory, clock=clock, settings=SETTINGS) as store:
        yield Fleet(store, clock)

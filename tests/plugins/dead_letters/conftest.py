from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from plugins.dead_letters.outbox import PLUGIN, Letters, forget
from synthetic import Store, SystemClock
from synthetic.testing import ManualClock, open_test_store
from thirdparty.distributions import Site, write_plugins_toml

START = 1_800_000_000_000


@pytest.fixture(scope="module")
def outbox_clock() -> ManualClock:
    """Stands still until a test moves it."""
    return ManualClock(START, monotonic=SystemClock())


@pytest.fixture(scope="module")
def outbox_dir(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The directory of a store with a third party's plugin, whose letters say themselves what a retry comes to."""
    with pytest.MonkeyPatch.context() as monkeypatch:
        folder = tmp_path_factory.mktemp("outbox")
        site = Site(folder / "site", monkeypatch)
        site.install("outbox", PLUGIN, introduced=False)
        write_plugins_toml(folder / "store", {"outbox": ""}, shipped=True)
        yield folder / "store"
        site.forget()


@pytest.fixture(scope="module")
def outbox_store(outbox_dir: Path, outbox_clock: ManualClock) -> Iterator[Store]:
    """That store, for all tests of a file."""
    with open_test_store(outbox_dir, clock=outbox_clock) as store:
        yield store


@pytest.fixture
def letters(outbox_store: Store, outbox_clock: ManualClock) -> Letters:
    """The functions of the plugin's store, on an empty store whose clock the test moves."""
    outbox_clock.jump(START - outbox_clock.now_ms())
    outbox_store.write(forget)
    return Letters(outbox_store, outbox_clock)

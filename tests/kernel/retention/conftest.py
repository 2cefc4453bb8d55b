from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from synthetic import Store
from synthetic.testing import ManualClock, copy_template, open_test_store
from thirdparty.distributions import Site

from . import kit


@pytest.fixture
def clock() -> ManualClock:
    """A clock that stands at `kit.NOW`."""
    return ManualClock(kit.NOW)


@pytest.fixture(scope="session")
def errands_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated, empty store with the tables of errands, closed."""
    folder = tmp_path_factory.mktemp("errands")
    with pytest.MonkeyPatch.context() as patch:
        site = Site(folder / "site", patch)
        kit.install(site, folder / "store")
        with open_test_store(folder / "store"):
            pass
        site.forget()
    return folder / "store"


@pytest.fixture
def errands_dir(site: Site, errands_template: Path, tmp_path: Path) -> Path:
    """A data directory with the plugin of errands and its tables."""
    directory = copy_template(errands_template, tmp_path / "store")
    kit.install(site, directory)
    return directory


@pytest.fixture
def store(errands_dir: Path, clock: ManualClock) -> Iterator[Store]:
    """A store with the plugin of errands."""
    with open_test_store(errands_dir, clock=clock) as opened:
        yield opened

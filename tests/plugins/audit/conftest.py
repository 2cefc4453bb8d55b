from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from plugins.audit.damaging import record_many
from synthetic import Store, SystemClock
from synthetic.testing import ManualClock, copy_template, expect_data, expect_error, make_template, open_test_store

Ask = Callable[..., dict[str, Any]]
ROWS = 9


@pytest.fixture
def clock() -> ManualClock:
    """Stands still until a test moves it."""
    return ManualClock(monotonic=SystemClock())


@pytest.fixture
def store(data_dir: Path, clock: ManualClock):
    """An empty store whose time the test moves."""
    with open_test_store(data_dir, clock=clock) as opened:
        yield opened


@pytest.fixture
def ask(store: Store) -> Ask:
    """Run an operation that must succeed; its data."""
    return lambda document, **variables: expect_data(store.graphql(document, variables))


@pytest.fixture
def refused(store: Store) -> Ask:
    """Run an operation that must fail with a code; the error as the contract shows it."""
    return lambda code, document, **variables: expect_error(store.graphql(document, variables), code)["extensions"]


@pytest.fixture(scope="session")
def written_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A closed store with the rows 1 to 9."""
    directory = make_template(tmp_path_factory.mktemp("audit") / "store")
    with open_test_store(directory) as store:
        record_many(store, ROWS)
    return directory


@pytest.fixture
def written(written_template: Path, tmp_path: Path) -> Path:
    """The directory of a closed store with the rows 1 to 9."""
    return copy_template(written_template, tmp_path / "written")

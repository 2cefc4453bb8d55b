from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from synthetic import Store, SystemClock
from synthetic.testing import ManualClock, copy_template, expect_data, expect_error, open_test_store

Ask = Callable[..., dict[str, Any]]
START = 1_800_000_000_000
KEPT_MS = 86_400_000


@pytest.fixture(scope="module")
def clock() -> ManualClock:
    """Stands still until a test moves it."""
    return ManualClock(START, monotonic=SystemClock())


@pytest.fixture(scope="module")
def store(template: Path, tmp_path_factory: pytest.TempPathFactory, clock: ManualClock) -> Iterator[Store]:
    """A store for all tests of a file, whose time they move; each has workflows of its own."""
    directory = copy_template(template, tmp_path_factory.mktemp("facts") / "store")
    settings = {"plugins.projections.keep_transitions_ms": str(KEPT_MS)}
    with open_test_store(directory, clock=clock, settings=settings) as opened:
        yield opened


@pytest.fixture
def ask(store: Store) -> Ask:
    """Run an operation that must succeed; its data."""
    return lambda document, **variables: expect_data(store.graphql(document, variables))


@pytest.fixture
def refused(store: Store) -> Ask:
    """Run an operation that must fail with a code; the error as the contract shows it."""
    return lambda code, document, **variables: expect_error(store.graphql(document, variables), code)["extensions"]

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from plugins.transcripts.making import SMALL
from synthetic import Store, SystemClock
from synthetic.testing import ManualClock, copy_template, expect_data, expect_error, open_test_store

Ask = Callable[..., dict[str, Any]]


@pytest.fixture
def clock() -> ManualClock:
    """Stands still until a test moves it."""
    return ManualClock(monotonic=SystemClock())


@pytest.fixture
def settings() -> dict[str, str]:
    """Settings of the store; a test parametrizes it with its own."""
    return SMALL


@pytest.fixture
def store(data_dir: Path, clock: ManualClock, settings: dict[str, str]):
    """An empty store whose time the test moves, and whose stretches are small."""
    with open_test_store(data_dir, clock=clock, settings=settings) as opened:
        yield opened


@pytest.fixture(scope="module")
def shared_store(template: Path, tmp_path_factory: pytest.TempPathFactory):
    """A store for the many examples of a property; each example makes transcripts of its own."""
    with open_test_store(
        copy_template(template, tmp_path_factory.mktemp("shared") / "store"), settings=SMALL
    ) as opened:
        yield opened


@pytest.fixture
def ask(store: Store) -> Ask:
    """Run an operation that must succeed; its data."""
    return lambda document, **variables: expect_data(store.graphql(document, variables))


@pytest.fixture
def refused(store: Store) -> Ask:
    """Run an operation that must fail with a code; the error as the contract shows it."""
    return lambda code, document, **variables: expect_error(store.graphql(document, variables), code)["extensions"]

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from plugins.sessions.documents import CONSTRUCT, SAVE
from synthetic import Store, SystemClock
from synthetic.testing import ManualClock, expect_data, expect_error, open_test_store

Ask = Callable[..., dict[str, Any]]


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


@pytest.fixture
def save(ask: Ask, clock: ManualClock) -> Ask:
    """Save a session a second after the last; the payload."""

    def save(**fields: Any) -> dict[str, Any]:
        clock.advance(1_000)
        return ask(SAVE, input=fields)["saveSession"]

    return save


@pytest.fixture
def construct(ask: Ask) -> Callable[[str], str]:
    """Make a construct; its id."""

    def make(id: str) -> str:
        ask(CONSTRUCT, id=id)
        return id

    return make

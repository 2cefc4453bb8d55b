from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from plugins.jobs.documents import CLAIM, CONSTRUCT, SAVE
from plugins.jobs.driving import Jobs
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
    return {}


@pytest.fixture
def store(data_dir: Path, clock: ManualClock, settings: dict[str, str]):
    """An empty store whose time the test moves."""
    with open_test_store(data_dir, clock=clock, settings=settings) as opened:
        yield opened


@pytest.fixture
def jobs(store: Store, clock: ManualClock) -> Jobs:
    """The functions of the plugin's store, each in a transaction of its own."""
    return Jobs(store, clock)


@pytest.fixture(scope="module")
def shared_store(template: Path, tmp_path_factory: pytest.TempPathFactory):
    """A store for the many cases of a file that change nothing, or make jobs of their own."""
    with open_test_store(copy_template(template, tmp_path_factory.mktemp("shared") / "store")) as opened:
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
    """Save a job of the kind `build` by GraphQL, a second after the last; the payload."""

    def save(**fields: Any) -> dict[str, Any]:
        clock.advance(1_000)
        return ask(SAVE, input={"kind": "build", **fields})["saveJob"]

    return save


@pytest.fixture
def claim(ask: Ask) -> Ask:
    """Claim a job by its id; the job."""

    def claim(id: str, **fields: Any) -> dict[str, Any]:
        return ask(CLAIM, input={"id": id, "worker": "builder-1", **fields})["claimJob"]["job"]

    return claim


@pytest.fixture
def running(save: Ask, claim: Ask) -> Callable[..., str]:
    """Make a job that runs, held by the lease 1; its id."""

    def make(id: str, **fields: Any) -> str:
        save(id=id, **fields)
        claim(id)
        return id

    return make


@pytest.fixture
def construct(ask: Ask) -> Callable[[str], str]:
    """Make a construct; its id."""

    def make(id: str) -> str:
        ask(CONSTRUCT, id=id)
        return id

    return make

from __future__ import annotations

from pathlib import Path

import pytest

from plugins.deliveries.kit import Deliveries
from plugins.deliveries.receivers import Receiver, receiving
from synthetic import Store, SystemClock, Transaction
from synthetic.testing import ManualClock, copy_template, open_test_store

START = 1_800_000_000_000
SETTINGS = {
    "plugins.deliveries.timeout_ms": "20000",
    "plugins.deliveries.attempts_max": "3",
    "plugins.deliveries.circuit_failures": "4",
    "plugins.deliveries.retry_first_ms": "1000",
}


@pytest.fixture(scope="module")
def clock() -> ManualClock:
    """Stands still until a test moves it."""
    return ManualClock(START, monotonic=SystemClock())


@pytest.fixture(scope="module")
def opened(template: Path, tmp_path_factory: pytest.TempPathFactory, clock: ManualClock):
    """A store for all tests of a file."""
    directory = copy_template(template, tmp_path_factory.mktemp("shared") / "store")
    with open_test_store(directory, clock=clock, settings=SETTINGS) as store:
        yield store


@pytest.fixture
def deliveries(opened: Store, clock: ManualClock) -> Deliveries:
    """The store with no deliveries in it, whose time the test moves."""
    clock.jump(START - clock.now_ms())
    opened.write(_forget)
    return Deliveries(opened, clock)


@pytest.fixture
def own_deliveries(data_dir: Path, clock: ManualClock, settings: dict[str, str]):
    """The same with settings, or a log, of the test's own."""
    with open_test_store(data_dir, clock=clock, settings={**SETTINGS, **settings}) as store:
        yield Deliveries(store, clock)


@pytest.fixture
def settings() -> dict[str, str]:
    return {}


@pytest.fixture
def receiver():
    with receiving() as opened:
        yield opened


@pytest.fixture
def target(deliveries: Deliveries, receiver: Receiver):
    return deliveries.target(receiver.url)


def _forget(tx: Transaction) -> None:
    tx.execute("DELETE FROM deliveries")
    tx.execute("DELETE FROM delivery_targets")
    tx.execute("DELETE FROM dead_letters")

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from plugins.projections.costs.kit import PRICES, Fleet, fold
from synthetic import SystemClock
from synthetic.testing import ManualClock, copy_template, expect_data, expect_error, open_test_store

NOW = 1_769_000_000_000
"""2026-01-21T12:53:20Z, a Wednesday."""


class Paid(Fleet):
    """A fleet with a clock, whose costs are folded when they are asked for."""

    clock: ManualClock
    through = 0

    def fold(self) -> None:
        self.through = fold(self.store, self.through)

    def ask(self, document: str, **variables: Any) -> dict[str, Any]:
        return expect_data(self.store.graphql(document, variables))

    def refused(self, code: str, document: str, **variables: Any) -> dict[str, Any]:
        return expect_error(self.store.graphql(document, variables), code)["extensions"]


@pytest.fixture(scope="module")
def paid(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Paid]:
    """A store with prices of its own; each test of a file names things of its own in it."""
    directory = copy_template(template, tmp_path_factory.mktemp("paid") / "store")
    (directory / "mine.toml").write_text(PRICES)
    clock = ManualClock(NOW, monotonic=SystemClock())
    with open_test_store(directory, clock=clock, settings={"plugins.projections.prices": "mine.toml"}) as store:
        paid = Paid(store)
        paid.clock = clock
        yield paid

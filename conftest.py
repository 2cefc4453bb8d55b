"""The option that asks for what takes minutes; tests and benchmarks share it."""

from __future__ import annotations

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add `--full`."""
    parser.addoption("--full", action="store_true", help="also run what takes minutes")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what is marked `full`, unless it was asked for."""
    if config.getoption("--full"):
        return
    skip = pytest.mark.skip(reason="takes minutes; runs with --full")
    for item in items:
        if "full" in item.keywords:
            item.add_marker(skip)

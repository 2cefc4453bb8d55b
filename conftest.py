"""The option that asks for what takes minutes, and what makes a long run short; tests and benchmarks share it."""

from __future__ import annotations

import gc

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


def pytest_collection_finish() -> None:
    """Keep the garbage collector from what was collected and imported.

    Thousands of tests are a million objects that live until the end, and each
    full collection would look at all of them: a third of the time of the run.
    """
    gc.collect()
    gc.freeze()


def pytest_runtest_logfinish() -> None:
    """Keep it from them again, after a server in this process has let go of all at its end."""
    if not gc.get_freeze_count():
        pytest_collection_finish()

from __future__ import annotations

from collections.abc import Iterator

import pytest

from .live_server import LiveServer, serve_lab


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    """A server with the usual limits, for the tests of one module."""
    with serve_lab(tmp_path_factory.mktemp("live")) as server:
        yield server

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from thirdparty.distributions import Site


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    """A folder on the import path, for distributions of third parties."""
    site = Site(tmp_path / "site", monkeypatch)
    yield site
    site.forget()

from __future__ import annotations

from pathlib import Path

import pytest

from thirdparty.distributions import Site

from .kit import install


@pytest.fixture
def tally_dir(site: Site, tmp_path: Path) -> Path:
    """The directory of a store, not made yet, that lists the plugin `tally`."""
    data_dir = tmp_path / "tally"
    install(site, data_dir)
    return data_dir

from __future__ import annotations

from pathlib import Path

import pytest

from thirdparty.environments import Environment, shared_environment

collect_ignore = ["outside"]
"""Distributions with tests of their own, which run where they are installed."""


@pytest.fixture(scope="session")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Environment:
    """Synthetic and the plugins from outside, installed as wheels; one for all processes of a run."""
    base: Path = tmp_path_factory.getbasetemp()
    return shared_environment(base.parent if base.name.startswith("popen-") else base)

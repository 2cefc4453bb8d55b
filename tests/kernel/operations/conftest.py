from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from synthetic.testing import copy_template, make_template, open_test_store
from thirdparty.ledger import Ledger, install_ledger

PATIENT = {"kernel.database.group_ms": "60000"}
"""So that writes in line share a commit, however slow the machine is."""


@pytest.fixture(scope="session")
def ledger_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the store of the first test that needs a ledger is made, for the others to copy."""
    return tmp_path_factory.mktemp("ledger") / "store"


@pytest.fixture
def ledger(site, tmp_path: Path, ledger_template: Path) -> Iterator[Ledger]:
    """A store with a plugin `ledger`, which keeps a record of everything, and nothing else."""
    install_ledger(site, ledger_template)
    if not (ledger_template / "synthetic.db").exists():
        make_template(ledger_template)
    directory = copy_template(ledger_template, tmp_path / "store")
    with open_test_store(directory, settings=PATIENT) as store:
        yield Ledger(store)

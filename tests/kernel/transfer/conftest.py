from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from kernel.transfer import kit
from synthetic import Store
from synthetic.testing import copy_template, make_template, open_test_store
from thirdparty.distributions import Site, write_plugins_toml


@dataclass(frozen=True, slots=True)
class Places:
    """What all tests of a module share; none of it is changed.

    Attributes:
        empty: A store with the third party's plugin, closed.
        full: One with something of everything, closed.
        workspace: The export of it.
        plan: The export of one of its constructs.
    """

    empty: Path
    full: Path
    workspace: Path
    plan: Path


@pytest.fixture(scope="package")
def places(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Places]:
    root = tmp_path_factory.mktemp("transfer")
    with pytest.MonkeyPatch.context() as patch:
        site = Site(root / "site", patch)
        site.install("notes", kit.NOTES, introduced=False, modules={"migrations/0001_notes.sql": kit.NOTES_MIGRATION})
        write_plugins_toml(root / "empty", {"notes": ""}, shipped=True)
        made = Places(make_template(root / "empty"), root / "full", root / "workspace.zip", root / "plan.zip")
        with open_test_store(copy_template(made.empty, made.full)) as store:
            kit.fill(store)
            kit.export(store, made.workspace)
            kit.export(store, made.plan, ["plan"])
        yield made
        site.forget()


@pytest.fixture
def opened(places: Places, tmp_path: Path) -> Iterator[Callable[..., Store]]:
    """Opens a copy of the empty store, or of another one."""
    with ExitStack() as stack:

        def open_copy(name: str = "copy", of: Path = places.empty) -> Store:
            return stack.enter_context(open_test_store(copy_template(of, tmp_path / name)))

        yield open_copy

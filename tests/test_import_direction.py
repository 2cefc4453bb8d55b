"""Who may import whom: plugins import the kernel's export list, never the reverse, and each other only as declared."""

from __future__ import annotations

import ast
import importlib
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

import synthetic

ROOT = Path(__file__).parents[1]
KERNEL = ROOT / "kernel" / "synthetic"
EXECUTOR = KERNEL / "graphql" / "executor"
OPEN_ROOMS = {"store", "types", "events", "errors"}
PUBLIC_MODULES = {"synthetic", "synthetic.cli", "synthetic.demo", "synthetic.testing"}
DRIVERS = {"sqlite3", "apsw", "aiosqlite"}

ENTRY_POINTS = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["entry-points"]["synthetic.plugins"]
PLUGINS = {name: target.removesuffix(".plugin") for name, target in ENTRY_POINTS.items()}


def imports_of(file: Path) -> Iterator[tuple[str, set[str]]]:
    """Each imported module of a file, with the names taken from it."""
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            yield from ((alias.name, set()) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            yield node.module or "", {alias.name for alias in node.names}


def files_of(folder: Path) -> list[Path]:
    return sorted(folder.rglob("*.py"))


def test_every_plugin_folder_has_an_entry_point():
    folders = {folder.name for folder in (ROOT / "plugins").iterdir() if (folder / "plugin.py").exists()}
    assert folders == set(PLUGINS.values())


def test_the_kernel_imports_no_plugin():
    found = [
        f"{file.relative_to(KERNEL)} imports {module}"
        for file in files_of(KERNEL)
        for module, _ in imports_of(file)
        if module.startswith("synthetic_")
    ]
    assert found == []


@pytest.mark.parametrize("name", PLUGINS)
def test_a_plugin_imports_only_what_it_may(name):
    package = PLUGINS[name]
    plugin = importlib.import_module(f"{package}.plugin").register_plugin()
    required = {PLUGINS[other] for other in plugin.requires}
    known = {f"with_{other}": PLUGINS[other] for other in plugin.with_}
    for file in files_of(ROOT / "plugins" / package):
        # A module `with_OTHER` is loaded only when OTHER is there, and nothing else imports it.
        allowed = required | {known[file.stem]} if file.stem in known else required
        for module, names in imports_of(file):
            where = f"{file.relative_to(ROOT)} imports {module}"
            top, _, room = module.partition(".")
            assert top not in DRIVERS, where
            assert top != package or not room.startswith("with_"), where
            if top == "synthetic":
                assert module in PUBLIC_MODULES, where
                if module == "synthetic":
                    assert names <= set(synthetic.__all__), f"{where}: {names - set(synthetic.__all__)}"
            elif top.startswith("synthetic_") and top != package:
                assert top in allowed, f"{where}, a plugin that it does not require"
                rooms = {room.split(".")[0]} if room else names
                assert rooms <= OPEN_ROOMS, f"{where}: only {sorted(OPEN_ROOMS)} are open to others"


@pytest.mark.parametrize("file", files_of(EXECUTOR), ids=lambda file: file.name)
def test_the_executor_could_be_a_library_of_its_own(file):
    """It knows graphql-core and the standard library; `synthetic` itself would import the rest of the kernel."""
    for module, _ in imports_of(file):
        top = module.partition(".")[0]
        is_its_own = f"{module}.".startswith("synthetic.graphql.executor.")
        assert is_its_own or top == "graphql" or top in sys.stdlib_module_names, module
    assert not any(isinstance(node, ast.ImportFrom) and node.level for node in ast.walk(ast.parse(file.read_text())))


def test_nothing_in_the_process_opens_the_store_with_another_library():
    for file in [*files_of(KERNEL), *files_of(ROOT / "plugins")]:
        assert "sqlite3" not in {module.partition(".")[0] for module, _ in imports_of(file)}, file


def test_the_export_list_names_only_what_is_there():
    for name in synthetic.__all__:
        assert hasattr(synthetic, name), name

"""Distributions of third parties, as pip would leave them in a folder on the import path.

They are real as far as importing goes: a `*.dist-info` with metadata and entry
points, and packages beside it. Every test gives its plugins names of their
own, since a module that was imported once stays imported in its process.
"""

from __future__ import annotations

import os
import sys
import textwrap
from collections.abc import Mapping
from pathlib import Path

import pytest

from synthetic.errors import PluginClashError, PluginFailedError, SyntheticError
from synthetic.registry import Registry, load_registry

SHIPPED = (
    "constructs",
    "sessions",
    "transcripts",
    "jobs",
    "ingest",
    "projections",
    "approvals",
    "audit",
    "artifacts",
    "dead_letters",
    "deliveries",
    "search",
    "dashboard",
)

PRELUDE = """
from synthetic import Command, ErrorCode, GraphQL, MigrationFolder, Plugin, Service, Settings, Table, hookimpl
"""

INTRODUCTION = """
@hookimpl
def register_plugin():
    return Plugin(summary="A sample.")
"""

WITH_SETTINGS = """
from dataclasses import dataclass

@dataclass(frozen=True)
class SampleSettings:
    size: int = 1

@hookimpl
def register_settings():
    return (Settings(SampleSettings),)
"""


def introduced_with(**fields: object) -> str:
    """A `register_plugin` that says more than a summary; install it with `introduced=False`."""
    words = ", ".join(f"{name}={value!r}" for name, value in fields.items())
    return f"@hookimpl\ndef register_plugin():\n    return Plugin(summary='A sample.', {words})\n"


class Site:
    """A folder on the import path of this process."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder = folder
        self._monkeypatch = monkeypatch
        self._packages: set[str] = set()
        self.add_folder(folder)

    def add_folder(self, folder: Path) -> None:
        """Put one more folder at the front of the import path, for this process and those that it starts."""
        folder.mkdir(parents=True, exist_ok=True)
        self._monkeypatch.syspath_prepend(str(folder))
        inherited = os.environ.get("PYTHONPATH")
        path = str(folder) if not inherited else f"{folder}{os.pathsep}{inherited}"
        self._monkeypatch.setenv("PYTHONPATH", path)

    def install(
        self,
        plugin: str,
        code: str,
        *,
        distribution: str | None = None,
        version: str = "1.0",
        entry: str | None = None,
        modules: Mapping[str, str] | None = None,
        folder: Path | None = None,
        introduced: bool = True,
        package: str | None = None,
    ) -> str:
        """Install a distribution with one plugin.

        Args:
            plugin: The plugin's name.
            code: Its module `plugin`, after the usual imports.
            distribution: What pip calls it; after the plugin by default.
            version: Of the distribution.
            entry: The entry point's value, if not the module `plugin`.
            modules: Other files of the package: from path to text.
            folder: Where, if not in the site's own folder.
            introduced: Put a plain `register_plugin` before the code.
            package: Its import name; `sample_` and the plugin's by default.

        Returns:
            The import name of the package.
        """
        root = folder or self.folder
        distribution = distribution or f"sample-{plugin}"
        package = package or f"sample_{plugin}"
        self._packages.add(package)
        text = PRELUDE + (INTRODUCTION if introduced else "") + textwrap.dedent(code)
        files = {"__init__.py": "", "plugin.py": text, **(modules or {})}
        for path, content in files.items():
            target = root / package / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(textwrap.dedent(content))
        metadata = root / f"{distribution.replace('-', '_')}-{version}.dist-info"
        metadata.mkdir(exist_ok=True)
        (metadata / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {distribution}\nVersion: {version}\n")
        (metadata / "entry_points.txt").write_text(f"[synthetic.plugins]\n{plugin} = {entry or f'{package}.plugin'}\n")
        return package

    def forget(self) -> None:
        """Take what was imported from the samples out of this process again."""
        for name in list(sys.modules):
            if name.partition(".")[0] in self._packages:
                del sys.modules[name]


def write_plugins_toml(data_dir: Path, plugins: Mapping[str, str], *, shipped: bool = False, extra: str = "") -> Path:
    """Write a store's own `plugins.toml`.

    Args:
        data_dir: The data directory; made if it is not there.
        plugins: From the names of plugins to the lines of their tables.
        shipped: Leave the plugins of this repository loaded.
        extra: More text, before the tables.

    Returns:
        The file.
    """
    data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    tables = {} if shipped else dict.fromkeys(SHIPPED, "enabled = false")
    text = "\n".join(f"[plugins.{name}]\n{lines}\n" for name, lines in {**tables, **plugins}.items())
    path = data_dir / "plugins.toml"
    path.write_text(f"{extra}\n{text}")
    return path


def load(tmp_path: Path, **plugins: str) -> Registry:
    """Load with a `plugins.toml` that lists these plugins, in this order, each with the lines of its table."""
    write_plugins_toml(tmp_path / "store", plugins)
    return load_registry(tmp_path / "store", environ={})


def refused(tmp_path: Path, **plugins: str) -> SyntheticError:
    """The error with which the same is refused."""
    with pytest.raises((PluginFailedError, PluginClashError)) as caught:
        load(tmp_path, **plugins)
    return caught.value


def names(registry: Registry) -> list[str]:
    """The names of the loaded plugins, in load order."""
    return [plugin.name for plugin in registry.plugins]

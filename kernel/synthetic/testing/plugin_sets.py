"""Stores with any set of plugins: which belong together, and the `plugins.toml` that lists them."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Generator, Iterable, Mapping, Sequence
from pathlib import Path
from typing import cast

from synthetic.clock import Clock, SystemClock
from synthetic.contributions import Plugin
from synthetic.errors import PluginFailedError
from synthetic.kernel import Kernel
from synthetic.plugins.discovery import InstalledPlugin, get_installed, import_module, list_installed
from synthetic.plugins.hooks import check_record
from synthetic.registry import Registry, load_registry
from synthetic.setting_layers import FILE_NAME, read_layers
from synthetic.store import Store
from synthetic.testing.stores import FAST_SETTINGS

PluginSettings = Mapping[str, object]
"""The keys of a plugin's table, as TOML has them: numbers, texts, truth values, and lists of these."""


def shipped_plugins() -> tuple[str, ...]:
    """The plugins that a store loads when its own `plugins.toml` says nothing."""
    return read_layers(None, {}, {}).plugin_names()


def introduce(name: str, installed: Sequence[InstalledPlugin] | None = None) -> Plugin:
    """What an installed plugin says of itself, without loading it.

    Args:
        name: The plugin's name.
        installed: All that are, where they were listed already.

    Raises:
        PluginFailedError, PluginClashError: It is not installed, is installed twice, or cannot be imported.
    """
    found = get_installed(name, installed or list_installed())
    module = import_module(name, found.module_name)
    record = getattr(module, "register_plugin", lambda: None)()
    if not isinstance(record, Plugin):
        raise PluginFailedError(
            f"The plugin {name}: {found.module_name} does not implement register_plugin.",
            action="Add the function, marked with @hookimpl; it returns one Plugin.",
            details={"plugin": name, "hook": "register_plugin"},
        )
    check_record(name, "register_plugin", record)
    return record


def with_required(*names: str) -> tuple[str, ...]:
    """Plugins with all that they require, and what that requires: what a plugin comes after, before it.

    Raises:
        PluginFailedError, PluginClashError: One of them cannot be imported.
    """
    installed = list_installed()
    ordered: dict[str, None] = {}
    begun: set[str] = set()

    def add(name: str) -> None:
        if name in begun:
            return
        begun.add(name)
        for other in introduce(name, installed).requires:
            add(other)
        ordered[name] = None

    for name in names:
        add(name)
    return tuple(ordered)


def write_plugins_toml(
    directory: Path, plugins: Iterable[str] | Mapping[str, PluginSettings], *, shipped: bool = False
) -> Path:
    """Write a store's own `plugins.toml`, and make its directory if it is not there.

    Args:
        directory: The data directory.
        plugins: Those that are loaded, with all that they require; each with its settings where they are given.
        shipped: Load those too that Synthetic brings.

    Returns:
        The file.

    Raises:
        PluginFailedError, PluginClashError: One of them, or of those that they require, cannot be imported.
    """
    given = _with_settings(plugins)
    listed = {name: given.get(name, {}) for name in with_required(*given)}
    off: dict[str, PluginSettings] = {} if shipped else {name: {"enabled": False} for name in shipped_plugins()}
    tables = {name: lines for name, lines in off.items() if name not in listed} | listed
    directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    path = directory / FILE_NAME
    path.write_text("\n".join(_table(name, values) for name, values in tables.items()), "utf-8")
    return path


def _with_settings(plugins: Iterable[str] | Mapping[str, PluginSettings]) -> Mapping[str, PluginSettings]:
    if isinstance(plugins, Mapping):
        return cast("Mapping[str, PluginSettings]", plugins)
    return {name: {} for name in plugins}


def _table(name: str, values: PluginSettings) -> str:
    # What JSON writes of numbers, texts, truth values and lists of them, TOML reads as the same.
    lines = [f"{key} = {json.dumps(value, ensure_ascii=False)}" for key, value in values.items()]
    return "\n".join([f"[plugins.{name}]", *lines, ""])


def load_plugins(directory: Path, *, settings: Mapping[str, str] | None = None) -> Registry:
    """Load what the `plugins.toml` of a directory lists, with the settings of tests.

    Args:
        directory: The data directory.
        settings: More, by dotted name, as `--set` takes them.

    Raises:
        SyntheticError: They cannot be loaded.
    """
    return load_registry(directory, overrides={**FAST_SETTINGS, **(settings or {})}, environ={})


@contextlib.contextmanager
def open_plugin_store(
    directory: Path,
    plugins: Iterable[str] | Mapping[str, PluginSettings],
    *,
    shipped: bool = False,
    settings: Mapping[str, str] | None = None,
    clock: Clock | None = None,
    migrate: bool = True,
) -> Generator[Store]:
    """A store with these plugins and all that they require, for the length of a `with`.

    Args:
        directory: The data directory; its `plugins.toml` is written.
        plugins: Names of installed plugins, each with its settings where they are given.
        shipped: Load those too that Synthetic brings.
        settings: More settings, by dotted name, as `--set` takes them.
        clock: In place of the machine's.
        migrate: Bring it up to date; else a store that lacks a migration is refused.

    Raises:
        SyntheticError: The plugins cannot be loaded, or the store cannot be opened.
    """
    write_plugins_toml(directory, plugins, shipped=shipped)
    registry = load_plugins(directory, settings=settings)
    kernel = Kernel.open(directory, registry=registry, migrate=migrate, clock=clock or SystemClock())
    with Store(kernel) as store:
        yield store

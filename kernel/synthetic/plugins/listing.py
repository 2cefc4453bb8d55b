"""What `plugins.toml` says of a plugin to the loader, and what became of the plugin."""

from __future__ import annotations

from dataclasses import dataclass
from types import ModuleType
from typing import Any

from synthetic.contributions import Plugin


@dataclass(frozen=True, slots=True)
class Listing:
    """The keys of a plugin's table that are the loader's, not the plugin's.

    Attributes:
        enabled: Whether it is loaded at all.
        optional: Whether the store starts without it when it cannot be loaded.
    """

    enabled: bool = True
    optional: bool = False


@dataclass(frozen=True, slots=True)
class LoadedPlugin:
    """A plugin that is part of this kernel.

    Attributes:
        name: Its name in `plugins.toml`.
        record: What it says of itself.
        distribution: The package it came in.
        version: Version of that package.
        module: Its module `plugin`.
        settings: Its settings object, or None if it has none.
        optional: Whether the store would start without it.
    """

    name: str
    record: Plugin
    distribution: str
    version: str
    module: ModuleType
    settings: Any
    optional: bool


@dataclass(frozen=True, slots=True)
class LeftOut:
    """An optional plugin that could not be loaded, or one that requires such a plugin.

    Attributes:
        name: Its name in `plugins.toml`.
        reason: Why, as a sentence.
        action: What the operator can do.
        code: Of the error that left it out.
    """

    name: str
    reason: str
    action: str
    code: str = "PLUGIN_FAILED"


@dataclass(frozen=True, slots=True)
class NoSettings:
    """Stands for a plugin without settings, so that any key in its table is unknown."""

"""A plugin on its way into a kernel: imported, asked, taken in."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from types import ModuleType
from typing import Any

from synthetic.contributions import Plugin
from synthetic.plugins.discovery import InstalledPlugin
from synthetic.plugins.listing import LoadedPlugin
from synthetic.settings import SettingValue


@dataclass(frozen=True, slots=True)
class Candidate:
    """A plugin that was imported and has said who it is."""

    installed: InstalledPlugin
    module: ModuleType
    record: Plugin


@dataclass(frozen=True, slots=True)
class Room:
    """A module of a plugin that implements hooks; `only_with` names the plugin without which it does not count."""

    module: ModuleType
    only_with: str | None


@dataclass(frozen=True, slots=True)
class Returned:
    """What one module returned from one hook."""

    room: Room
    hook: str
    records: tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Implementation:
    """The function with which one module implements a hook that runs while a store is open."""

    room: Room
    hook: str
    function: Callable[..., Any]


@dataclass(frozen=True, slots=True)
class Accepted:
    """A plugin that was asked for everything, and may stay."""

    loaded: LoadedPlugin
    setting_values: tuple[SettingValue, ...]
    contributions: tuple[Returned, ...]
    implementations: tuple[Implementation, ...]

    def records_of(self, hook: str) -> tuple[Any, ...]:
        """What it returned from a hook, by all its modules."""
        return tuple(record for each in self.contributions if each.hook == hook for record in each.records)

"""The plugins' parts of the demo: their modules, imported when they are needed; their lives, as background work."""

from __future__ import annotations

import dataclasses
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from types import ModuleType
from typing import Any, TypeAlias

from synthetic.contributions import Service, Stamped
from synthetic.database.ownership import BlockingStore
from synthetic.demo.fleet import Fleet
from synthetic.demo.history import History
from synthetic.errors import PluginFailedError
from synthetic.plugins.discovery import import_module
from synthetic.registry import Registry

Live: TypeAlias = Callable[[BlockingStore, Fleet, random.Random], None]


@dataclass(frozen=True, slots=True)
class LoadedPart:
    """A plugin's part, with its module imported.

    Attributes:
        plugin: The plugin.
        history: What it has to tell of a construct, if anything.
        live: One step of what goes on, if anything does.
        every_ms: Pause between two steps.
    """

    plugin: str
    history: History | None
    live: Live | None
    every_ms: int


def load_parts(registry: Registry) -> tuple[LoadedPart, ...]:
    """The parts of all loaded plugins, in load order.

    Raises:
        PluginFailedError: A module cannot be imported, or has neither function.
    """
    parts: list[LoadedPart] = []
    for stamped in registry.demo:
        module = import_module(stamped.plugin, stamped.record.module)
        history, live = _function_of(module, "history"), _function_of(module, "live")
        if history is None and live is None:
            raise PluginFailedError(
                f"The plugin {stamped.plugin}: {module.__name__} has neither history nor live.",
                action="Define one of the two functions, or take the part of the demo out.",
                details={"plugin": stamped.plugin, "hook": "register_demo"},
            )
        parts.append(LoadedPart(stamped.plugin, history, live, stamped.record.every_ms))
    return tuple(parts)


def histories(parts: Sequence[LoadedPart]) -> list[tuple[str, History]]:
    """Those parts that have a history, as `merged_history` takes them."""
    return [(part.plugin, part.history) for part in parts if part.history is not None]


def with_lives(registry: Registry, parts: Sequence[LoadedPart], fleet: Fleet, started_at: int) -> Registry:
    """The registry with a service for each part that lives: it runs like any, supervised, in one process.

    Args:
        registry: What is to be served.
        parts: Of its plugins.
        fleet: The plan.
        started_at: When the server starts, so that each start goes on in its own way; Unix milliseconds.
    """
    services = [_service(part, part.live, fleet, started_at) for part in parts if part.live is not None]
    return dataclasses.replace(registry, services=(*registry.services, *services))


def _service(part: LoadedPart, live: Live, fleet: Fleet, started_at: int) -> Stamped[Service]:
    draw = fleet.random("live", part.plugin, started_at)

    def step(store: BlockingStore) -> int:
        live(store, fleet, draw)
        # Nothing is left to do at once: the next step comes after the pause.
        return 0

    return Stamped(
        part.plugin,
        Service(name="demo", purpose="Lets the made-up fleet go on.", work=step, every_ms=part.every_ms),
    )


def _function_of(module: ModuleType, name: str) -> Callable[..., Any] | None:
    found = getattr(module, name, None)
    return found if callable(found) else None

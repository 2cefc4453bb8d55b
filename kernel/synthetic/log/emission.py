"""Writing events: they are gathered while a write runs, and inserted before its savepoint is released.

So the events of a write are committed with its rows, or not at all, and a write
that makes many of them pays for one statement.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, Self

from synthetic.clock import new_id
from synthetic.contributions import EventType, Stamped
from synthetic.errors import PluginFailedError
from synthetic.json_text import to_json
from synthetic.log.appended import EventValues
from synthetic.log.positions import EPOCH

if TYPE_CHECKING:
    from collections.abc import Sequence

    from synthetic.database.surroundings import SettingsLookup
    from synthetic.origin import Origin

PAYLOAD_CHARACTERS_MAX = 16_384
"""An event carries ids, deltas and short values; what is longer belongs in a table."""

BATCH_EVENTS = 1_000
"""So many are inserted at once, at most; a write that makes more inserts them in between."""

COLUMNS = (
    "id, type, module, construct_id, entity_type, entity_id, payload, actor, correlation_id, causation_id,"
    " occurred_at_utc, ingested_at_utc"
)
INSERT = f"INSERT INTO domain_events ({COLUMNS}, epoch) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, {EPOCH})"

NO_PACKAGES: Mapping[str, str] = {}


class EventCatalogue:
    """The event types of all loaded plugins, as a resource of a kernel's transactions."""

    def __init__(self, declared: Sequence[Stamped[EventType]], packages: Mapping[str, str] = NO_PACKAGES) -> None:
        """Make it.

        Args:
            declared: The event types.
            packages: From the import name of each plugin's package to the plugin: who emits what is not declared.
        """
        self._packages = packages
        self._modules = {event.record: event.plugin for event in declared}
        self._by_name = {event.record.name: event for event in declared}

    @classmethod
    def make(cls, _settings: SettingsLookup, /) -> Self:
        """Without a kernel nothing is declared."""
        return cls(())

    def module_of(self, event_type: EventType) -> str:
        """The plugin that declares an event type.

        Raises:
            PluginFailedError: None does; it names the plugin whose code has called.
        """
        module = self._modules.get(event_type)
        if module is None:
            raise self._undeclared(event_type)
        return module

    def _undeclared(self, event_type: EventType) -> PluginFailedError:
        plugin = next((self._packages[name] for name in _packages_that_call() if name in self._packages), None)
        who = "Something" if plugin is None else f"The plugin {plugin}"
        return PluginFailedError(
            f"{who} emits the event type {event_type.name}, which no loaded plugin declares.",
            action="Return it from register_events of the plugin that emits it.",
            details={"plugin": plugin, "event": event_type.name},
        )

    def find(self, name: str) -> Stamped[EventType] | None:
        """The event type of this name, with the plugin that declares it."""
        return self._by_name.get(name)

    def names(self) -> list[str]:
        """The names of all event types."""
        return sorted(self._by_name)


def _packages_that_call() -> Iterator[str]:
    """The packages of the code that is under way, the innermost first."""
    frame = inspect.currentframe()
    while frame is not None:
        yield frame.f_globals.get("__name__", "").rpartition(".")[0]
        frame = frame.f_back


class EventBuffer:
    """The events of one write that are not in the table yet.

    Attributes:
        now: When they are written, Unix milliseconds UTC.
        waiting: What is to be inserted.
        first: Type and id of the entity that the first event was about, inserted or not.
    """

    __slots__ = ("_origin", "first", "now", "waiting")

    def __init__(self, origin: Origin, now: int) -> None:
        self._origin = origin
        self.now = now
        self.waiting: list[EventValues] = []
        self.first: tuple[str, str] | None = None

    def add(
        self,
        event_type: EventType,
        module: str,
        entity_id: str,
        *,
        construct_id: str | None,
        payload: Mapping[str, Any] | None,
        occurred_at: int | None,
        id: str | None,
        causation_id: str | None,
    ) -> str:
        """Gather an event; see `Transaction.emit`.

        Returns:
            Its id.
        """
        text = to_json(payload) if payload else "{}"
        if len(text) > PAYLOAD_CHARACTERS_MAX:
            raise ValueError(f"the payload of {event_type.name} has {len(text)} characters; an event carries no bodies")
        if self.first is None:
            self.first = event_type.entity, entity_id
        origin, now, event_id = self._origin, self.now, id or new_id()
        self.waiting.append(
            (
                event_id,
                event_type.name,
                module,
                construct_id,
                event_type.entity,
                entity_id,
                text,
                origin.actor,
                origin.correlation_id,
                causation_id or origin.causation_id,
                now if occurred_at is None else occurred_at,
                now,
            )
        )
        return event_id

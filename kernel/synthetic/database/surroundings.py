"""What a kernel lends to each of its transactions: settings, and resources such as caches."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol, Self, TypeVar

RecordT = TypeVar("RecordT")


class SettingsLookup(Protocol):
    """Finds the loaded settings of a class."""

    def __call__(self, settings_class: type[RecordT], /) -> RecordT:
        """The loaded settings object of that class."""
        ...


class Resource(Protocol):
    """Something that lives as long as a kernel, such as a cache."""

    @classmethod
    def make(cls, settings: SettingsLookup, /) -> Self:
        """Build it from settings; called once for each kernel."""
        ...


ResourceT = TypeVar("ResourceT", bound=Resource)


class Contributed:
    """What the loaded plugins returned from hooks that plugins offer, as a resource of a kernel's transactions."""

    def __init__(self, records: Mapping[type[Any], tuple[Any, ...]]) -> None:
        """Make it of the records of each class, in load order."""
        self._records = records

    @classmethod
    def make(cls, _settings: SettingsLookup, /) -> Self:
        """Without a kernel nothing was contributed."""
        return cls({})

    def of(self, record_class: type[RecordT]) -> tuple[RecordT, ...]:
        """The records of a class."""
        return self._records.get(record_class, ())


class Surroundings:
    """What a kernel lends to each of its transactions: settings and resources."""

    def __init__(self, settings: SettingsLookup) -> None:
        self.settings = settings
        self._resources: dict[type[Any], Any] = {}

    def provide(self, resource: Any) -> None:
        """Lend an object that was made elsewhere, by its class."""
        self._resources[type(resource)] = resource

    def resource(self, resource_class: type[ResourceT]) -> ResourceT:
        """The kernel's one object of this class, made on first use."""
        found = self._resources.get(resource_class)
        if found is None:
            # Two threads may both make one; the first that is stored wins.
            found = self._resources.setdefault(resource_class, resource_class.make(self.settings))
        return found

    def contributed(self, record_class: type[RecordT]) -> tuple[RecordT, ...]:
        """The records of a class that the loaded plugins returned from a hook which a plugin offers, in load order."""
        return self.resource(Contributed).of(record_class)

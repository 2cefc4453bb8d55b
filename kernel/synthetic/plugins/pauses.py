"""Services whose pause is a setting of their plugin: whether there is one, and what it is set to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from synthetic.contributions import Service, Stamped
from synthetic.errors import PluginFailedError


def check_pauses(plugin: str, contributed: Iterable[Any], settings: Any) -> None:
    """Refuse a service that names a setting as its pause which is none.

    Args:
        plugin: Its name.
        contributed: All its records, of any kind.
        settings: Its settings as they were loaded; None if it has none.

    Raises:
        PluginFailedError: There is one.
    """
    for record in contributed:
        if not isinstance(record, Service) or not record.every_setting:
            continue
        every_ms = getattr(settings, record.every_setting, None)
        if not isinstance(every_ms, int) or isinstance(every_ms, bool) or every_ms < 1:
            raise PluginFailedError(
                f"The plugin {plugin}: its service {record.name} names {record.every_setting} as its pause, which is no"
                " setting of the plugin with a whole number of milliseconds.",
                details={"plugin": plugin, "service": record.name},
            )


def set_pauses(services: Iterable[Stamped[Service]], settings: Mapping[str, Any]) -> tuple[Stamped[Service], ...]:
    """The services with their pauses as they are set.

    Args:
        services: Of the loaded plugins, which were checked when these were loaded.
        settings: Of each plugin, by its name.
    """
    return tuple(Stamped(service.plugin, _paced(service.record, settings[service.plugin])) for service in services)


def _paced(service: Service, settings: Any) -> Service:
    if not service.every_setting:
        return service
    return replace(service, every_ms=getattr(settings, service.every_setting), every_setting="")

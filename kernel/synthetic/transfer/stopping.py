"""Breaking off an export or an import where that leaves nothing half done."""

from __future__ import annotations

from collections.abc import Callable
from threading import Event


class StoppedError(Exception):
    """Somebody has asked for an end; what is complete is kept."""


def stopper(stop: Event) -> Callable[[], None]:
    """A function that raises StoppedError once the event is set."""

    def check() -> None:
        if stop.is_set():
            raise StoppedError

    return check

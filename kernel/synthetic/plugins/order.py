"""In what order plugins are loaded: `requires`, `after`, then the order of the files. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from synthetic.contributions import Plugin


class PluginCycleError(Exception):
    """Plugins wait for each other in a circle.

    Attributes:
        cycle: Their names, each waiting for the next, the last for the first.
    """

    def __init__(self, cycle: tuple[str, ...]) -> None:
        self.cycle = cycle
        super().__init__(" -> ".join((*cycle, cycle[0])))


def order_plugins(records: Mapping[str, Plugin]) -> tuple[str, ...]:
    """Names in load order: the first of the file whose predecessors are all loaded, again and again.

    Args:
        records: The plugins in the order of the files; what they require and
            is not among them is ignored.

    Raises:
        PluginCycleError: There is no such order.
    """
    waits_for = {
        name: [other for other in (*record.requires, *record.after) if other in records]
        for name, record in records.items()
    }
    ordered: list[str] = []
    while len(ordered) < len(records):
        ready = (name for name in records if name not in ordered and all(other in ordered for other in waits_for[name]))
        following = next(ready, None)
        if following is None:
            raise PluginCycleError(_find_cycle(waits_for, ordered))
        ordered.append(following)
    return tuple(ordered)


def _find_cycle(waits_for: Mapping[str, list[str]], ordered: list[str]) -> tuple[str, ...]:
    """Follow what is waited for until a name comes again: from there on it is a circle."""
    path = [next(name for name in waits_for if name not in ordered)]
    while True:
        following = next(other for other in waits_for[path[-1]] if other not in ordered)
        if following in path:
            return tuple(path[path.index(following) :])
        path.append(following)

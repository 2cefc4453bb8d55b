"""What the garbage collector need not look at again: what was made at the start, and connections that stay open.

An open socket is about a hundred objects, nearly all of which are freed as soon
as nobody refers to them. A full collection looks at each of them, and stops
everything for it: with 5,000 sockets for a third of a second. So they are taken
out of its sight as they come. What refers to itself is not freed then, so when
most connections have gone, all is looked at once more.
"""

from __future__ import annotations

import gc

GROWTH = 250
"""So many connections more make it worth while."""

YOUNG_MAX = 5_000
"""So many objects are made before the collector looks for garbage among them. Python's own figure is 700, which is
less than a page of a list: each request would be looked through several times while all of it is in use."""


class LongLived:
    """Keeps the collector from what lives long."""

    def __init__(self) -> None:
        self._connections = 0
        self._threshold = gc.get_threshold()

    def begin(self) -> None:
        """What was made until now lives as long as the process."""
        gc.collect()
        gc.freeze()
        if gc.get_threshold()[0] != YOUNG_MAX:
            self._threshold = gc.get_threshold()
        gc.set_threshold(YOUNG_MAX, *self._threshold[1:])

    def note(self, connections: int) -> None:
        """So many connections are open; called now and then."""
        if connections >= self._connections + GROWTH:
            # The young ones among what is garbage already are found quickly.
            gc.collect(1)
            gc.freeze()
            self._connections = connections
        elif connections < self._connections // 2:
            gc.unfreeze()
            gc.collect()
            gc.freeze()
            self._connections = connections

    def end(self) -> None:
        """The server stops, and what is around it may go on."""
        gc.unfreeze()
        gc.set_threshold(*self._threshold)
        self._connections = 0

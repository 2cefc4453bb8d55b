"""Files on which SQLite never sleeps, for a connection that an event loop reads on.

A busy time-out of 0 is not enough: where another process holds the locks of the
write-ahead log's index, because it was stopped in the middle of a checkpoint,
SQLite tries a hundred times and sleeps in between, for ten seconds in all. It
asks the layer of files (VFS) to sleep; this one does not, so that the hundredth
attempt fails within a millisecond.
"""

from __future__ import annotations

import itertools

import apsw

_NUMBERS = itertools.count(1)


class UnwaitingFiles(apsw.VFS):
    """The system's files without the sleep; to be kept as long as a connection uses it.

    Everything else is inherited from SQLite's own layer, so that its locks are
    those of the process's other connections.

    Attributes:
        name: By which a connection is opened on it.
    """

    def __init__(self) -> None:
        # Names belong to the whole process, and several stores may be open in it.
        self.name = f"synthetic-unwaiting-{next(_NUMBERS)}"
        super().__init__(self.name, "", maxpathname=0)

    def xSleep(self, microseconds: int) -> int:  # noqa: N802, ARG002 - SQLite's
        """Return at once, having slept for 0 microseconds."""
        return 0

"""Named crash points: where a test has a process killed, in the midst of what takes several steps.

What takes one transaction needs none: it is done or it is not. What takes more
(a file and a row, several transactions, several files) has a crash point after
each step that a crash may be the last thing to follow, so that tests kill a
process there, start the store again, and look at what is left::

    file = write_whole(target)
    crash_point("report.file_written")
    store.write(insert_row, file)

A point is called as the operation and the step that is done, with a full stop
between them. It costs one comparison unless it is armed, which nothing but the
environment of a command can do: neither a setting nor a request comes near it.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Mapping

CRASH_VARIABLE = "SYNTHETIC_CRASH_AT"
"""Names a point, or, as `retention.batch_deleted:3`, the third time that it is reached."""


class _Armed:
    """A point, and how often it may still be reached.

    Attributes:
        name: The point's.
        left: The time at which the process is killed counts down to 0.
    """

    def __init__(self, wanted: str) -> None:
        self.name, _, times = wanted.partition(":")
        self.left = int(times or 1)


_armed: _Armed | None = None


def arm(environ: Mapping[str, str]) -> None:
    """Arm the point that the environment names, for this process and its forks; without one, none is armed.

    Raises:
        ValueError: What follows the colon is no number.
    """
    global _armed  # noqa: PLW0603 - a process crashes as a whole
    wanted = environ.get(CRASH_VARIABLE)
    _armed = _Armed(wanted) if wanted else None


def crash_point(name: str) -> None:
    """Kill the process here, as `kill -9` does, if this point is armed.

    Args:
        name: As `operation.step`, in lower-case words.
    """
    if _armed is not None and _armed.name == name:
        _armed.left -= 1
        if _armed.left == 0:
            os.kill(os.getpid(), signal.SIGKILL)

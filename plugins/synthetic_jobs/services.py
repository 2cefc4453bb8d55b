"""Background work: jobs that nobody holds any more, waits that are over, and schedules whose time has come.

Each looks first, on a connection that takes no lock: most of the time there is nothing to do.
"""

from __future__ import annotations

from synthetic import BlockingStore, SyntheticError, logger_for
from synthetic_jobs.store import (
    fire_schedule,
    is_anything_stuck,
    list_due_schedules,
    pause_schedule,
    reap_jobs,
)

log = logger_for(__name__)

SCHEDULES_MAX = 50
"""Schedules that one step sees to, each in a transaction of its own."""


def reap(store: BlockingStore) -> int:
    """One step: deal with some jobs whose lease ran out, and with some whose wait is over.

    Returns:
        How many jobs were changed; 0 when there are none left.
    """
    if not store.read(is_anything_stuck):
        return 0
    return store.write(reap_jobs)


def fire(store: BlockingStore) -> int:
    """One step: make the jobs of schedules whose time has come.

    A schedule with which something is wrong is paused, with the reason, and the others go on.

    Returns:
        How many schedules were seen to; 0 when none is due.

    Raises:
        SyntheticError: The store cannot be read or written now.
    """
    due = store.read(list_due_schedules, SCHEDULES_MAX)
    for schedule_id in due:
        try:
            store.write(fire_schedule, schedule_id)
        except Exception as error:
            if isinstance(error, SyntheticError) and error.recoverable:
                raise
            # Where it is the store that fails, or another process that has taken over, this fails as well.
            store.write(pause_schedule, schedule_id, _reason(error))
            log.warning("schedule paused", schedule=schedule_id, exc_info=error)
    return len(due)


def _reason(error: Exception) -> str:
    """What went wrong with a schedule, for people; of what nobody expected, the log tells more."""
    if isinstance(error, SyntheticError):
        return error.message
    return f"Something unexpected went wrong ({type(error).__name__}); the server's log tells more."

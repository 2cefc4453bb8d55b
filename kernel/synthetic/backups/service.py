"""Backups as background work: by the schedule, and when somebody asks for one."""

from __future__ import annotations

import contextlib
from typing import NamedTuple

from synthetic.backups.errors import BackupBusyError
from synthetic.backups.notes import BACKUP, REQUESTED, find_request
from synthetic.backups.places import check_places
from synthetic.backups.proving import GoOn
from synthetic.backups.running import StoreBackups, back_up_store
from synthetic.backups.schedule import check_schedule, next_at, pause_ms
from synthetic.clock import Clock
from synthetic.contributions import Service
from synthetic.database.ownership import BlockingStore
from synthetic.database.snapshot import Snapshot
from synthetic.database.transaction import Transaction
from synthetic.log.sync.publication import publish_status
from synthetic.log.sync.statuses import find_status
from synthetic.log.sync.store import SyncState, find_state, save_state

EVERY_MS = 1_000
RETRY_MS = 600_000
"""After a backup has failed or was cut short, it is tried again so much later, until one succeeds."""

LOOK_SECONDS = 0.1


class Due(NamedTuple):
    """A backup that is to be taken now.

    Attributes:
        reason: Why, in lower-case words.
    """

    reason: str


def backup_service(backups: StoreBackups) -> Service:
    """The taking of backups, as the kernel's background work.

    Raises:
        SettingsInvalidError: The schedule is none, or a folder lies in the data directory.
    """
    schedule = backups.settings.backups.schedule
    check_schedule(schedule)
    check_places(backups.directory, backups.settings)

    def work(store: BlockingStore) -> int:
        due = store.read(find_due, schedule)
        if due is None:
            if store.read(find_other_interval, schedule) is not None:
                store.write(_save_interval, schedule)
            return 0
        interval_ms = pause_ms(schedule, backups.clock.now_ms())
        go_on = _until_stopped(store, backups.clock)
        # While another process, such as a command, takes one there, it is not reported, and due again.
        with contextlib.suppress(BackupBusyError):
            back_up_store(store, backups, due.reason, go_on, expected_interval_ms=interval_ms)
        return 0

    return Service(
        name="backup",
        purpose="Takes backups by the schedule and when they are asked for, and proves them.",
        work=work,
        every_ms=EVERY_MS,
    )


def _until_stopped(store: BlockingStore, clock: Clock) -> GoOn:
    """The function to call while a backup is taken: raises once the background work is to end, which a read tells."""
    looked_at = float("-inf")

    def go_on(_done_bytes: int) -> None:
        nonlocal looked_at
        now = clock.monotonic()
        if now - looked_at >= LOOK_SECONDS:
            looked_at = now
            store.read(_look)

    return go_on


def find_due(snapshot: Snapshot, schedule: str) -> Due | None:
    """The backup that is to be taken now, or None.

    Args:
        snapshot: To look in.
        schedule: As of the settings; "": there is none.
    """
    request = find_request(snapshot)
    if request is not None:
        return Due(request.reason)
    state = find_state(snapshot, BACKUP)
    if state is not None and state.requested is not None:
        return Due(REQUESTED)
    if schedule and _is_time(state, schedule, snapshot.now):
        return Due("schedule")
    return None


def _is_time(state: SyncState | None, schedule: str, now: int) -> bool:
    if state is None or state.last_attempt_at is None:
        return True  # the first one does not wait
    if state.disabled_at is not None:
        return False
    if state.last_attempt_at > now + RETRY_MS:
        return True  # the clock was ahead then, and when it comes to that time again nobody knows
    # One that is still said to run was cut short: while it does run, its folder is locked.
    is_unfinished = state.error is not None or state.heard_at is not None
    if is_unfinished and now - state.last_attempt_at >= RETRY_MS:
        return True
    return next_at(schedule, state.last_attempt_at) <= now


def find_other_interval(snapshot: Snapshot, schedule: str) -> int | None:
    """How much time may pass after the last backup, where the module was told otherwise; None: it knows that.

    A command does not say it when it takes one, and the schedule may have been changed since.

    Args:
        snapshot: To look in.
        schedule: As of the settings; "": there is none.
    """
    state = find_state(snapshot, BACKUP)
    if state is None or state.last_attempt_at is None or state.heard_at is not None:
        return None
    interval_ms = pause_ms(schedule, state.last_attempt_at)
    return None if state.expected_interval_ms == interval_ms else interval_ms


def _save_interval(tx: Transaction, schedule: str) -> None:
    state, interval_ms = find_state(tx, BACKUP), find_other_interval(tx, schedule)
    if state is not None and interval_ms is not None:
        before = find_status(tx, BACKUP)
        save_state(tx, state._replace(expected_interval_ms=interval_ms))
        publish_status(tx, BACKUP, before)


def _look(_snapshot: Snapshot) -> None:
    """Nothing: that the read is answered is what is asked."""

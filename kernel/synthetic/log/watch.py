"""`LogWatch`: what was appended to the log, told to whoever listens.

This process's own commits are announced by its writer at once. Those of other
processes are noticed on one dedicated connection: while somebody listens, a
thread asks it for `PRAGMA data_version`, which reads no page, and looks at the
log only when that has moved.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import apsw

from synthetic.database.connections import open_reader
from synthetic.kernel_settings import DatabaseSettings
from synthetic.log.appended import Appended
from synthetic.log.positions import HEAD
from synthetic.logs import logger_for

POLL_SECONDS = 0.03
"""How often commits of other processes are looked for: half of it is the median wait for one."""

ALONE_POLL_SECONDS = 0.075
"""The same where for `ALONE_SECONDS` only this process has committed events: half of it is under what is promised."""

ALONE_SECONDS = 60.0

UNREADABLE_SECONDS = 1.0
"""Pause after the store could not be read."""

TYPES_EVENTS_MAX = 1_000
"""Of so many new events of other processes their types are looked at, at most."""

_TYPES = "SELECT DISTINCT type FROM domain_events WHERE position > ? AND position <= ?"

log = logger_for(__name__)

Listener = Callable[[Appended], None]


class _Listening(NamedTuple):
    """Someone who is told, compared by identity.

    Attributes:
        tell: Tells them.
        poll_seconds: How often other processes' commits are looked for, for their sake.
        count_subscribers: How many wait behind them for what is told.
    """

    tell: Listener
    poll_seconds: float
    count_subscribers: Callable[[], int]


class LogWatch:
    """Tells listeners when events were committed, by this process or another.

    Listeners are called with what was appended, from any thread, and must be
    quick. They may be told of the same events twice, and of some later than of
    those that follow these: `Appended.after` says what they may have missed.
    """

    def __init__(self, path: Path, settings: DatabaseSettings) -> None:
        self._path = path
        self._settings = settings
        self._listeners: tuple[_Listening, ...] = ()
        # Where the log is, is told first.
        self._announced_to = -1
        self._others_at = -ALONE_SECONDS
        self._changing = threading.Lock()
        self._closed = threading.Event()
        # Set when someone has come who wants to be told sooner.
        self._hurried = threading.Event()
        self._thread: threading.Thread | None = None

    def listen(
        self,
        listener: Listener,
        *,
        poll_seconds: float = POLL_SECONDS,
        count_subscribers: Callable[[], int] = lambda: 0,
    ) -> Callable[[], None]:
        """Begin to tell someone.

        Args:
            listener: Whom.
            poll_seconds: How often other processes' commits are to be looked for, for this one's sake.
            count_subscribers: Says how many wait behind the listener for what it is told.

        Returns:
            What ends it; it may be called more than once.
        """
        listening = _Listening(listener, poll_seconds, count_subscribers)
        with self._changing:
            self._listeners = (*self._listeners, listening)
            self._hurried.set()
            if self._thread is None and not self._closed.is_set():
                self._thread = threading.Thread(target=self._poll, name="synthetic-log-watch", daemon=True)
                self._thread.start()

        def end() -> None:
            with self._changing:
                self._listeners = tuple(other for other in self._listeners if other is not listening)

        return end

    def subscribers(self) -> int:
        """How many in this process are about to be told of what is announced."""
        return sum(listening.count_subscribers() for listening in self._listeners)

    def announce(self, appended: Appended) -> None:
        """Tell all listeners."""
        if appended.after > self._announced_to >= 0:
            # What is between the two, another process has committed.
            self._others_at = time.monotonic()
        self._announced_to = max(self._announced_to, appended.head)
        for listening in self._listeners:
            listening.tell(appended)

    def close(self) -> None:
        """Stop watching."""
        self._closed.set()
        self._hurried.set()
        with self._changing:
            thread = self._thread
        if thread is not None:
            thread.join()

    def _poll(self) -> None:
        """Watch for as long as somebody listens."""
        connection: apsw.Connection | None = None
        seen = -1
        try:
            while not self._has_ended():
                try:
                    if connection is None:
                        connection = open_reader(self._path, self._settings)
                    # Not `apsw.Connection.data_version`, which counts this process's own commits differently.
                    version = connection.execute("PRAGMA data_version").get
                    if version != seen:
                        # Kept before the log is read: a commit in between is noticed the next time.
                        seen = version
                        self._announce_others(connection)
                except apsw.Error:
                    log.warning("log cannot be watched", exc_info=True)
                    # What has moved was not told of: it is looked at again, on a new connection.
                    seen = -1
                    if connection is not None:
                        connection.close()
                        connection = None
                    self._closed.wait(UNREADABLE_SECONDS)
                self._pause()
        finally:
            if connection is not None:
                connection.close()

    def _announce_others(self, connection: apsw.Connection) -> None:
        """Tell of what follows that which was told of last, if there is anything."""
        after = self._announced_to
        head = connection.execute(f"SELECT {HEAD}").get
        if head <= after:
            return
        if after >= 0:
            self._others_at = time.monotonic()
        types: frozenset[str] | None = None
        if head - after <= TYPES_EVENTS_MAX:
            types = frozenset(name for (name,) in connection.execute(_TYPES, (after, head)))
        self.announce(Appended(after, head, types))

    def _pause(self) -> None:
        seconds = min((listening.poll_seconds for listening in self._listeners), default=POLL_SECONDS)
        if time.monotonic() - self._others_at >= ALONE_SECONDS:
            seconds = max(seconds, ALONE_POLL_SECONDS)
        if seconds <= ALONE_POLL_SECONDS:
            # Waking a thread is all that this costs, and an event with a time-out takes twice as much as a sleep.
            time.sleep(seconds)
        else:
            self._hurried.wait(seconds)
            self._hurried.clear()

    def _has_ended(self) -> bool:
        with self._changing:
            if self._listeners and not self._closed.is_set():
                return False
            self._thread = None
            return True

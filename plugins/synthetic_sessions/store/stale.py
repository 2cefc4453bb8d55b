"""Which active sessions are stale: nobody has touched them within the threshold."""

from __future__ import annotations

from typing import NamedTuple

from synthetic import Snapshot
from synthetic_sessions.settings import SessionSettings

_COUNTS = (
    "SELECT (SELECT count(*) FROM sessions WHERE status = 'ACTIVE' AND last_activity_at < :before),"
    " (SELECT count(*) FROM sessions WHERE status = 'ACTIVE')"
)


class StaleCounts(NamedTuple):
    """How many active sessions there are, and how many of them are stale."""

    stale: int
    active: int


def stale_before(snapshot: Snapshot) -> int:
    """The instant, Unix milliseconds UTC: an active session whose last activity is before it is stale."""
    return snapshot.now - snapshot.settings(SessionSettings).stale_ms


def count_stale(snapshot: Snapshot) -> StaleCounts:
    """How many sessions are stale, of how many."""
    ((stale, active),) = snapshot.rows(_COUNTS, {"before": stale_before(snapshot)})
    return StaleCounts(stale, active)

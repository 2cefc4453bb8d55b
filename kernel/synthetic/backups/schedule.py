"""When a server takes backups by itself."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import islice, pairwise

from synthetic.errors import SettingsInvalidError

CRON_FIELDS = 5
GAPS = 16
"""So many pauses of a schedule are looked at to tell how long the longest is."""

SPARE_MS = 3_600_000
"""A backup may be late by so much before the module is STALE."""


def check_schedule(expression: str) -> None:
    """Refuse what is no schedule; an empty one is fine.

    Raises:
        SettingsInvalidError: It cannot be understood, or never comes to pass.
    """
    if not expression:
        return
    from cronsim import CronSim, CronSimError  # noqa: PLC0415 - every start of a command would pay for it

    try:
        if len(expression.split()) != CRON_FIELDS:
            raise CronSimError("it must have five fields: minute, hour, day of the month, month, day of the week")
        next(CronSim(expression, datetime(2026, 1, 1, tzinfo=UTC)))
    except (CronSimError, StopIteration) as error:
        raise SettingsInvalidError(
            f"kernel.backups.schedule is {expression!r}, which is no schedule: {str(error) or 'it never comes'}.",
            details={"setting": "kernel.backups.schedule"},
        ) from error


def next_at(expression: str, after_ms: int) -> int:
    """The first instant of a schedule after another, in Unix milliseconds."""
    from cronsim import CronSim  # noqa: PLC0415

    return int(next(CronSim(expression, datetime.fromtimestamp(after_ms // 1000, UTC))).timestamp()) * 1000


def longest_pause_ms(expression: str, now_ms: int) -> int:
    """The longest pause between two instants of a schedule, as far as the next ones tell, and a bit more."""
    from cronsim import CronSim  # noqa: PLC0415

    found = islice(CronSim(expression, datetime.fromtimestamp(now_ms // 1000, UTC)), GAPS)
    gaps = [int((later - earlier).total_seconds()) * 1000 for earlier, later in pairwise(found)]
    return max(gaps, default=0) + SPARE_MS

"""When a server takes backups by itself."""

from __future__ import annotations

from datetime import UTC, datetime

from synthetic.errors import SettingsInvalidError

CRON_FIELDS = 5
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


def pause_ms(expression: str, after_ms: int) -> int:
    """How long no backup need be taken after one that began at an instant, and a bit more.

    Args:
        expression: The schedule; "": there is none.
        after_ms: When the last one began, Unix milliseconds.

    Returns:
        Milliseconds; 0 without a schedule: any time.
    """
    return next_at(expression, after_ms) - after_ms + SPARE_MS if expression else 0

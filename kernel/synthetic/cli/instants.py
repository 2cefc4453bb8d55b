"""Instants on the command line: a span before now, or a time of the clock."""

from __future__ import annotations

import re

import typer

from synthetic.clock import SystemClock
from synthetic.errors import BadUserInputError
from synthetic.graphql.scalars import ms_from_iso

_UNITS_MS = {"s": 1_000, "m": 60_000, "h": 3_600_000, "d": 86_400_000, "w": 604_800_000}


def instant_of(text: str | None, option: str) -> int | None:
    """What an option such as `--since` names.

    Args:
        text: A span such as `2h`, before now, or an instant in ISO 8601; None: the option was not given.
        option: Its name, for the error.

    Returns:
        Unix milliseconds; None where nothing was given.

    Raises:
        typer.BadParameter: It is neither.
    """
    if text is None:
        return None
    span = re.fullmatch(r"(\d{1,6})([smhdw])", text)
    if span is not None:
        return SystemClock().now_ms() - int(span[1]) * _UNITS_MS[span[2]]
    try:
        return ms_from_iso(text)
    except BadUserInputError:
        raise typer.BadParameter(
            "neither a span like 90m or 2d nor an instant like 2027-01-31T00:00:00Z", param_hint=option
        ) from None

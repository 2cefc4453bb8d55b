"""The options by which commands name jobs, and the criteria that they make."""

from __future__ import annotations

import re
from typing import Annotated

import typer

from synthetic import BadUserInputError, SystemClock, ms_from_iso
from synthetic_jobs.criteria import Criteria
from synthetic_jobs.model import JobStatus

StatusOption = Annotated[
    list[JobStatus] | None,
    typer.Option("--status", case_sensitive=False, help="Only jobs in this status. May be repeated."),
]
KindOption = Annotated[
    list[str] | None, typer.Option("--kind", metavar="KIND", help="Only jobs of this kind. May be repeated.")
]
KeyOption = Annotated[
    list[str] | None, typer.Option("--key", metavar="KEY", help="Only jobs with this key. May be repeated.")
]
UserOption = Annotated[str | None, typer.Option("--user", metavar="ID", help="Only this user's jobs.")]
ProjectOption = Annotated[str | None, typer.Option("--project", metavar="ID", help="Only this project's jobs.")]
ConstructOption = Annotated[
    str | None, typer.Option("--construct", metavar="ID", help="Only jobs that work on this construct.")
]
ParentOption = Annotated[str | None, typer.Option("--parent", metavar="ID", help="Only the parts of this job.")]
ErrorOption = Annotated[
    str | None, typer.Option("--error", metavar="TEXT", help="Only jobs whose error message has this text.")
]
SinceOption = Annotated[
    str | None,
    typer.Option("--since", metavar="WHEN", help="Only jobs stored since: 2h (ago), or an instant in ISO 8601."),
]
BeforeOption = Annotated[
    str | None, typer.Option("--before", metavar="WHEN", help="Only jobs stored before: 7d (ago), or an instant.")
]

_UNITS_MS = {"s": 1_000, "m": 60_000, "h": 3_600_000, "d": 86_400_000, "w": 604_800_000}


def criteria_of(
    status: list[JobStatus] | None,
    kind: list[str] | None,
    key: list[str] | None,
    user: str | None,
    project: str | None,
    construct: str | None,
    parent: str | None,
    error: str | None,
    since: str | None,
    before: str | None,
) -> Criteria:
    """What the options say; an option that was not given says nothing.

    Raises:
        typer.BadParameter: An instant cannot be understood.
    """
    now = SystemClock().now_ms()
    return Criteria(
        statuses=status or None,
        kinds=kind or None,
        keys=key or None,
        user_id=user,
        project_id=project,
        construct_id=construct,
        parent_id=parent,
        error_contains=error,
        created_from=None if since is None else _instant(since, "--since", now),
        created_before=None if before is None else _instant(before, "--before", now),
    )


def _instant(text: str, option: str, now: int) -> int:
    """Unix milliseconds of a span before now, or of an instant.

    Raises:
        typer.BadParameter: It is neither.
    """
    span = re.fullmatch(r"(\d{1,6})([smhdw])", text)
    if span is not None:
        return now - int(span[1]) * _UNITS_MS[span[2]]
    try:
        return ms_from_iso(text)
    except BadUserInputError:
        raise typer.BadParameter(
            "neither a span like 90m or 2d nor an instant like 2027-01-31T00:00:00Z", param_hint=option
        ) from None

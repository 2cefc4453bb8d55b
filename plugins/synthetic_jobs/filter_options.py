"""The options by which commands name jobs, and the criteria that they make."""

from __future__ import annotations

from typing import Annotated

import typer

from synthetic.cli import instant_of
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
    return Criteria(
        statuses=status or None,
        kinds=kind or None,
        keys=key or None,
        user_id=user,
        project_id=project,
        construct_id=construct,
        parent_id=parent,
        error_contains=error,
        created_from=instant_of(since, "--since"),
        created_before=instant_of(before, "--before"),
    )

"""`synthetic jobs`: what an operator sees of jobs, and what can be done with them.

Watching is in `watch_command.py`, limits are in `limit_command.py`, schedules in `schedule_command.py`.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Generator
from typing import Annotated, Any

import typer

from synthetic import Snapshot, Store, Transaction
from synthetic.cli import DataOption, JsonOption, emit, fields_of, open_store, show
from synthetic_jobs.criteria import Criteria
from synthetic_jobs.filter_options import (
    BeforeOption,
    ConstructOption,
    ErrorOption,
    KeyOption,
    KindOption,
    ParentOption,
    ProjectOption,
    SinceOption,
    StatusOption,
    UserOption,
    criteria_of,
)
from synthetic_jobs.model import Job
from synthetic_jobs.presentation import (
    JobDetails,
    checkpoints_table,
    counts_in_words,
    details_as_json,
    history_table,
    job_as_json,
    job_fields,
    jobs_table,
)
from synthetic_jobs.store import (
    BulkChange,
    cancel_job,
    cancel_jobs,
    count_by_status,
    get_job,
    list_attempts,
    list_checkpoint_sizes,
    list_checkpoints,
    query_jobs,
    replay_job,
    retry_job,
    retry_jobs,
)

_NAMED_MAX = 20
"""Jobs whose ids are in the record of a command."""

_FAMILY_MAX = 100
"""Children, and replays, of one job that are shown."""

IdArgument = Annotated[str, typer.Argument(metavar="ID", help="Id of the job.", show_default=False)]
IdsArgument = Annotated[
    list[str] | None, typer.Argument(metavar="[ID...]", help="Ids of jobs; or name them by a filter.")
]
LimitOption = Annotated[int, typer.Option("--limit", help="How many at most.", min=1, max=1_000)]
CheckpointsOption = Annotated[
    bool, typer.Option("--checkpoints", help="With --json: also what the checkpoints hold, which may be much.")
]
DryRunOption = Annotated[bool, typer.Option("--dry-run", help="Only count the jobs that the filter finds.")]
ForceOption = Annotated[
    bool, typer.Option("--force", help="Do not wait for the worker, which then finds its lease lost.")
]
ReasonOption = Annotated[str | None, typer.Option("--reason", help="Why, for whoever looks at the job.")]
FromPhaseOption = Annotated[
    str | None, typer.Option("--from-phase", metavar="PHASE", help="Go on from the checkpoint of this phase.")
]
FromStartOption = Annotated[bool, typer.Option("--from-start", help="Begin without any checkpoint.")]
NewIdOption = Annotated[
    str | None, typer.Option("--id", metavar="ID", help="Id of the new job; sent again, it makes no second one.")
]


def list_(
    status: StatusOption = None,
    kind: KindOption = None,
    key: KeyOption = None,
    user: UserOption = None,
    project: ProjectOption = None,
    construct: ConstructOption = None,
    parent: ParentOption = None,
    error: ErrorOption = None,
    since: SinceOption = None,
    before: BeforeOption = None,
    limit: LimitOption = 50,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """List jobs, the last stored first, and count those that the filter finds by their status."""
    criteria = criteria_of(status, kind, key, user, project, construct, parent, error, since, before)
    with open_store(data) as store:
        found, counts = store.read(
            lambda snapshot: (query_jobs(snapshot, criteria, first=limit), count_by_status(snapshot, criteria))
        )
        now = store.kernel.clock.now_ms()
    jobs = [edge.node for edge in found.edges]
    if as_json:
        listed = [job_as_json(job) for job in jobs]
        emit({"counts": counts, "jobs": listed, "hasMore": found.page_info.has_next_page}, as_json)
        return
    if jobs:
        show(jobs_table(jobs, now), "")
    show(counts_in_words(counts) + (f"; the last {limit:,} are shown" if found.page_info.has_next_page else ""))


def show_(
    id: IdArgument, checkpoints: CheckpointsOption = False, data: DataOption = None, as_json: JsonOption = False
) -> None:
    """Show all of one job: where it stands, its checkpoints, its attempts, its parts, and what repeats it.

    Of its parts, and of what repeats it, the first 100 are shown.
    """
    if checkpoints and not as_json:
        raise typer.BadParameter("It goes with --json.", param_hint="--checkpoints")
    with open_store(data) as store:
        details = store.read(_read_details, id, checkpoints)
        now = store.kernel.clock.now_ms()
    if as_json:
        emit(details_as_json(details), as_json)
        return
    show(fields_of(job_fields(details.job, now)))
    if details.checkpoints:
        show("", checkpoints_table(details.checkpoints, now))
    if details.history:
        show("", history_table(details.history, now))
    for title, jobs, have_more in (
        ("Its parts", details.children, details.children_have_more),
        ("What repeats it", details.replays, details.replays_have_more),
    ):
        if jobs:
            more = f", the first {len(jobs):,} of more" if have_more else ""
            show(f"\n{title}{more}:", jobs_table(jobs, now))


def retry(
    ids: IdsArgument = None,
    status: StatusOption = None,
    kind: KindOption = None,
    key: KeyOption = None,
    user: UserOption = None,
    project: ProjectOption = None,
    construct: ConstructOption = None,
    parent: ParentOption = None,
    error: ErrorOption = None,
    since: SinceOption = None,
    before: BeforeOption = None,
    dry_run: DryRunOption = False,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Give jobs that failed or were cancelled another attempt; they keep their checkpoints.

    With ids, all of them are changed or none. With a filter, whatever of it failed or was cancelled, at most
    10,000 jobs a run.
    """
    criteria = criteria_of(status, kind, key, user, project, construct, parent, error, since, before)
    _check_choice(ids, criteria, dry_run=dry_run)
    with open_store(data) as store:
        if ids:
            _change_named(store, ids, retry_job, as_json=as_json)
            return
        with _recorded(store, dry_run=dry_run) as details:
            change = retry_jobs(store, criteria, dry_run=dry_run)
            details["changed"] = change.changed
    _show_change(change, "would get another attempt", "got another attempt", dry_run=dry_run, as_json=as_json)


def cancel(
    ids: IdsArgument = None,
    status: StatusOption = None,
    kind: KindOption = None,
    key: KeyOption = None,
    user: UserOption = None,
    project: ProjectOption = None,
    construct: ConstructOption = None,
    parent: ParentOption = None,
    error: ErrorOption = None,
    since: SinceOption = None,
    before: BeforeOption = None,
    force: ForceOption = False,
    reason: ReasonOption = None,
    dry_run: DryRunOption = False,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Cancel jobs: at once those that nobody runs, the others when their workers hear of it.

    With ids, all of them are changed or none. With a filter, whatever of it has not finished, at most 10,000
    jobs a run.
    """
    criteria = criteria_of(status, kind, key, user, project, construct, parent, error, since, before)
    _check_choice(ids, criteria, dry_run=dry_run)
    with open_store(data) as store:
        if ids:
            _change_named(store, ids, lambda tx, id: cancel_job(tx, id, force=force, reason=reason), as_json=as_json)
            return
        with _recorded(store, dry_run=dry_run) as details:
            change = cancel_jobs(store, criteria, force=force, reason=reason, dry_run=dry_run)
            details["changed"] = change.changed
    did = "were cancelled, or will be when their workers hear of it"
    _show_change(change, "would be cancelled", did, dry_run=dry_run, as_json=as_json)


def replay(
    id: IdArgument,
    from_phase: FromPhaseOption = None,
    from_start: FromStartOption = False,
    new_id: NewIdOption = None,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Make a new job of one that has finished, to do the same again: from its last checkpoint, or as it is said."""
    if from_start and from_phase is not None:
        raise typer.BadParameter("It does not go with --from-start.", param_hint="--from-phase")
    with open_store(data) as store:
        job = store.operation(entity_type="job", entity_id=id).write(
            lambda tx: replay_job(tx, id, from_phase=from_phase, from_start=from_start, new_id=new_id)
        )
        now = store.kernel.clock.now_ms()
    if as_json:
        emit(job_as_json(job), as_json)
    else:
        show(jobs_table([job], now))


def _read_details(snapshot: Snapshot, id: str, with_contents: bool) -> JobDetails:
    job = get_job(snapshot, id)
    children = query_jobs(snapshot, Criteria(parent_id=id), newest_first=False, first=_FAMILY_MAX)
    replays = query_jobs(snapshot, Criteria(replay_of=id), newest_first=False, first=_FAMILY_MAX)
    contents = {each.phase: each.data for each in list_checkpoints(snapshot, [id])[0]} if with_contents else None
    return JobDetails(
        job=job,
        checkpoints=list_checkpoint_sizes(snapshot, id),
        contents=contents,
        history=list_attempts(snapshot, [id])[0],
        children=[edge.node for edge in children.edges],
        children_have_more=children.page_info.has_next_page,
        replays=[edge.node for edge in replays.edges],
        replays_have_more=replays.page_info.has_next_page,
    )


def _check_choice(ids: list[str] | None, criteria: Criteria, *, dry_run: bool) -> None:
    """Refuse to guess which jobs are meant.

    Raises:
        typer.BadParameter: Neither ids nor a filter, or both; or ids with what goes with a filter.
    """
    if not ids and criteria.is_empty():
        raise typer.BadParameter("Name jobs, or a filter such as --status or --kind.", param_hint="ID")
    if ids and not criteria.is_empty():
        raise typer.BadParameter("Ids do not go with a filter.", param_hint="ID")
    if ids and dry_run:
        raise typer.BadParameter("It goes with a filter; ids are the jobs themselves.", param_hint="--dry-run")


def _change_named(store: Store, ids: list[str], change: Callable[[Transaction, str], Job], *, as_json: bool) -> None:
    """Change the jobs with these ids in one transaction, and show them."""
    operation = store.operation(
        entity_type="job", entity_id=ids[0] if len(ids) == 1 else None, details={"ids": ids[:_NAMED_MAX]}
    )
    jobs = operation.write(lambda tx: [change(tx, id) for id in dict.fromkeys(ids)])
    if as_json:
        emit({"jobs": [job_as_json(job) for job in jobs]}, as_json)
    else:
        show(jobs_table(jobs, store.kernel.clock.now_ms()))


@contextlib.contextmanager
def _recorded(store: Store, *, dry_run: bool) -> Generator[dict[str, Any]]:
    """Have a change of many jobs on record, with what is put into the details; where nothing is changed, not."""
    if dry_run:
        yield {}
        return
    with store.operation(entity_type="job") as operation:
        yield operation.details


def _show_change(change: BulkChange, would: str, did: str, *, dry_run: bool, as_json: bool) -> None:
    """Say what became of the jobs that a filter finds, or would become of them."""
    if as_json:
        emit({**change._asdict(), "dryRun": dry_run}, as_json)
    elif dry_run:
        more = "" if change.complete else " or more"
        show(f"{change.matched:,}{more} {would}. Nothing was changed.")
    else:
        show(f"{change.changed:,} {did}." + ("" if change.complete else " There are more: run it again."))

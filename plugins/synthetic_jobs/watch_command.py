"""`synthetic jobs watch`: how far jobs have come, for as long as somebody looks.

It follows the log, and reads jobs only when something has happened to one of
those that are watched.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from typing import Annotated, Any, NamedTuple

import typer

from synthetic import Event, Position, Snapshot, iso_from_ms
from synthetic.cli import DataOption, JsonOption, console_on, emit, follow_log, open_store, show, stop_requests
from synthetic_jobs.bars import bars
from synthetic_jobs.criteria import Criteria
from synthetic_jobs.enums import JobUpdateType
from synthetic_jobs.errors import JobsNotCompletedError
from synthetic_jobs.events import EVENTS
from synthetic_jobs.filter_options import KindOption
from synthetic_jobs.model import FINISHED, Job, JobStatus, is_finished
from synthetic_jobs.presentation import first_words
from synthetic_jobs.store import get_job, list_jobs_by_id, query_jobs

UNDER_WAY = (JobStatus.RUNNING, JobStatus.WAITING)
JOBS_MAX = 200
"""Most jobs that are read at each look, where none are named."""

ENDED_MAX = 5
"""Jobs that have just finished stay in sight until so many others have."""

NAMED_MAX = 20
"""Jobs that the error names."""

LINES_AROUND = 3
"""Lines of a terminal that are left to what is said below the bars, and to the prompt."""

TYPES = tuple(event for event in EVENTS if event.entity == "job")

IdsArgument = Annotated[
    list[str] | None, typer.Argument(metavar="[ID...]", help="The jobs; without any, all that are under way.")
]


class Look(NamedTuple):
    """What is to be seen at one moment.

    Attributes:
        jobs: Those that are watched, as they are.
        more: How many there are beside them.
        updates: What has happened to them since the look before.
        gone: Ids of those that were named and are not there any more.
    """

    jobs: list[Job]
    more: int
    updates: list[Event]
    gone: list[str]

    def is_over(self) -> bool:
        """Whether nothing more will become of any of them."""
        return all(map(is_finished, self.jobs))


class NamedJobs:
    """Watches jobs by their ids."""

    def __init__(self, ids: Sequence[str]) -> None:
        self._ids = list(dict.fromkeys(ids))
        self._wanted = frozenset(ids)

    def read(self, snapshot: Snapshot, events: Sequence[Event]) -> Look | None:
        """The jobs as they are; None when nothing has happened to them.

        Raises:
            NotFoundError: One is not there at the first look.
        """
        if not events:
            return Look([get_job(snapshot, id) for id in self._ids], 0, [], [])
        updates = [event for event in events if event.entity_id in self._wanted]
        if not updates:
            return None
        found = [job for job in list_jobs_by_id(snapshot, self._ids) if job is not None]
        gone = self._wanted.difference(job.id for job in found)
        return Look(found, 0, updates, [id for id in self._ids if id in gone])


class JobsUnderWay:
    """Watches all jobs that run or wait, maybe of some kinds only, and a few that have just finished."""

    def __init__(self, kinds: Sequence[str] | None) -> None:
        self._criteria = Criteria(statuses=UNDER_WAY, kinds=kinds or None)
        self._kinds = frozenset(kinds or ())
        self._ended: list[str] = []

    def read(self, snapshot: Snapshot, events: Sequence[Event]) -> Look | None:
        """The jobs as they are; None when nothing has happened to any of these kinds."""
        updates = [event for event in events if not self._kinds or event.data().get("kind") in self._kinds]
        if events and not updates:
            return None
        ended = [event.entity_id for event in updates if event.data().get("status") in FINISHED]
        self._ended = list(dict.fromkeys([*reversed(ended), *self._ended]))[:ENDED_MAX]
        page = query_jobs(snapshot, self._criteria, newest_first=False, first=JOBS_MAX)
        jobs = [edge.node for edge in page.edges]
        finished = [job for job in list_jobs_by_id(snapshot, self._ended) if job is not None and is_finished(job)]
        more = page.count() - len(jobs) if page.page_info.has_next_page else 0
        return Look([*jobs, *finished], more, updates, [])


def watch(
    ids: IdsArgument = None, kind: KindOption = None, data: DataOption = None, as_json: JsonOption = False
) -> None:
    """Show how far jobs have come, and go on doing so: until all that are named have finished, else until Ctrl-C.

    On a terminal there is a bar for each job; elsewhere, and with --json, a line for each job at first and one
    for everything that happens to one of them later. With ids the exit code is 0 when all of them have
    completed, and 65 when some have failed, were cancelled or were deleted.
    """
    if ids and kind:
        raise typer.BadParameter("Ids do not go with a kind.", param_hint="--kind")
    watched = NamedJobs(ids) if ids else JobsUnderWay(kind)
    last: Look | None = None
    with stop_requests() as stop, open_store(data) as store, _shown(as_json=as_json) as see:
        for position, look in follow_log(store, watched.read, TYPES, stop):
            if look is None:
                continue
            see(position, look)
            last = look
            if ids and look.is_over():
                break
    if ids and last is not None:
        _judge(last)


def _judge(look: Look) -> None:
    """Let the exit code say how the jobs that were named have ended.

    Raises:
        KeyboardInterrupt: They have not all ended: somebody has stopped the watching.
        JobsNotCompletedError: Some did not complete.
    """
    if not look.is_over():
        raise KeyboardInterrupt
    others = [(job.id, job.status) for job in look.jobs if job.status != JobStatus.COMPLETED]
    others += [(id, None) for id in look.gone]
    if others:
        raise JobsNotCompletedError(
            f"{len(others):,} of {len(look.jobs) + len(look.gone):,} jobs did not complete.",
            details={"jobs": [{"id": id, "status": status} for id, status in others[:NAMED_MAX]]},
        )


@contextmanager
def _shown(*, as_json: bool) -> Generator[Callable[[Position, Look], None]]:
    """What shows each look, as fits whoever reads it."""
    if as_json or not sys.stdout.isatty():
        lines = _as_json if as_json else _as_text
        is_first = True

        def write(position: Position, look: Look) -> None:
            nonlocal is_first
            of_jobs = [_line_of_job(position, job) for job in look.jobs] if is_first else []
            for line in (*of_jobs, *map(_line_of_event, look.updates)):
                lines(line)
            is_first = False

        yield write
        return
    from rich.live import Live  # noqa: PLC0415 - no other command draws anything anew

    console = console_on(sys.stdout)
    with Live(console=console, auto_refresh=False) as display:

        def draw(_position: Position, look: Look) -> None:
            columns, lines = console.size
            shown = bars(look.jobs, look.gone, look.more, columns, max(1, lines - LINES_AROUND))
            display.update(shown, refresh=True)

        yield draw


def _line_of_job(position: Position, job: Job) -> dict[str, Any]:
    """How a job stood at the first look."""
    return {
        "position": str(position),
        "at": iso_from_ms(job.updated_at),
        "jobId": job.id,
        "type": None,
        "kind": job.kind,
        "status": job.status,
        "previousStatus": None,
        "progress": job.progress,
        "phase": job.phase,
        "error": job.error_message,
    }


def _line_of_event(event: Event) -> dict[str, Any]:
    """What happened to a job, with the names of the GraphQL type `JobUpdate`."""
    payload = event.data()
    return {
        "position": str(Position(event.epoch, event.position)),
        "at": iso_from_ms(event.occurred_at_utc),
        "jobId": event.entity_id,
        "type": JobUpdateType(event.type).name,
        **{name: payload.get(name) for name in ("kind", "status", "previousStatus", "progress", "phase", "error")},
    }


def _as_json(line: dict[str, Any]) -> None:
    emit(line, True)  # noqa: FBT003 - as JSON


def _as_text(line: dict[str, Any]) -> None:
    happened = line["type"] if line["type"] not in (None, JobUpdateType.STATUS_CHANGED.name) else None
    progress = None if line["progress"] is None else f"{line['progress']} %"
    parts = (line["at"], line["jobId"], line["kind"], happened, line["status"], progress, line["phase"])
    show(" ".join(str(part) for part in (*parts, first_words(line["error"])) if part is not None))

"""Jobs as bars that grow: one line of a terminal for each, however narrow it is."""

from __future__ import annotations

from collections.abc import Sequence

from rich.cells import cell_len
from rich.console import Group, RenderableType
from rich.progress_bar import ProgressBar
from rich.table import Table

from synthetic.cli import plain
from synthetic_jobs.model import Job, JobStatus, is_finished
from synthetic_jobs.narrow_table import cut_at_end, cut_in_middle, shrink
from synthetic_jobs.presentation import first_words, status_in_words

_BAR_COLUMNS = 24
_GAP_COLUMNS = 2
_KIND_COLUMNS = 24
_PROGRESS_COLUMNS = 5
_LEAST = (("note", 8), ("bar", 4), ("kind", 8), ("status", 9), ("note", 0), ("kind", 3), ("id", 8))
"""What gives way on a narrow terminal, in this order; whoever watches a job wants to know which one it is."""

_STYLES = {JobStatus.COMPLETED: "green", JobStatus.FAILED: "red", JobStatus.CANCELLED: "yellow"}


def bars(jobs: Sequence[Job], gone: Sequence[str], more: int, columns: int, lines: int) -> RenderableType:
    """A bar for each job, the unfinished ones first, and a line below for those that have no line.

    Args:
        jobs: The jobs.
        gone: Ids of those that are not there any more.
        more: How many there are beside them.
        columns: Width of the terminal.
        lines: How many lines the jobs and those that are gone may take, at least 1.
    """
    shown = sorted(jobs, key=is_finished)[:lines]
    named = gone[: lines - len(shown)]
    more += len(jobs) - len(shown) + len(gone) - len(named)
    words = " is not there any more"
    rest = [f"{cut_in_middle(id, columns - len(words))}{words}" for id in named]
    if more:
        rest.append(f"and {more:,} more")
    if not shown and not rest:
        rest.append("Nothing is under way; waiting.")
    below = [plain(cut_at_end(line, columns)) for line in rest]
    return Group(_table(shown, columns), *below) if shown else Group(*below)


def _table(jobs: Sequence[Job], columns: int) -> Table:
    rows = [
        {
            "status": status_in_words(job),
            "kind": cut_at_end(job.kind, _KIND_COLUMNS),
            "id": cut_in_middle(job.id, columns),
            "note": cut_at_end(_note(job), columns),
        }
        for job in jobs
    ]
    needed = {name: max(cell_len(row[name]) for row in rows) for name in rows[0]}
    widths = shrink({**needed, "bar": _BAR_COLUMNS, "progress": _PROGRESS_COLUMNS}, _LEAST, columns, gap=_GAP_COLUMNS)
    table = Table.grid(padding=(0, _GAP_COLUMNS))
    for _ in range(6):
        table.add_column(no_wrap=True, overflow="ellipsis")
    for job, row in zip(jobs, rows, strict=True):
        style = _STYLES.get(JobStatus(job.status), "cyan")
        bar = ProgressBar(
            total=100, completed=job.progress, width=widths["bar"], complete_style=style, finished_style=style
        )
        table.add_row(
            plain(cut_at_end(row["status"], widths["status"]), style),
            bar,
            plain(f"{job.progress:>3} %"),
            plain(cut_at_end(row["kind"], widths["kind"])),
            plain(cut_in_middle(row["id"], widths["id"])),
            plain(cut_at_end(row["note"], widths["note"])),
        )
    return table


def _note(job: Job) -> str:
    """What is to be said of a job beside its status, in a few words."""
    if job.status in (JobStatus.FAILED, JobStatus.CANCELLED):
        return first_words(job.error_message) or ""
    if job.status == JobStatus.WAITING and job.waiting_for is not None:
        return f"for {job.waiting_for}"
    return job.phase or ""

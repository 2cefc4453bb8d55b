"""`synthetic ingest`: what it takes, shows and answers."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from synthetic import Store
from synthetic.cli import DataOption, JsonOption, emit, open_store, progress, stop_requests
from synthetic_constructs.store import get_construct
from synthetic_ingest.errors import IngestIncompleteError, UnknownFormatError
from synthetic_ingest.importer import Importer
from synthetic_ingest.ingest import Ingest, importers_of
from synthetic_ingest.job import IngestJob
from synthetic_ingest.plans import IngestOptions
from synthetic_ingest.report import Outcome, Report
from synthetic_ingest.walk import find_files
from synthetic_ingest.watch import Look, Watch

PathsArgument = Annotated[
    list[Path], typer.Argument(metavar="PATH...", help="Files and folders; folders are searched to their depths.")
]
FormatOption = Annotated[
    str | None,
    typer.Option("--format", metavar="NAME", help="Read all as this: coding-agent, swe-agent, chat, or a plugin's."),
]
ConstructOption = Annotated[
    str | None, typer.Option("--construct", metavar="ID", help="Attach the sessions to this construct.")
]
_NAMED_MAX = 20
"""Files that are named to a person; --json names more."""

WatchOption = Annotated[bool, typer.Option("--watch", help="Go on, and follow the files as they are written.")]
ModuleOption = Annotated[
    str, typer.Option("--module", metavar="NAME", help="The name of this watch in sync status; each has its own.")
]
DryRunOption = Annotated[bool, typer.Option("--dry-run", help="Only say what would be read.")]


def ingest(
    paths: PathsArgument,
    data: DataOption = None,
    format_name: FormatOption = None,
    construct: ConstructOption = None,
    dry_run: DryRunOption = False,
    watch: WatchOption = False,
    module: ModuleOption = "ingest",
    as_json: JsonOption = False,
) -> None:
    """Read transcripts from files into the store, and what has been added to those that were read before.

    Formats are recognised by content; gzip and Zstandard are read as they are. It can be stopped and started
    again at any time: nothing is lost, and nothing is stored twice. The exit code is 0 when all could be read,
    and 65 when some files could not; these are named, and all the others are stored. With --watch it goes on,
    and reads what agents write as they write it, until it is stopped by Ctrl-C or SIGTERM; how it fares is in
    `synthetic status`.
    """
    if watch and dry_run:
        raise typer.BadParameter("--watch and --dry-run do not go together.", param_hint="--watch")
    with stop_requests() as stop, open_store(data, create=not dry_run, adds=True) as store:
        importers = importers_of(store)
        options = IngestOptions(
            importer=None if format_name is None else _importer_named(importers, format_name),
            construct_id=construct,
            is_dry_run=dry_run,
        )
        if construct is not None:
            store.read(get_construct, construct)
        run = Ingest(store, importers, options, stop)
        if dry_run:
            report = _look(run, paths, as_json=as_json)
        else:
            with store.operation(details={"paths": len(paths), "watch": watch}) as operation:
                if watch:
                    _follow(store, run, paths, module, stop, as_json=as_json)
                    return
                report = _as_job(store, run, paths, options, stop, as_json)
                operation.details["messages"] = report.messages
    emit(report.summary() if as_json else _for_people(report), as_json)
    if report.files[Outcome.FAILED]:
        raise IngestIncompleteError(
            f"{report.files[Outcome.FAILED]} of {sum(report.files.values())} files could not be read, or not whole.",
            details={"failures": report.failures[:_NAMED_MAX]},
        )


def _look(run: Ingest, paths: list[Path], *, as_json: bool) -> Report:
    """Find out what would be read."""
    with progress("Looking", as_json, unit="bytes") as display:
        display.expect(sum(found.status.size_bytes for found in find_files(paths) if found.status is not None))
        return run.run(paths, lambda size_bytes, path: display.advance(size_bytes, path.name))


def _as_job(
    store: Store, run: Ingest, paths: list[Path], options: IngestOptions, stop: threading.Event, as_json: bool
) -> Report:
    """Read, as a job that others see.

    Raises:
        KeyboardInterrupt: A signal stopped it.
        IngestCancelledError, LeaseLostError: Somebody else did.
    """
    job = IngestJob(store, paths, options, stop)

    def advance(size_bytes: int, path: Path) -> None:
        job.advance(size_bytes)
        display.advance(size_bytes, f"{run.report.messages:,} messages, {path.name}")

    try:
        with progress("Reading", as_json, unit="bytes") as display:
            display.expect(job.scan())
            report = run.run(paths, advance, job.enter)
    except BaseException as error:
        job.abandon(error)
        raise
    job.end(report)
    return report


def _follow(store: Store, run: Ingest, paths: list[Path], module: str, stop: threading.Event, *, as_json: bool) -> None:
    """Read, and go on reading what is added, until a signal says stop."""
    missing = [path for path in paths if not path.exists()]
    if missing:
        raise typer.BadParameter(f"{missing[0]} is not there to be watched.", param_hint="PATH")

    def say(look: Look) -> None:
        if as_json:
            emit(_summary_of(look), as_json)
        else:
            emit(_line_of(look), as_json)

    Watch(store, run, paths, module, stop).follow(say)


def _summary_of(look: Look) -> dict[str, Any]:
    """What one look came to, for machines."""
    failure = look.failure
    return look.report.summary() | (
        {} if failure is None else {"error": {"code": failure.code, "message": failure.message}}
    )


def _line_of(look: Look) -> str:
    """The same in a line."""
    report = look.report
    parts = [f"{report.messages:,} messages"]
    parts += [f"{count:,} files {name}" for name, count in report.files.items() if count]
    parts += [f"{report.rejects:,} lines rejected"] * bool(report.rejects)
    parts += [f"{each['path']}: {each['reason']}" for each in report.failures[:_NAMED_MAX]]
    if look.failure is not None:
        parts.append(f"put off: {look.failure.message}")
    return "; ".join(parts)


def _for_people(report: Report) -> dict[str, Any]:
    """The summary without what is nought, and with a bounded number of files named."""
    summary = report.summary()
    shown = {name: value for name, value in summary.items() if not isinstance(value, list)}
    shown["files"] = ", ".join(f"{count:,} {name}" for name, count in summary["files"].items() if count) or "none"
    for name in ("plans", "skipped", "failures"):
        if summary.get(name):
            shown[name] = summary[name][:_NAMED_MAX]
    return shown


def _importer_named(importers: Mapping[str, Importer], name: str) -> Importer:
    importer = importers.get(name)
    if importer is None:
        raise UnknownFormatError(f"No importer reads {name!r}; there are {', '.join(importers)}.")
    return importer

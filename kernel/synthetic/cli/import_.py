"""`synthetic import`: what `synthetic export` has written, into this store."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from synthetic.cli.invocation import DataOption, JsonOption
from synthetic.cli.output import emit, show, table_of
from synthetic.cli.progress import Progress, progress
from synthetic.cli.stopping import stop_requests
from synthetic.cli.stores import open_store
from synthetic.store import Store
from synthetic.transfer.archive_reading import ExportFile
from synthetic.transfer.importing import ImportRequest, import_export
from synthetic.transfer.policies import OnConflict, UnitOutcome
from synthetic.transfer.stopping import StoppedError, stopper


def import_(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="What `synthetic export` has written.")],
    on_conflict: Annotated[
        OnConflict,
        typer.Option(
            "--on-conflict",
            case_sensitive=False,
            help="What becomes of what is there already: FAIL imports nothing, SKIP leaves it, OVERWRITE replaces it,"
            " RENAME gives all that comes new ids.",
        ),
    ] = OnConflict.FAIL,
    without: Annotated[
        list[str] | None,
        typer.Option(metavar="PLUGIN", help="Leave out the rows of a plugin. May be repeated.", show_default=False),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Do all of it, tell what came of it, and take it back.")
    ] = False,
    restart: Annotated[
        bool,
        typer.Option(
            "--restart",
            help="Begin anew where an import of this file is not complete; what that has brought is there already.",
        ),
    ] = False,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Bring the constructs of an export into this store, each whole or not at all.

    The file is read from end to end first, and refused unless it is as it was
    written. One that was broken off is gone on with by the same command.
    """
    request = ImportRequest(on_conflict=on_conflict, without=tuple(without or ()), is_trial=dry_run, is_restart=restart)
    with stop_requests() as stop, progress("Importing", as_json, unit="units") as shown:
        is_stopped = stopper(stop)
        try:
            # Before the store is opened, which may make it.
            with (
                ExportFile.open_checked(file, lambda _size_bytes: is_stopped()) as export,
                open_store(data, create=not dry_run, adds=True) as store,
            ):
                shown.expect(len(export.manifest.units))
                outcomes = _import(store, export, request, shown, is_stopped)
        except StoppedError as error:
            raise KeyboardInterrupt from error
    _show(outcomes, request, as_json)


def _import(
    store: Store, export: ExportFile, request: ImportRequest, shown: Progress, is_stopped: Callable[[], None]
) -> list[UnitOutcome]:
    """Import, and have it on record unless it is a trial."""

    def advance(outcome: UnitOutcome) -> None:
        shown.advance(1, outcome.id)

    if request.is_trial:
        return import_export(store, export, request, advance, is_stopped)
    details = {"export": export.id, "onConflict": str(request.on_conflict), "units": len(export.manifest.units)}
    with store.operation(details=details) as operation:
        outcomes = import_export(store, export, request, advance, is_stopped)
        operation.details.update(_totals(outcomes))
    return outcomes


def _totals(outcomes: Sequence[UnitOutcome]) -> dict[str, int]:
    """How many constructs came, and what with them."""
    constructs = Counter(each.outcome for each in outcomes if each.kind == "CONSTRUCT")
    return {
        "imported": constructs["IMPORTED"],
        "overwritten": constructs["OVERWRITTEN"],
        "skipped": constructs["SKIPPED"],
        "rows": sum(sum(each.rows.values()) for each in outcomes),
        "events": sum(each.events for each in outcomes),
        "eventsAgain": sum(each.events_again for each in outcomes),
        "files": sum(each.files for each in outcomes),
        "leftOut": sum(sum(each.left_out.values()) for each in outcomes),
    }


def _show(outcomes: Sequence[UnitOutcome], request: ImportRequest, as_json: bool) -> None:
    totals = _totals(outcomes)
    if as_json:
        units = [msgspec.to_builtins(each) for each in outcomes]
        shown = [{**{_camel(name): value for name, value in unit.items()}} for unit in units]
        emit({"dryRun": request.is_trial, "onConflict": str(request.on_conflict), **totals, "units": shown}, as_json)
        return
    rows = [
        (
            each.id or each.kind.lower(),
            each.outcome.lower(),
            each.new_id,
            sum(each.rows.values()),
            each.events,
            each.files,
            sum(each.left_out.values()) + sum(each.kept.values()),
        )
        for each in outcomes
    ]
    columns = ("unit", "outcome", "new id", "rows", "events", "files", "left out")
    show(table_of(columns, rows, numbers=columns[3:]))
    for each in outcomes:
        for key in each.left_out_keys:
            show(f"Left out: {key}")
        if each.reason is not None:
            show(f"Skipped {each.id}: {each.reason}")
        for column, rows in each.cleared.items():
            show(f"Emptied: {column}, in {rows} rows of {each.id or each.kind.lower()}")
        if each.missing_files:
            show(f"{each.missing_files} files of {each.id or each.kind.lower()} were not in the export.")
    again = sum(each.events_again for each in outcomes)
    if again:
        show(f"{again} events were in the log already: sums over time, such as costs and runs, count them once more.")
    if request.is_trial:
        show("\nThis was a trial: nothing was changed.")


def _camel(name: str) -> str:
    first, *others = name.split("_")
    return first + "".join(other.title() for other in others)

"""`synthetic recover`: a new store of what can be read of a damaged one."""

from __future__ import annotations

import os
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from synthetic.backups.replacement import finish_interrupted, require_movable
from synthetic.cli.backup import stoppable
from synthetic.cli.invocation import DataOption, JsonOption, current_actor, current_overrides, data_directory
from synthetic.cli.output import emit, fields_of, show, table_of
from synthetic.cli.plugins_purge import ConfirmationMissingError
from synthetic.cli.repairing import CONFIRM
from synthetic.clock import SystemClock
from synthetic.data_directory import DataDirectory
from synthetic.database.connections import check_sqlite_version
from synthetic.errors import SettingsInvalidError
from synthetic.kernel import Kernel
from synthetic.kernel_parts import blueprint_of, inspection_of
from synthetic.origin import Origin
from synthetic.recovery.loading import TableReport
from synthetic.recovery.recovering import Recovered, Recovery, recover_store, report_as_json
from synthetic.registry import load_registry
from synthetic.store import Store


def recover(
    data: DataOption = None,
    as_json: JsonOption = False,
    into: Annotated[
        Path | None,
        typer.Option(
            "--into", metavar="DIR", help="The folder of the new store.", show_default="beside the damaged one"
        ),
    ] = None,
    replace: Annotated[
        bool, typer.Option("--replace", help="Put the new store in the place of the damaged one, which is kept.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask before a store is replaced.")] = False,
) -> None:
    """Make a new store of all that can be read of a damaged one.

    The damaged one is only read. Rows that do not fit into the new store are
    set aside in a file beside it; what is lost is said by table. The new store
    is checked, and its log begins a new epoch. With --replace it takes the
    place of the damaged one, which goes to `quarantine/`.
    """
    path = data_directory(data, os.environ)
    directory = DataDirectory(path)
    check_sqlite_version()
    finish_interrupted(path)
    if replace:
        if into is not None:
            raise SettingsInvalidError("--into and --replace exclude each other.", action="Leave one of them out.")
        require_movable(directory)
        if not yes and (as_json or not sys.stdin.isatty()):
            raise ConfirmationMissingError("A store is to be replaced.", action=CONFIRM)
        if not yes:
            typer.confirm(f"Recover the store in {directory.path}, and put the new one in its place?", abort=True)
    target = directory.restoring if replace else into or directory.path.with_name(f"{directory.path.name}-recovered")
    replaced = f"damaged-{datetime.now(UTC).strftime('%Y%m%dT%H%M%S-%f')[:-3]}" if replace else None
    with stoppable("Recovering", as_json) as go_on:
        registry = load_registry(path, overrides={**current_overrides(), **_HERE})
        recovered = recover_store(
            Recovery(
                directory=directory,
                target=target.absolute(),
                replaced=replaced,
                settings=registry.kernel_settings.database,
                clock=SystemClock(),
                blueprint=blueprint_of(registry),
                open_target=lambda staging: Store(
                    Kernel.open(staging, registry=registry, migrate=True),
                    Origin(current_actor(), is_upkeep=True),
                    "recover",
                ),
                inspection=inspection_of(registry, blueprint_of(registry)),
                go_on=go_on,
            )
        )
    damaged = None if replaced is None else directory.quarantine / replaced
    _show(recovered, directory.path if replace else recovered.target, damaged, as_json)


_HERE = {"kernel.backups.directory": "", "kernel.backups.scratch": ""}
"""What is backed up before a migration belongs to the store that is made."""


def _show(recovered: Recovered, place: Path, damaged: Path | None, as_json: bool) -> None:
    aside = None if recovered.set_aside is None else place / recovered.set_aside.name
    if as_json:
        report = report_as_json(recovered)
        emit(
            {
                "store": str(place),
                "damaged": None if damaged is None else str(damaged),
                "setAside": None if aside is None else str(aside),
                **report,
            },
            as_json,
        )
        return
    salvaged = recovered.salvaged
    told = [each for each in salvaged.tables if each.kept or each.set_aside or each.damaged]
    rows = [(each.table, each.kept, each.rebuilt or None, each.set_aside or None, _lost(each)) for each in told]
    show(table_of(("table", "kept", "of these from indexes", "set aside", "lost"), rows, numbers=("kept",)), "")
    lines = {"New store": str(place), "Position": recovered.position}
    if damaged is not None:
        lines["Damaged store"] = f"kept in {damaged}"
    if aside is not None:
        lines["Set aside"] = str(aside)
    if salvaged.strays:
        lines["Of unknown tables"] = f"{salvaged.strays:,} rows or entries, set aside"
    if salvaged.unusable_frames:
        lines["Log"] = f"{salvaged.unusable_frames:,} pages at its end could not be used"
    if salvaged.missing_pages:
        lines["File"] = f"cut short: its header counts {salvaged.missing_pages:,} pages that are not there"
    show(fields_of(lines))
    for problem in (*salvaged.failed, *recovered.problems):
        show(f"\nTo look at: {problem}")


def _lost(report: TableReport) -> str | None:
    """How many rows are gone, in words."""
    if report.lost is None:
        return "some"
    if report.lost == 0 and report.is_lost_exact:
        return None
    return f"{report.lost:,}" if report.is_lost_exact else f"{report.lost:,} or more"

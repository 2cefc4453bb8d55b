"""`synthetic export`: constructs with all that belongs to them, or the workspace, as one file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from synthetic.cli.invocation import DataOption, JsonOption
from synthetic.cli.output import emit, show
from synthetic.cli.progress import progress
from synthetic.cli.stopping import stop_requests
from synthetic.cli.stores import open_store
from synthetic.errors import ConflictError
from synthetic.transfer.exporting import Exported, export_to
from synthetic.transfer.stopping import StoppedError, stopper


def export(
    to: Annotated[Path, typer.Option("--to", metavar="FILE", help="The file to write.")],
    data: DataOption = None,
    as_json: JsonOption = False,
    construct: Annotated[
        list[str] | None, typer.Option(metavar="ID", help="A construct. May be repeated.", show_default=False)
    ] = None,
    workspace: Annotated[bool, typer.Option("--workspace", help="All that the store holds, but for secrets.")] = False,
    replace: Annotated[bool, typer.Option("--replace", help="Write over a file that is there.")] = False,
) -> None:
    """Write constructs with all that belongs to them, of every plugin, to a file that `synthetic import` reads.

    A server may run meanwhile: the file shows the store at one instant. It
    holds what the constructs hold, unencrypted.
    """
    if bool(construct) == workspace:
        raise typer.BadParameter("Give either --construct, once or more, or --workspace.")
    if to.exists() and not replace:
        raise ConflictError(
            f"There is a file {to} already.",
            action="Name another one, or write over it with --replace.",
            details={"file": str(to)},
        )
    target = to.absolute()
    with (
        open_store(data) as store,
        stop_requests() as stop,
        progress("Exporting", as_json, unit="constructs") as shown,
        store.operation(details={"isWorkspace": workspace, "constructs": len(construct or ())}) as operation,
    ):
        try:
            exported = store.read(export_to, target, construct, shown.expect, shown.advance, stopper(stop))
        except StoppedError as error:
            raise KeyboardInterrupt from error
        operation.details.update(constructs=exported.constructs, events=exported.events, files=exported.files)
    _show(exported, target, as_json)


def _show(exported: Exported, target: Path, as_json: bool) -> None:
    if as_json:
        emit(_as_json(exported, target), as_json)
        return
    rows = sum(exported.rows.values())
    show(
        f"Exported {exported.constructs:,} constructs to {target}: {rows:,} rows of {len(exported.rows)} tables,"
        f" {exported.events:,} events, {exported.files:,} files."
    )
    for path in exported.missing:
        show(f"Not in it, since it is not there: {path}")


def _as_json(exported: Exported, target: Path) -> dict[str, Any]:
    return {
        "file": str(target),
        "sizeBytes": target.stat().st_size,
        "scope": exported.manifest.scope,
        "position": f"{exported.manifest.epoch}:{exported.manifest.position}",
        "constructs": exported.constructs,
        "rows": dict(exported.rows),
        "events": exported.events,
        "files": exported.files,
        "missing": list(exported.missing),
    }

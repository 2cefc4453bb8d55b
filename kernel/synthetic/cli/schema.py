"""`synthetic schema`."""

from __future__ import annotations

import difflib
import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from synthetic.cli.invocation import DataOption, JsonOption, current_overrides, data_directory
from synthetic.cli.output import emit
from synthetic.errors import ConflictError
from synthetic.kernel import schema_of
from synthetic.registry import load_registry

DIFFERENCES_SHOWN = 40


def schema(
    data: DataOption = None,
    as_json: JsonOption = False,
    check: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", exists=True, dir_okay=False, readable=True, help="Compare with a schema in a file instead."
        ),
    ] = None,
) -> None:
    """Print the GraphQL schema that the loaded plugins make, in the schema definition language."""
    registry = load_registry(data_directory(data, os.environ), overrides=current_overrides())
    sdl: str = schema_of(registry).as_str().rstrip() + "\n"
    if check is None:
        if as_json:
            emit({"schema": sdl}, as_json)
        else:
            sys.stdout.write(sdl)
        return
    differences = list(
        difflib.unified_diff(
            check.read_text("utf-8").splitlines(), sdl.splitlines(), str(check), "this schema", lineterm=""
        )
    )
    if differences:
        if not as_json:
            sys.stdout.write("\n".join(differences) + "\n")
        raise ConflictError(
            f"The schema differs from the one in {check}.",
            action=f"If that is meant, write it anew: `synthetic schema > {check}`.",
            details={"differences": differences[:DIFFERENCES_SHOWN]},
        )
    emit({"same": True} if as_json else f"The schema is the one in {check}.", as_json)

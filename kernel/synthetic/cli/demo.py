"""`synthetic demo`."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Any

import typer

from synthetic.cli.invocation import (
    DATA_VARIABLE,
    DEMO_DATA_DEFAULT,
    JsonOption,
    current_overrides,
    data_directory,
)
from synthetic.cli.output import emit, show
from synthetic.cli.progress import progress
from synthetic.cli.stopping import stop_requests
from synthetic.data_directory import DataDirectory
from synthetic.errors import iso_from_ms

SCALE_MAX = 2_000
EARLIEST = 31_536_000_000
"""A history must not begin before 1970, when the Unix milliseconds do."""

DemoDataOption = Annotated[
    Path | None,
    typer.Option(
        "--data",
        metavar="DIR",
        envvar=DATA_VARIABLE,
        show_default=DEMO_DATA_DEFAULT,
        help="Where the demo lies; never in a store that it has not made.",
    ),
]


def demo(
    data: DemoDataOption = None,
    scale: Annotated[
        int | None,
        typer.Option(
            help="How large the fleet is; 200 has a million messages.", min=1, max=SCALE_MAX, show_default="1"
        ),
    ] = None,
    seed: Annotated[int | None, typer.Option(help="Another seed makes up another fleet.", show_default="1")] = None,
    now: Annotated[
        str | None,
        typer.Option(metavar="INSTANT", help="Where its history ends, in ISO 8601.", show_default="the present"),
    ] = None,
    host: Annotated[str | None, typer.Option(help="Address to listen on.", show_default="127.0.0.1")] = None,
    port: Annotated[
        int | None, typer.Option(help="Port to listen on; 0 takes a free one.", min=0, max=65_535, show_default="8787")
    ] = None,
    no_serve: Annotated[bool, typer.Option("--no-serve", help="Only make the store.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Make up a fleet of agents, and serve it while it goes on working.

    The store is made in a directory of its own, by default ./synthetic-demo, and is served again by the next
    run. The same --seed, --scale and --now make up the same fleet. Ctrl-C stops it, also while it is being
    made: the next run goes on there.
    """
    from synthetic.demo.making import Made, Wanted, load_living, make_demo  # noqa: PLC0415 - others need no demo

    if as_json and not no_serve:
        raise typer.BadParameter("--json goes with --no-serve: a server prints no document.", param_hint="--json")
    directory = DataDirectory(data_directory(data, os.environ, DEMO_DATA_DEFAULT))
    wanted = Wanted(seed=seed, scale=scale, now=None if now is None else _instant(now))
    with stop_requests() as stop, progress("Making up a fleet", as_json) as display:
        made: Made = make_demo(directory, wanted, current_overrides(), stop, display.expect, display.advance)
        if stop.is_set():
            raise KeyboardInterrupt
    if no_serve and not made.written and not as_json:
        show(_found(directory, made))
    elif made.written or no_serve:
        emit(_summary(directory, made), as_json)
    if no_serve:
        return
    from synthetic.server import serve  # noqa: PLC0415 - as above

    given = {"host": host, "port": port, "workers": 1}
    flags = {f"kernel.server.{name}": str(value) for name, value in given.items() if value is not None}
    overrides = {**current_overrides(), **flags}
    serve(directory.path, overrides=overrides, registry=load_living(directory, made.mark, overrides))


def _instant(text: str) -> int:
    """An instant in ISO 8601, as Unix milliseconds; one that is still to come would make up the future.

    Raises:
        BadUserInputError: It is none.
        typer.BadParameter: A history cannot end there.
    """
    from synthetic.clock import SystemClock  # noqa: PLC0415 - as above
    from synthetic.graphql.scalars import ms_from_iso  # noqa: PLC0415 - as above

    instant = ms_from_iso(text)
    if not EARLIEST <= instant <= SystemClock().now_ms():
        raise typer.BadParameter("It must lie between the year 1971 and the present.", param_hint="--now")
    return instant


def _found(directory: DataDirectory, made: Any) -> str:
    """That there was nothing to do."""
    mark = made.mark
    return (
        f"The demo in {directory.path} is there already: --seed {mark.seed} --scale {mark.scale}"
        f" --now {iso_from_ms(mark.now)}. Nothing was written."
    )


def _summary(directory: DataDirectory, made: Any) -> dict[str, Any]:
    """What was made, for people and machines."""
    return {
        "directory": str(directory.path),
        "seed": made.mark.seed,
        "scale": made.mark.scale,
        "now": iso_from_ms(made.mark.now),
        "written": dict(made.written),
        "seconds": round(made.seconds, 1),
        "perSecond": round(sum(made.written.values()) / made.seconds) if made.written else 0,
    }

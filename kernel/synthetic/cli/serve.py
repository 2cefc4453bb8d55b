"""`synthetic serve`."""

from __future__ import annotations

import os
from typing import Annotated

import typer

from synthetic.cli.invocation import DataOption, current_overrides, data_directory


def serve(
    data: DataOption = None,
    host: Annotated[str | None, typer.Option(help="Address to listen on.", show_default="127.0.0.1")] = None,
    port: Annotated[
        int | None, typer.Option(help="Port to listen on; 0 takes a free one.", min=0, max=65_535, show_default="8787")
    ] = None,
    workers: Annotated[
        int | None, typer.Option(help="Server processes that share the store.", min=1, max=64, show_default="1")
    ] = None,
    no_auth: Annotated[
        bool, typer.Option("--no-auth", help="Ask nobody for a token; on a loopback address only.")
    ] = False,
    read_only: Annotated[
        bool, typer.Option("--read-only", help="Change nothing, and serve what can be read, of a damaged store too.")
    ] = False,
) -> None:
    """Serve the store in the data directory; the first start makes it, and a token for it.

    A store of an older version is backed up and migrated first. Ctrl-C stops
    the server when the requests that run are answered.
    """
    from synthetic.server import serve as run_server  # noqa: PLC0415 - other commands need no server

    given = {"host": host, "port": port, "workers": workers}
    flags = {f"kernel.server.{name}": str(value) for name, value in given.items() if value is not None}
    run_server(
        data_directory(data, os.environ),
        overrides={**current_overrides(), **flags},
        no_auth=no_auth,
        read_only=read_only,
    )

"""What downloads are held against: Starlette's FileResponse, which asks nobody who they are and writes no log."""

from __future__ import annotations

from pathlib import Path

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import FileResponse
from starlette.routing import Route


def create_app(directory: Path) -> Starlette:
    """An application that serves the files of a directory by their names."""

    async def serve(request: Request) -> FileResponse:
        return FileResponse(directory / request.path_params["name"])

    return Starlette(routes=[Route("/{name}", serve)])

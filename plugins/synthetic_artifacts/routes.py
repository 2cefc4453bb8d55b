"""`/artifacts/{id}`: the bytes of artifacts, in both directions, with constant memory."""

from __future__ import annotations

from synthetic import Route, RouteRequest, Scope
from synthetic_artifacts.downloads import download_artifact
from synthetic_artifacts.uploads import upload_artifact


async def serve_artifact(request: RouteRequest) -> None:
    """Send the content of an artifact, or a range of it, or take that of a new one."""
    if request.method == "PUT":
        await upload_artifact(request, request.path["id"])
    else:
        await download_artifact(request)


async def serve_artifacts(request: RouteRequest) -> None:
    """Take the content of a new artifact that gets an id here."""
    await upload_artifact(request, None)


ROUTES = (
    Route(
        path="/artifacts/{id}",
        purpose="The bytes of an artifact: GET and HEAD send them, PUT stores them.",
        methods={"GET": Scope.READ, "HEAD": Scope.READ, "PUT": Scope.WRITE},
        serve=serve_artifact,
    ),
    Route(
        path="/artifacts",
        purpose="POST stores the bytes of a new artifact, which gets an id.",
        methods={"POST": Scope.WRITE},
        serve=serve_artifacts,
    ),
)

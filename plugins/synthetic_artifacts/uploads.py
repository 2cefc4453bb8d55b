"""Taking the content of new artifacts: streamed to the disk as it comes, with constant memory.

What may be refused is refused before the first byte is asked for, also because
the store is at its limit: a client that waits for `100 Continue` sends nothing
in vain.
"""

from __future__ import annotations

import contextlib
from typing import Any
from urllib.parse import quote

from synthetic import RouteRequest, Snapshot, bad_input, check_room, from_json, iso_from_ms, ms_from_iso, to_json
from synthetic_artifacts.errors import (
    ArtifactEncodingError,
    ArtifactPreconditionError,
    ArtifactTooLargeError,
)
from synthetic_artifacts.files import ArtifactWriter, Written
from synthetic_artifacts.model import Artifact, ArtifactContent
from synthetic_artifacts.ranges import announced_sha256, etag_of
from synthetic_artifacts.store import (
    PreparedArtifact,
    SavedArtifact,
    add_artifact,
    find_artifact,
    is_damaged,
    prepare_artifact,
    repair_artifact,
)

CREATED = 201
OK = 200
BATCH_BYTES = 524_288
"""So much is gathered before a thread writes it: a change of threads for each part would cost more than the writing."""

PARAMETERS = ("constructId", "sessionId", "jobId", "type", "name", "metadata", "expiresAt", "sha256")
DEFAULT_TYPE = "application/octet-stream"


async def upload_artifact(request: RouteRequest, id: str | None) -> None:
    """Store what a PUT or POST brings, and answer with what is stored of it.

    Args:
        request: Says in its query what the artifact is.
        id: The artifact's; None: it gets one.

    Raises:
        SyntheticError: As `prepare_artifact`, `PreparedArtifact.open_writer`, `ArtifactWriter` and `add_artifact` do;
            nothing is stored then.
        ArtifactEncodingError: The content is compressed.
        ArtifactPreconditionError: There is an artifact with this id, and the request has `If-None-Match: *`.
    """
    content = _content_of(request, id)
    prepared = await request.read(_prepare, content, request.headers.get("if-none-match"))
    _check_announced(request, prepared)
    saved = await _store(request, prepared)
    artifact = saved.artifact
    headers = {
        "content-type": "application/json",
        "etag": etag_of(artifact.sha256),
        "location": f"/artifacts/{quote(artifact.id, safe='')}",
    }
    await request.answer(CREATED if saved.created else OK, headers, to_json(_as_json(saved)).encode())


def _content_of(request: RouteRequest, id: str | None) -> ArtifactContent:
    """What the request says about the artifact."""
    encoding = request.headers.get("content-encoding")
    if encoding is not None and encoding.strip().lower() != "identity":
        raise ArtifactEncodingError
    if "content-range" in request.headers:
        raise bad_input("Content-Range", "must not be sent: an artifact is stored as a whole")
    query = request.query
    for name in query:
        if name not in PARAMETERS:
            raise bad_input(name[:100], f"is no parameter of an upload: there are {', '.join(PARAMETERS)}")
    for name in ("type", "name"):
        if name not in query:
            raise bad_input(name, "must be given after the path's question mark")
    expires_at = query.get("expiresAt")
    return ArtifactContent(
        id=id,
        construct_id=query.get("constructId"),
        session_id=query.get("sessionId"),
        job_id=query.get("jobId"),
        type=query["type"],
        name=query["name"],
        content_type=request.headers.get("content-type") or DEFAULT_TYPE,
        metadata=_metadata_of(query.get("metadata")),
        expires_at=None if expires_at is None else ms_from_iso(expires_at),
        sha256=announced_sha256(
            query.get("sha256"), request.headers.get("repr-digest"), request.headers.get("content-digest")
        ),
    )


def _metadata_of(text: str | None) -> dict[str, Any]:
    if text is None:
        return {}
    try:
        value = from_json(text)
    except ValueError:
        value = None
    if not isinstance(value, dict):
        raise bad_input("metadata", "must be a JSON object")
    return value


def _prepare(snapshot: Snapshot, content: ArtifactContent, if_none_match: str | None) -> PreparedArtifact:
    check_room(snapshot)
    is_taken = content.id is not None and find_artifact(snapshot, content.id) is not None
    if is_taken and if_none_match is not None and if_none_match.strip() == "*":
        raise ArtifactPreconditionError("There is an artifact with this id.", details={"id": content.id})
    return prepare_artifact(snapshot, content)


def _check_announced(request: RouteRequest, prepared: PreparedArtifact) -> None:
    """Refuse at once what is announced to be too large."""
    length = request.headers.get("content-length")
    allowed = prepared.allowance.size_bytes
    if length is not None and length.isdecimal() and (len(length) > 18 or int(length) > allowed):
        raise ArtifactTooLargeError(f"The content has more than {allowed:,} bytes.", details={"limitBytes": allowed})


async def _store(request: RouteRequest, prepared: PreparedArtifact) -> SavedArtifact:
    """Write the file as its content comes, then the row."""
    writer = await request.in_thread(prepared.open_writer)
    error: BaseException | None = None
    try:
        written = await _write(request, writer)
        saved = await request.write(
            add_artifact,
            prepared,
            written,
            operation="createArtifact",
            entity_type="artifact",
            entity_id=prepared.id,
            details={"sizeBytes": written.size_bytes},
        )
        if is_damaged(saved.artifact):
            await request.in_thread(writer.put_back, saved.artifact)
            saved = await request.write(repair_artifact, saved.artifact, operation=None)
        elif not saved.created:
            await request.in_thread(writer.discard)
    except BaseException as raised:
        error = raised
        raise
    finally:
        # In this thread: what is undone here must be undone also when the server is stopping or has no thread to spare.
        writer.__exit__(None if error is None else type(error), error, None)
    return saved


async def _write(request: RouteRequest, writer: ArtifactWriter) -> Written:
    batch = bytearray()
    async with contextlib.aclosing(request.parts()) as parts:
        async for part in parts:
            batch += part
            if len(batch) >= BATCH_BYTES:
                await request.in_thread(writer.write, bytes(batch))
                batch.clear()
    if batch:
        await request.in_thread(writer.write, bytes(batch))
    return await request.in_thread(writer.finish)


def _as_json(saved: SavedArtifact) -> dict[str, Any]:
    artifact: Artifact = saved.artifact
    return {
        "id": artifact.id,
        "constructId": artifact.construct_id,
        "type": artifact.type,
        "name": artifact.name,
        "contentType": artifact.content_type,
        "sizeBytes": artifact.size_bytes,
        "storedBytes": artifact.stored_bytes,
        "sha256": artifact.sha256,
        "encoding": artifact.encoding,
        "createdAt": iso_from_ms(artifact.created_at),
        "expiresAt": None if artifact.expires_at is None else iso_from_ms(artifact.expires_at),
        "created": saved.created,
    }

"""Sending the content of artifacts, or ranges of it, with constant memory."""

from __future__ import annotations

import asyncio
from functools import lru_cache

from synthetic import RouteRequest, Snapshot, SyntheticError, logger_for
from synthetic_artifacts.comparisons import Comparisons
from synthetic_artifacts.disposition import attachment
from synthetic_artifacts.errors import (
    ArtifactAlteredError,
    ArtifactMissingError,
    ArtifactPreconditionError,
    ArtifactRangeError,
    ArtifactTouchedError,
)
from synthetic_artifacts.folders import ArtifactFolder
from synthetic_artifacts.known_files import KnownFiles
from synthetic_artifacts.marks import find_fault
from synthetic_artifacts.model import Artifact, ArtifactStatus
from synthetic_artifacts.ranges import (
    ByteRange,
    UnsatisfiableRange,
    etag_of,
    find_range,
    names_tag,
    repr_digest_of,
)
from synthetic_artifacts.reading import COMPARE_TRIES, PIECE_BYTES, StoredContent, find_content, open_known
from synthetic_artifacts.store import get_available_artifact, mark_damaged, read_claim

OK = 200
PARTIAL = 206
NOT_MODIFIED = 304

POLICY = "default-src 'none'; sandbox; frame-ancestors 'none'"
"""A browser that shows the content all the same runs nothing in it, and gives it no origin."""

log = logger_for(__name__)


async def download_artifact(request: RouteRequest) -> None:
    """Answer a GET or HEAD.

    Raises:
        NotFoundError: There is no such artifact, or it was deleted.
        ArtifactMissingError, ArtifactAlteredError: Its file is gone, or is not what was stored.
        ArtifactsAbsentError: All files are gone at once, as where their disk is not mounted.
        ArtifactTouchedError: Something has changed its file, and its content is still the same.
        ArtifactPreconditionError: It is not what If-Match names.
        ArtifactRangeError: It has no byte of the range.
    """
    artifact, folder = await request.read(_find, request.path["id"])
    if_match, if_none_match = request.headers.get("if-match"), request.headers.get("if-none-match")
    if if_match is not None and not names_tag(if_match, artifact.sha256, strongly=True):
        raise ArtifactPreconditionError(details={"id": artifact.id, "etag": etag_of(artifact.sha256)})
    if if_none_match is not None and names_tag(if_none_match, artifact.sha256, strongly=False):
        await request.begin(NOT_MODIFIED, _headers_of(artifact.sha256))
        await request.send(b"", more=False)
        return
    part = _part_of(request, artifact)
    content = await _open(request, folder, artifact)
    try:
        headers = dict(_content_headers(artifact.sha256, artifact.content_type, artifact.name))
        if part is None:
            part, status = ByteRange(0, artifact.size_bytes), OK
            if content.kept is not None and request.method == "GET":
                await request.answer(OK, headers, content.kept)
                return
        else:
            status = PARTIAL
            headers["content-range"] = f"bytes {part.first}-{part.first + part.length - 1}/{artifact.size_bytes}"
        headers["content-length"] = str(part.length)
        if request.method == "HEAD":
            await request.begin(status, headers)
            await request.send(b"", more=False)
        else:
            await _send(request, content, part, status, headers)
    except ArtifactAlteredError:
        await _mark(request, artifact, ArtifactStatus.ALTERED)
        raise
    except ArtifactTouchedError:
        # The answer ends, and the content decides whether the artifact is damaged.
        request.resource(KnownFiles).forget(artifact.id)
        (await _open(request, folder, artifact)).close()
        raise
    finally:
        content.close()


def _find(snapshot: Snapshot, id: str) -> tuple[Artifact, ArtifactFolder]:
    return get_available_artifact(snapshot, id), ArtifactFolder.of(snapshot)


@lru_cache(maxsize=4_096)
def _headers_of(sha256: str) -> dict[str, str]:
    """What every answer says of content with this hash; not to be changed."""
    return {
        "etag": etag_of(sha256),
        "repr-digest": repr_digest_of(sha256),
        "accept-ranges": "bytes",
        "cache-control": "private, no-cache",
        "content-security-policy": POLICY,
    }


@lru_cache(maxsize=4_096)
def _content_headers(sha256: str, content_type: str, name: str) -> dict[str, str]:
    """What an answer with some of the content says beside its length; to be copied."""
    return {**_headers_of(sha256), "content-type": content_type, "content-disposition": attachment(name)}


def _part_of(request: RouteRequest, artifact: Artifact) -> ByteRange | None:
    if request.method != "GET":
        return None
    try:
        return find_range(
            request.headers.get("range"), request.headers.get("if-range"), artifact.sha256, artifact.size_bytes
        )
    except UnsatisfiableRange:
        request.channel.refusal_headers["content-range"] = f"bytes */{artifact.size_bytes}"
        raise ArtifactRangeError(details={"id": artifact.id, "sizeBytes": artifact.size_bytes}) from None


async def _open(request: RouteRequest, folder: ArtifactFolder, artifact: Artifact) -> StoredContent:
    """The content of an artifact; what is wrong with its file is noted."""
    try:
        content = find_content(folder, artifact, request.resource(KnownFiles))
        tries_left = COMPARE_TRIES
        while content is None:
            if not tries_left:
                raise ArtifactTouchedError(details={"id": artifact.id})
            tries_left -= 1
            known = await request.resource(Comparisons).compare(request, folder, artifact)
            content = open_known(folder, artifact, known)
    except (ArtifactMissingError, ArtifactAlteredError) as error:
        fault = await request.in_thread(find_fault, folder, await request.read(read_claim))
        if fault is not None:
            # Its disk is not mounted, so nothing is known of the file.
            raise fault from None
        is_gone = isinstance(error, ArtifactMissingError)
        await _mark(request, artifact, ArtifactStatus.MISSING if is_gone else ArtifactStatus.ALTERED)
        raise
    return content


async def _mark(request: RouteRequest, artifact: Artifact, status: ArtifactStatus) -> None:
    log.error("artifact damaged", id=artifact.id, path=artifact.path, status=status)
    try:
        await request.write(mark_damaged, artifact, status, operation=None)
    except SyntheticError as error:
        # The client is to hear of the artifact; the sweep finds it again.
        log.warning("damage not noted", id=artifact.id, code=error.code)


async def _send(
    request: RouteRequest, content: StoredContent, part: ByteRange, status: int, headers: dict[str, str]
) -> None:
    """Send a part, piece by piece; the answer begins once the first of them is there."""
    offset, left = part
    has_begun = False
    while left or not has_begun:
        length = min(left, PIECE_BYTES)
        piece = content.read_now(offset, length) if length else b""
        if piece is None:
            piece = await request.in_thread(content.read, offset, length)
        if not has_begun:
            await request.begin(status, headers)
            has_begun = True
        offset += len(piece)
        left -= len(piece)
        await request.send(piece, more=left > 0)
        if left:
            # Who takes all at once must not keep others waiting.
            await asyncio.sleep(0)

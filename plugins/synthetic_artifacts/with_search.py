"""Artifacts as documents: their names, what is said about them, and the text that they hold."""

from __future__ import annotations

from collections.abc import Sequence

from synthetic import Snapshot, hookimpl, to_json
from synthetic_artifacts.errors import ArtifactAlteredError, ArtifactMissingError
from synthetic_artifacts.folders import ArtifactFolder
from synthetic_artifacts.frames import is_text
from synthetic_artifacts.known_files import KnownFiles
from synthetic_artifacts.model import Artifact, ArtifactStatus
from synthetic_artifacts.reading import open_content
from synthetic_artifacts.store import COLUMNS
from synthetic_search.store import SearchDocument, SearchDocuments

TEXT_BYTES_MAX = 4_194_304
"""A longer file is found by its name and metadata alone: all of a file is read and compared before any is used."""


def read_artifacts(snapshot: Snapshot, ids: Sequence[str]) -> list[SearchDocument | None]:
    """For each id its artifact as a document; None: it is not there, or deleted."""
    found = _find_artifacts(snapshot, ids)
    return [None if artifact is None else _document(artifact, _text(snapshot, artifact)) for artifact in found]


def read_artifact_titles(snapshot: Snapshot, ids: Sequence[str]) -> list[SearchDocument | None]:
    """As `read_artifacts`, without what the files say."""
    return [None if artifact is None else _document(artifact, "") for artifact in _find_artifacts(snapshot, ids)]


def _find_artifacts(snapshot: Snapshot, ids: Sequence[str]) -> list[Artifact | None]:
    rows = snapshot.records(
        Artifact,
        f"SELECT {COLUMNS} FROM artifacts WHERE id IN (SELECT value FROM json_each(:ids))",
        {"ids": to_json(list(ids))},
    )
    found = {artifact.id: artifact for artifact in rows if artifact.status != ArtifactStatus.DELETED}
    return [found.get(id) for id in ids]


def scan_artifacts(snapshot: Snapshot, after: str | None, limit: int) -> list[str]:
    """Ids of artifacts, in their order."""
    sql = "SELECT id FROM artifacts WHERE id > :after ORDER BY id LIMIT :limit"
    return [id for (id,) in snapshot.rows(sql, {"after": after or "", "limit": limit})]


def _document(artifact: Artifact, text: str) -> SearchDocument:
    said = "" if artifact.metadata == "{}" else artifact.metadata
    return SearchDocument(
        id=artifact.id,
        title=artifact.name,
        body="\n".join(filter(None, (text, said))),
        occurred_at=artifact.created_at,
        construct_id=artifact.construct_id,
        session_id=artifact.session_id,
        status=artifact.status,
        facets={"type": artifact.type, "media": artifact.content_type.partition(";")[0].strip()},
    )


def _text(snapshot: Snapshot, artifact: Artifact) -> str:
    """What the file says, where it is text that is there and not too long; else nothing."""
    is_there = artifact.status == ArtifactStatus.AVAILABLE
    if not is_there or not is_text(artifact.content_type) or artifact.size_bytes > TEXT_BYTES_MAX:
        return ""
    snapshot.spend(artifact.size_bytes)
    try:
        content = open_content(ArtifactFolder.of(snapshot), artifact, snapshot.resource(KnownFiles))
    except (ArtifactMissingError, ArtifactAlteredError):
        # It will be noticed, and then an event says so, too.
        return ""
    try:
        return content.read(0, artifact.size_bytes).decode("utf-8", "replace")
    finally:
        content.close()


@hookimpl
def register_search_documents() -> tuple[SearchDocuments, ...]:
    """Each artifact is a document."""
    return (
        SearchDocuments(
            kind="ARTIFACT",
            entity="artifact",
            type_name="Artifact",
            purpose="Files by their names, metadata and, where they are text of up to 4 MiB, by what they say.",
            read=read_artifacts,
            # A file may have 4 MiB, and a character of it take four bytes.
            read_at_once=1,
            read_titles=read_artifact_titles,
            scan=scan_artifacts,
        ),
    )

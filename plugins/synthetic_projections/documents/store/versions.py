"""The rows of `document_versions`: what documents were, and the bodies of what they are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple
from weakref import WeakKeyDictionary

from synthetic import EACH, ConflictError, Selection, Snapshot, Transaction, to_json
from synthetic_projections.documents.model import Document, DocumentVersion
from synthetic_projections.settings import ProjectionSettings
from synthetic_transcripts.errors import ContentTooLargeError

TABLE = "document_versions"
COLUMNS = ", ".join(DocumentVersion._fields)

_INSERT = f"INSERT INTO {TABLE} ({COLUMNS}) VALUES ({', '.join(f':{name}' for name in DocumentVersion._fields)})"

_READ: WeakKeyDictionary[Snapshot, int] = WeakKeyDictionary()
"""How many bytes of bodies were read in a snapshot, by all fields of an answer that ask for some."""


class BodyOf(NamedTuple):
    """Whose body is meant.

    Attributes:
        document_id: The document.
        version: Its version.
        body_bytes: How long the body is, as stored beside it.
    """

    document_id: str
    version: int
    body_bytes: int


def add_version(tx: Transaction, document: Document, body: str) -> None:
    """Keep what a document has become; the version before is superseded.

    Args:
        tx: The transaction that stores the document.
        document: As it is stored now.
        body: Its body.
    """
    tx.execute(
        f"UPDATE {TABLE} SET superseded_at = :now WHERE document_id = :id AND superseded_at IS NULL",
        {"now": tx.now, "id": document.id},
    )
    version = DocumentVersion(
        document_id=document.id,
        version=document.version,
        kind=document.kind,
        title=document.title,
        body=body,
        body_bytes=document.body_bytes,
        body_sha256=document.body_sha256,
        status=document.status,
        construct_id=document.construct_id,
        story_id=document.story_id,
        project_id=document.project_id,
        metadata=document.metadata,
        saved_by=document.updated_by,
        saved_at=document.updated_at,
        superseded_at=None,
    )
    tx.execute(_INSERT, version._asdict())


def find_version(snapshot: Snapshot, document_id: str, version: int) -> DocumentVersion | None:
    """A version of a document, or None."""
    found = snapshot.record(
        DocumentVersion,
        f"SELECT {COLUMNS} FROM {TABLE} WHERE document_id = :id AND version = :version",
        {"id": document_id, "version": version},
    )
    if found is not None:
        snapshot.spend(found.body_bytes)
    return found


def get_body(snapshot: Snapshot, document: Document) -> str:
    """The body of a document as it is now.

    Raises:
        ConflictError: The store has lost that version, which no write of its own brings about.
    """
    found = find_version(snapshot, document.id, document.version)
    if found is None:
        raise ConflictError(
            f"The body of the document {document.id!r} is not in the store any more.",
            action="Send a body too.",
            details={"field": "body", "id": document.id},
        )
    return found.body


def find_bodies(snapshot: Snapshot, versions: Sequence[BodyOf]) -> list[str | None]:
    """The body of each version, or None where there is no such version.

    All of an answer stand in memory at once, and a page that is asked for under
    several names is read as often: so they are counted before they are read,
    snapshot by snapshot.

    Raises:
        ContentTooLargeError: With those that were read before they are more than `document_answer_bytes`.
    """
    size = _READ.get(snapshot, 0) + sum(each.body_bytes for each in set(versions))
    size_max = snapshot.settings(ProjectionSettings).document_answer_bytes
    if size > size_max:
        raise ContentTooLargeError(
            f"The bodies of these documents have {size} bytes; one answer carries up to {size_max}.",
            action="Ask for the bodies of fewer documents or versions at once; `bodyBytes` tells how long each is.",
            details={"sizeBytes": size, "sizeBytesMax": size_max},
        )
    snapshot.spend(size - _READ.get(snapshot, 0))
    _READ[snapshot] = size
    found = {
        (document_id, version): body
        for document_id, version, body in snapshot.rows(
            f"SELECT v.document_id, v.version, v.body FROM json_each(:versions) AS j CROSS JOIN {TABLE} AS v"
            " ON v.document_id = j.value ->> 0 AND v.version = j.value ->> 1",
            {"versions": to_json(sorted({each[:2] for each in versions}))},
        )
    }
    return [found.get(each[:2]) for each in versions]


def list_newest_versions(snapshot: Snapshot, ids: Sequence[str]) -> list[DocumentVersion]:
    """The newest version of each document, with its body; those that are gone are left out."""
    return snapshot.records(
        DocumentVersion,
        f"SELECT {COLUMNS} FROM {TABLE} WHERE superseded_at IS NULL"
        " AND document_id IN (SELECT value FROM json_each(:ids))",
        {"ids": to_json(list(ids))},
    )


def select_versions() -> Selection:
    """The versions of each document, for `pages`."""
    return Selection(TABLE, [f"document_id = {EACH}"], {}, keys=("document_id", "version"))

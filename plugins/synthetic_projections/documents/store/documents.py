"""The rows of `documents`: saving them, every version kept, and finding them again."""

from __future__ import annotations

from typing import Any

from synthetic import (
    BlockingStore,
    NotFoundError,
    Snapshot,
    Transaction,
    bad_input,
    check_id,
    delete_owned,
    find_changes,
)
from synthetic_constructs.store import get_construct
from synthetic_projections.documents.events import DOCUMENT_SAVED, saved_payload
from synthetic_projections.documents.model import (
    FIELDS,
    Document,
    DocumentContent,
    SavedDocument,
    check_content,
    describe_body,
)
from synthetic_projections.documents.store.versions import add_version, get_body
from synthetic_projections.settings import ProjectionSettings

TABLE = "documents"
COLUMNS = ", ".join(Document._fields)

_SELECT = f"SELECT {COLUMNS} FROM {TABLE}"
_INSERT = f"INSERT INTO {TABLE} ({COLUMNS}) VALUES ({', '.join(f':{name}' for name in Document._fields)})"
_UPDATE = (
    f"UPDATE {TABLE} SET "
    + ", ".join(f"{name} = :{name}" for name in Document._fields if name not in ("id", "created_by", "created_at"))
    + " WHERE id = :id"
)


def find_document(snapshot: Snapshot, id: str) -> Document | None:
    """The document with this id, or None."""
    return snapshot.record(Document, _SELECT + " WHERE id = :id", {"id": id})


def list_document_ids(snapshot: Snapshot, after: str | None, limit: int) -> list[str]:
    """Ids of documents after one, in their order, at most so many."""
    rows = snapshot.rows(
        f"SELECT id FROM {TABLE} WHERE id > :after ORDER BY id LIMIT :limit", {"after": after or "", "limit": limit}
    )
    return [id for (id,) in rows]


def get_document(snapshot: Snapshot, id: str) -> Document:
    """The document with this id.

    Raises:
        NotFoundError: There is none.
    """
    found = find_document(snapshot, id)
    if found is None:
        raise NotFoundError(f"There is no document with the id {id!r}.", details={"field": "id", "id": id})
    return found


def save_document(
    tx: Transaction, content: DocumentContent, *, id: str | None = None, if_version: int | None = None
) -> SavedDocument:
    """Store a document, or a new version of one; what is there already as sent is returned as it is.

    Args:
        tx: To write in.
        content: The fields to store; a new document needs `kind` and `title`, and its body is empty unless it says
            otherwise.
        id: The caller's id; without it, the document is new and gets a UUIDv7.
        if_version: The version that is to be changed, as the caller read it.

    Raises:
        BadUserInputError: A value is not acceptable, or one that a new document needs is absent.
        NotFoundError: There is no such construct.
        ConflictError: There is a document with this id and other content, and `if_version` is not its version; or
            there is none, and `if_version` says so.
    """
    given = check_content(content, tx.settings(ProjectionSettings))
    stored = None if id is None else find_document(tx, check_id(id, "id"))
    changes = find_changes(stored, given, entity="document", id=id, if_version=if_version, fields=FIELDS)
    if given.get("construct_id") is not None and (changes is None or "construct_id" in changes):
        get_construct(tx, given["construct_id"], field="constructId")
    body = content.get("body")
    if stored is None or changes is None:
        return _insert(tx, tx.new_id() if id is None else id, given, body or "")
    if not changes:
        return SavedDocument(stored, created=False, changed=False)
    if body is not None:
        changes |= describe_body(body)
    document = stored._replace(**changes, version=stored.version + 1, updated_by=tx.origin.actor, updated_at=tx.now)
    add_version(tx, document, get_body(tx, stored) if body is None else body)
    tx.execute(_UPDATE, document._asdict())
    _tell(tx, stored, document)
    return SavedDocument(document, created=False, changed=True)


def delete_document(store: BlockingStore, id: str) -> int:
    """Delete a document with all its versions.

    Returns:
        How many versions it had.

    Raises:
        NotFoundError: There is none.
    """
    store.read(get_document, id)
    plan = delete_owned(store, TABLE, id)
    return sum(table.rows for table in plan.tables if table.table != TABLE)


def _insert(tx: Transaction, id: str, given: dict[str, Any], body: str) -> SavedDocument:
    for needed in ("kind", "title"):
        if needed not in given:
            raise bad_input(needed, "is needed: the document is new")
    described = describe_body(body)
    document = Document(
        id=id,
        kind=given["kind"],
        title=given["title"],
        status=given.get("status"),
        construct_id=given.get("construct_id"),
        story_id=given.get("story_id"),
        project_id=given.get("project_id"),
        metadata=given.get("metadata") or "{}",
        body_bytes=described["body_bytes"],
        body_sha256=described["body_sha256"],
        version=1,
        created_by=tx.origin.actor,
        updated_by=tx.origin.actor,
        created_at=tx.now,
        updated_at=tx.now,
    )
    tx.execute(_INSERT, document._asdict())
    add_version(tx, document, body)
    _tell(tx, None, document)
    return SavedDocument(document, created=True, changed=True)


def _tell(tx: Transaction, before: Document | None, document: Document) -> None:
    tx.emit(DOCUMENT_SAVED, document.id, construct_id=document.construct_id, payload=saved_payload(before, document))

"""Reading and saving rows of `constructs`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from synthetic import NotFoundError, Snapshot, Transaction, bad_input, check_id, find_changes, to_json
from synthetic_constructs.events import CONSTRUCT_SAVED, saved_payload
from synthetic_constructs.model import (
    ENDED_STATUSES,
    FIELDS,
    ConstructContent,
    ConstructRecord,
    ConstructStatus,
    check_content,
)
from synthetic_constructs.settings import ConstructSettings
from synthetic_constructs.store.metadata_index import write_entries

COLUMNS = ", ".join(ConstructRecord._fields)

_SELECT = f"SELECT {COLUMNS} FROM constructs"
_INSERT = f"INSERT INTO constructs ({COLUMNS}) VALUES ({', '.join(f':{name}' for name in ConstructRecord._fields)})"
_UPDATE = (
    "UPDATE constructs SET type = :type, status = :status, title = :title, description = :description,"
    " user_id = :user_id, project_id = :project_id, metadata = :metadata, version = :version,"
    " updated_at = :updated_at, started_at = :started_at, ended_at = :ended_at WHERE id = :id"
)


class SavedConstruct(NamedTuple):
    """What a save came to.

    Attributes:
        construct: As it is stored now.
        created: Whether it was not there before.
        changed: Whether anything was written.
    """

    construct: ConstructRecord
    created: bool
    changed: bool


def find_construct(snapshot: Snapshot, id: str) -> ConstructRecord | None:
    """The construct with this id, or None."""
    return snapshot.record(ConstructRecord, _SELECT + " WHERE id = :id", {"id": id})


def get_construct(snapshot: Snapshot, id: str, *, field: str = "id") -> ConstructRecord:
    """The construct with this id.

    Args:
        snapshot: To read from.
        id: Its id.
        field: Name under which the sender gave the id, for the error.

    Raises:
        NotFoundError: There is none.
    """
    found = find_construct(snapshot, id)
    if found is None:
        raise NotFoundError(f"There is no construct with the id {id!r}.", details={"field": field, "id": id})
    return found


def list_constructs_by_id(snapshot: Snapshot, ids: Sequence[str]) -> list[ConstructRecord | None]:
    """For each id, its construct or None, in the order of the ids."""
    records = snapshot.records(
        ConstructRecord,
        _SELECT + " WHERE id IN (SELECT value FROM json_each(:ids))",
        {"ids": to_json(list(ids))},
    )
    found = {record.id: record for record in records}
    return [found.get(id) for id in ids]


def save_construct(
    tx: Transaction, content: ConstructContent, *, id: str | None = None, if_version: int | None = None
) -> SavedConstruct:
    """Store a construct, or change the fields of one that `content` gives.

    A save that says nothing new writes nothing, whatever version it names, so
    it can be sent again when its answer was lost.

    Args:
        tx: To write in.
        content: The fields to store; a new construct needs `type` and `title`,
            is PLANNED and has no metadata unless it says otherwise.
        id: The caller's id; without it, the construct is new and gets a UUIDv7.
        if_version: The version that is to be changed, as the caller read it.

    Raises:
        BadUserInputError: A value is not acceptable, or one that a new construct needs is absent.
        ConflictError: There is a construct with this id and other content, and
            `if_version` is not its version; or there is none, and `if_version` says so.
    """
    given = check_content(content, tx.settings(ConstructSettings))
    stored = None if id is None else find_construct(tx, check_id(id, "id"))
    changes = find_changes(stored, given, entity="construct", id=id, if_version=if_version, fields=FIELDS)
    if stored is None or changes is None:
        return _insert(tx, tx.new_id() if id is None else id, given)
    return _update(tx, stored, changes) if changes else SavedConstruct(stored, created=False, changed=False)


def _insert(tx: Transaction, id: str, given: dict[str, str | None]) -> SavedConstruct:
    for needed in ("type", "title"):
        if needed not in given:
            raise bad_input(needed, "is needed: the construct is new")
    status = given.get("status") or ConstructStatus.PLANNED
    construct = ConstructRecord(
        id=id,
        type=str(given["type"]),
        status=status,
        title=str(given["title"]),
        description=given.get("description"),
        user_id=given.get("user_id"),
        project_id=given.get("project_id"),
        metadata=given.get("metadata") or "{}",
        version=1,
        created_at=tx.now,
        updated_at=tx.now,
        started_at=tx.now if status == ConstructStatus.ACTIVE else None,
        ended_at=tx.now if status in ENDED_STATUSES else None,
    )
    tx.execute(_INSERT, construct._asdict())
    write_entries(tx, construct, replaces=False)
    _tell(tx, None, construct)
    return SavedConstruct(construct, created=True, changed=True)


def _update(tx: Transaction, stored: ConstructRecord, changes: dict[str, str | None]) -> SavedConstruct:
    construct = stored._replace(**changes, version=stored.version + 1, updated_at=tx.now)
    if "status" in changes:
        ended = construct.status in ENDED_STATUSES
        active = construct.status == ConstructStatus.ACTIVE
        construct = construct._replace(
            started_at=tx.now if active and stored.started_at is None else stored.started_at,
            ended_at=tx.now if ended else None,
        )
    tx.execute(_UPDATE, construct._asdict())
    if "metadata" in changes:
        write_entries(tx, construct, replaces=True)
    _tell(tx, stored, construct)
    return SavedConstruct(construct, created=False, changed=True)


def _tell(tx: Transaction, before: ConstructRecord | None, construct: ConstructRecord) -> None:
    tx.emit(CONSTRUCT_SAVED, construct.id, construct_id=construct.id, payload=saved_payload(before, construct))

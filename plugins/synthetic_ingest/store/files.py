"""The rows of files: finding them, making them, and changing them only if nobody else has."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields, replace

from synthetic import Snapshot, Transaction, to_json
from synthetic_ingest.errors import IngestRaceError
from synthetic_ingest.events import FILE_READ, read_payload
from synthetic_ingest.fingerprints import HeadPrint
from synthetic_ingest.model import FileState, IngestFile, IngestReject, Target
from synthetic_sessions.store import find_session

CANDIDATES_MAX = 16
"""Rows that are looked at to find out which file this is; numbers and beginnings are seldom shared by more."""

FILE_COLUMNS = ", ".join(field.name for field in fields(IngestFile))
_SELECT_FILE = f"SELECT {FILE_COLUMNS} FROM ingest_files"
_INSERT_FILE = (
    f"INSERT INTO ingest_files ({FILE_COLUMNS})"
    f" VALUES ({', '.join(f':{field.name}' for field in fields(IngestFile))}) ON CONFLICT DO NOTHING"
)
_KEPT_COLUMNS = ("id", "created_at")
_UPDATE_FILE = (
    "UPDATE ingest_files SET "
    + ", ".join(f"{field.name} = :{field.name}" for field in fields(IngestFile) if field.name not in _KEPT_COLUMNS)
    + " WHERE id = :id AND offset_bytes = :offset_before AND message_count = :messages_before"
    " AND reject_count = :rejects_before AND state = :state_before"
)


def find_file_at(snapshot: Snapshot, path: str) -> IngestFile | None:
    """The file that was last seen at a path."""
    sql = f"{_SELECT_FILE} WHERE path = :path AND state <> 'REPLACED'"
    return snapshot.record(IngestFile, sql, {"path": path})


def find_files_by_inode(snapshot: Snapshot, device: int, inode: int) -> list[IngestFile]:
    """Files that were last seen with these numbers, the newest first; numbers are used again."""
    where = "device = :device AND inode = :inode"
    sql = f"{_SELECT_FILE} WHERE {where} ORDER BY updated_at DESC, id DESC LIMIT {CANDIDATES_MAX}"
    return snapshot.records(IngestFile, sql, {"device": device, "inode": inode})


def find_files_by_head(snapshot: Snapshot, head: HeadPrint) -> list[IngestFile]:
    """Files that began exactly so when they were last read, the newest first."""
    where = "head_hash = :head_hash AND head_bytes = :head_bytes"
    sql = f"{_SELECT_FILE} WHERE {where} ORDER BY updated_at DESC, id DESC LIMIT {CANDIDATES_MAX}"
    return snapshot.records(IngestFile, sql, {"head_hash": head.digests, "head_bytes": head.length})


def list_files_by_id(snapshot: Snapshot, ids: Sequence[str]) -> list[IngestFile | None]:
    """For each id, its file or None."""
    sql = f"{_SELECT_FILE} WHERE id IN (SELECT value FROM json_each(:ids))"
    found = {record.id: record for record in snapshot.records(IngestFile, sql, {"ids": to_json(list(ids))})}
    return [found.get(id) for id in ids]


def list_files_by_transcript(snapshot: Snapshot, transcript_ids: Sequence[str]) -> list[IngestFile | None]:
    """For each transcript, the file that it was read from, or None."""
    sql = f"{_SELECT_FILE} WHERE transcript_id IN (SELECT value FROM json_each(:ids)) ORDER BY id"
    records = snapshot.records(IngestFile, sql, {"ids": to_json(list(transcript_ids))})
    found = {record.transcript_id: record for record in records}
    return [found.get(id) for id in transcript_ids]


def insert_file(tx: Transaction, target: Target) -> IngestFile:
    """Make the row of a file of which nothing has been read yet.

    Raises:
        IngestRaceError: Another process has made one for the same path.
    """
    record = IngestFile(
        id=tx.new_id(),
        path=target.path,
        device=target.device,
        inode=target.inode,
        format=target.format,
        compression=target.compression,
        state=FileState.READING,
        problem=None,
        size_bytes=target.size_bytes,
        modified_at=target.modified_at,
        offset_bytes=0,
        line_count=0,
        message_count=0,
        reject_count=0,
        head_bytes=0,
        head_hash=b"",
        tail_hash=b"",
        session_id=None,
        transcript_id=None,
        created_at=tx.now,
        updated_at=tx.now,
    )
    if not tx.execute(_INSERT_FILE, values_of(record)):
        raise IngestRaceError
    return record


def make_room(tx: Transaction, path: str, comer: IngestFile | None) -> None:
    """Say of the file that stood at a path that another one stands there now."""
    stood = find_file_at(tx, path)
    if stood is None or (comer is not None and stood.id == comer.id):
        return
    tx.execute(
        "UPDATE ingest_files SET state = 'REPLACED', problem = NULL, updated_at = :now WHERE id = :id",
        {"id": stood.id, "now": tx.now},
    )
    tell_of_file(tx, stood.state, replace(stood, state=FileState.REPLACED))


def update_file(tx: Transaction, before: IngestFile, after: IngestFile) -> None:
    """Write a row, if it is still as this process knows it.

    Raises:
        IngestRaceError: It is not.
    """
    expected = {
        "offset_before": before.offset_bytes,
        "messages_before": before.message_count,
        "rejects_before": before.reject_count,
        "state_before": before.state,
    }
    if not tx.execute(_UPDATE_FILE, values_of(after) | expected):
        raise IngestRaceError


def tell_of_file(tx: Transaction, previous_state: str | None, file: IngestFile) -> None:
    """Write to the log what has become of a file.

    Args:
        tx: To write in.
        previous_state: The state that it was in; None for a new one.
        file: As it is now.
    """
    session = None if file.session_id is None else find_session(tx, file.session_id)
    tx.emit(
        FILE_READ,
        file.id,
        construct_id=None if session is None else session.construct_id,
        payload=read_payload(previous_state, file),
    )


def values_of(record: IngestFile | IngestReject) -> dict[str, str | int | bytes | None]:
    """The columns of a row by name."""
    return {field.name: getattr(record, field.name) for field in fields(record)}

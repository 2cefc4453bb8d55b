"""Which files and rejects a list is of, for GraphQL."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields

from synthetic import EACH, Order, Selection, Snapshot, Value, to_json
from synthetic_ingest.model import FileState, IngestReject

REJECT_COLUMNS = ", ".join(field.name for field in fields(IngestReject))

BY_PATH = Order(("path", "id"), (str, str))
BY_PLACE = Order(("file_id", "offset_bytes"), (str, int))
_AT_OR_UNDER = "path = :path OR (path >= :path || '/' AND path < :path || '0')"
"""The digit 0 follows the slash in every encoding, so this is the range of what is under a folder."""


def select_files(states: Sequence[FileState] | None, path: str | None) -> Selection:
    """The files that are meant.

    Args:
        states: Only files in these.
        path: Only this file, or what is in and under this folder.
    """
    where: list[str] = []
    params: dict[str, Value] = {}
    if states is not None:
        where.append("state IN (SELECT value FROM json_each(:states))")
        params["states"] = to_json(list(states))
    if path is not None:
        where.append(_AT_OR_UNDER)
        params["path"] = _folder(path)
    return Selection("ingest_files", where, params)


def select_rejects(*, file_id: str | None = None, path: str | None = None, each: str | None = None) -> Selection:
    """The rejects that are meant.

    Args:
        file_id: Only those of this file.
        path: Only those of this file, or of files in and under this folder.
        each: A column that names their parent, for `pages`: `file_id`.
    """
    where = [] if each is None else [f"{each} = {EACH}"]
    params: dict[str, Value] = {}
    if file_id is not None:
        where.append("file_id = :file_id")
        params["file_id"] = file_id
    if path is not None:
        where.append(f"file_id IN (SELECT id FROM ingest_files WHERE {_AT_OR_UNDER})")
        params["path"] = _folder(path)
    return Selection("ingest_rejects", where, params)


def list_rejects_by_id(snapshot: Snapshot, ids: Sequence[str]) -> list[IngestReject | None]:
    """For each id, its reject or None."""
    sql = f"SELECT {REJECT_COLUMNS} FROM ingest_rejects WHERE id IN (SELECT value FROM json_each(:ids))"
    found = {record.id: record for record in snapshot.records(IngestReject, sql, {"ids": to_json(list(ids))})}
    return [found.get(id) for id in ids]


def _folder(path: str) -> str:
    return path.rstrip("/")

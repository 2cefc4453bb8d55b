"""Pages of files and rejects, for GraphQL."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import fields
from typing import TypeVar

from synthetic import Connection, Order, Snapshot, Value, page, to_json
from synthetic_ingest.model import FileState, IngestFile, IngestReject
from synthetic_ingest.store.files import FILE_COLUMNS

NodeT = TypeVar("NodeT")

REJECT_COLUMNS = ", ".join(field.name for field in fields(IngestReject))

_BY_PATH = Order(("path", "id"))
_BY_PLACE = Order(("file_id", "offset_bytes"))
_AT_OR_UNDER = "path = :path OR (path >= :path || '/' AND path < :path || '0')"
"""The digit 0 follows the slash in every encoding, so this is the range of what is under a folder."""


def page_files(
    snapshot: Snapshot,
    make: Callable[[IngestFile], NodeT],
    *,
    states: Sequence[FileState] | None,
    path: str | None,
    first: int | None,
    after: str | None,
    last: int | None,
    before: str | None,
) -> Connection[NodeT]:
    """One page of files, by path.

    Args:
        snapshot: To read in.
        make: From a row to the object of the page.
        states: Only files in these.
        path: Only this file, or what is in and under this folder.
        first: As in `synthetic.page`, like the next three.
        after: See there.
        last: See there.
        before: See there.

    Raises:
        BadUserInputError: A cursor is not of this list, or a size is out of bounds.
    """
    where: list[str] = []
    params: dict[str, Value] = {}
    if states is not None:
        where.append("state IN (SELECT value FROM json_each(:states))")
        params["states"] = to_json(list(states))
    if path is not None:
        where.append(_AT_OR_UNDER)
        params["path"] = _folder(path)
    return page(
        snapshot,
        IngestFile,
        select=f"{FILE_COLUMNS} FROM ingest_files",
        order=_BY_PATH,
        make=make,
        where=where,
        params=params,
        first=first,
        after=after,
        last=last,
        before=before,
    )


def page_rejects(
    snapshot: Snapshot,
    make: Callable[[IngestReject], NodeT],
    *,
    file_id: str | None = None,
    path: str | None = None,
    first: int | None,
    after: str | None,
    last: int | None,
    before: str | None,
) -> Connection[NodeT]:
    """One page of rejects, by file, in the order in which they stand there.

    Args:
        snapshot: To read in.
        make: From a row to the object of the page.
        file_id: Only those of this file.
        path: Only those of this file, or of files in and under this folder.
        first: As in `synthetic.page`, like the next three.
        after: See there.
        last: See there.
        before: See there.

    Raises:
        BadUserInputError: A cursor is not of this list, or a size is out of bounds.
    """
    where: list[str] = []
    params: dict[str, Value] = {}
    if file_id is not None:
        where.append("file_id = :file_id")
        params["file_id"] = file_id
    if path is not None:
        where.append(f"file_id IN (SELECT id FROM ingest_files WHERE {_AT_OR_UNDER})")
        params["path"] = _folder(path)
    return page(
        snapshot,
        IngestReject,
        select=f"{REJECT_COLUMNS} FROM ingest_rejects",
        order=_BY_PLACE,
        make=make,
        where=where,
        params=params,
        first=first,
        after=after,
        last=last,
        before=before,
    )


def list_rejects_by_id(snapshot: Snapshot, ids: Sequence[str]) -> list[IngestReject | None]:
    """For each id, its reject or None."""
    sql = f"SELECT {REJECT_COLUMNS} FROM ingest_rejects WHERE id IN (SELECT value FROM json_each(:ids))"
    found = {record.id: record for record in snapshot.records(IngestReject, sql, {"ids": to_json(list(ids))})}
    return [found.get(id) for id in ids]


def _folder(path: str) -> str:
    return path.rstrip("/")

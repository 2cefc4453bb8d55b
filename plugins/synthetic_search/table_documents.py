"""Documents of a table with one row for each: the usual case, in one call."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any, TypeVar, cast

from synthetic import Snapshot, to_json
from synthetic_search.documents import SearchDocument, SearchDocuments

RecordT = TypeVar("RecordT")

_NAME = re.compile(r"[a-z][a-z0-9_]*")


def table_documents(
    kind: str,
    entity: str,
    purpose: str,
    *,
    table: str,
    record: type[RecordT],
    document: Callable[[RecordT], SearchDocument],
    type_name: str = "",
    version: int = 1,
) -> SearchDocuments:
    """The record for a table whose rows are the entities, and have a column `id` of texts that is unique.

    Args:
        kind: As of `SearchDocuments`, like `entity`, `purpose`, `type_name` and `version`.
        entity: See there.
        purpose: See there.
        table: The table.
        record: A NamedTuple whose fields are columns of it, `id` among them; no others are read.
        document: Makes the document of a row.
        type_name: See there.
        version: See there.

    Raises:
        ValueError: A name can be none of a table or a column.
    """
    fields: tuple[str, ...] = cast("Any", record)._fields
    wrong = [name for name in (table, *fields) if not _NAME.fullmatch(name)]
    if wrong or "id" not in fields:
        raise ValueError(f"the rows of {table} must have an id, and plain names: {', '.join(wrong)}")
    # The id comes first, whatever the record's order, so that rows are told apart without knowing the record.
    reading = f"SELECT id, {', '.join(fields)} FROM {table} WHERE id IN (SELECT value FROM json_each(:ids))"
    scanning = f"SELECT id FROM {table} WHERE id > :after ORDER BY id LIMIT :limit"

    def read(snapshot: Snapshot, ids: Sequence[str]) -> list[SearchDocument | None]:
        rows = snapshot.rows(reading, {"ids": to_json(list(ids))})
        found = {id: document(record(*values)) for id, *values in rows}
        return [found.get(id) for id in ids]

    def scan(snapshot: Snapshot, after: str | None, limit: int) -> list[str]:
        return [id for (id,) in snapshot.rows(scanning, {"after": after or "", "limit": limit})]

    return SearchDocuments(
        kind=kind, entity=entity, purpose=purpose, read=read, scan=scan, type_name=type_name, version=version
    )

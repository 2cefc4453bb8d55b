"""Writing to the index: all in the transaction that it is given, and in bounded pieces."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from synthetic import Snapshot, Transaction, Value, from_json, to_json
from synthetic_search.index.model import Change, Group, Held, Indexed, values_of_group
from synthetic_search.index.pending import put_off, settle

DELETED_AT_ONCE = 2_000
"""Documents of an entity that one transaction takes out."""

ORDINAL_MAX = (1 << 63) - 1

# Constructs and sessions are many, and looked up; of the others there are few, and most are found in the first groups.
_FORGET_VALUES = """
DELETE FROM search_values WHERE key IN (SELECT value FROM json_each(:numbers)) AND NOT CASE dimension
    WHEN 'construct' THEN EXISTS (SELECT 1 FROM search_groups g WHERE g.construct_id = search_values.value)
    WHEN 'session' THEN EXISTS (SELECT 1 FROM search_groups g WHERE g.session_id = search_values.value)
    ELSE EXISTS (
        SELECT 1 FROM search_groups g WHERE instr(' ' || g.words || ' ', ' v' || search_values.key || ' ')
    )
END
"""


class _Row(NamedTuple):
    """A row of `search_documents` that is taken out."""

    id: int
    ordinal: int
    group_key: int
    first_id: int


def apply(tx: Transaction, changes: Sequence[Change]) -> int:
    """Write changes to the index.

    Returns:
        How many documents were added or taken out.
    """
    keys: dict[Group, int] = {}
    return sum(_apply_one(tx, change, keys) for change in changes)


def find_indexed(snapshot: Snapshot, kind: str, entity_id: str) -> Held | None:
    """An entity as it is indexed; None: it is not."""
    return snapshot.record(
        Held,
        "SELECT key, fingerprint, incarnation, through FROM search_entities WHERE kind = :kind AND entity_id = :id",
        {"kind": kind, "id": entity_id},
    )


def _apply_one(tx: Transaction, change: Change, keys: dict[Group, int]) -> int:
    due = change.due
    if change.error is not None:
        put_off(tx, due, change.error)
        return 0
    held = find_indexed(tx, due.kind, due.entity_id)
    if change.fingerprint is not None and change.seen != (None if held is None else held.fingerprint):
        # All is to be indexed anew since: to write what was made out before would tell the scan that it has been done.
        return 0
    done, is_left = 0, False
    groups, first_ids = set[int](), dict[int, int]()
    if held is not None and (change.fingerprint is None or change.is_new):
        rows = _delete_documents(tx, held.key, 0, ORDINAL_MAX, DELETED_AT_ONCE)
        done, groups = len(rows), {row.group_key for row in rows}
        if done >= DELETED_AT_ONCE:
            # There may be more: the entity is still due, and what comes in their place waits for that.
            _forget_groups(tx, sorted(groups))
            return done
        if not held.fingerprint and held.incarnation == change.incarnation:
            first_ids = _first_ids_of(rows)
    elif held is not None:
        # As many as come in their place, so that this is as bounded as they are.
        rows = _delete_documents(tx, held.key, change.after + 1, change.through, None)
        first_ids = _first_ids_of(rows)
        if change.is_done:
            surplus = _delete_documents(tx, held.key, change.through + 1, ORDINAL_MAX, DELETED_AT_ONCE)
            is_left = len(surplus) >= DELETED_AT_ONCE
            rows = [*rows, *surplus]
        done, groups = len(rows), {row.group_key for row in rows}
    if change.fingerprint is None:
        if held is not None:
            tx.execute("DELETE FROM search_entities WHERE key = :key", {"key": held.key})
    else:
        key = _save_entity(tx, change)
        _insert_documents(tx, key, change.documents, keys, first_ids)
    if groups:
        _forget_groups(tx, sorted(groups))
    if change.is_done and not is_left:
        settle(tx, due)
    return max(1, done + len(change.documents))


def _delete_documents(tx: Transaction, entity_key: int, first: int, last: int, limit: int | None) -> list[_Row]:
    """Take the documents of an entity with these ordinals out, at most so many rows; the rows."""
    rows = tx.records(
        _Row,
        "SELECT id, ordinal, group_key, first_id FROM search_documents"
        " WHERE entity_key = :key AND ordinal BETWEEN :first AND :last LIMIT :limit",
        {"key": entity_key, "first": first, "last": last, "limit": -1 if limit is None else limit},
    )
    ids = [{"id": row.id} for row in rows]
    tx.execute_many("DELETE FROM search_text WHERE rowid = :id", ids)
    tx.execute_many("DELETE FROM search_documents WHERE id = :id", ids)
    return rows


def _first_ids_of(rows: Sequence[_Row]) -> dict[int, int]:
    """For each ordinal when it was first indexed."""
    first_ids: dict[int, int] = {}
    for row in rows:
        first_ids[row.ordinal] = min(row.first_id, first_ids.get(row.ordinal, row.first_id))
    return first_ids


def _save_entity(tx: Transaction, change: Change) -> int:
    return tx.rows(
        "INSERT INTO search_entities (kind, entity_id, fingerprint, incarnation, through, indexed_at)"
        " VALUES (:kind, :id, :fingerprint, :incarnation, :through, :now)"
        " ON CONFLICT (kind, entity_id) DO UPDATE SET fingerprint = excluded.fingerprint,"
        " incarnation = excluded.incarnation, through = excluded.through, indexed_at = excluded.indexed_at"
        " RETURNING key",
        {
            "kind": change.due.kind,
            "id": change.due.entity_id,
            "fingerprint": change.fingerprint,
            "incarnation": change.incarnation,
            "through": change.through,
            "now": tx.now,
        },
    )[0][0]


def _insert_documents(
    tx: Transaction,
    entity_key: int,
    documents: Sequence[Indexed],
    keys: dict[Group, int],
    first_ids: Mapping[int, int],
) -> None:
    """Add documents; `first_ids` has the ordinals of those that are indexed anew, and are nothing new."""
    if not documents:
        return
    words: dict[Group, str] = {}
    for group in {document.group for document in documents}:
        keys[group], words[group] = _ensure_group(tx, group)
    last = tx.value("SELECT seq FROM sqlite_sequence WHERE name = 'search_documents'") or 0
    numbered = list(enumerate(documents, last + 1))
    tx.execute_many(
        "INSERT INTO search_documents (id, entity_key, ordinal, part, group_key, occurred_at, first_id)"
        " VALUES (:id, :entity, :ordinal, :part, :group, :occurred_at, :first_id)",
        [
            {
                "id": id,
                "entity": entity_key,
                "ordinal": document.ordinal,
                "part": document.part,
                "group": keys[document.group],
                "occurred_at": document.occurred_at,
                "first_id": first_ids.get(document.ordinal, id),
            }
            for id, document in numbered
        ],
    )
    tx.execute_many(
        "INSERT INTO search_text (rowid, title, body, filters) VALUES (:id, :title, :body, :filters)",
        [
            {"id": id, "title": document.title, "body": document.body, "filters": words[document.group]}
            for id, document in numbered
        ],
    )


def _ensure_group(tx: Transaction, group: Group) -> tuple[int, str]:
    """Key and words of a group, made where it is not there."""
    row = tx.row(
        "SELECT key, words FROM search_groups WHERE construct_id = :construct_id AND session_id = :session_id"
        " AND kind = :kind AND status = :status AND facets = :facets AND month = :month",
        group._asdict(),
    )
    if row is not None:
        return row[0], row[1]
    facets: Mapping[str, Any] = from_json(group.facets)
    words = " ".join(f"v{_ensure_value(tx, *each)}" for each in values_of_group(group, facets))
    params: dict[str, Value] = {**group._asdict(), "words": words}
    key = tx.rows(
        "INSERT INTO search_groups (kind, construct_id, session_id, status, facets, month, words)"
        " VALUES (:kind, :construct_id, :session_id, :status, :facets, :month, :words) RETURNING key",
        params,
    )[0][0]
    return key, words


def _ensure_value(tx: Transaction, dimension: str, value: str) -> int:
    params: dict[str, Value] = {"dimension": dimension, "value": value}
    found = tx.value("SELECT key FROM search_values WHERE dimension = :dimension AND value = :value", params)
    if found is not None:
        return found
    return tx.rows("INSERT INTO search_values (dimension, value) VALUES (:dimension, :value) RETURNING key", params)[0][
        0
    ]


def _forget_groups(tx: Transaction, keys: Sequence[int]) -> None:
    """Delete groups that no document has any more, and the values that no group has.

    A number of a value is never given to another one, so that words which a
    merge of the full-text index has not dropped yet mean nothing else.
    """
    gone = tx.rows(
        "DELETE FROM search_groups WHERE key IN (SELECT value FROM json_each(:keys)) AND NOT EXISTS"
        " (SELECT 1 FROM search_documents d WHERE d.group_key = search_groups.key) RETURNING words",
        {"keys": to_json(keys)},
    )
    numbers = {int(word.removeprefix("v")) for (words,) in gone for word in words.split()}
    tx.execute(_FORGET_VALUES, {"numbers": to_json(sorted(numbers))})

"""Writing to the index: all in the transaction that it is given, and in bounded pieces."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, TypeAlias

from synthetic import Snapshot, Transaction, Value, from_json, to_json
from synthetic_search.index.model import Change, Due, Group, Held, Indexed, values_of_group
from synthetic_search.index.pending import put_off, settle

DELETED_AT_ONCE = 2_000
"""Documents of an entity that one transaction takes out."""

ORDINAL_MAX = (1 << 63) - 1

_INSERT_PLACES = """
INSERT INTO search_documents (id, entity_key, ordinal, part, group_key, occurred_at, first_id)
SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4, value ->> 5, value ->> 6 FROM json_each(:rows)
"""
_INSERT_TEXTS = """
INSERT INTO search_text (rowid, title, body, filters)
SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3 FROM json_each(:rows)
"""

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


_Added: TypeAlias = tuple[int, Sequence[Indexed], Mapping[int, int]]


@dataclass(slots=True)
class _Gathered:
    """What the changes of one transaction come to, so that all of it is written by a few statements.

    Attributes:
        added: Keys of entities, with their documents and when those of an ordinal were first indexed, if before.
        groups: Keys of groups that have lost documents.
        settled: What is done.
    """

    added: list[_Added] = field(default_factory=list[_Added])
    groups: set[int] = field(default_factory=set[int])
    settled: list[Due] = field(default_factory=list[Due])


def apply(tx: Transaction, changes: Sequence[Change]) -> int:
    """Write changes to the index.

    Returns:
        How many documents were added or taken out.
    """
    held = find_indexed(tx, [change.due for change in changes])
    gathered = _Gathered()
    done = sum(_apply_one(tx, change, had, gathered) for change, had in zip(changes, held, strict=True))
    _insert_documents(tx, gathered.added)
    if gathered.groups:
        _forget_groups(tx, sorted(gathered.groups))
    settle(tx, gathered.settled)
    return done


def find_indexed(snapshot: Snapshot, dues: Sequence[Due]) -> list[Held | None]:
    """Entities as they are indexed; None: it is not."""
    rows = snapshot.rows(
        "SELECT j.key, e.key, e.fingerprint, e.incarnation, e.through FROM json_each(:dues) j"
        " CROSS JOIN search_entities e ON e.kind = j.value ->> 0 AND e.entity_id = j.value ->> 1",
        {"dues": to_json([(due.kind, due.entity_id) for due in dues])},
    )
    found = {number: Held(*held) for number, *held in rows}
    return [found.get(number) for number in range(len(dues))]


def _apply_one(tx: Transaction, change: Change, held: Held | None, gathered: _Gathered) -> int:
    due = change.due
    if change.error is not None:
        put_off(tx, due, change.error)
        return 0
    if change.fingerprint is not None and change.seen != (None if held is None else held.fingerprint):
        # All is to be indexed anew since: to write what was made out before would tell the scan that it has been done.
        return 0
    rows, is_left = [], False
    first_ids: dict[int, int] = {}
    if held is not None and (change.fingerprint is None or change.is_new):
        rows = _delete_documents(tx, held.key, 0, ORDINAL_MAX, DELETED_AT_ONCE)
        if len(rows) >= DELETED_AT_ONCE:
            # There may be more: the entity is still due, and what comes in their place waits for that.
            gathered.groups.update(row.group_key for row in rows)
            return len(rows)
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
    gathered.groups.update(row.group_key for row in rows)
    if change.fingerprint is None:
        if held is not None:
            tx.execute("DELETE FROM search_entities WHERE key = :key", {"key": held.key})
    else:
        key = _save_entity(tx, change)
        gathered.added.append((key, change.documents, first_ids))
    if change.is_done and not is_left:
        gathered.settled.append(due)
    return max(1, len(rows) + len(change.documents))


def _delete_documents(tx: Transaction, entity_key: int, first: int, last: int, limit: int | None) -> list[_Row]:
    """Take the documents of an entity with these ordinals out, at most so many rows; the rows."""
    rows = tx.records(
        _Row,
        "SELECT id, ordinal, group_key, first_id FROM search_documents"
        " WHERE entity_key = :key AND ordinal BETWEEN :first AND :last LIMIT :limit",
        {"key": entity_key, "first": first, "last": last, "limit": -1 if limit is None else limit},
    )
    if rows:
        ids = {"ids": to_json([row.id for row in rows])}
        tx.execute("DELETE FROM search_text WHERE rowid IN (SELECT value FROM json_each(:ids))", ids)
        tx.execute("DELETE FROM search_documents WHERE id IN (SELECT value FROM json_each(:ids))", ids)
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


def _insert_documents(tx: Transaction, added: Sequence[_Added]) -> None:
    """Add documents of entities; those that have an id of when they were first indexed are nothing new.

    Each table is filled by one statement: it lets other threads go on for as long as it runs, where one that is run for
    each row takes the interpreter's lock from them as often.
    """
    groups = {document.group for _, documents, _ in added for document in documents}
    if not groups:
        return
    made = {group: _ensure_group(tx, group) for group in groups}
    id = tx.value("SELECT seq FROM sqlite_sequence WHERE name = 'search_documents'") or 0
    places: list[tuple[int, ...]] = []
    texts: list[tuple[int, str, str, str]] = []
    for entity_key, documents, first_ids in added:
        for ordinal, part, group, occurred_at, title, body in documents:
            id += 1
            group_key, words = made[group]
            places.append((id, entity_key, ordinal, part, group_key, occurred_at, first_ids.get(ordinal, id)))
            texts.append((id, title, body, words))
    tx.execute(_INSERT_PLACES, {"rows": to_json(places)})
    tx.execute(_INSERT_TEXTS, {"rows": to_json(texts)})


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

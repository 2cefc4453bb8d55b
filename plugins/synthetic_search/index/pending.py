"""The mirror: it notes which entities have changed; what is noted waits in `search_pending` to be indexed.

A mirror does its work in the transaction that stores its position. To index
a transcript takes longer than a write transaction should, so the mirror only
notes it, and a service (`indexing`) does the rest in small pieces.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from synthetic import Entity, Mirror, Scanned, Snapshot, Transaction, Waiting
from synthetic_search.index.model import Due
from synthetic_search.index.sources import inputs_of, sources_of

RETRY_FIRST_MS = 5_000
RETRY_LAST_MS = 3_600_000
"""How long an entity that could not be read waits for the next attempt: twice as long each time."""

HELD = "~"
"""Begins the cursors of the second half of a scan: all that the index holds. No kind begins with it."""


def note(tx: Transaction, entities: Sequence[Entity]) -> None:
    """Note that entities have changed, and those whose documents are made of them; others are left out."""
    sources = sources_of(tx)
    by_type: defaultdict[str, list[str]] = defaultdict(list)
    for entity_type, entity_id in entities:
        by_type[entity_type].append(entity_id)
    noted: dict[tuple[str, str], None] = {}
    for entity_type, ids in by_type.items():
        if entity_type in sources.by_entity:
            noted |= {(sources.by_entity[entity_type].kind, id): None for id in ids}
        for kind, source in sources.by_kind.items():
            if entity_type in source.also:
                noted |= {(kind, id): None for id in source.also[entity_type](tx, ids)}
    tx.execute_many(
        "INSERT INTO search_pending (kind, entity_id, stamp, noted_at, due_at) VALUES (:kind, :id, 1, :now, :now)"
        " ON CONFLICT (kind, entity_id) DO UPDATE SET stamp = stamp + 1, due_at = min(due_at, excluded.due_at),"
        " failures = 0, error = NULL",
        [{"kind": kind, "id": id, "now": tx.now} for kind, id in noted],
    )


def scan(snapshot: Snapshot, cursor: str | None, limit: int) -> list[Scanned]:
    """Entities after a cursor: kind by kind all that exist, then all that the index still holds."""
    sources = sources_of(snapshot)
    found: list[Scanned] = []
    at = cursor or ""
    for kind in sorted(sources.by_kind):
        if at.startswith(HELD) or at.partition("/")[0] > kind:
            continue
        source, (last_kind, _, last_id) = sources.by_kind[kind], at.partition("/")
        after = last_id if last_kind == kind else None
        ids = source.scan(snapshot, after, limit - len(found))
        found += [(f"{kind}/{id}", source.entity, id) for id in ids]
        if len(found) >= limit:
            return found
    held = int(at.removeprefix(HELD)) if at.startswith(HELD) else 0
    rows = snapshot.rows(
        "SELECT key, kind, entity_id FROM search_entities WHERE key > :held ORDER BY key LIMIT :limit",
        {"held": held, "limit": limit - len(found)},
    )
    # What is left of a plugin that is not loaded any more has no type of its own: it goes by its kind.
    return [
        *found,
        *(
            (f"{HELD}{key}", sources.by_kind[kind].entity if kind in sources.by_kind else "", id)
            for key, kind, id in rows
        ),
    ]


def begin(tx: Transaction) -> None:
    """All is to be indexed anew; what belongs to kinds that nobody has any more is to go."""
    tx.execute("UPDATE search_entities SET fingerprint = ''")
    kinds = sources_of(tx).by_kind
    for (kind,) in tx.rows("SELECT DISTINCT kind FROM search_entities"):
        if kind not in kinds:
            tx.execute(
                "INSERT INTO search_pending (kind, entity_id, stamp, noted_at, due_at)"
                " SELECT kind, entity_id, 1, :now, :now FROM search_entities WHERE kind = :kind"
                " ON CONFLICT (kind, entity_id) DO NOTHING",
                {"kind": kind, "now": tx.now},
            )


def waiting(snapshot: Snapshot, at_most: int) -> Waiting:
    """How many entities are noted and not indexed."""
    (entities, since) = snapshot.rows(
        "SELECT count(*), min(noted_at) FROM (SELECT noted_at FROM search_pending LIMIT :most)", {"most": at_most}
    )[0]
    return Waiting(entities, since)


def list_due(snapshot: Snapshot, limit: int) -> list[Due]:
    """Entities whose turn it is, the first that were noted first."""
    return snapshot.records(
        Due,
        "SELECT kind, entity_id, stamp, failures FROM search_pending WHERE due_at <= :now"
        " ORDER BY due_at, noted_at LIMIT :limit",
        {"now": snapshot.now, "limit": limit},
    )


def settle(tx: Transaction, dues: Sequence[Due]) -> None:
    """What was due is done, unless it has changed again meanwhile."""
    tx.execute_many(
        "DELETE FROM search_pending WHERE kind = :kind AND entity_id = :entity_id AND stamp = :stamp",
        [{"kind": due.kind, "entity_id": due.entity_id, "stamp": due.stamp} for due in dues],
    )


def put_off(tx: Transaction, due: Due, error: str) -> None:
    """What could not be read is tried again later, each time after twice as long."""
    pause = min(RETRY_LAST_MS, RETRY_FIRST_MS << min(due.failures, 20))
    tx.execute(
        "UPDATE search_pending SET failures = failures + 1, error = :error, due_at = :due"
        " WHERE kind = :kind AND entity_id = :id AND stamp = :stamp",
        {
            "kind": due.kind,
            "id": due.entity_id,
            "stamp": due.stamp,
            "error": error or "unknown",
            "due": tx.now + pause,
        },
    )


MIRROR = Mirror(
    name="index",
    purpose="Notes which entities have changed, so that the index of documents follows them.",
    types=None,
    refresh=note,
    scan=scan,
    begin=begin,
    waiting=waiting,
    inputs=inputs_of,
    on_error="skip",
)

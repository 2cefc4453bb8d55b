"""What must hold of the index."""

from __future__ import annotations

from collections.abc import Iterator

from synthetic import Check, Finding, Readings, Snapshot, rebuilding, to_json
from synthetic_search.index.sources import sources_of

BATCH = 100
REBUILD = "Ask for REBUILD of the module search.index with requestResync: everything is then indexed anew."
REMAKE = rebuilding("search.index")

_WITHOUT_WORDS = """
SELECT d.id, 'The document ' || d.id || ' of ' || e.kind || ' ' || e.entity_id || ' is not in the index of words.'
FROM search_documents AS d JOIN search_entities AS e ON e.key = d.entity_key
LEFT JOIN search_text_docsize AS s ON s.id = d.id
WHERE s.id IS NULL
"""

_WITHOUT_DOCUMENT = """
SELECT s.id, 'The index of words has a document ' || s.id || ', which there is not.'
FROM search_text_docsize AS s LEFT JOIN search_documents AS d ON d.id = s.id
WHERE d.id IS NULL
"""

_GROUP_UNUSED = """
SELECT g.key, 'No document is of the group ' || g.key || '.'
FROM search_groups AS g
WHERE NOT EXISTS (SELECT 1 FROM search_documents AS d WHERE d.group_key = g.key)
"""


def find_strays(readings: Readings) -> Iterator[Finding]:
    """Entities that are indexed and not there, or there and not indexed, and do not wait for it."""
    after = 0
    while held := readings.read(_held_after, after):
        after = held[-1][0]
        for kind, entity_id in readings.read(_gone, [(kind, id) for _, kind, id in held]):
            yield Finding(
                message=f"The {kind} {entity_id} is indexed, and is not there.",
                entity_type="search_entity",
                entity_id=f"{kind}/{entity_id}",
            )
    for kind in readings.read(lambda snapshot: sorted(sources_of(snapshot).by_kind)):
        last: str | None = None
        while ids := readings.read(_existing, kind, last):
            last = ids[-1]
            for entity_id in readings.read(_not_indexed, kind, ids):
                yield Finding(
                    message=f"The {kind} {entity_id} is not indexed.",
                    entity_type="search_entity",
                    entity_id=f"{kind}/{entity_id}",
                )


def _held_after(snapshot: Snapshot, key: int) -> list[tuple[int, str, str]]:
    rows = snapshot.rows(
        "SELECT key, kind, entity_id FROM search_entities WHERE key > :key ORDER BY key LIMIT :limit",
        {"key": key, "limit": BATCH},
    )
    return [(row[0], row[1], row[2]) for row in rows]


def _gone(snapshot: Snapshot, entities: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """Those that are indexed, do not exist, and do not wait."""
    sources = sources_of(snapshot).by_kind
    gone: list[tuple[str, str]] = []
    for kind, id in entities:
        source = sources.get(kind)
        if source is None or _waits(snapshot, kind, id):
            continue
        if source.follow is not None:
            is_there = source.follow(snapshot, id, 0, 1) is not None
        else:
            is_there = source.read(snapshot, [id])[0] is not None
        if not is_there and not _is_behind(snapshot):
            gone.append((kind, id))
    return gone


def _existing(snapshot: Snapshot, kind: str, after: str | None) -> list[str]:
    return list(sources_of(snapshot).by_kind[kind].scan(snapshot, after, BATCH))


def _not_indexed(snapshot: Snapshot, kind: str, ids: list[str]) -> list[str]:
    """Those that are documents, are not indexed, and do not wait for it."""
    source = sources_of(snapshot).by_kind[kind]
    lacking = [
        id
        for id in ids
        if snapshot.value(
            "SELECT 1 FROM search_entities WHERE kind = :kind AND entity_id = :id", {"kind": kind, "id": id}
        )
        is None
        and not _waits(snapshot, kind, id)
    ]
    if not lacking or _is_behind(snapshot):
        return []
    if source.follow is not None:
        return lacking
    documents = source.read(snapshot, lacking)
    return [id for id, document in zip(lacking, documents, strict=True) if document is not None]


def _waits(snapshot: Snapshot, kind: str, id: str) -> bool:
    found = snapshot.value(
        "SELECT 1 FROM search_pending WHERE kind = :kind AND entity_id = :id", {"kind": kind, "id": id}
    )
    return found is not None


def _is_behind(snapshot: Snapshot) -> bool:
    """Whether the mirror has events before it that name documents: then what it lacks may just be to come."""
    row = snapshot.row("SELECT phase, position FROM consumers WHERE name = 'search.index'")
    if row is None or row[0] != "FOLLOWING":
        return True
    found = snapshot.value(
        "SELECT 1 FROM domain_events WHERE position > :position"
        " AND entity_type IN (SELECT value FROM json_each(:types)) LIMIT 1",
        {"position": row[1], "types": to_json(sorted(sources_of(snapshot).by_entity))},
    )
    return found is not None


CHECKS = (
    Check(
        name="documents",
        purpose="Every document that is indexed has its words in the index.",
        sql=_WITHOUT_WORDS,
        entity="search_document",
        action=REBUILD,
        repair=REMAKE,
    ),
    Check(
        name="words",
        purpose="The index of words has no document that is not known.",
        sql=_WITHOUT_DOCUMENT,
        entity="search_document",
        action=REBUILD,
        repair=REMAKE,
    ),
    Check(
        name="groups",
        purpose="Every group of documents has a document.",
        sql=_GROUP_UNUSED,
        entity="search_group",
        action=REBUILD,
        repair=REMAKE,
    ),
    Check(
        name="entities",
        purpose="Everything that can be found is indexed, or waits for it, and nothing else is.",
        find_over_time=find_strays,
        action=REBUILD,
        repair=REMAKE,
        effort="deep",
    ),
)

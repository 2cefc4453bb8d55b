"""What must hold between constructs, and between their metadata and its index."""

from __future__ import annotations

from collections.abc import Iterator

from synthetic import Check, Finding, Snapshot, to_json
from synthetic_constructs.model import KINDS_WITHOUT_CYCLES, index_entries

CONSTRUCTS_AT_ONCE = 500

_KINDS = ", ".join(f"'{kind}'" for kind in sorted(KINDS_WITHOUT_CYCLES))

# Upwards from where a link begins, in its own kind: where that leads to its end, it closes a circle. What has more
# above it than this is left alone, as it is when links are made.
_CYCLES = f"""
SELECT link.from_id, 'The link ' || link.kind || ' from ' || link.from_id || ' to ' || link.to_id || ' is in a circle.'
FROM construct_relationships AS link
WHERE link.kind IN ({_KINDS}) AND EXISTS (
    WITH RECURSIVE above (id) AS (
        SELECT link.from_id
        UNION
        SELECT higher.from_id
        FROM above JOIN construct_relationships AS higher ON higher.to_id = above.id AND higher.kind = link.kind
        LIMIT 10001
    )
    SELECT 1 FROM above WHERE above.id = link.to_id
)
"""


def find_wrong_index(snapshot: Snapshot) -> Iterator[Finding]:
    """Compare the index of metadata with the metadata, some constructs at a time.

    Entries of a key that is still being built may be missing, and those of one
    that is being removed may be anything.
    """
    states: dict[str, str] = dict(snapshot.rows("SELECT key, state FROM construct_metadata_keys"))
    kept = [key for key, state in states.items() if state != "RETIRING"]
    ready = {key for key, state in states.items() if state == "READY"}
    last = ""
    while batch := snapshot.rows(
        "SELECT id, metadata, created_at FROM constructs WHERE id > :last ORDER BY id LIMIT :limit",
        {"last": last, "limit": CONSTRUCTS_AT_ONCE},
    ):
        last = batch[-1][0]
        found: dict[tuple[str, str], tuple[str, int]] = {
            (construct_id, key): (value, created_at)
            for construct_id, key, value, created_at in snapshot.rows(
                "SELECT construct_id, key, value, created_at FROM construct_metadata"
                " WHERE construct_id IN (SELECT value FROM json_each(:ids))",
                {"ids": to_json([row[0] for row in batch])},
            )
        }
        for construct_id, metadata, created_at in batch:
            wanted = dict(index_entries(metadata, kept))
            for key in kept:
                entry = found.get((construct_id, key))
                expected = (wanted[key], created_at) if key in wanted else None
                if entry != expected and not (entry is None and key not in ready):
                    yield Finding(
                        message=f"The index of metadata does not hold what construct {construct_id} has as {key!r}.",
                        entity_id=construct_id,
                        details={"key": key},
                    )


CHECKS = (
    Check(
        name="circles",
        purpose="Links of a kind without circles form none.",
        sql=_CYCLES,
        entity="construct",
        action="Remove one of the links of the circle with `unrelateConstructs`.",
    ),
    Check(
        name="metadata_index",
        purpose="The index of metadata holds what the constructs have.",
        find=find_wrong_index,
        entity="construct",
        action="Take the key out of `metadata_keys`, start the server, and declare it again two minutes later.",
    ),
)

"""What must hold of documents, and no constraint can say."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

from synthetic import Check, Finding, Snapshot

_ACTION = "Find out who has changed the documents by other means than the store's; a backup has what they were."

_NEWEST = """
SELECT d.id, 'The document ' || d.id || ' is not what its version ' || d.version || ' is.'
FROM documents AS d
LEFT JOIN document_versions AS v ON v.document_id = d.id AND v.version = d.version
WHERE v.superseded_at IS NOT NULL
    OR (v.kind, v.title, v.status, v.story_id, v.project_id, v.metadata, v.body_sha256, v.saved_by, v.saved_at)
        IS NOT (d.kind, d.title, d.status, d.story_id, d.project_id, d.metadata, d.body_sha256, d.updated_by,
            d.updated_at)
"""


def find_altered_bodies(snapshot: Snapshot) -> Iterator[Finding]:
    """Bodies that are not those whose length and hash are stored with them."""
    for document_id, version, body, size, sha256 in snapshot.iterate(
        "SELECT document_id, version, body, body_bytes, body_sha256 FROM document_versions"
    ):
        snapshot.spend(size)
        data = body.encode()
        if (len(data), hashlib.sha256(data).hexdigest()) != (size, sha256):
            yield Finding(
                message=f"The body of version {version} of document {document_id} is not the one that was saved.",
                entity_id=document_id,
                details={"version": version, "bodySha256": sha256},
            )


CHECKS = (
    Check(
        name="document_versions",
        purpose="A document is what its newest version is.",
        sql=_NEWEST,
        entity="document",
        action=_ACTION,
        effort="full",
    ),
    Check(
        name="document_bodies",
        purpose="The body of each version of a document has the length and hash that are stored with it.",
        find=find_altered_bodies,
        entity="document",
        action=_ACTION,
        effort="deep",
    ),
)

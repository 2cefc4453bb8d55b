"""What this plugin writes to the log, and what its events carry."""

from __future__ import annotations

from typing import Any

from synthetic import EventType
from synthetic_artifacts.model import Artifact

_CARRIES = "`status`, `type`, `name`, `contentType`, `sizeBytes`, `sha256`, `sessionId` and `jobId` are as they are now"

ARTIFACT_CREATED = EventType(
    name="artifact.created", entity="artifact", purpose=f"A file was stored for a construct. {_CARRIES}."
)
ARTIFACT_TRASHED = EventType(
    name="artifact.trashed",
    entity="artifact",
    purpose=f"An artifact was deleted, and can be restored until its grace time is over. {_CARRIES}.",
)
ARTIFACT_RESTORED = EventType(
    name="artifact.restored", entity="artifact", purpose=f"A deleted artifact was restored in time. {_CARRIES}."
)
ARTIFACT_DAMAGED = EventType(
    name="artifact.damaged",
    entity="artifact",
    purpose=f"The file of an artifact is gone (`status` is MISSING), or is not what was stored (ALTERED). {_CARRIES}.",
)
ARTIFACT_REPAIRED = EventType(
    name="artifact.repaired",
    entity="artifact",
    purpose=f"The file of a damaged artifact is there again as it was stored. {_CARRIES}.",
)
ARTIFACT_DELETED = EventType(
    name="artifact.deleted",
    entity="artifact",
    purpose="An artifact is gone for good: with its construct, after its grace time, or by age. Its file follows.",
)
EVENTS = (
    ARTIFACT_CREATED,
    ARTIFACT_TRASHED,
    ARTIFACT_RESTORED,
    ARTIFACT_DAMAGED,
    ARTIFACT_REPAIRED,
    ARTIFACT_DELETED,
)


def artifact_payload(artifact: Artifact) -> dict[str, Any]:
    """What every event of an artifact that is still there carries."""
    return {
        "status": artifact.status,
        "type": artifact.type,
        "name": artifact.name,
        "contentType": artifact.content_type,
        "sizeBytes": artifact.size_bytes,
        "sha256": artifact.sha256,
        "sessionId": artifact.session_id,
        "jobId": artifact.job_id,
    }

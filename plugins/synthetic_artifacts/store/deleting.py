"""Deleting artifacts, and restoring them in time.

What is deleted stays for its grace time, row and file. Then a retention rule
deletes the row, a trigger notes the file in the same transaction, and a service
removes it: a crash anywhere leaves nothing that is not found again.
"""

from __future__ import annotations

from collections.abc import Sequence

from synthetic import Snapshot, Transaction
from synthetic_artifacts.errors import ArtifactRestoreError
from synthetic_artifacts.events import ARTIFACT_RESTORED, ARTIFACT_TRASHED, artifact_payload
from synthetic_artifacts.model import Artifact, ArtifactStatus
from synthetic_artifacts.settings import ArtifactSettings
from synthetic_artifacts.store.damage import DAMAGED, report_damage
from synthetic_artifacts.store.rows import get_artifact, set_status


def delete_artifact(tx: Transaction, artifact_id: str) -> Artifact:
    """Delete an artifact; it can be restored until its grace time is over. One that is deleted stays as it is.

    Raises:
        BadUserInputError: It can be no id.
        NotFoundError: There is no such artifact.
    """
    artifact = get_artifact(tx, artifact_id)
    if artifact.status == ArtifactStatus.DELETED:
        return artifact
    deleted = set_status(tx, artifact, ArtifactStatus.DELETED)
    tx.emit(ARTIFACT_TRASHED, deleted.id, construct_id=deleted.construct_id, payload=artifact_payload(deleted))
    if artifact.status in DAMAGED:
        report_damage(tx)
    return deleted


def restore_artifact(tx: Transaction, artifact_id: str) -> Artifact:
    """Take a deletion back; an artifact that is not deleted stays as it is.

    Raises:
        BadUserInputError: It can be no id.
        NotFoundError: There is no such artifact (any more).
        ArtifactRestoreError: Its grace time is over, so it may go at any moment.
    """
    artifact = get_artifact(tx, artifact_id)
    if artifact.deleted_at is None:
        return artifact
    grace_ms = tx.settings(ArtifactSettings).keep_deleted_ms
    if grace_ms and artifact.deleted_at + grace_ms <= tx.now:
        raise ArtifactRestoreError(details={"id": artifact_id})
    restored = set_status(tx, artifact, ArtifactStatus.AVAILABLE)
    tx.emit(ARTIFACT_RESTORED, restored.id, construct_id=restored.construct_id, payload=artifact_payload(restored))
    return restored


def list_removals(snapshot: Snapshot, limit: int, after: str = "") -> list[str]:
    """Paths of files whose artifact is gone, in order from the one behind a path; at most so many.

    One that another artifact has by now is its file, and not among them.
    """
    found = snapshot.rows(
        "SELECT path FROM artifact_removals WHERE path > :after"
        " AND NOT EXISTS (SELECT 1 FROM artifacts WHERE artifacts.path = artifact_removals.path)"
        " ORDER BY path LIMIT :limit",
        {"after": after, "limit": limit},
    )
    return [path for (path,) in found]


def forget_removals(tx: Transaction, paths: Sequence[str]) -> None:
    """Note that files are gone."""
    tx.execute_many("DELETE FROM artifact_removals WHERE path = :path", ({"path": path} for path in paths))

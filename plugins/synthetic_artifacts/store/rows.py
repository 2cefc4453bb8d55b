"""The rows of `artifacts`: how they are read, and how they change."""

from __future__ import annotations

from synthetic import NotFoundError, Snapshot, Transaction, check_id
from synthetic_artifacts.errors import ArtifactAlteredError, ArtifactDeletedError, ArtifactMissingError
from synthetic_artifacts.model import Artifact, ArtifactStatus

TABLE = "artifacts"
COLUMNS = ", ".join(Artifact._fields)

_SELECT = f"SELECT {COLUMNS} FROM {TABLE}"
_INSERT = f"INSERT INTO {TABLE} ({COLUMNS}) VALUES ({', '.join(f':{name}' for name in Artifact._fields)})"
_PAGE = f"{_SELECT} WHERE id > :after ORDER BY id LIMIT :limit"


def find_artifact(snapshot: Snapshot, artifact_id: str) -> Artifact | None:
    """The artifact with this id, or None."""
    return snapshot.record(Artifact, _SELECT + " WHERE id = :id", {"id": artifact_id})


def get_artifact(snapshot: Snapshot, artifact_id: str) -> Artifact:
    """The artifact with this id, whatever its status.

    Raises:
        BadUserInputError: It can be no id.
        NotFoundError: There is none.
    """
    found = find_artifact(snapshot, check_id(artifact_id, "id"))
    if found is None:
        raise NotFoundError(
            f"There is no artifact with the id {artifact_id!r}.", details={"field": "id", "id": artifact_id}
        )
    return found


def get_available_artifact(snapshot: Snapshot, artifact_id: str) -> Artifact:
    """The artifact with this id, whose bytes may be served.

    Raises:
        BadUserInputError: It can be no id.
        NotFoundError: There is none.
        ArtifactDeletedError: It was deleted.
        ArtifactMissingError, ArtifactAlteredError: It is known to be damaged.
    """
    artifact = get_artifact(snapshot, artifact_id)
    details = {"id": artifact_id}
    match artifact.status:
        case ArtifactStatus.DELETED:
            raise ArtifactDeletedError(details=details)
        case ArtifactStatus.MISSING:
            raise ArtifactMissingError(details=details)
        case ArtifactStatus.ALTERED:
            raise ArtifactAlteredError(details=details)
        case _:
            return artifact


def list_artifacts_after(snapshot: Snapshot, after_id: str, limit: int) -> list[Artifact]:
    """So many artifacts in the order of their ids, from the first one behind an id; "" begins."""
    return snapshot.records(Artifact, _PAGE, {"after": after_id, "limit": limit})


def insert_artifact(tx: Transaction, artifact: Artifact) -> None:
    """Add a row."""
    tx.execute(_INSERT, artifact._asdict())


def set_status(tx: Transaction, artifact: Artifact, status: ArtifactStatus) -> Artifact:
    """Write a status; the artifact as it is then."""
    changed = artifact._replace(status=str(status), deleted_at=tx.now if status is ArtifactStatus.DELETED else None)
    tx.execute(
        f"UPDATE {TABLE} SET status = :status, deleted_at = :deleted_at WHERE id = :id",
        {"status": changed.status, "deleted_at": changed.deleted_at, "id": changed.id},
    )
    return changed

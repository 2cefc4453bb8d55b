"""Artifacts whose file is gone or altered: what is stored of that, and what sync status says."""

from __future__ import annotations

from synthetic import ReportedError, Snapshot, SyncOutcome, Transaction, report_sync
from synthetic_artifacts.errors import ArtifactAlteredError, ArtifactMissingError, ArtifactsAbsentError
from synthetic_artifacts.events import ARTIFACT_DAMAGED, ARTIFACT_REPAIRED, artifact_payload
from synthetic_artifacts.model import Artifact, ArtifactStatus
from synthetic_artifacts.store.claims import is_folder_absent, note_absent
from synthetic_artifacts.store.rows import find_artifact, set_status
from synthetic_artifacts.store.usage import was_ever_used

MODULE = "artifacts"
"""What sync status calls the files."""

DAMAGED = (ArtifactStatus.MISSING, ArtifactStatus.ALTERED)


def mark_damaged(tx: Transaction, artifact: Artifact, status: ArtifactStatus) -> Artifact | None:
    """Note that the file of an artifact is gone or altered, and let sync status say so.

    Args:
        tx: To write in.
        artifact: As it was read when its file was looked at.
        status: MISSING or ALTERED.

    Returns:
        As it is now; None: it is gone.
    """
    stored = find_artifact(tx, artifact.id)
    if stored is None or stored.path != artifact.path:
        return stored
    if stored.status in (status, ArtifactStatus.DELETED):
        return stored
    damaged = set_status(tx, stored, status)
    tx.emit(ARTIFACT_DAMAGED, damaged.id, construct_id=damaged.construct_id, payload=artifact_payload(damaged))
    report_damage(tx)
    return damaged


def mark_repaired(tx: Transaction, artifact: Artifact) -> Artifact | None:
    """Note that the file of a damaged artifact is there again as it was stored; arguments as for `mark_damaged`."""
    stored = find_artifact(tx, artifact.id)
    if stored is None or stored.path != artifact.path or stored.status not in DAMAGED:
        return stored
    repaired = set_status(tx, stored, ArtifactStatus.AVAILABLE)
    tx.emit(ARTIFACT_REPAIRED, repaired.id, construct_id=repaired.construct_id, payload=artifact_payload(repaired))
    report_damage(tx)
    return repaired


def count_damaged(snapshot: Snapshot) -> dict[str, int]:
    """How many artifacts are damaged, by status."""
    return dict(
        snapshot.rows("SELECT status, count(*) FROM artifacts WHERE status IN ('MISSING', 'ALTERED') GROUP BY status")
    )


def report_absence(tx: Transaction, fault: ArtifactsAbsentError) -> None:
    """Let sync status say that all files are gone at once; no artifact is marked, since their disk may come back.

    It says so until `report_presence`, whoever deletes an artifact or finds one damaged meanwhile, and also where the
    process ends that has found it.
    """
    note_absent(tx, is_absent=True)
    report_sync(tx, MODULE, SyncOutcome.FAILED, error=fault)


def report_presence(tx: Transaction) -> None:
    """Let sync status say how the files are, after it has said that all are gone."""
    note_absent(tx, is_absent=False)
    if was_ever_used(tx):
        report_damage(tx)
    else:
        report_sync(tx, MODULE, SyncOutcome.SUCCEEDED)


def report_damage(tx: Transaction, expected_interval_ms: int | None = None, units: int = 0) -> None:
    """Let sync status say whether all files are as they must be; a store that never had an artifact says nothing.

    While all of them are gone at once, that is what it goes on to say.

    Args:
        tx: To write in.
        expected_interval_ms: How much time may pass until this is said again; None: as before.
        units: How many files were looked at.
    """
    if not was_ever_used(tx) or is_folder_absent(tx):
        return
    damaged = count_damaged(tx)
    missing, altered = (damaged.get(status, 0) for status in DAMAGED)
    if not damaged:
        report_sync(tx, MODULE, SyncOutcome.SUCCEEDED, expected_interval_ms=expected_interval_ms, units=units)
        return
    error = ArtifactAlteredError if altered else ArtifactMissingError
    report_sync(
        tx,
        MODULE,
        SyncOutcome.FAILED,
        expected_interval_ms=expected_interval_ms,
        units=units,
        error=ReportedError(
            code=error.code,
            message=f"Of the files of artifacts, {missing} are missing and {altered} are not what was stored.",
            action=f"{error.action} `artifacts(filter: {{statuses: [MISSING, ALTERED]}})` names them.",
        ),
    )

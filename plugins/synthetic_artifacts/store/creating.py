"""Storing artifacts: first all that can be refused is, then the file is written, then the row that names it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from synthetic import (
    BlockingStore,
    ConflictError,
    NotFoundError,
    Snapshot,
    Transaction,
    bad_input,
    check_id,
)
from synthetic_artifacts.errors import ArtifactMismatchError
from synthetic_artifacts.events import ARTIFACT_CREATED, artifact_payload
from synthetic_artifacts.files import Allowance, ArtifactWriter, Place, Written
from synthetic_artifacts.folders import ArtifactFolder
from synthetic_artifacts.marks import FolderClaim, require_folder
from synthetic_artifacts.model import Artifact, ArtifactContent, ArtifactStatus, SavedArtifact
from synthetic_artifacts.settings import ArtifactSettings
from synthetic_artifacts.store.claims import note_marked, read_claim
from synthetic_artifacts.store.damage import DAMAGED, mark_repaired
from synthetic_artifacts.store.rows import find_artifact, get_artifact, insert_artifact
from synthetic_artifacts.store.usage import check_quotas, find_allowance
from synthetic_artifacts.validation import check_columns, check_sha256
from synthetic_jobs.store import get_job
from synthetic_sessions.store import get_session

FIELDS = {
    "construct_id": "constructId",
    "session_id": "sessionId",
    "job_id": "jobId",
    "content_type": "contentType",
    "expires_at": "expiresAt",
}
"""Columns whose name differs from that of the field."""


@dataclass(frozen=True, slots=True)
class PreparedArtifact:
    """An artifact that may be stored, as far as can be said before its bytes are there.

    Attributes:
        id: The caller's; None: it gets a UUIDv7.
        columns: What is said about it, each acceptable and as it is stored.
        sha256: What the sender says the hash of the bytes is; None: nothing.
        folder: Where files go.
        claim: What shows that this folder is there, and the store's.
        place: Where its file goes.
        allowance: How much it may take.
    """

    id: str | None
    columns: Mapping[str, Any]
    sha256: str | None
    folder: ArtifactFolder
    claim: FolderClaim
    place: Place
    allowance: Allowance

    def open_writer(self) -> ArtifactWriter:
        """Begin its file; the call blocks, and raises as `require_folder` and `ArtifactWriter.open` do."""
        require_folder(self.folder, self.claim)
        return ArtifactWriter.open(self.folder, self.place, self.allowance)


def prepare_artifact(snapshot: Snapshot, content: ArtifactContent) -> PreparedArtifact:
    """Refuse what would be refused in the end, before any of its bytes are taken.

    Args:
        snapshot: To look in.
        content: What is said about it.

    Raises:
        BadUserInputError: A value is not acceptable.
        NotFoundError: There is no such construct, session or job.
        ConflictError: There is another artifact with this id.
    """
    artifact_id = None if content.id is None else check_id(content.id, "id")
    columns = check_columns(content, snapshot.settings(ArtifactSettings))
    sha256 = None if content.sha256 is None else check_sha256(content.sha256)
    columns["construct_id"] = construct_id = _find_construct(snapshot, content)
    stored = None if artifact_id is None else find_artifact(snapshot, artifact_id)
    if stored is not None:
        refuse_other(stored, columns, sha256)
    elif content.expires_at is not None and content.expires_at <= snapshot.now:
        raise bad_input("expiresAt", "must be in the future")
    place = Place(construct_id, str(columns["type"]), str(columns["name"]), str(columns["content_type"]))
    allowance = find_allowance(snapshot, construct_id)
    if stored is not None:
        # It counts already: sent again, it must not be refused by the room that it takes itself.
        size_bytes = max(allowance.size_bytes, stored.size_bytes)
        allowance = replace(allowance, size_bytes=size_bytes, construct_left_bytes=None, all_left_bytes=None)
    return PreparedArtifact(
        id=artifact_id,
        columns=columns,
        sha256=sha256,
        folder=ArtifactFolder.of(snapshot),
        claim=read_claim(snapshot),
        place=place,
        allowance=allowance,
    )


def add_artifact(tx: Transaction, prepared: PreparedArtifact, written: Written) -> SavedArtifact:
    """Add the row of an artifact whose file is on the disk. Sent again after its answer was lost, it changes nothing.

    Returns:
        The artifact; if it was there before, the new file is to be discarded, or to be put back in its place
        (`ArtifactWriter.put_back`, then `repair_artifact`) where its status says that its own is gone or altered.

    Raises:
        ArtifactMismatchError: The bytes do not have the hash that was announced.
        ArtifactQuotaError: Others have used up the room meanwhile.
        ConflictError: There is another artifact with this id.
        NotFoundError: What it belongs to is gone by now.
    """
    if prepared.sha256 not in (None, written.sha256):
        raise ArtifactMismatchError(
            "The bytes that have arrived do not have the hash that was announced.",
            details={"announced": prepared.sha256, "sha256": written.sha256},
        )
    stored = None if prepared.id is None else find_artifact(tx, prepared.id)
    if stored is not None:
        refuse_other(stored, prepared.columns, written.sha256)
        if is_damaged(stored):
            _refuse_unfit(stored, written)
        return SavedArtifact(stored, created=False)
    _check_links(tx, prepared.columns)
    artifact = Artifact(
        **prepared.columns,
        **written._asdict(),
        id=tx.new_id() if prepared.id is None else prepared.id,
        status=str(ArtifactStatus.AVAILABLE),
        created_at=tx.now,
        deleted_at=None,
    )
    if not prepared.claim.was_marked:
        # It is now: without its mark, no file would have been written.
        note_marked(tx)
    insert_artifact(tx, artifact)
    check_quotas(tx, artifact.construct_id)
    tx.emit(ARTIFACT_CREATED, artifact.id, construct_id=artifact.construct_id, payload=artifact_payload(artifact))
    return SavedArtifact(artifact, created=True)


def create_artifact(store: BlockingStore, content: ArtifactContent, chunks: Iterable[bytes]) -> SavedArtifact:
    """Store an artifact whose bytes are at hand, or come one chunk after the other; the call blocks.

    Args:
        store: To read and write through.
        content: What is said about it.
        chunks: Its bytes, in order.

    Raises:
        SyntheticError: As `prepare_artifact`, `open_writer`, `ArtifactWriter` and `add_artifact` do; nothing is stored
            then.
    """
    prepared = store.read(prepare_artifact, content)
    with prepared.open_writer() as writer:
        for chunk in chunks:
            writer.write(chunk)
        saved = store.write(add_artifact, prepared, writer.finish())
        if is_damaged(saved.artifact):
            writer.put_back(saved.artifact)
            return store.write(repair_artifact, saved.artifact)
        if not saved.created:
            writer.discard()
    return saved


def is_damaged(artifact: Artifact) -> bool:
    """Whether its file is gone or altered, as far as is known."""
    return artifact.status in DAMAGED


def repair_artifact(tx: Transaction, artifact: Artifact) -> SavedArtifact:
    """Note that the file of a damaged artifact was put back.

    Raises:
        NotFoundError: It was deleted meanwhile; the sweep removes the file.
    """
    return SavedArtifact(mark_repaired(tx, artifact) or get_artifact(tx, artifact.id), created=False)


def refuse_other(stored: Artifact, columns: Mapping[str, Any], sha256: str | None) -> None:
    """Refuse to store an artifact under the id of another one.

    Args:
        stored: What has the id.
        columns: What is said about the new one.
        sha256: The hash of its bytes; None: not known yet.

    Raises:
        ConflictError: They differ, or what is there was deleted.
    """
    differs = [FIELDS.get(name, name) for name, value in columns.items() if getattr(stored, name) != value]
    if sha256 not in (None, stored.sha256):
        differs.append("sha256")
    if differs:
        raise ConflictError(
            f"There is another artifact with the id {stored.id!r}.",
            action="Choose another id, or leave it out: what was stored as an artifact never changes.",
            details={"field": "id", "id": stored.id, "differs": differs},
        )
    if stored.status == ArtifactStatus.DELETED:
        raise ConflictError(
            f"The artifact {stored.id!r} was deleted.",
            action="Restore it with `restoreArtifact`, or choose another id.",
            details={"field": "id", "id": stored.id, "status": stored.status},
        )


def _refuse_unfit(stored: Artifact, written: Written) -> None:
    """Refuse to repair an artifact with a file that its row does not describe, though the content is the same.

    Raises:
        ConflictError: The file has another form or folder: another version has written the one that is damaged.
    """
    same_folder = stored.path.rpartition("/")[0] == written.path.rpartition("/")[0]
    if same_folder and (stored.encoding, stored.stored_bytes) == (written.encoding, written.stored_bytes):
        return
    raise ConflictError(
        f"The file of the artifact {stored.id!r} is damaged, and what was sent is kept in another form than it.",
        action="Put the file back from a backup of `artifacts/`, or store the content under another id.",
        details={"field": "id", "id": stored.id, "status": stored.status},
    )


def _find_construct(snapshot: Snapshot, content: ArtifactContent) -> str:
    """The construct that it belongs to: the one that is named, else that of the job, else that of the session.

    Raises:
        BadUserInputError: There is none.
        NotFoundError: Something that is named is not there.
    """
    job = None if content.job_id is None else get_job(snapshot, content.job_id, field="jobId")
    session = None if content.session_id is None else get_session(snapshot, content.session_id, field="sessionId")
    if content.construct_id is not None:
        _check_construct(snapshot, check_id(content.construct_id, "constructId"))
        return content.construct_id
    for each in (job, session):
        if each is not None and each.construct_id is not None:
            return each.construct_id
    raise bad_input("constructId", "must be given, unless the job or the session has a construct")


def _check_links(tx: Transaction, columns: Mapping[str, Any]) -> None:
    _check_construct(tx, columns["construct_id"])
    if columns["job_id"] is not None:
        get_job(tx, columns["job_id"], field="jobId")
    if columns["session_id"] is not None:
        get_session(tx, columns["session_id"], field="sessionId")


def _check_construct(snapshot: Snapshot, construct_id: str) -> None:
    if snapshot.row("SELECT 1 FROM constructs WHERE id = :id", {"id": construct_id}) is None:
        raise NotFoundError(
            f"There is no construct with the constructId {construct_id!r}.",
            details={"field": "constructId", "id": construct_id},
        )

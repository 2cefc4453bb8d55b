"""What must hold of artifacts and of their files."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice

from synthetic import (
    Check,
    Finding,
    Readings,
    Snapshot,
    SyntheticError,
)
from synthetic_artifacts.errors import ArtifactAlteredError, ArtifactMissingError, ArtifactsAbsentError
from synthetic_artifacts.folders import ArtifactFolder, FoundFile
from synthetic_artifacts.known_files import KnownFiles
from synthetic_artifacts.marks import FolderClaim, find_fault
from synthetic_artifacts.model import Artifact, ArtifactStatus
from synthetic_artifacts.names import printable
from synthetic_artifacts.reading import compare_content
from synthetic_artifacts.setting_aside import SET_ORPHANS_ASIDE
from synthetic_artifacts.settings import ArtifactSettings
from synthetic_artifacts.store import find_artifact, find_known_paths, list_artifacts_after, read_claim

_BATCH = 500

_TOTALS = """
SELECT t.construct_id, 'The totals of the artifacts of ' || t.construct_id || ' are not what their rows add up to.'
FROM artifact_totals AS t
WHERE t.construct_id <> '' AND (t.files, t.stored_bytes) IS NOT (
    SELECT count(*), coalesce(sum(a.stored_bytes), 0) FROM artifacts AS a WHERE a.construct_id = t.construct_id
)
UNION ALL
SELECT '', 'The totals of all artifacts are not what their rows add up to.'
FROM (SELECT count(*) AS files, coalesce(sum(stored_bytes), 0) AS stored_bytes FROM artifacts) AS a
WHERE (a.files, a.stored_bytes) IS NOT (
    SELECT coalesce(max(files), 0), coalesce(max(stored_bytes), 0) FROM artifact_totals WHERE construct_id = ''
)
"""


def find_lost_files(readings: Readings) -> Iterator[Finding]:
    """Artifacts whose file is not there, or has another length."""
    folder, claim = readings.read(_look)
    if (fault := find_fault(folder, claim)) is not None:
        yield _absent(fault)
        return
    for artifact in _all(readings):
        found = folder.find_file(artifact.path)
        if found is not None and found.size_bytes == artifact.stored_bytes:
            continue
        if not readings.read(_is_still_kept, artifact):
            continue
        if found is None:
            yield _missing(artifact)
        else:
            yield _altered(artifact, f"has {found.size_bytes:,} bytes and not {artifact.stored_bytes:,}")


def find_altered_files(readings: Readings) -> Iterator[Finding]:
    """Artifacts whose file does not hold the content that was stored."""
    folder, claim = readings.read(_look)
    if find_fault(folder, claim) is not None:
        # That is what `files` finds.
        return
    for artifact in _all(readings):
        try:
            compare_content(folder, artifact, KnownFiles(), lambda _: readings.go_on())
        except ArtifactMissingError:
            # So is that.
            continue
        except SyntheticError as error:
            # Also where it is the check that is to stop: then that is said.
            readings.go_on()
            if not readings.read(_is_still_kept, artifact):
                continue
            if isinstance(error, ArtifactAlteredError):
                yield _altered(artifact, "does not hold what was stored")
            else:
                yield _unreadable(artifact, error)


def find_orphans(readings: Readings) -> Iterator[Finding]:
    """Files that no artifact names, and that are so old that nobody is about to name them."""
    folder, claim = readings.read(_look)
    if find_fault(folder, claim) is not None:
        return
    for construct in folder.list_folders():
        files = folder.list_files(construct)
        while batch := list(islice(files, _BATCH)):
            for orphan in readings.read(_find_orphans, batch):
                # An artifact may have gone since its file was listed, and the file after it.
                if folder.find_file(orphan.path) is None:
                    continue
                yield Finding(
                    message=f"No artifact names the file {printable(orphan.path)}.",
                    action="The next sweep removes it; `synthetic check --repair` keeps it in `quarantine/`.",
                    details={"path": printable(orphan.path), "sizeBytes": orphan.size_bytes},
                )


def _look(snapshot: Snapshot) -> tuple[ArtifactFolder, FolderClaim]:
    return ArtifactFolder.of(snapshot), read_claim(snapshot)


def _find_orphans(snapshot: Snapshot, files: Sequence[FoundFile]) -> list[FoundFile]:
    last = snapshot.now - snapshot.settings(ArtifactSettings).orphan_age_ms
    known = find_known_paths(snapshot, [found.path for found in files], or_to_be_removed=True)
    return [found for found in files if found.path not in known and found.changed_at < last]


def _is_still_kept(snapshot: Snapshot, artifact: Artifact) -> bool:
    """Whether an artifact that was read before is still there, and not deleted."""
    stored = find_artifact(snapshot, artifact.id)
    return stored is not None and stored.path == artifact.path and stored.status != ArtifactStatus.DELETED


def _all(readings: Readings) -> Iterator[Artifact]:
    last = ""
    while batch := readings.read(list_artifacts_after, last, _BATCH):
        last = batch[-1].id
        yield from (artifact for artifact in batch if artifact.status != ArtifactStatus.DELETED)


def _absent(fault: ArtifactsAbsentError) -> Finding:
    return Finding(
        message=fault.message, action=fault.suggested_action, details=fault.details, error_class=ArtifactsAbsentError
    )


def _missing(artifact: Artifact) -> Finding:
    return Finding(
        message=f"The file {artifact.path} of artifact {artifact.id!r} is not there.",
        entity_id=artifact.id,
        details={"path": artifact.path},
        error_class=ArtifactMissingError,
    )


def _altered(artifact: Artifact, how: str) -> Finding:
    return Finding(
        message=f"The file {artifact.path} of artifact {artifact.id!r} {how}.",
        entity_id=artifact.id,
        details={"path": artifact.path, "sha256": artifact.sha256},
        error_class=ArtifactAlteredError,
    )


def _unreadable(artifact: Artifact, error: SyntheticError) -> Finding:
    return Finding(
        message=f"The file {artifact.path} of artifact {artifact.id!r} cannot be read: {error.message}",
        entity_id=artifact.id,
        details={"path": artifact.path},
        error_class=type(error),
    )


CHECKS = (
    Check(
        name="files",
        purpose="Each artifact that is not deleted has its file, of the length that was stored.",
        find_over_time=find_lost_files,
        entity="artifact",
        error_class=ArtifactMissingError,
    ),
    Check(
        name="orphans",
        purpose="Each file in `artifacts/` is one of an artifact, or was written a moment ago.",
        find_over_time=find_orphans,
        repair=SET_ORPHANS_ASIDE,
    ),
    Check(
        name="totals",
        purpose="What the quotas count is what the artifacts add up to.",
        sql=_TOTALS,
        entity="construct",
        action="Keep a copy of the data directory, and find out who has changed the store by other means than its own.",
    ),
    Check(
        name="content",
        purpose="The content of each artifact has the hash that was stored.",
        find_over_time=find_altered_files,
        entity="artifact",
        error_class=ArtifactAlteredError,
        effort="deep",
    ),
)

"""What must hold of artifacts and of their files."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from synthetic import Check, Finding, Snapshot, SyntheticError
from synthetic_artifacts.errors import ArtifactAlteredError, ArtifactMissingError
from synthetic_artifacts.folders import ArtifactFolder
from synthetic_artifacts.model import Artifact, ArtifactStatus
from synthetic_artifacts.names import printable
from synthetic_artifacts.reading import KnownFiles, open_content
from synthetic_artifacts.settings import ArtifactSettings
from synthetic_artifacts.store import find_known_paths, list_artifacts_after

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


def find_lost_files(snapshot: Snapshot) -> Iterator[Finding]:
    """Artifacts whose file is not there, or has another length."""
    folder = ArtifactFolder.of(snapshot)
    for artifact in _all(snapshot):
        found = folder.find_file(artifact.path)
        if found is None:
            yield _missing(artifact)
        elif found.size_bytes != artifact.stored_bytes:
            yield _altered(artifact, f"has {found.size_bytes:,} bytes and not {artifact.stored_bytes:,}")


def find_altered_files(snapshot: Snapshot) -> Iterator[Finding]:
    """Artifacts whose file does not hold the content that was stored."""
    folder = ArtifactFolder.of(snapshot)
    for artifact in _all(snapshot):
        snapshot.spend(artifact.size_bytes)
        try:
            open_content(folder, artifact, KnownFiles()).close()
        except ArtifactMissingError:
            # That is what `files` finds.
            continue
        except ArtifactAlteredError:
            yield _altered(artifact, "does not hold what was stored")
        except SyntheticError as error:
            yield _unreadable(artifact, error)


def find_orphans(snapshot: Snapshot) -> Iterator[Finding]:
    """Files that no artifact names, and that are so old that nobody is about to name them."""
    folder = ArtifactFolder.of(snapshot)
    last = snapshot.now - snapshot.settings(ArtifactSettings).orphan_age_ms
    for construct in folder.list_folders():
        files = folder.list_files(construct)
        while batch := list(islice(files, _BATCH)):
            known = find_known_paths(snapshot, [found.path for found in batch])
            for found in batch:
                if found.path not in known and found.changed_at < last:
                    yield Finding(
                        message=f"No artifact names the file {printable(found.path)}.",
                        action="Leave it to the server, which removes it when it sweeps.",
                        details={"path": printable(found.path), "sizeBytes": found.size_bytes},
                    )


def _all(snapshot: Snapshot) -> Iterator[Artifact]:
    last = ""
    while batch := list_artifacts_after(snapshot, last, _BATCH):
        last = batch[-1].id
        yield from (artifact for artifact in batch if artifact.status != ArtifactStatus.DELETED)


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
        find=find_lost_files,
        entity="artifact",
        error_class=ArtifactMissingError,
    ),
    Check(
        name="orphans",
        purpose="Each file in `artifacts/` is one of an artifact, or was written a moment ago.",
        find=find_orphans,
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
        find=find_altered_files,
        entity="artifact",
        error_class=ArtifactAlteredError,
        effort="deep",
    ),
)

"""What the tests of artifacts do: store one, look at its file, sweep."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from synthetic import Finding, Snapshot, Store, Transaction
from synthetic.checks.declared import LoadedChecks
from synthetic.checks.running import run_check
from synthetic.testing import ManualClock
from synthetic_artifacts import services
from synthetic_artifacts import store as artifact_store
from synthetic_artifacts.folders import ArtifactFolder
from synthetic_artifacts.marks import MARK
from synthetic_artifacts.model import Artifact, ArtifactContent, SavedArtifact
from synthetic_artifacts.setting_aside import set_orphans_aside
from synthetic_constructs.store import save_construct

HOUR_MS = 3_600_000
TEXT = b"one line of a log\n" * 2_000
TEXT_TYPE = "text/plain"


def forget(store: Store) -> None:
    """Empty a store of all that these tests put into it, the files too, and make a construct `c`."""
    shutil.rmtree(store.kernel.data_dir / "artifacts", ignore_errors=True)
    store.write(_forget)


def _forget(tx: Transaction) -> None:
    tables = "artifacts", "artifact_totals", "artifact_removals", "sync_jobs", "sessions", "constructs", "domain_events"
    for table in (*tables, "sync_attempts", "sync_state"):
        tx.execute(f"DELETE FROM {table}")
    tx.execute("UPDATE artifact_folder SET is_marked = 0, is_absent = 0")
    tx.execute("DELETE FROM meta WHERE key = 'retention_clock'")
    save_construct(tx, {"type": "task", "title": "A task"}, id="c")


class Artifacts:
    """A store of artifacts.

    Attributes:
        store: It.
        clock: The store's.
        folder: `artifacts/` of the store.
    """

    def __init__(self, store: Store, clock: ManualClock) -> None:
        self.store = store
        self.clock = clock
        self.folder: Path = store.kernel.data_dir / "artifacts"

    def save(self, id: str | None = "a", data: bytes = b"content", **more: Any) -> SavedArtifact:
        """Store an artifact."""
        said: dict[str, Any] = {"construct_id": "c", "type": "log", "name": "build.log", **more}
        return artifact_store.create_artifact(self.store, ArtifactContent(id=id, **said), [data])

    def create(self, id: str | None = "a", data: bytes = b"content", **more: Any) -> Artifact:
        """Store an artifact, and return it as it is stored."""
        return self.save(id, data, **more).artifact

    def find(self, id: str = "a") -> Artifact | None:
        """An artifact as it is stored, or None."""
        return self.store.read(artifact_store.find_artifact, id)

    def get(self, id: str = "a") -> Artifact:
        """An artifact as it is stored."""
        return self.store.read(artifact_store.get_artifact, id)

    def delete(self, id: str = "a") -> Artifact:
        """Delete an artifact."""
        return self.store.write(artifact_store.delete_artifact, id)

    def restore(self, id: str = "a") -> Artifact:
        """Take the deletion back."""
        return self.store.write(artifact_store.restore_artifact, id)

    def file_of(self, artifact: Artifact) -> Path:
        """Where its file is."""
        return self.folder / artifact.path

    def files(self) -> list[str]:
        """All files in `artifacts/`, below it, but for the mark of the folder."""
        found = (str(path.relative_to(self.folder)) for path in self.folder.rglob("*") if not path.is_dir())
        return sorted(path for path in found if path != MARK)

    def sweep(self) -> None:
        """A whole sweep."""
        while services.sweep(self.store):
            pass

    def remove(self) -> int:
        """All that waits for its removal; how many files."""
        return sum(iter(lambda: services.remove_files(self.store), 0))

    def findings(self, name: str) -> list[Any]:
        """What a check of the plugin finds."""
        return self.store.read(_findings, f"artifacts.{name}")

    def set_aside(self) -> int:
        """What `synthetic check --repair` does about the files that no artifact has."""
        found = [Finding(message=each.message, details=each.details) for each in self.findings("orphans")]
        return self.store.write(set_orphans_aside, found)

    def module(self) -> dict[str, Any] | None:
        """What sync status says of the files."""
        answer = self.store.graphql("{ syncStatus { module status error { code message } } }")
        return next((each for each in answer["data"]["syncStatus"] if each["module"] == "artifacts"), None)


def _findings(snapshot: Snapshot, name: str) -> list[Any]:
    (check,) = snapshot.resource(LoadedChecks).chosen("deep", [name])
    return list(run_check(snapshot, check, 30).findings)


def folder_of(store: Store) -> ArtifactFolder:
    """The folder of a store as the plugin sees it."""
    return store.read(ArtifactFolder.of)


def pieces(data: bytes, length: int) -> Iterator[bytes]:
    """Data in pieces."""
    for start in range(0, len(data), length):
        yield data[start : start + length]

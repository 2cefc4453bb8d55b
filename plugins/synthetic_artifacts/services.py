"""Background work: files whose artifact is gone are removed, and all files are compared with what is stored of them."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Self

from synthetic import (
    BlockingStore,
    SettingsLookup,
    Snapshot,
    SyntheticError,
    Transaction,
    crash_point,
    is_clock_believed,
    logger_for,
)
from synthetic_artifacts.errors import ArtifactAlteredError, ArtifactMissingError
from synthetic_artifacts.folders import ArtifactFolder, FoundFile
from synthetic_artifacts.known_files import KnownFiles
from synthetic_artifacts.model import Artifact, ArtifactStatus
from synthetic_artifacts.names import printable
from synthetic_artifacts.presence import is_present
from synthetic_artifacts.reading import open_content
from synthetic_artifacts.settings import ArtifactSettings
from synthetic_artifacts.store import (
    find_known_paths,
    forget_removals,
    list_artifacts_after,
    list_removals,
    mark_damaged,
    mark_repaired,
    report_damage,
    was_ever_used,
)

REMOVED_FILES = 100
"""Files of one piece of work."""

SWEPT_FILES = 500
FOLDERS_AT_ONCE = 1_000
MISSED_SWEEPS = 3
"""After so many sweeps that did not come, sync status calls the files STALE."""

log = logger_for(__name__)


class Removals:
    """How far the removal of files has come, as a resource of the kernel's transactions.

    Attributes:
        last_path: The last one that was tried; "" begins again with those that could not be removed.
    """

    def __init__(self) -> None:
        self.last_path = ""

    @classmethod
    def make(cls, _settings: SettingsLookup, /) -> Self:
        """One that has not begun."""
        return cls()


class Sweep:
    """How far a sweep has come, as a resource of the kernel's transactions; after a restart it begins again.

    Attributes:
        folders: Of constructs, which are looked at next.
        last_folder: The last one that was listed.
        files: What is left of the folder that is looked at.
        last_id: The artifact that was looked at last; None: the folders come first.
        looked_at: How many artifacts the sweep has looked at.
    """

    def __init__(self) -> None:
        self.begin()

    def begin(self) -> None:
        """Start from the first folder."""
        self.folders: deque[str] = deque()
        self.last_folder = ""
        self.files: Iterator[FoundFile] | None = None
        self.last_id: str | None = None
        self.looked_at = 0

    @classmethod
    def make(cls, _settings: SettingsLookup, /) -> Self:
        """One that has not begun."""
        return cls()


def remove_files(store: BlockingStore) -> int:
    """One piece: remove some files whose artifact is gone; one that cannot be removed now holds up no other.

    Returns:
        How many were seen to; 0 when there are none left.
    """
    state, paths, folder = store.read(_waiting)
    if not paths:
        state.last_path = ""
        return 0
    if not is_present(store):
        # What is not there now may be there again when its disk is.
        return 0
    gone: list[str] = []
    for path in paths:
        try:
            folder.remove_file(path)
        except SyntheticError as error:
            log.warning("the file of an artifact cannot be removed", path=printable(path), code=error.code)
        else:
            gone.append(path)
            crash_point("artifact_removal.file_removed")
    if gone:
        store.write(forget_removals, gone)
    state.last_path = paths[-1]
    return len(paths)


def sweep(store: BlockingStore) -> int:
    """One piece: look at some files in a folder, or at the files of some artifacts.

    Returns:
        How many were looked at; 0 when all have been, and sync status says so, or when the folder is not the one that
        they are in: then a disk is not mounted, which is one error and not one of each.
    """
    state, folder = store.read(lambda snapshot: (snapshot.resource(Sweep), ArtifactFolder.of(snapshot)))
    if not is_present(store):
        state.begin()
        return 0
    if state.last_id is None:
        looked_at = _sweep_folders(store, state, folder)
        if looked_at:
            return looked_at
        state.last_id = ""
    artifacts = store.read(list_artifacts_after, state.last_id, SWEPT_FILES)
    if artifacts:
        state.last_id = artifacts[-1].id
        state.looked_at += len(artifacts)
        _compare(store, folder, artifacts)
        return len(artifacts)
    if store.read(was_ever_used):
        store.write(_report, state.looked_at)
    state.begin()
    return 0


def _waiting(snapshot: Snapshot) -> tuple[Removals, list[str], ArtifactFolder]:
    state = snapshot.resource(Removals)
    return state, list_removals(snapshot, REMOVED_FILES, state.last_path), ArtifactFolder.of(snapshot)


def _report(tx: Transaction, looked_at: int) -> None:
    every_ms = tx.settings(ArtifactSettings).sweep_every_ms
    report_damage(tx, expected_interval_ms=MISSED_SWEEPS * every_ms, units=looked_at)


def _sweep_folders(store: BlockingStore, state: Sweep, folder: ArtifactFolder) -> int:
    """Look at some files of one construct; 0: there is no folder left."""
    if state.files is None:
        if not state.folders:
            state.folders.extend(folder.list_folders(state.last_folder)[:FOLDERS_AT_ONCE])
        if not state.folders:
            return 0
        state.last_folder = state.folders.popleft()
        folder.remove_empty_folders(state.last_folder)
        state.files = folder.list_files(state.last_folder)
    batch = list(islice(state.files, SWEPT_FILES))
    if not batch:
        state.files = None
        return 1
    for path in store.read(_find_orphans, batch):
        try:
            was_there = folder.remove_file(path)
        except SyntheticError as error:
            log.warning("a file that no artifact names cannot be removed", path=printable(path), code=error.code)
            continue
        if was_there:
            log.warning("a file that no artifact names was removed", path=printable(path))
    return len(batch)


def _find_orphans(snapshot: Snapshot, files: Sequence[FoundFile]) -> list[str]:
    """Paths of files that no artifact names, and that nobody can be about to name."""
    # With a clock that has jumped, what is being written looks old.
    if not is_clock_believed(snapshot):
        return []
    last = snapshot.now - snapshot.settings(ArtifactSettings).orphan_age_ms
    old = [found.path for found in files if found.changed_at < last]
    known = find_known_paths(snapshot, old)
    return [path for path in old if path not in known]


def _compare(store: BlockingStore, folder: ArtifactFolder, artifacts: Sequence[Artifact]) -> None:
    """Note which artifacts have lost their file, and which have it again."""
    for artifact in artifacts:
        if artifact.status == ArtifactStatus.DELETED:
            continue
        try:
            _note(store, artifact, _judge(folder, artifact))
        except SyntheticError as error:
            # The others are looked at all the same, and this one again with the next sweep.
            log.warning("the file of an artifact cannot be looked at", artifact=artifact.id, code=error.code)


def _note(store: BlockingStore, artifact: Artifact, status: ArtifactStatus) -> None:
    """Store what the file of an artifact is like, where that has changed."""
    if status == artifact.status:
        return
    if status is ArtifactStatus.AVAILABLE:
        store.write(mark_repaired, artifact)
        return
    if not is_present(store):
        # Its disk has gone a moment ago, and the sweep begins again when it is back.
        return
    log.error("the file of an artifact is damaged", artifact=artifact.id, path=artifact.path, status=str(status))
    store.write(mark_damaged, artifact, status)


def _judge(folder: ArtifactFolder, artifact: Artifact) -> ArtifactStatus:
    """What the file of an artifact is like; only that of a damaged one is read, the others when they are served."""
    found = folder.find_file(artifact.path)
    if found is None:
        return ArtifactStatus.MISSING
    if found.size_bytes != artifact.stored_bytes:
        return ArtifactStatus.ALTERED
    if artifact.status == ArtifactStatus.AVAILABLE:
        return ArtifactStatus.AVAILABLE
    try:
        open_content(folder, artifact, KnownFiles()).close()
    except ArtifactMissingError:
        return ArtifactStatus.MISSING
    except ArtifactAlteredError:
        return ArtifactStatus.ALTERED
    return ArtifactStatus.AVAILABLE

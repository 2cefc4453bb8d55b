"""Whether the folder of artifacts is there: who finds that it is not, or that it is again, tells sync status once."""

from __future__ import annotations

from typing import Self

from synthetic import BlockingStore, SettingsLookup, Snapshot, SyntheticError, logger_for
from synthetic_artifacts.folders import ArtifactFolder
from synthetic_artifacts.marks import FolderClaim, find_fault, is_marked, mark_folder
from synthetic_artifacts.store import read_claim, report_absence, report_presence

log = logger_for(__name__)


class FolderWatch:
    """What was last seen of the folder, as a resource of the kernel's transactions.

    Attributes:
        is_absent: Whether it was not there, and sync status says so.
    """

    def __init__(self) -> None:
        self.is_absent = False

    @classmethod
    def make(cls, _settings: SettingsLookup, /) -> Self:
        """Nothing was seen yet."""
        return cls()


def watch_folder(store: BlockingStore) -> int:
    """Look whether the folder is there; a new store's is made, and marked.

    Returns:
        0: there is nothing more to do.
    """
    is_present(store)
    return 0


def is_present(store: BlockingStore) -> bool:
    """Whether the folder is the one that the store's artifacts are in; what has changed in that is told.

    Raises:
        StorageReadOnlyError, StorageFailedError: It cannot be read.
    """
    watch, folder, claim = store.read(_look)
    if is_marked(folder, claim):
        fault = None
    elif (fault := find_fault(folder, claim)) is None:
        _mark(folder, claim)
    if fault is not None and not watch.is_absent:
        log.error("the folder of artifacts is not there", path=str(folder.path), reason=fault.message)
        store.write(report_absence, fault)
    elif fault is None and watch.is_absent:
        log.info("the folder of artifacts is there again", path=str(folder.path))
        store.write(report_presence)
    watch.is_absent = fault is not None
    return fault is None


def _look(snapshot: Snapshot) -> tuple[FolderWatch, ArtifactFolder, FolderClaim]:
    return snapshot.resource(FolderWatch), ArtifactFolder.of(snapshot), read_claim(snapshot)


def _mark(folder: ArtifactFolder, claim: FolderClaim) -> None:
    """Mark the folder; one that cannot be written to is all the same there to be read."""
    try:
        mark_folder(folder, claim)
    except SyntheticError as error:
        log.warning("the folder of artifacts cannot be marked", path=str(folder.path), code=error.code)

"""Whether the folder of artifacts is there: who finds that it is not, or that it is again, tells sync status once."""

from __future__ import annotations

from typing import Self

from synthetic import BlockingStore, SettingsLookup, Snapshot, SyntheticError, logger_for
from synthetic_artifacts.folders import ArtifactFolder
from synthetic_artifacts.marks import FolderClaim, find_fault, is_marked, mark_folder
from synthetic_artifacts.store import is_folder_absent, note_marked, read_claim, report_absence, report_presence

log = logger_for(__name__)


class Marking:
    """How it went to mark the folder, as a resource of the kernel's transactions: the log says it once.

    Attributes:
        failed_with: Code of the error of the last time; None: it was marked, or nobody has tried.
    """

    def __init__(self) -> None:
        self.failed_with: str | None = None

    @classmethod
    def make(cls, _settings: SettingsLookup, /) -> Self:
        """Nobody has tried yet."""
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
    marking, folder, claim, was_absent = store.read(_look)
    has_mark = is_marked(folder, claim)
    fault = None if has_mark else find_fault(folder, claim)
    if fault is None:
        if (has_mark or _mark(marking, folder, claim)) and not claim.was_marked:
            store.write(note_marked)
        if was_absent:
            log.info("the folder of artifacts is there again", path=str(folder.path))
            store.write(report_presence)
    elif not was_absent:
        log.error("the folder of artifacts is not there", path=str(folder.path), reason=fault.message)
        store.write(report_absence, fault)
    return fault is None


def _look(snapshot: Snapshot) -> tuple[Marking, ArtifactFolder, FolderClaim, bool]:
    marking, folder = snapshot.resource(Marking), ArtifactFolder.of(snapshot)
    return marking, folder, read_claim(snapshot), is_folder_absent(snapshot)


def _mark(marking: Marking, folder: ArtifactFolder, claim: FolderClaim) -> bool:
    """Mark the folder, if that can be done; one that cannot be written to is all the same there to be read."""
    try:
        mark_folder(folder, claim)
    except SyntheticError as error:
        if marking.failed_with != error.code:
            log.warning("the folder of artifacts cannot be marked", path=str(folder.path), code=error.code)
        marking.failed_with = error.code
        return False
    marking.failed_with = None
    return True

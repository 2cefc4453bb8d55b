"""What the store knows of the folder that its artifacts are in."""

from __future__ import annotations

from synthetic import Snapshot, Transaction
from synthetic_artifacts.marks import FolderClaim
from synthetic_artifacts.store.usage import was_ever_used

_FILES = 20
"""Of so many artifacts, the newest, and of so many files to be removed, one must be there where the mark is not."""


def read_claim(snapshot: Snapshot) -> FolderClaim:
    """The mark of the store's folder, and some files that should be in it.

    Those that are known to be missing, as where they did not come with an import, say nothing of the folder.
    """
    ((mark, was_marked),) = snapshot.rows("SELECT mark, is_marked FROM artifact_folder")
    kept = snapshot.rows(
        "SELECT path, stored_bytes FROM artifacts WHERE status <> 'MISSING'"
        " ORDER BY created_at DESC, id DESC LIMIT :limit",
        {"limit": _FILES},
    )
    left = snapshot.rows("SELECT path FROM artifact_removals ORDER BY path LIMIT :limit", {"limit": _FILES})
    return FolderClaim(
        mark=mark,
        files=(*((path, stored_bytes) for path, stored_bytes in kept), *((path, None) for (path,) in left)),
        was_marked=bool(was_marked),
        was_used=was_ever_used(snapshot),
    )


def note_marked(tx: Transaction) -> None:
    """Note that the mark is in the folder: from now on, a folder without it is another one."""
    tx.execute("UPDATE artifact_folder SET is_marked = 1 WHERE is_marked = 0")


def is_folder_absent(snapshot: Snapshot) -> bool:
    """Whether the folder was not there when it was last looked for."""
    return bool(snapshot.value("SELECT is_absent FROM artifact_folder"))


def note_absent(tx: Transaction, *, is_absent: bool) -> None:
    """Note whether the folder was not there when it was last looked for."""
    tx.execute("UPDATE artifact_folder SET is_absent = :is_absent", {"is_absent": int(is_absent)})

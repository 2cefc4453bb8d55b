"""What the store knows of the folder that its artifacts are in."""

from __future__ import annotations

from synthetic import Snapshot
from synthetic_artifacts.marks import FolderClaim

_FILES = 20
"""Of so many artifacts, the newest, one must have its file where the mark has been lost."""


def read_claim(snapshot: Snapshot) -> FolderClaim:
    """The mark of the store's folder, and some files that should be in it."""
    mark: str = snapshot.value("SELECT mark FROM artifact_folder")
    files = snapshot.rows(
        "SELECT path, stored_bytes FROM artifacts ORDER BY created_at DESC, id DESC LIMIT :limit", {"limit": _FILES}
    )
    return FolderClaim(mark, tuple((path, stored_bytes) for path, stored_bytes in files))

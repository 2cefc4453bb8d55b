"""What `synthetic check --repair` does with files that no artifact names: they are kept, in `quarantine/`.

The sweep removes such files when they are old, since a crash that leaves one
leaves nothing that anybody was told of. Whoever asks for a repair instead may
want to look at them: after rows were lost, a file is all that is left.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from synthetic import (
    Finding,
    Repair,
    StoreFolder,
    Transaction,
    crash_point,
    is_clock_believed,
    reach_the_disk,
    translate_system_error,
)
from synthetic_artifacts.copying import NO_LINKS, PIECE_BYTES, write_pieces
from synthetic_artifacts.errors import ArtifactMissingError
from synthetic_artifacts.folders import FOLDER_MODE, ArtifactFolder
from synthetic_artifacts.marks import find_fault
from synthetic_artifacts.settings import ArtifactSettings
from synthetic_artifacts.store import find_known_paths, read_claim

NO_SECOND_NAME = NO_LINKS | {errno.EXDEV}


def set_orphans_aside(tx: Transaction, findings: Sequence[Finding]) -> int:
    """Move files that no artifact names to a folder of their own in `quarantine/`, under the paths that they have.

    Each is looked at again: what has become an artifact's since, or is being written, stays. So does one whose name
    is no text.

    Returns:
        How many were moved.

    Raises:
        StorageFullError, StorageReadOnlyError, StorageFailedError: One could not be moved; those before it were.
    """
    folder = ArtifactFolder.of(tx)
    if not is_clock_believed(tx) or find_fault(folder, read_claim(tx)) is not None:
        return 0
    paths = [str(finding.details["path"]) for finding in findings]
    known = find_known_paths(tx, paths, or_to_be_removed=True)
    last = tx.now - tx.settings(ArtifactSettings).orphan_age_ms
    stamp = datetime.fromtimestamp(tx.now / 1000, UTC).strftime("%Y%m%dT%H%M%S")
    quarantine = tx.resource(StoreFolder).path / "quarantine" / f"{stamp}-{tx.now % 1000:03d}-orphans"
    moved = 0
    for path in paths:
        found = None if path in known else folder.find_file(path)
        if found is not None and found.changed_at < last:
            moved += _move(folder, path, quarantine)
    return moved


def _move(folder: ArtifactFolder, path: str, quarantine: Path) -> bool:
    """Whether a file was there to be moved: it is in its new place, and on the disk, before it leaves the old one."""
    target = quarantine / path
    try:
        target.parent.mkdir(FOLDER_MODE, parents=True, exist_ok=True)
        _place(folder, path, target)
        for made in (target.parent, target.parent.parent, quarantine, quarantine.parent, quarantine.parent.parent):
            reach_the_disk(made)
    except (ArtifactMissingError, FileNotFoundError):
        return False
    except OSError as error:
        raise translate_system_error(error, f"The folder {quarantine}") from error
    crash_point("orphan.set_aside")
    return folder.remove_file(path)


def _place(folder: ArtifactFolder, path: str, target: Path) -> None:
    """Have a file under another name too; where it is on another disk, as a copy."""
    try:
        folder.link_file(path, target)
    except FileExistsError:
        return  # The write was begun again.
    except OSError as error:
        if error.errno not in NO_SECOND_NAME:
            raise
        with os.fdopen(folder.open_file(path), "rb") as source:
            write_pieces(iter(lambda: source.read(PIECE_BYTES), b""), target, replaces=True)


SET_ORPHANS_ASIDE = Repair(
    does="Moves files that no artifact names to `quarantine/`, where they stay until somebody removes them.",
    apply=set_orphans_aside,
)

"""What the files of a data directory take, as far as the file system tells; no file is opened for it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from synthetic.data_directory import DataDirectory


class FileSizes(NamedTuple):
    """Bytes on the disk, by what they are.

    Attributes:
        database_bytes: Of the database file.
        wal_bytes: Of its write-ahead log.
        artifact_bytes: Of what lies in `artifacts/`.
        archive_bytes: Of what lies in `archive/`.
        backup_bytes: Of what lies in `backups/`.
        quarantine_bytes: Of what lies in `quarantine/`.
        free_disk_bytes: Free for the server's user on the disk of the directory.
        unreadable: Folders and files in the directory that could not be read, and so do not count.
    """

    database_bytes: int
    wal_bytes: int
    artifact_bytes: int
    archive_bytes: int
    backup_bytes: int
    quarantine_bytes: int
    free_disk_bytes: int
    unreadable: tuple[str, ...] = ()

    @property
    def beside_bytes(self) -> int:
        """Of all but the database and its log."""
        return self.artifact_bytes + self.archive_bytes + self.backup_bytes + self.quarantine_bytes


def measure_files(directory: DataDirectory) -> FileSizes:
    """Count them, now; the time grows with the number of files.

    What cannot be read is left out, and named.

    Raises:
        OSError: The data directory itself cannot be read.
    """
    unreadable: list[Path] = []
    artifact_bytes, archive_bytes, backup_bytes, quarantine_bytes = (
        sum(_sizes(folder, unreadable))
        for folder in (
            directory.path / "artifacts",
            directory.archive,
            directory.backups,
            directory.path / "quarantine",
        )
    )
    return FileSizes(
        database_bytes=file_bytes(directory.database),
        wal_bytes=file_bytes(directory.log),
        artifact_bytes=artifact_bytes,
        archive_bytes=archive_bytes,
        backup_bytes=backup_bytes,
        quarantine_bytes=quarantine_bytes,
        free_disk_bytes=shutil.disk_usage(directory.path).free,
        unreadable=tuple(_shown(path, directory.path) for path in unreadable),
    )


def file_bytes(path: Path) -> int:
    """Size of a file, 0 where there is none."""
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


def _shown(path: Path, root: Path) -> str:
    """A path for people; bytes of its name that are no text are escaped."""
    return os.fsencode(os.path.relpath(path, root)).decode("utf-8", "backslashreplace")


def _sizes(folder: Path, unreadable: list[Path]) -> Iterator[int]:
    """Sizes of the files below a folder; links are not followed, and what goes meanwhile does not count."""
    try:
        with os.scandir(folder) as found:
            entries = list(found)
    except (FileNotFoundError, NotADirectoryError):
        return
    except OSError:
        unreadable.append(folder)
        return
    for entry in entries:
        try:
            if not entry.is_dir(follow_symlinks=False):
                yield entry.stat(follow_symlinks=False).st_size
                continue
        except FileNotFoundError:
            continue
        except OSError:
            unreadable.append(Path(entry.path))
            continue
        yield from _sizes(Path(entry.path), unreadable)

"""Files of an export: they are written before the rows that name them, so no row names a file that is not whole."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from synthetic.database.snapshot import Snapshot
from synthetic.errors import ConflictError
from synthetic.transfer.archive_reading import ExportFile
from synthetic.transfer.files_in_folders import (
    another_path,
    is_there,
    remove_named_file,
    write_named_file,
)
from synthetic.transfer.manifest import Unit
from synthetic.transfer.policies import UnitOutcome
from synthetic.transfer.renaming import Renaming
from synthetic.transfer.travelling import TravellingTable, quoted
from synthetic.travel_contributions import TravellingFile

_SAMPLE = 20


class ArrivingFiles:
    """The files of one unit.

    Attributes:
        paths: For a table and a path in the export, that of the file here.
        missing: Tables and paths in the export of files that do not come.
    """

    def __init__(self, root: Path, tables: Mapping[str, TravellingTable], renaming: Renaming) -> None:
        """Begin.

        Args:
            root: The data directory.
            tables: Those that travel.
            renaming: What is called what here.
        """
        self._root = root
        self._tables = tables
        self._renaming = renaming
        self._wanted: list[tuple[str, Path, str]] = []
        self._written: list[tuple[Path, str]] = []
        self._taken: set[tuple[str, str]] = set()
        self.paths: dict[tuple[str, str], str] = {}
        self.missing: set[tuple[str, str]] = set()

    def place(self, snapshot: Snapshot, unit: Unit, outcome: UnitOutcome) -> None:
        """Find a path for each file of a unit, which no file and no row has, and count them.

        A row may name a file that is missing: when the row goes, as where its construct is overwritten, what has its
        path is removed. The paths in the export are known to be plain ones (`fitting`).
        """
        for named in unit.files:
            table = self._tables[named.table]
            file = table.record.travel.file
            if file is None:
                continue
            self.paths[named.table, named.path] = self._free_path(snapshot, table, file, named.path)
            if named.name is None:
                self.missing.add((named.table, named.path))
                outcome.missing_files += 1
            else:
                outcome.files += 1
                self._wanted.append((named.name, self._root / file.folder, self.paths[named.table, named.path]))

    def write(self, export: ExportFile, is_stopped: Callable[[], None]) -> None:
        """Write the files that have a place.

        Raises:
            StorageFullError, StorageReadOnlyError, StorageFailedError: One cannot be written; none is left.
        """
        try:
            for name, folder, path in self._wanted:
                with export.open_file(name) as source:
                    write_named_file(folder, path, source, is_stopped)
                self._written.append((folder, path))
        except BaseException:
            self.discard()
            raise

    def discard(self) -> None:
        """Remove what was written: nothing names it."""
        for folder, path in self._written:
            remove_named_file(folder, path)
        self._written.clear()

    def _free_path(self, snapshot: Snapshot, table: TravellingTable, file: TravellingFile, path: str) -> str:
        """Where a file goes: as in the export, but for folders that are called after what has another id now."""
        *above, name = path.split("/")
        renamed = [str(self._renaming.of("constructs", step)) for step in above]
        found = "/".join([*renamed, name])
        sql = f"SELECT 1 FROM {table.name} WHERE {quoted(file.column)} = :path"
        while (
            (file.folder, found) in self._taken
            or is_there(self._root / file.folder, found)
            or snapshot.row(sql, {"path": found}) is not None
        ):
            found = another_path("/".join([*renamed, name]))
        self._taken.add((file.folder, found))
        return found


def require_folders(snapshot: Snapshot, root: Path, tables: Mapping[str, TravellingTable]) -> None:
    """Refuse to write where the files of the rows that are there are missing: their disk may not be mounted.

    Raises:
        ConflictError: It looks so.
    """
    for table in tables.values():
        file = table.record.travel.file
        if file is None:
            continue
        known = f" WHERE {quoted(file.state)} <> :missing" if file.state else ""
        sql = f"SELECT {quoted(file.column)} FROM {table.name}{known} LIMIT {_SAMPLE}"
        paths = [path for (path,) in snapshot.rows(sql, {"missing": file.missing} if file.state else {})]
        if paths and not any(is_there(root / file.folder, path) for path in paths):
            raise ConflictError(
                f"The folder {file.folder} of the data directory holds none of the store's files.",
                action="Mount its disk, or look with `synthetic check` for what became of it.",
                details={"folder": file.folder},
            )

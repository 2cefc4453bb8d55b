"""Reading files into a store, one after the other.

All that a stop can lose is a batch that was not committed, and the row of its
file says where it began.

Reading does not go on while a batch is being written. It was tried, with a
thread for each: the writer's lets go of the interpreter for every step of
SQLite, and has to wait for the parser's each time, so nothing was gained.
"""

from __future__ import annotations

import gc
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from synthetic import BadUserInputError, ConflictError, NotFoundError, Store
from synthetic_ingest.errors import IngestRaceError
from synthetic_ingest.importer import Importer
from synthetic_ingest.model import FileState, IngestFile, UnreadableFileError, leaves_as_is
from synthetic_ingest.plans import IngestOptions, NothingToReadError, Plan, Planner
from synthetic_ingest.report import Outcome, Phase, Report
from synthetic_ingest.settings import IngestSettings
from synthetic_ingest.sources import FileStatus, Source, open_source
from synthetic_ingest.store import find_file_at, needs_settling, settle_session, store_batch
from synthetic_ingest.walk import Found, find_files, path_text

COLLECT_AFTER_OBJECTS = 200_000

Progress = Callable[[int, Path], None]
Entering = Callable[[Phase], None]


def importers_of(store: Store) -> dict[str, Importer]:
    """The importers of all loaded plugins, by name."""
    found = store.kernel.registry.hooks_of("register_importers")
    return {importer.name: importer for _, records in found for importer in records}


@contextmanager
def rare_collections() -> Iterator[None]:
    """Look for garbage in cycles seldom.

    What is parsed of a batch makes some 50,000 objects without cycles, and
    Python would look through all the objects of the process for each batch:
    an eighth of the time.
    """
    thresholds = gc.get_threshold()
    gc.set_threshold(COLLECT_AFTER_OBJECTS, *thresholds[1:])
    try:
        yield
    finally:
        gc.set_threshold(*thresholds)


def _say_nothing(*_: object) -> None:
    """Where nobody wants to know of progress."""


class Ingest:
    """One run over some paths.

    Attributes:
        report: What was done so far.
    """

    def __init__(
        self,
        store: Store,
        importers: Mapping[str, Importer],
        options: IngestOptions,
        stop: threading.Event | None = None,
    ) -> None:
        """Make it.

        Args:
            store: Where everything goes.
            importers: By name.
            options: What is asked for.
            stop: Ends a run after the batch that is being written.
        """
        settings: IngestSettings = store.kernel.registry.settings[IngestSettings]
        self._store = store
        self._importers = importers
        self._options = options
        self._planner = Planner(store, importers, options, settings, store.kernel.clock)
        self._stop = threading.Event() if stop is None else stop
        self._on_progress: Progress = _say_nothing
        self._on_phase: Entering = _say_nothing
        self._path = Path()
        self._advanced_bytes = 0
        self.report = Report(is_dry_run=options.is_dry_run)

    def run(
        self, paths: Iterable[Path], on_progress: Progress | None = None, on_phase: Entering | None = None
    ) -> Report:
        """Read everything under some paths.

        Args:
            paths: Files and folders.
            on_progress: Told of more bytes on disk that are done with, and of
                the file that they belong to.
            on_phase: Told before something is parsed, and before it is stored.

        Raises:
            SyntheticError: The store cannot be written; what was committed stays.
        """
        self._on_progress = on_progress or _say_nothing
        self._on_phase = on_phase or _say_nothing
        with rare_collections():
            for found in find_files(list(paths)):
                if self._stop.is_set():
                    break
                self.take(found)
        return self.report

    def begin(self) -> Report:
        """Start counting anew; the report that counts from now on."""
        self.report = Report(is_dry_run=self._options.is_dry_run)
        return self.report

    def take(self, found: Found) -> None:
        """Read what was found, if there is anything new in it.

        Raises:
            SyntheticError: The store cannot be written; what was committed stays.
        """
        path, status = found.path, found.status
        self._path, self._advanced_bytes = path, 0
        if status is None:
            (self.report.fail if found.is_failure else self.report.skip)(path, found.problem or "It is no file.")
            return
        known = self._store.read(find_file_at, path_text(path))
        if known is not None and self._is_unchanged(known, status):
            self.report.files[Outcome.UNCHANGED] += 1
            self.report.partial += known.state == FileState.PARTIAL
            self._settle(known)
        else:
            try:
                self._read_once_more_if_overtaken(path)
            except NothingToReadError as error:
                (self.report.fail if found.is_named and error.is_failure else self.report.skip)(path, str(error))
            except UnreadableFileError as error:
                self.report.fail(path, str(error))
            except (BadUserInputError, ConflictError, NotFoundError) as error:
                self.report.fail(path, error.message)
        self._advance(status.size_bytes)

    def _advance(self, position_bytes: int) -> None:
        """Say how far into the present file the work has come, in bytes on disk."""
        if position_bytes > self._advanced_bytes:
            self._on_progress(position_bytes - self._advanced_bytes, self._path)
            self._advanced_bytes = position_bytes

    def _is_unchanged(self, record: IngestFile, status: FileStatus) -> bool:
        # The last line of a file is looked at once more when nothing more is expected of it.
        is_done = record.state == FileState.READ or (
            record.state == FileState.PARTIAL and status.modified_at >= self._planner.idle_before
        )
        return (
            is_done
            and self._options.importer in (None, self._importers.get(record.format))
            and status == FileStatus(record.device, record.inode, record.size_bytes, record.modified_at)
        )

    def _settle(self, record: IngestFile) -> None:
        """Close or attach the session of a file in which nothing is new."""
        if record.session_id is None or self._options.is_dry_run:
            return
        facts = (record.session_id, self._planner.idle_before, self._options.construct_id)
        if self._store.read(needs_settling, *facts):
            self._store.write(settle_session, *facts)

    def _read_once_more_if_overtaken(self, path: Path) -> None:
        """Read a file; where another process has read it on meanwhile, read what that one has left."""
        try:
            self._read(path)
        except IngestRaceError:
            self._read(path)

    def _read(self, path: Path) -> None:
        with open_source(path) as source:
            plan = self._planner.plan(source, path)
            if self._options.is_dry_run:
                self.report.plan(path, plan.outcome, plan.target.format, plan.offset)
                return
            record, is_changed = self._carry_out(plan, source)
        if record is not None and record.state == FileState.FAILED:
            self.report.fail(path, record.problem or "It cannot be read.")
        else:
            self.report.files[plan.outcome if is_changed else Outcome.UNCHANGED] += 1
            self.report.partial += record is not None and record.state == FileState.PARTIAL

    def _carry_out(self, plan: Plan, source: Source) -> tuple[IngestFile | None, bool]:
        """Write the batches of a plan, each as it is parsed.

        Returns:
            The row of the file, and whether anything was written.
        """
        record, is_changed = plan.record, False
        self._on_phase(Phase.PARSE)
        for batch in plan.batches:
            if record is not None and leaves_as_is(record, plan.target, batch):
                self._settle(record)
                continue
            self._on_phase(Phase.STORE)
            before, record = record, self._store.write(store_batch, plan.target, record, batch)
            is_changed = True
            self.report.count(before, record, is_restart=batch.is_restart)
            self._advance(source.position_bytes)
            if self._stop.is_set():
                break
            self._on_phase(Phase.PARSE)
        return record, is_changed

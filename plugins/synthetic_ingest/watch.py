"""Following files as agents write them, until told to stop.

The operating system tells of changes at once. Since it may lose some (a queue
that overflows, a file system that tells nothing), everything is looked at again
now and then, which costs one `stat` a file. What could not be stored because
the store was busy or full is tried again. All of it is in sync status, under
the module's name.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from synthetic import (
    Clock,
    RecoveryAction,
    Store,
    SyncOutcome,
    SyntheticError,
    Transaction,
    logger_for,
    report_sync,
)
from synthetic_ingest.errors import IngestIncompleteError
from synthetic_ingest.ingest import Ingest, rare_collections
from synthetic_ingest.report import Report
from synthetic_ingest.settings import IngestSettings
from synthetic_ingest.walk import Found, absolute_of, find_changed, find_files

DEBOUNCE_MS = 100
STEP_MS = 25
"""Changes that follow each other by less than the step are taken in one go, but none waits longer than the debounce."""

REPORT_SECONDS = 1.0
"""The same is reported no more often than this; new failures and recoveries at once."""

TICK_MS = 500
"""How often something is looked for that nobody tells of: a stop, a retry, the time to look at everything."""

ALIVE_SECONDS = 60.0
"""How often the first look says that it goes on; who is silent for long is taken to be stuck."""

RETRY_SECONDS = 2.0
NAMED_MAX = 20

log = logger_for(__name__)


class Look(NamedTuple):
    """What one look at some files came to.

    Attributes:
        report: Counts.
        failure: Why the store could not take it; None if it could.
    """

    report: Report
    failure: SyntheticError | None


class Watch:
    """Follows some paths."""

    def __init__(self, store: Store, run: Ingest, paths: Sequence[Path], module: str, stop: threading.Event) -> None:
        """Make it.

        Args:
            store: Where everything goes.
            run: Does the reading.
            paths: Files and folders that exist.
            module: The name in sync status.
            stop: Ends it; the same that ends the run.
        """
        # What has changed is told by absolute paths, and what fails is kept by them.
        settings: IngestSettings = store.kernel.registry.settings[IngestSettings]
        self._store = store
        self._clock: Clock = store.kernel.clock
        self._run = run
        self._paths = [absolute_of(path) for path in paths]
        self._module = module
        self._attempt_id: str | None = None
        self._stop = stop
        self._rescan_seconds = settings.watch_rescan_ms / 1000
        self._failing: dict[str, str] = {}
        self._pending: set[Path] = set()
        self._reported_at = float("-inf")
        self._unreported = 0
        self._rescan_at = 0.0
        self._retry_at = 0.0
        self._reported_failure: str | None = None

    def follow(self, on_look: Callable[[Look], None]) -> None:
        """Read what is there, then what comes, until told to stop.

        Args:
            on_look: Told of each look that found something new, or failed.

        Raises:
            SyntheticError: The store does not take the name, or cannot take anything any more, and waiting does
                not help.
        """
        self._report_started()
        self._look(find_files(self._paths), on_look, is_rescan=True)
        for changed in self._changes():
            self._pending |= changed
            now = self._clock.monotonic()
            if now >= self._rescan_at:
                self._pending.clear()
                self._look(find_files(self._paths), on_look, is_rescan=True)
            elif self._pending and (changed or now >= self._retry_at):
                paths, self._pending = self._pending, set()
                self._look(find_changed(paths, self._paths), on_look, is_rescan=False)
        # Not when it breaks: nobody has switched it off then, and it must not look so.
        self._report_stopped()

    def _changes(self) -> Iterator[set[Path]]:
        """What has changed; an empty set now and then."""
        # Here, because every start of the command line would pay for it.
        from watchfiles import watch  # noqa: PLC0415

        while not self._stop.is_set():
            present = self._present()
            if not present:
                # Nothing to watch: the next look says so in sync status.
                self._stop.wait(RETRY_SECONDS)
                self._rescan_at = 0.0
                yield set()
                continue
            # What changed between the last look and the beginning of the watch was told to nobody.
            self._rescan_at = 0.0
            told = watch(
                *present,
                watch_filter=None,
                debounce=DEBOUNCE_MS,
                step=STEP_MS,
                rust_timeout=TICK_MS,
                yield_on_timeout=True,
                stop_event=self._stop,
                raise_interrupt=False,
                ignore_permission_denied=True,
            )
            for changes in told:
                yield {Path(path) for _, path in changes}
                if self._present() != present:
                    # What was made anew is another file to the operating system, which tells nothing of it.
                    break

    def _present(self) -> dict[Path, tuple[int, int]]:
        """Which of the paths are there, and what stands at each: a path may come to be of another file."""
        present: dict[Path, tuple[int, int]] = {}
        for path in self._paths:
            with contextlib.suppress(OSError):
                status = path.stat()
                present[path] = (status.st_dev, status.st_ino)
        return present

    def _look(self, found: Iterable[Found], on_look: Callable[[Look], None], *, is_rescan: bool) -> None:
        """Read some files, and report how that went."""
        report = self._run.begin()
        if is_rescan:
            # All that still fails will do so again.
            self._failing.clear()
        with rare_collections():
            failure = self._take_all(found, report)
        if is_rescan:
            pause = self._rescan_seconds if failure is None else RETRY_SECONDS
            self._rescan_at = self._clock.monotonic() + pause
        self._forget_gone()
        self._tell(report, failure)
        if report.messages or report.rejects or report.failures or failure is not None:
            on_look(Look(report, failure))

    def _take_all(self, found: Iterable[Found], report: Report) -> SyntheticError | None:
        """Read some files, and keep those for later that the store cannot take now; why it cannot."""
        failure: SyntheticError | None = None
        for each in found:
            if self._stop.is_set():
                break
            before = len(report.failures)
            try:
                self._run.take(each)
            except SyntheticError as error:
                if not error.recoverable:
                    self._tell(report, error)
                    raise
                log.warning("file put off", path=str(each.path), code=error.code)
                failure = error
                self._pending.add(each.path)
                self._retry_at = self._clock.monotonic() + RETRY_SECONDS
                continue
            reasons = report.failures[before:]
            if reasons:
                self._failing[str(each.path)] = reasons[-1]["reason"]
            else:
                self._failing.pop(str(each.path), None)
            self._report_alive()
        return failure

    def _forget_gone(self) -> None:
        """A file that is not there any more fails no more, unless it was named."""
        named = {str(path) for path in self._paths}
        for path in [path for path in self._failing if path not in named and not Path(path).exists()]:
            del self._failing[path]

    def _tell(self, report: Report, failure: SyntheticError | None) -> None:
        """Report to sync status; a store that cannot take even that hears of it the next time."""
        error = failure if failure is not None else self._incomplete()
        self._unreported += report.messages
        now = self._clock.monotonic()
        reason = None if error is None else error.message
        is_news = reason != self._reported_failure or self._attempt_id is not None
        if not is_news and now - self._reported_at < REPORT_SECONDS:
            return
        try:
            requested = self._store.write(self._report, error, self._unreported)
        except SyntheticError as problem:
            log.warning("state not reported", module=self._module, code=problem.code)
            return
        self._reported_at, self._unreported, self._reported_failure = now, 0, reason
        self._attempt_id = None
        if requested is not None:
            self._rescan_at = 0.0

    def _report(self, tx: Transaction, error: SyntheticError | None, units: int) -> RecoveryAction | None:
        return report_sync(
            tx,
            self._module,
            SyncOutcome.SUCCEEDED if error is None else SyncOutcome.FAILED,
            expected_interval_ms=int(self._rescan_seconds * 3_000),
            error=error,
            units=units,
        ).requested

    def _report_started(self) -> None:
        """The first look may take long. A store that is busy hears of it when that ends.

        Raises:
            SyntheticError: The name is that of a consumer or cannot be one, or the store takes no more names.
        """
        try:
            self._attempt_id = self._store.write(report_sync, self._module, SyncOutcome.STARTED).attempt_id
        except SyntheticError as problem:
            if not problem.recoverable:
                raise
            log.warning("begin not reported", module=self._module, code=problem.code)
        self._reported_at = self._clock.monotonic()

    def _report_alive(self) -> None:
        """Of the first look, say now and then that it goes on."""
        now = self._clock.monotonic()
        if self._attempt_id is None or now - self._reported_at < ALIVE_SECONDS:
            return
        self._reported_at = now
        try:
            self._store.write(self._report_running, self._attempt_id)
        except SyntheticError as problem:
            log.warning("state not reported", module=self._module, code=problem.code)

    def _report_running(self, tx: Transaction, attempt_id: str) -> None:
        report_sync(tx, self._module, SyncOutcome.STARTED, attempt_id=attempt_id)

    def _report_stopped(self) -> None:
        """Whoever stops it knows; it must not become STALE."""
        try:
            self._store.write(report_sync, self._module, SyncOutcome.DISABLED)
        except SyntheticError as problem:
            log.warning("end not reported", module=self._module, code=problem.code)

    def _incomplete(self) -> IngestIncompleteError | None:
        if not self._failing:
            return None
        first = next(iter(self._failing))
        return IngestIncompleteError(
            f"{len(self._failing)} files cannot be read, or not whole; the first is {Path(first).name}:"
            f" {self._failing[first]}",
            details={"failures": dict(list(self._failing.items())[:NAMED_MAX])},
        )

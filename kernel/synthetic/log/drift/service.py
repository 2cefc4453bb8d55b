"""The watch for drift: samples each fold now and then, and compares a whole one when that is asked for.

A sample that finds something is followed by a comparison of the whole fold:
that one says whether it is so.
"""

from __future__ import annotations

from typing import NamedTuple

from synthetic.clock import Clock
from synthetic.contributions import Service
from synthetic.database.ownership import BlockingStore
from synthetic.database.snapshot import Snapshot
from synthetic.kernel_settings import SyncSettings
from synthetic.log.consumers.declared import DeclaredConsumer
from synthetic.log.consumers.loaded import LoadedFolds
from synthetic.log.consumers.refusals import describe_refusal, is_refusal
from synthetic.log.drift.refolding import compare_whole, find_goal
from synthetic.log.drift.sampling import compare_sample
from synthetic.log.drift.store import cursors_of, find_drift_check, save_comparison, save_failure
from synthetic.log.sync.publication import publish_status
from synthetic.logs import logger_for

LOOK_MS = 1_000

PAUSE_SHARE = 0.1
"""After a start no sample is taken for this share of the time between two: folds have to catch up, and whoever starts
a process again and again has samples taken all the same."""

log = logger_for(__name__)


class Due(NamedTuple):
    """A fold that is to be compared.

    Attributes:
        consumer: The fold.
        is_whole: Whether that was asked for.
    """

    consumer: DeclaredConsumer
    is_whole: bool


class DriftWatch:
    """Compares folds with the log, one after the other."""

    def __init__(self, settings: SyncSettings, clock: Clock) -> None:
        """Make it.

        Args:
            settings: How often, and how much.
            clock: For how long a comparison takes, and for how long this process has run.
        """
        self._settings = settings
        self._clock = clock
        self._began = clock.monotonic()

    def service(self) -> Service:
        """The watch as the kernel's background work."""
        return Service(
            name="drift_watch",
            purpose="Compares rows of folds with what the log makes of them.",
            work=self.work,
            every_ms=LOOK_MS,
        )

    def work(self, store: BlockingStore) -> int:
        """Compare the fold that has waited longest, if one is due.

        Returns:
            1 if one was compared, else 0.
        """
        due = store.read(self._find_due)
        if due is None:
            return 0
        try:
            return self._compare(store, due)
        except Exception as error:
            if not is_refusal(error):
                raise
            contract = describe_refusal(due.consumer.name, None, error, self._clock.now_ms())
            store.write(save_failure, due.consumer.name, contract)
            return 1

    def _compare(self, store: BlockingStore, due: Due) -> int:
        """Compare a fold; 1 if something came of it, 0 if it began to be rebuilt just now, or was."""
        name, started = due.consumer.name, self._clock.monotonic()
        cursors = None
        if not due.is_whole:
            cursors = store.read(lambda snapshot: cursors_of(find_drift_check(snapshot, name)))
            sampled = store.read(compare_sample, due.consumer, cursors, self._settings.sample_rows)
            if sampled is None:
                return 0
            cursors = sampled.cursors
            if not sampled.comparison.differing:
                return int(store.write(save_comparison, name, sampled.comparison, self._elapsed(started), cursors))
            log.warning("rows of a fold may differ from the log", consumer=name, rows=sampled.comparison.differing)
        found = compare_whole(store, due.consumer)
        if found is None or not store.write(save_comparison, name, found, self._elapsed(started), cursors):
            return 0
        if found.differing:
            log.error("a fold differs from the log", consumer=name, rows=found.differing, first=found.first[0])
        store.write(publish_status, name)
        return 1

    def _find_due(self, snapshot: Snapshot) -> Due | None:
        """What was asked for first, else the fold that was compared longest ago, if that is long enough."""
        oldest: Due | None = None
        oldest_at = snapshot.now - self._settings.sample_ms
        samples = self._settings.sample_ms > 0 and self._elapsed(self._began) >= PAUSE_SHARE * self._settings.sample_ms
        for name, consumer in snapshot.resource(LoadedFolds).folds.items():
            check = find_drift_check(snapshot, name)
            is_asked = check is not None and check.requested_at is not None
            compared_at = 0 if check is None or check.checked_at is None else check.checked_at
            if compared_at > snapshot.now:
                # The clock was ahead then: nobody knows how long ago that was.
                compared_at = 0
            if not (is_asked or (samples and compared_at <= oldest_at)) or find_goal(snapshot, consumer) is None:
                continue
            if is_asked:
                return Due(consumer, is_whole=True)
            oldest, oldest_at = Due(consumer, is_whole=False), compared_at
        return oldest

    def _elapsed(self, started: float) -> int:
        return round((self._clock.monotonic() - started) * 1_000)

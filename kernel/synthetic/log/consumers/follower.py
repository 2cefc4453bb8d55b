"""`Follower`: runs one consumer, turn by turn, in the process that holds the background lease.

A turn reads the next events in a read transaction and takes them in in a write
transaction, which also looks whether the lease is still held. A batch that
fails is halved until the event that cannot be taken in is alone. Events that
do not concern it cost no write: `passing` moves all consumers past these, and
what it has looked at is stored here only where that has not been done.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar, TypeVarTuple, cast

from synthetic.clock import Clock
from synthetic.consumer_contributions import Mirror, Scanned
from synthetic.database.database import Database
from synthetic.database.interruption import Interruption
from synthetic.database.transaction import Transaction
from synthetic.faults import crash_point
from synthetic.log.consumers.batches import (
    BATCH_EVENTS,
    Lane,
    come_to,
    finish_fold,
    fold_events,
    lane_of_failure,
    refuse,
    scan_on,
    take_in,
)
from synthetic.log.consumers.declared import DeclaredConsumer, KnownFingerprint
from synthetic.log.consumers.history import read_history
from synthetic.log.consumers.looking import Look, look
from synthetic.log.consumers.pauses import Pauses
from synthetic.log.consumers.rebuilding import begin_rebuild, fail, reconcile
from synthetic.log.consumers.refusals import describe_refusal, is_refusal
from synthetic.log.consumers.store import ConsumerRecord
from synthetic.log.errors import ArchiveDamagedError
from synthetic.log.events import Event, EventPage, read_events
from synthetic.log.positions import LogEnds
from synthetic.logs import logger_for
from synthetic.metrics import Metrics
from synthetic.origin import Origin
from synthetic.services.lease import Hold
from synthetic.services.workers import Stopping

UNSAVED_SECONDS = 2.0
UNSAVED_EVENTS = 1_000
"""What was looked at and concerned nobody is stored when it is so long ago, or so much."""

IDLE_SECONDS = 60.0
"""How long a turn is waited for that nothing calls for."""

END_SECONDS = 1.0
"""How long a stop may wait to store the position."""

Ts = TypeVarTuple("Ts")
ResultT = TypeVar("ResultT")
log = logger_for(__name__)


class Follower:
    """Gives a consumer its turns.

    Attributes:
        name: As `plugin.name`.
    """

    def __init__(
        self, consumer: DeclaredConsumer, database: Database, hold: Hold, clock: Clock, metrics: Metrics
    ) -> None:
        self.name = consumer.name
        self._consumer = consumer
        self._database = database
        self._hold = hold
        self._clock = clock
        self._metrics = metrics
        self._interruption = Interruption(clock)
        self._is_reconciled = False
        # One that has failed is tried once more when it is started: the code may have been mended.
        self._tries_again = True
        self._live_is_stuck = False
        self._limits = dict.fromkeys(Lane, BATCH_EVENTS)
        self._scan_limit = BATCH_EVENTS
        self._fingerprint = KnownFingerprint(consumer)
        self._looked: dict[Lane, int] = {}
        self._looked_since = 0.0
        self._pauses = Pauses(clock, database.watch)

    def turn(self, stopping: Stopping) -> float:
        """Take in what there is, up to a batch; see `Work.turn`."""
        self._interruption = stopping.interruption
        self._pauses.rest(stopping)
        if not self._is_reconciled:
            self._write(reconcile, self._consumer)
            self._is_reconciled = True
        looked, limit = self._looked.get(Lane.LIVE, 0), self._limits[Lane.LIVE]
        found = self._database.read_blocking(
            look, self._consumer, self._fingerprint, looked, limit, interruption=self._interruption
        )
        record = found.record
        if record is None:
            self._is_reconciled = False
            return 0.0
        self._looked = {lane: end for lane, end in self._looked.items() if end > lane.position_of(record)}
        if record.phase != "FAILED":
            self._tries_again = False
        if record.requested == "REBUILD" or self._is_left_behind(record, found.ends):
            self._looked.clear()
            self._write(begin_rebuild, self._consumer)
            crash_point("rebuild.begun")
            return 0.0
        has_more = self._work(record, found)
        self._save_if_due(record)
        if has_more:
            return 0.0
        self._pauses.note_idle()
        return UNSAVED_SECONDS if self._looked else IDLE_SECONDS

    def end(self) -> None:
        """Store how far it has looked."""
        self._interruption = Interruption(self._clock, self._clock.monotonic() + END_SECONDS)
        self._save()

    def close(self) -> None:
        """Nothing is kept open between two turns."""

    def count_failures(self, in_a_row: int) -> None:
        """Note a turn that failed."""
        self._metrics.service_failing(self.name, in_a_row)

    def _is_left_behind(self, record: ConsumerRecord, ends: LogEnds) -> bool:
        """Whether the log does not reach back any more to where it has to go on, now."""
        lane = Lane.LIVE
        if record.phase == "FAILED":
            if not self._is_to_try_again(record):
                return False
            lane = lane_of_failure(record)
        elif record.phase == "REBUILDING":
            lane = Lane.REBUILD
        if self._reads_archive(lane):
            # It is made from the archive as well.
            return False
        return self._reached(lane, record) < ends.horizon

    def _is_to_try_again(self, record: ConsumerRecord) -> bool:
        return record.requested is not None or self._tries_again

    def _reached(self, lane: Lane, record: ConsumerRecord) -> int:
        """How far it has come, with what is not stored yet."""
        return max(lane.position_of(record), self._looked.get(lane, 0))

    def _work(self, record: ConsumerRecord, found: Look) -> bool:
        """Whether there is more to do at once."""
        is_known = record.fingerprint == found.fingerprint
        is_sound = is_known and self._reached(Lane.LIVE, record) >= found.ends.horizon
        if record.phase == "FAILED":
            return self._try_again(record) or (
                lane_of_failure(record) is Lane.REBUILD
                and self._consumer.kind == "FOLD"
                and is_sound
                and not self._live_is_stuck
                and self._advance(Lane.LIVE, record)
            )
        if record.phase == "FOLLOWING":
            self._live_is_stuck = False
            return self._advance(Lane.LIVE, record, found.page)
        has_more = False
        if self._consumer.kind == "FOLD" and is_sound and not self._live_is_stuck:
            has_more = self._advance(Lane.LIVE, record)
        has_more = self._advance(Lane.REBUILD, record) or has_more
        if self._consumer.kind == "MIRROR":
            has_more = self._scan(record) or has_more
        return has_more

    def _try_again(self, record: ConsumerRecord) -> bool:
        """Try what has failed, if that was asked for; whether it was tried."""
        if not self._is_to_try_again(record):
            return False
        self._tries_again = False
        if not record.has_failed_at_event:
            self._write(begin_rebuild, self._consumer)
        elif record.failed_position is None:
            self._scan_limit = 1
            self._scan(record)
        else:
            lane = lane_of_failure(record)
            self._limits[lane] = 1
            self._advance(lane, record)
        return True

    def _advance(self, lane: Lane, record: ConsumerRecord, page: EventPage | None = None) -> bool:
        """Take in the next events in one lane, which may be read already; whether there may be more."""
        started, started_at = self._clock.monotonic(), self._clock.now_ms()
        after = self._reached(lane, record)
        limit = self._limits[lane]
        page = page or self._read(lane, after, limit)
        if page is None or (not self._reads_archive(lane) and after < page.ends.horizon):
            # Of a log that has just ended behind where it stands, the next turn makes a rebuild.
            return True
        if not page.events:
            if page.through >= page.ends.head and lane is Lane.REBUILD and self._consumer.kind == "FOLD":
                return self._finish(started_at, page.through)
            self._note_looked(lane, page.through, lane.position_of(record))
            return page.through < page.ends.head
        try:
            state = self._database.read_blocking(
                fold_events, self._consumer, lane, page.events, interruption=self._interruption
            )
            self._write(take_in, self._consumer, lane, page.events, state, page.through, started_at)
        except Exception as error:
            if not is_refusal(error):
                raise
            if len(page.events) > 1:
                self._limits[lane] = len(page.events) // 2
            elif not self._refuse(lane, page.events[0], error, started_at):
                return False
            return True
        if lane is Lane.REBUILD:
            crash_point("rebuild.batch_taken")
        self._looked.pop(lane, None)
        self._limits[lane] = min(BATCH_EVENTS, 2 * limit)
        self._metrics.consumer_batch(self.name, len(page.events), self._clock.monotonic() - started)
        # With the last events, the rebuild of a fold is still to be put in place.
        return page.through < page.ends.head or self._reads_archive(lane)

    def _reads_archive(self, lane: Lane) -> bool:
        return lane is Lane.REBUILD and self._consumer.kind == "FOLD"

    def _read(self, lane: Lane, after: int, limit: int) -> EventPage | None:
        """The next events; None where they are not kept any more, and the consumer has failed."""
        read = read_history if self._reads_archive(lane) else read_events
        try:
            return self._database.read_blocking(
                read, after, limit, self._consumer.wanted, interruption=self._interruption
            )
        except ArchiveDamagedError as error:
            self._stop_at(error)
            return None

    def _finish(self, started_at: int, through: int) -> bool:
        """Put the rebuilt tables in their place; whether there is more to do before that, or after."""
        self._looked.pop(Lane.REBUILD, None)
        if self._write(finish_fold, self._consumer, through, started_at):
            crash_point("rebuild.exchanged")
            self._looked.clear()
            log.info("consumer rebuilt", consumer=self.name)
        return True

    def _scan(self, record: ConsumerRecord) -> bool:
        """Go on with a mirror's scan; whether there may be more."""
        declared = cast("Mirror", self._consumer.record)
        started_at = self._clock.now_ms()
        try:
            scanned: Sequence[Scanned] = self._database.read_blocking(
                declared.scan, record.rebuild_cursor, self._scan_limit, interruption=self._interruption
            )
        except Exception as error:
            if not is_refusal(error):
                raise
            self._stop_at(error)
            return False
        try:
            self._write(scan_on, self._consumer, scanned, started_at)
        except Exception as error:
            if not is_refusal(error) or not scanned:
                raise
            if len(scanned) > 1:
                self._scan_limit = len(scanned) // 2
                return True
            return self._refuse(Lane.REBUILD, scanned[0], error, started_at)
        self._scan_limit = min(BATCH_EVENTS, 2 * self._scan_limit)
        if not scanned:
            self._looked.clear()
            log.info("consumer rebuilt", consumer=self.name)
        return True

    def _refuse(self, lane: Lane, refused: Event | Scanned, error: Exception, started_at: int) -> bool:
        """Go on without what cannot be taken in, or stop there; whether it goes on."""
        position = refused.position if isinstance(refused, Event) else None
        contract = describe_refusal(self.name, position, error, self._clock.now_ms())
        goes_on = self._write(refuse, self._consumer, lane, refused, contract, started_at)
        if goes_on:
            self._metrics.consumer_set_aside(self.name)
        elif lane is Lane.LIVE:
            self._live_is_stuck = True
        return goes_on

    def _stop_at(self, error: Exception) -> None:
        """Stop at what is no event."""
        now = self._clock.now_ms()
        self._write(fail, self.name, None, describe_refusal(self.name, None, error, now), now)

    def _note_looked(self, lane: Lane, through: int, stored: int) -> None:
        if through <= stored:
            return
        if not self._looked:
            self._looked_since = self._clock.monotonic()
        self._looked[lane] = through

    def _save_if_due(self, record: ConsumerRecord) -> None:
        is_old = self._clock.monotonic() - self._looked_since >= UNSAVED_SECONDS
        is_much = any(through - lane.position_of(record) >= UNSAVED_EVENTS for lane, through in self._looked.items())
        if self._looked and (is_old or is_much):
            self._save()

    def _save(self) -> None:
        while self._looked:
            lane, through = self._looked.popitem()
            self._write(come_to, self._consumer, lane, through)

    def _write(self, function: Callable[[Transaction, *Ts], ResultT], *args: *Ts) -> ResultT:
        return self._hold.write(Origin(self._consumer.actor, is_upkeep=True), self._interruption, function, *args)

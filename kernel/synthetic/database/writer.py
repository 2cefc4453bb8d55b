"""The one writer of a process: waiting writes share a commit.

A commit costs a flush to the disk, however little it holds. So whoever has the
turn takes what is waiting, runs each write under a savepoint of its own inside
one transaction, commits, and only then answers. The turn is the writer's own
thread's, or, because a change of threads costs as much as a small write, that
of a thread which would only wait for its answer. A write that fails is rolled
back alone. When the transaction as a whole is lost (a full disk, an
I/O error), each of its writes is run again in a transaction of its own, so
that each gets its own answer.

A write can be cancelled while it waits and between its statements, never
within one. There are no deferred keys: every constraint has spoken before the
commit, so a commit fails only for reasons of the machine.
"""

from __future__ import annotations

import math
import queue
import threading
from collections.abc import Callable
from typing import Any

import apsw

from synthetic.clock import Clock
from synthetic.database.failures import is_transient, translate
from synthetic.database.surroundings import Surroundings
from synthetic.database.tickets import Settlement, settle_all
from synthetic.database.transaction import Transaction
from synthetic.database.work_in_line import Upkeep, Write
from synthetic.database.writing_connection import WritingConnection
from synthetic.errors import OverloadedError, StorageFailedError
from synthetic.kernel_settings import DatabaseSettings
from synthetic.log.appended import Appended, join
from synthetic.logs import logger_for
from synthetic.metrics import Metrics
from synthetic.retry import retry_until
from synthetic.storage.room import RoomGate

OVERLOAD_RETRY_MS = 250

log = logger_for(__name__)


class Writer:
    """A thread with the process's one writing connection."""

    def __init__(
        self,
        connection: apsw.Connection,
        settings: DatabaseSettings,
        clock: Clock,
        surroundings: Surroundings,
        metrics: Metrics,
        guard: Callable[[apsw.Connection], None],
        announce: Callable[[Appended], None],
    ) -> None:
        """Make the writer; `start` starts its thread.

        Args:
            connection: Opened with `open_writer`; the writer closes it.
            settings: Bounds of the queue, of a group and of waiting.
            clock: For deadlines and `Transaction.now`.
            surroundings: Settings and resources for the transactions.
            metrics: Where waits, retries and groups are counted.
            guard: Called when another process has changed the store; raises
                when this process must not write any more.
            announce: Called after each commit that holds events, with what
                it appended; must be quick.
        """
        self._connection = WritingConnection(connection)
        self._settings = settings
        self._clock = clock
        self._surroundings = surroundings
        self._metrics = metrics
        self._guard = guard
        self._announce = announce
        self._appended: Appended | None = None
        self._busy_retries = metrics.write_retries.labels("busy")
        self._lost_groups = metrics.write_retries.labels("group_lost")
        # Unlike `queue.Queue` it costs next to nothing; `submit` keeps it bounded.
        self._queue: queue.SimpleQueue[Write | Upkeep | None] = queue.SimpleQueue()
        self._upkeep: Upkeep | None = None
        self._gate = surroundings.resource(RoomGate)
        metrics.writer_queue.set_function(self._queue.qsize)
        self._admission = threading.Lock()
        self._stopped = threading.Event()
        self._turn = threading.Lock()
        self._turn_holder: int | None = None
        self._broken: BaseException | None = None
        self._seen_data_version = -1
        self._wait_until = math.inf
        self._thread = threading.Thread(target=self._run, name="synthetic-writer", daemon=True)

    def start(self) -> None:
        """Begin to take writes."""
        self._thread.start()

    def hurry(self, seconds: float) -> None:
        """From now on the writes that wait for another process's lock share these seconds."""
        self._wait_until = self._clock.monotonic() + seconds

    def submit(self, write: Write | Upkeep) -> None:
        """Put a write in line, or work on the file between two groups of writes.

        Raises:
            OverloadedError: The queue is full, or the store is being closed.
            StorageFailedError: The connection could not be brought to order after a failure.
            RuntimeError: It is called from within a write, which would wait for itself.
        """
        if self._turn_holder == threading.get_ident():
            raise RuntimeError("a write was started from within a write; use the transaction that is there")
        with self._admission:
            if self._broken is not None:
                raise StorageFailedError("This server cannot write any more.", action="Restart it.")
            if self._stopped.is_set():
                raise OverloadedError("The store is being closed.", retry_after_ms=OVERLOAD_RETRY_MS)
            if self._queue.qsize() >= self._settings.writer_queue:
                self._metrics.overloads.labels("writer").inc()
                raise OverloadedError(retry_after_ms=OVERLOAD_RETRY_MS)
            self._queue.put(write)

    def run(self, write: Write) -> None:
        """Do a write in the calling thread if nobody else is writing; else put it in line.

        Not in the main thread: Ctrl-C may raise there between any two steps.

        Raises:
            OverloadedError, StorageFailedError, RuntimeError: See `submit`.
        """
        in_main = threading.current_thread() is threading.main_thread()
        if in_main or not self._turn.acquire(blocking=False):
            self.submit(write)
            return
        try:
            closing = self._stopped.is_set() or self._broken is not None
            if not closing:
                self._serve(write)
        finally:
            self._turn.release()
        if closing:
            self.submit(write)

    def stop(self) -> None:
        """Finish what is in line, and take no more."""
        with self._admission:
            self._stopped.set()
            self._queue.put(None)
        self._thread.join()

    def close(self) -> None:
        """Close the connection, after `stop`."""
        with self._turn:
            self._connection.close()

    def _run(self) -> None:
        # Nothing is put in line after the end was announced.
        while (first := self._queue.get()) is not None:
            with self._turn:
                self._serve(first)

    def _serve(self, first: Write | Upkeep) -> None:
        """Run a group, and what came behind it that is no write."""
        if isinstance(first, Upkeep):
            self._upkeep = first
        else:
            self._serve_group(first)
        upkeep, self._upkeep = self._upkeep, None
        if upkeep is not None:
            self._broken = upkeep.run(self._connection, self._broken)

    def _serve_group(self, first: Write) -> None:
        """Run a group; whatever goes wrong, each of its writes is answered and the next one finds things in order."""
        group: list[Write] = []
        self._turn_holder = threading.get_ident()
        try:
            if self._broken is None:
                self._run_group(first, group)
            else:
                self._answer([(first.ticket, None, StorageFailedError("This server cannot write any more."))])
        except BaseException as error:
            log.exception("writer failed", writes=len(group))
            answer = translate(error, self._connection.system_errno)
            settle_all([(write.ticket, None, answer) for write in group or [first]])
            try:
                self._connection.roll_back()
            except apsw.Error as second:
                self._broken = second
        finally:
            self._turn_holder = None

    def _run_group(self, first: Write, group: list[Write]) -> None:
        if not self._begin(first):
            return
        started = self._clock.monotonic()
        settlements: list[Settlement] = []
        lost: BaseException | None = None
        following: Write | None = first
        while following is not None:
            group.append(following)
            settlements.append((following.ticket, *self._run_one(following)))
            if not self._connection.in_transaction:
                lost = settlements[-1][2]
                break
            following = self._next(len(group), started)
        if lost is None:
            lost = self._commit()
        if lost is None:
            self._metrics.commit_group_size.observe(len(group))
            self._answer(settlements)
        elif len(group) == 1:
            self._answer([(first.ticket, None, lost)])
        else:
            self._lost_groups.inc()
            for write in group:
                self._run_alone(write)

    def _next(self, count: int, started: float) -> Write | None:
        """The write that may still join the group, if any."""
        age_ms = (self._clock.monotonic() - started) * 1000
        if count >= self._settings.group_writes or age_ms >= self._settings.group_ms:
            return None
        try:
            following = self._queue.get_nowait()
        except queue.Empty:
            return None
        if following is None:
            # The end was announced: the loop in `_run` is to see it.
            self._queue.put(None)
        elif isinstance(following, Upkeep):
            # Done by whoever has the turn, once the group has ended.
            self._upkeep = following
            return None
        return following

    def _run_alone(self, write: Write) -> None:
        if not self._begin(write):
            return
        result, error = self._run_one(write)
        if error is None or self._connection.in_transaction:
            error = self._commit() or error
        self._answer([(write.ticket, result if error is None else None, error)])

    def _answer(self, settlements: list[Settlement]) -> None:
        """Count what became of the writes of one commit, and tell those who asked."""
        self._metrics.writes.inc(sum(1 for _, _, error in settlements if error is None))
        settle_all(settlements)

    def _begin(self, first: Write) -> bool:
        """Take the write lock; on failure the write is answered.

        Whoever waited behind it for too long gets one attempt without waiting.
        """
        asked = self._clock.monotonic()
        deadline = min(first.enqueued + self._settings.write_deadline_ms / 1000, self._wait_until)
        if first.interruption.deadline is not None:
            deadline = min(deadline, first.interruption.deadline)
        try:
            retry_until(
                deadline,
                lambda: self._begin_once(deadline),
                is_transient=lambda error: is_transient(error) and first.interruption.reason() is None,
                clock=self._clock,
                on_retry=lambda _: self._busy_retries.inc(),
                stopped=self._stopped,
            )
        except Exception as error:  # noqa: BLE001 - whatever it is, it is the caller's answer
            self._connection.roll_back()
            self._answer([(first.ticket, None, translate(error, self._connection.system_errno))])
            return False
        self._metrics.sqlite_write_lock_wait_ms.observe((self._clock.monotonic() - asked) * 1000)
        self._appended = None
        return True

    def _begin_once(self, deadline: float) -> None:
        left_ms = max(0, int((deadline - self._clock.monotonic()) * 1000))
        self._connection.begin(min(self._settings.busy_timeout_ms, left_ms))
        data_version = self._connection.data_version()
        if data_version != self._seen_data_version:
            self._guard(self._connection.raw)
            self._seen_data_version = data_version

    def _run_one(self, write: Write) -> tuple[Any, BaseException | None]:
        """Run one write under its savepoint; on an error only its own changes are undone."""
        connection = self._connection
        try:
            write.interruption.check()
            self._gate.check(connection, write.origin)
            connection.open_savepoint()
        except Exception as error:  # noqa: BLE001 - whatever it is, it is the caller's answer
            return None, translate(error, connection.system_errno)
        tx = Transaction(connection.raw, self._clock.now_ms(), self._surroundings, write.interruption, write.origin)
        try:
            result = write.function(tx, *write.args)
            if not connection.in_transaction:
                return None, tx.lost()
            tx.flush_events()
            write.interruption.check()
            connection.release_savepoint()
            self._appended = join(self._appended, tx.appended)
        except BaseException as error:  # noqa: BLE001 - whatever it is, it is the caller's answer
            connection.undo_savepoint()
            return None, translate(error, connection.system_errno)
        else:
            return result, None
        finally:
            tx.close()

    def _commit(self) -> BaseException | None:
        try:
            self._connection.commit()
        except (apsw.Error, StorageFailedError) as error:
            translated = translate(error, self._connection.system_errno)
            self._connection.roll_back()
            return translated
        if self._appended is not None:
            self._announce(self._appended)
        return None

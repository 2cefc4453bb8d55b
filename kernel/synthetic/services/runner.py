"""`BackgroundRunner`: the background work of one process, while it holds the lease."""

from __future__ import annotations

import threading
from collections.abc import Sequence

from synthetic.clock import Clock
from synthetic.contributions import Service, Stamped
from synthetic.database.database import Database
from synthetic.errors import SyntheticError
from synthetic.log.appended import Appended
from synthetic.log.consumers.declared import DeclaredConsumer
from synthetic.log.consumers.follower import Follower
from synthetic.log.consumers.store import list_called
from synthetic.log.event_types import SYNC_REQUESTED
from synthetic.logs import logger_for
from synthetic.metrics import Metrics
from synthetic.services.hanging import HangingWork, HangWatch
from synthetic.services.lease import LEASE_MS, LOOK_SECONDS, RENEW_SECONDS, Hold, Lease
from synthetic.services.pace import Pace, is_often
from synthetic.services.service_work import ServiceWork
from synthetic.services.workers import Worker

log = logger_for(__name__)

POLL_SECONDS = 0.1
"""How often other processes' events are looked for. Fewer wait for background work than for a live update: those who
ask another process by `atLeast` for what consumers have made."""

STOP_SECONDS = 5.0
"""How long a stop waits for what runs; the rest is fenced, and ends with the process."""


class BackgroundRunner:
    """Watches the lease; with it come the workers, and with it they go."""

    def __init__(
        self,
        services: Sequence[Stamped[Service]],
        consumers: Sequence[DeclaredConsumer],
        database: Database,
        clock: Clock,
        metrics: Metrics,
        hanging: HangingWork | None = None,
    ) -> None:
        """Make it; `start` starts its thread.

        Args:
            services: To run.
            consumers: To run.
            database: The store.
            clock: For leases and pauses.
            metrics: Where turns and failures are counted.
            hanging: Where it is said what does not come to the end of its turn.
        """
        self._services = services
        self._consumers = consumers
        self._database = database
        self._clock = clock
        self._metrics = metrics
        self._lease = Lease(database, clock)
        self._hold: Hold | None = None
        self._renewed = 0.0
        self._workers: list[Worker] = []
        self._followers: dict[str, Worker] = {}
        self._wanted = {each.name: each.wanted.types for each in consumers}
        self._often: list[tuple[Worker, Pace]] = []
        self._head = -1
        self._watch = HangWatch(clock, metrics, hanging or HangingWork())
        self._stopped = threading.Event()
        self._awake = threading.Event()
        self._thread = threading.Thread(target=self._run, name="synthetic-background", daemon=True)

    def start(self) -> None:
        """Begin to look for the lease."""
        self._thread.start()
        self._watch.start()

    def stop(self) -> None:
        """End what runs, then give the lease back."""
        self._stopped.set()
        self._awake.set()
        if self._thread.is_alive():
            self._thread.join()
        self._end_workers()
        self._watch.stop()
        if self._hold is not None:
            try:
                self._hold.release()
            except SyntheticError as error:
                log.warning("background lease not given back", code=error.code)
            self._hold = None

    def _run(self) -> None:
        end_listening = self._database.watch.listen(self._wake, poll_seconds=POLL_SECONDS)
        try:
            while not self._stopped.is_set():
                try:
                    self._look()
                except SyntheticError as error:
                    log.warning("background lease not looked after", code=error.code)
                    self._give_up_if_run_out()
                except Exception:
                    # The lease runs out if it stays so, and another process takes it.
                    log.exception("background lease not looked after")
                    self._give_up_if_run_out()
                self._awake.wait(LOOK_SECONDS)
                self._awake.clear()
        finally:
            end_listening()

    def _look(self) -> None:
        """Renew the lease or look whether it is free, and start or end the workers accordingly."""
        now = self._clock.monotonic()
        if self._hold is None:
            hold = self._lease.find_free()
            if hold is not None:
                self._hold, self._renewed = hold, now
                self._start_workers(hold)
            return
        if now - self._renewed >= RENEW_SECONDS:
            if not self._hold.renew():
                self._lose()
                return
            self._renewed = now
        for name, is_requested in self._database.read_blocking(list_called):
            worker = self._followers.get(name)
            if worker is not None:
                worker.hurry() if is_requested else worker.wake()

    def _give_up_if_run_out(self) -> None:
        if self._hold is not None and self._clock.monotonic() - self._renewed >= LEASE_MS / 1000:
            self._lose()

    def _lose(self) -> None:
        log.warning("background lease lost")
        self._hold = None
        self._end_workers()

    def _start_workers(self, hold: Hold) -> None:
        log.info("background lease taken", services=len(self._services), consumers=len(self._consumers))
        paces = [Pace(self._clock, each.record.events) for each in self._services]
        works = [
            ServiceWork(each, self._database, hold, self._clock, self._metrics, pace)
            for each, pace in zip(self._services, paces, strict=True)
        ]
        followers = [Follower(each, self._database, hold, self._clock, self._metrics) for each in self._consumers]
        self._workers = [Worker(work, self._clock, self._hurry) for work in (*followers, *works)]
        self._followers = {worker.name: worker for worker in self._workers[: len(followers)]}
        of_services = zip(self._workers[len(followers) :], paces, self._services, strict=True)
        self._often = [(worker, pace) for worker, pace, service in of_services if is_often(service.record.every_ms)]
        self._metrics.background.set(1)
        for worker in self._workers:
            worker.start()
        self._watch.follow(self._workers)

    def _end_workers(self) -> None:
        workers, self._workers, self._followers, self._often = self._workers, [], {}, []
        for worker in workers:
            worker.begin_to_stop()
        deadline = self._clock.monotonic() + STOP_SECONDS
        late = [worker.name for worker in workers if not worker.join(deadline - self._clock.monotonic())]
        if late:
            log.warning("background work left behind", work=late)
        self._metrics.background.set(0)

    def _wake(self, appended: Appended) -> None:
        if appended.head <= self._head:
            # Told of again.
            return
        # Between what was told of last and this, another process may have committed anything.
        types = appended.types if appended.after <= self._head else None
        self._head = appended.head
        self._wake_followers(types)
        if types is None or SYNC_REQUESTED.name in types:
            # Of whom something was asked is found by the thread of this runner.
            self._awake.set()
        for worker, pace in self._often:
            if pace.note_events(types):
                worker.wake()

    def _wake_followers(self, types: frozenset[str] | None) -> None:
        """Wake those that events of certain types may concern; None: all."""
        for name, worker in self._followers.items():
            wanted = self._wanted[name]
            if types is None or wanted is None or not wanted.isdisjoint(types):
                worker.wake()

    def _hurry(self) -> None:
        """From a worker that was refused: find out now that the lease is another's."""
        self._renewed = float("-inf")
        self._awake.set()

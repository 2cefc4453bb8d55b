"""Sending what is due: the store on one side, the network on the other.

All that concerns the store happens in the thread of the service, so that a
stop, or another process that takes over, is noticed at its next read. What
runs then is ended, and is sent again under the same id by whoever goes on.
Connections are kept from one turn to the next, as long as this process sends.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait

from synthetic import BlockingStore, Snapshot, SystemClock, crash_point, logger_for
from synthetic_deliveries.model import Delivery, DeliveryTarget, Outcome, previous_secrets_of
from synthetic_deliveries.sender import Posting, Sender
from synthetic_deliveries.settings import DeliverySettings
from synthetic_deliveries.signing import sign
from synthetic_deliveries.store.due import list_due
from synthetic_deliveries.store.outcomes import put_off, record_outcomes

LOOK_SECONDS = 0.1
"""How often something new is looked for while requests run."""

USER_AGENT = "synthetic-deliveries"

log = logger_for(__name__)


@contextlib.contextmanager
def sending() -> Generator[Callable[[BlockingStore], int]]:
    """A function that sends what is due until nothing is, and returns how many attempts were made.

    It does not end before, since a turn that waited for a slow receiver would hold up all others.
    Nothing is made before there is something to send.
    """
    with contextlib.ExitStack() as kept:
        sender: Sender | None = None

        def send(store: BlockingStore) -> int:
            nonlocal sender
            settings = store.read(_read_settings)
            if not store.read(list_due, {}, settings):
                return 0
            if sender is None:
                sender = kept.enter_context(Sender(settings))
            return _Dispatch(store, sender, settings).run()

        yield send


def _read_settings(snapshot: Snapshot) -> DeliverySettings:
    return snapshot.settings(DeliverySettings)


class _Dispatch:
    """The requests that run, and what is written of those that have ended."""

    def __init__(self, store: BlockingStore, sender: Sender, settings: DeliverySettings) -> None:
        self._store = store
        self._sender = sender
        self._settings = settings
        self._running: dict[Future[Outcome], Delivery] = {}

    def run(self) -> int:
        try:
            return self._run()
        finally:
            if self._running:
                # Nobody writes down any more what comes of these, so they are due again.
                self._sender.drop()

    def _run(self) -> int:
        attempts = 0
        while True:
            self._begin()
            if not self._running:
                return attempts
            done, _ = wait(self._running, timeout=LOOK_SECONDS, return_when=FIRST_COMPLETED)
            if not done:
                continue
            crash_point("delivery.answered")
            # Written before anything else is begun: what is still PENDING and does not run would be due again.
            self._write([future.result() for future in done])
            for future in done:
                del self._running[future]
            attempts += len(done)

    def _write(self, outcomes: Sequence[Outcome]) -> None:
        """Write what some attempts came to; one that cannot be written undoes no other, and is made again later."""
        try:
            self._store.write(record_outcomes, outcomes)
        except Exception:
            # Each for itself, and what still fails is a fault of the store if it cannot be put off either.
            log.exception("outcomes could not be written at once", attempts=len(outcomes))
            for outcome in outcomes:
                try:
                    self._store.write(record_outcomes, [outcome])
                except Exception:
                    log.exception("an outcome could not be written", delivery_id=outcome.delivery_id)
                    self._store.write(put_off, outcome)

    def _begin(self) -> None:
        running: dict[str, list[str]] = {}
        for delivery in self._running.values():
            running.setdefault(delivery.target_id, []).append(delivery.id)
        for target, delivery in self._store.read(list_due, running, self._settings):
            self._running[self._sender.post(_posting(target, delivery))] = delivery


def _posting(target: DeliveryTarget, delivery: Delivery) -> Posting:
    """The request of one attempt, signed now: receivers refuse what was signed long ago."""
    body = delivery.body.encode()
    now = SystemClock().now_ms()
    in_use = (target.secret, *(each.secret for each in previous_secrets_of(target)))
    headers = {
        "content-type": "application/json",
        "user-agent": USER_AGENT,
        "webhook-id": delivery.webhook_id,
        "webhook-timestamp": str(now // 1000),
        "webhook-signature": sign(in_use, delivery.webhook_id, now // 1000, body),
    }
    return Posting(delivery.id, target.url, bool(target.allow_private), headers, body, now)

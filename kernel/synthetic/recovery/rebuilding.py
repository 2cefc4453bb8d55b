"""`run_consumers`: lets consumers make their tables anew where no server does."""

from __future__ import annotations

import threading

from synthetic.database.snapshot import Snapshot
from synthetic.log.consumers.store import find_consumer
from synthetic.recovery.loading import GoOn
from synthetic.services.runner import BackgroundRunner
from synthetic.store import Store

LOOK_SECONDS = 0.05


def run_consumers(store: Store, go_on: GoOn) -> None:
    """Let the consumers of the loaded plugins do what they are asked to; one that cannot is left as it says.

    Where a server runs, it is the server that does it, and it is waited for.

    Args:
        store: Open, in this process.
        go_on: Raises where the work should stop.
    """
    kernel = store.kernel
    names = [consumer.name for consumer in kernel.consumers]
    runner = BackgroundRunner([], kernel.consumers, kernel.database, kernel.clock, kernel.metrics)
    runner.start()
    pause = threading.Event()
    try:
        while not store.read(_have_settled, names):
            go_on(0)
            pause.wait(LOOK_SECONDS)
    finally:
        runner.stop()


def _have_settled(snapshot: Snapshot, names: list[str]) -> bool:
    """Whether each consumer is made anew as it was asked to, or has said why it cannot be."""
    for name in names:
        consumer = find_consumer(snapshot, name)
        if consumer is None or consumer.requested is not None:
            return False
        is_made = consumer.phase == "FOLLOWING" and consumer.fingerprint and not consumer.rebuild_fingerprint
        if not is_made and consumer.phase != "FAILED":
            return False
    return True

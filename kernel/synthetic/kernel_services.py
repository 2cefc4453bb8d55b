"""Background work of the kernel itself; it runs like that of plugins, with their kind of records."""

from __future__ import annotations

from synthetic.consumer_contributions import Consumer
from synthetic.contributions import Service
from synthetic.database.transaction import Transaction
from synthetic.loaded_kernel import LoadedKernel
from synthetic.log.consumers.leaving import delete_left
from synthetic.log.consumers.passing import pass_over
from synthetic.log.consumers.rebuilding import forget_consumer
from synthetic.log.consumers.shadows import remove_given_up
from synthetic.log.consumers.store import list_consumers


def tidy_consumers(tx: Transaction) -> int:
    """Forget consumers that a loaded plugin does not declare any more, and remove what consumers have no use for.

    That is tables that rebuilds have replaced, and rows about events that have left the log.

    Returns:
        How many consumers, rows and tables have gone.
    """
    registry = tx.resource(LoadedKernel).registry
    loaded = {"kernel", *(plugin.name for plugin in registry.plugins)}
    declared = {f"kernel.{consumer.name}" for consumer in KERNEL_CONSUMERS}
    declared |= {f"{consumer.plugin}.{consumer.record.name}" for consumer in registry.consumers}
    given_up = [each.name for each in list_consumers(tx) if each.plugin in loaded and each.name not in declared]
    for name in given_up:
        forget_consumer(tx, name)
    return len(given_up) + remove_given_up(tx) + delete_left(tx)


KERNEL_CONSUMERS: tuple[Consumer, ...] = ()

KERNEL_SERVICES: tuple[Service, ...] = (
    Service(
        name="pass_over",
        purpose="Moves consumers past events that do not concern them.",
        work=pass_over,
        every_ms=1_000,
    ),
    Service(
        name="tidy_consumers",
        purpose="Removes what consumers leave behind when they are rebuilt or given up, or when events leave the log.",
        step=tidy_consumers,
        every_ms=10_000,
    ),
)

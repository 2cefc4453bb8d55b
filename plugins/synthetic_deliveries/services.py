"""Background work: taking events up, sending what is due, and saying how that goes."""

from __future__ import annotations

from synthetic import BlockingStore, Transaction
from synthetic_deliveries.dispatch import sending
from synthetic_deliveries.store import (
    forget_old_secrets,
    gather_events,
    list_targets,
    list_with_room,
    report_state,
)

__all__ = ["gather", "report", "sending"]


def gather(store: BlockingStore) -> int:
    """Take up the next events; it looks first, on a connection that takes no lock.

    Returns:
        How many events were looked at; 0 when there is nothing new.
    """
    target_ids = store.read(list_with_room)
    return store.write(gather_events, target_ids) if target_ids else 0


def report(tx: Transaction) -> int:
    """Tell sync status how deliveries fare, do what an operator asks for, and forget old secrets; 0: that is all."""
    if list_targets(tx):
        report_state(tx)
        forget_old_secrets(tx)
    return 0

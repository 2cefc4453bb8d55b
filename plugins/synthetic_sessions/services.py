"""Background work on sessions."""

from __future__ import annotations

from synthetic import Transaction
from synthetic_sessions import store


def settle_instants(tx: Transaction) -> int:
    """One step of the service: some of what a clock that was far ahead has touched; how many rows were set right."""
    return store.settle_instants(tx)

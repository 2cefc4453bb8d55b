"""Background work on sessions."""

from __future__ import annotations

from synthetic import BlockingStore
from synthetic_sessions.store import is_any_instant_ahead, settle_instants


def settle(store: BlockingStore) -> int:
    """One step: set right some of what a clock that was far ahead has touched.

    It looks first, on a connection that takes no lock: hardly ever is there something to do.

    Returns:
        How many rows were set right; 0 when there are none left.
    """
    return store.write(settle_instants) if store.read(is_any_instant_ahead) else 0

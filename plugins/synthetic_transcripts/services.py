"""Background work: sealing tails that nothing will be appended to soon."""

from __future__ import annotations

from synthetic import Transaction
from synthetic_transcripts.store import seal_idle_tails


def seal_tails(tx: Transaction) -> int:
    """One step: seal some tails that are idle or whose session is over.

    Returns:
        How many were sealed; 0 when there are none left.
    """
    return seal_idle_tails(tx)

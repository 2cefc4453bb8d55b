"""Background work: letters whose time has come, retries of which nothing is heard, redrives, and many that end."""

from __future__ import annotations

from synthetic import BlockingStore
from synthetic_dead_letters.store.due import retry_due_letters
from synthetic_dead_letters.store.redriving import go_on_with_redrives
from synthetic_dead_letters.store.settlements import go_on_with_settlements
from synthetic_dead_letters.store.settling import give_up_lost_retries, is_any_retry_lost


def retry_due(store: BlockingStore) -> int:
    """One piece: give up retries that were lost, and retry letters that are due.

    Returns:
        How many letters were seen to; 0 when there are none left.
    """
    lost = store.write(give_up_lost_retries) if store.read(is_any_retry_lost) else 0
    return lost + retry_due_letters(store)


def redrive(store: BlockingStore) -> int:
    """One piece: let the redrives go on that are under way.

    Returns:
        How many letters were retried; 0 when none may be for now.
    """
    return go_on_with_redrives(store)


def settle(store: BlockingStore) -> int:
    """One piece: end letters of consumers that have taken in what they had refused.

    Returns:
        1 while there may be more; 0 when none is to end.
    """
    return go_on_with_settlements(store)

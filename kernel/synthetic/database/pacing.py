"""Leaving the store to others between two of many transactions.

Within a process writes wait in line. Other processes that share the store look
for the write lock now and then, up to a tenth of a second apart, so whoever
takes it again as soon as it was let go of keeps them out for as long as that
goes on.
"""

from __future__ import annotations

import time

REST_SECONDS_MAX = 0.05


def leave_to_others(held_seconds: float) -> None:
    """Rest for as long as the last transaction took, up to `REST_SECONDS_MAX`: half of the time is others'.

    Args:
        held_seconds: How long that was.
    """
    time.sleep(min(REST_SECONDS_MAX, held_seconds))

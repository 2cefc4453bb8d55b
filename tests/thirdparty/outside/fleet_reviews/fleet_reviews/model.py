"""The record of a review; pure."""

from __future__ import annotations

from typing import NamedTuple

VERDICTS = ("APPROVED", "REJECTED")


class ReviewRecord(NamedTuple):
    """A row of `reviews`, its columns in this order."""

    id: str
    construct_id: str
    verdict: str
    body: str
    created_at: int

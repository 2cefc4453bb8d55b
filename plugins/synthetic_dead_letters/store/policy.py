"""Which sources there are, and when their letters are retried by themselves."""

from __future__ import annotations

from typing import Any

from synthetic import Backoff, Snapshot
from synthetic_dead_letters.settings import DeadLetterSettings
from synthetic_dead_letters.sources import DeadLetterSource


def sources_of(snapshot: Snapshot) -> dict[str, DeadLetterSource]:
    """The sources that the loaded plugins bring, by name."""
    return {source.name: source for source in snapshot.contributed(DeadLetterSource)}


def retries_max_of(snapshot: Snapshot, source: str) -> int:
    """How often letters of a source are retried by themselves: as the settings say, or else the source."""
    chosen = snapshot.settings(DeadLetterSettings).retries_max.get(source)
    if chosen is not None:
        return chosen
    found = sources_of(snapshot).get(source)
    return 0 if found is None else found.retries_max


def next_retry_at(snapshot: Snapshot, source: str, retries: int, error: dict[str, Any]) -> int | None:
    """When a letter that has just failed is retried by itself, Unix milliseconds UTC; None: not by itself.

    The pause is random below a ceiling that doubles with each retry, and no
    shorter than the error asks for.

    Args:
        snapshot: To read in; its `now` counts.
        source: The letter's.
        retries: How often it was retried.
        error: The failure, in the shape of the contract.
    """
    if retries >= retries_max_of(snapshot, source):
        return None
    settings = snapshot.settings(DeadLetterSettings)
    first_ms = settings.retry_first_ms_by_source.get(source, settings.retry_first_ms)
    pause_ms = Backoff(first_ms, max(first_ms, settings.retry_ceiling_ms)).pause_ms(retries)
    return snapshot.now + max(round(pause_ms), error["retryAfterMs"] or 0)

"""What tests of the sources of dead letters share: letters as they are stored, and how one is retried."""

from __future__ import annotations

from synthetic import Snapshot, Store
from synthetic_dead_letters.store import DeadLetter, RetryRequest, retry_dead_letter
from synthetic_dead_letters.store.rows import SELECT


def letters_of(store: Store, source: str) -> list[DeadLetter]:
    """The letters of a source, in the order of arrival."""
    return store.read(Snapshot.records, DeadLetter, SELECT + " WHERE source = :source ORDER BY seq", {"source": source})


def only_letter(store: Store, source: str) -> DeadLetter:
    """The one letter of a source."""
    (letter,) = letters_of(store, source)
    return letter


def retry(store: Store, letter: DeadLetter) -> DeadLetter:
    """Retry a letter as it is."""
    return retry_dead_letter(store, RetryRequest(letter_id=letter.id))


def retry_with(store: Store, letter: DeadLetter, payload: object) -> DeadLetter:
    """Retry a letter with another payload."""
    return retry_dead_letter(store, RetryRequest(letter_id=letter.id, has_payload=True, payload=payload))

"""Letters that are retried by themselves, as their time comes."""

from __future__ import annotations

from synthetic import BlockingStore, Snapshot, Transaction
from synthetic_dead_letters.errors import DeadLetterBlockedError
from synthetic_dead_letters.model import DeadLetter
from synthetic_dead_letters.store.policy import sources_of
from synthetic_dead_letters.store.retrying import RetryRequest, is_passed_over, retry_dead_letter
from synthetic_dead_letters.store.rows import SELECT

DUE_MAX = 50
"""Letters of one step."""

BLOCKED_PAUSE_MS = 10_000
"""A letter that an earlier one keeps waiting is looked at again after so long, so that it keeps no other from its turn.
"""


def retry_due_letters(store: BlockingStore, limit: int = DUE_MAX) -> int:
    """Retry letters of the loaded sources that are due, those due longest first.

    Returns:
        How many were seen to.
    """
    due = store.read(_list_due, limit)
    for letter in due:
        request = RetryRequest(letter_id=letter.id, seen_retries=letter.retries)
        try:
            retry_dead_letter(store, request)
        except DeadLetterBlockedError:
            store.write(_put_off, letter.id)
        except Exception as error:
            if not is_passed_over(error):
                raise
    return len(due)


def _list_due(snapshot: Snapshot, limit: int) -> list[DeadLetter]:
    due: list[DeadLetter] = []
    for source in sources_of(snapshot):
        due += snapshot.records(
            DeadLetter,
            SELECT + " WHERE source = :source AND next_retry_at <= :now ORDER BY next_retry_at, seq LIMIT :limit",
            {"source": source, "now": snapshot.now, "limit": limit},
        )
    return sorted(due, key=lambda letter: (letter.next_retry_at or 0, letter.seq))[:limit]


def _put_off(tx: Transaction, letter_id: str) -> None:
    tx.execute(
        "UPDATE dead_letters SET next_retry_at = :at WHERE id = :id AND next_retry_at <= :now",
        {"id": letter_id, "now": tx.now, "at": tx.now + BLOCKED_PAUSE_MS},
    )

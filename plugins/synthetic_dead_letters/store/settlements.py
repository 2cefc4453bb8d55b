"""Ending the letters of what a consumer has taken in after all: some at once, the others batch by batch.

A consumer that was mended may have refused a hundred thousand events before.
Its rebuild ends in one transaction, which must not wait for all their letters:
it ends the first of them, and notes that the others are to end. Until they have,
whoever comes upon one of them goes by the note.
"""

from __future__ import annotations

from typing import NamedTuple

from synthetic import BlockingStore, Snapshot, Transaction
from synthetic_dead_letters.model import DeadLetter
from synthetic_dead_letters.store.rows import SELECT
from synthetic_dead_letters.store.settling import discard_dead_letter, resolve_dead_letter

CONSUMER_SOURCE = "consumer"
REFUSED_EVENT = "refused_event"

LOOKED_AT_MAX = 100
"""Letters of one transaction: it holds the writer for some 20 ms at most."""

_SETTLEMENTS = "dead_letter_settlements"
_OPEN_BEHIND = (
    SELECT + " WHERE source = :source AND entity_type = :type AND entity_id > :cursor AND entity_id < :end"
    " AND status IN ('PENDING', 'RETRYING') ORDER BY entity_id LIMIT :limit"
)


class LetterSettlement(NamedTuple):
    """Which letters of a consumer are to end: a row of `dead_letter_settlements`, or what may become one.

    Attributes:
        id: Its number; the one that was noted first comes first.
        consumer: As `plugin.name`.
        failed_before: Only letters whose last failure was before this instant, Unix milliseconds; None: whenever.
        through_seq: Letters that came later are left alone.
        is_forgotten: 1 where the consumer itself is no more.
        cursor: The entity id of the last letter that was looked at.
    """

    id: int
    consumer: str
    failed_before: int | None
    through_seq: int
    is_forgotten: int
    cursor: str

    def covers(self, letter: DeadLetter) -> bool:
        """Whether a letter of this consumer is to end."""
        has_failed_since = self.failed_before is not None and letter.last_failed_at >= self.failed_before
        return letter.seq <= self.through_seq and not has_failed_since

    def end(self, tx: Transaction, letter: DeadLetter) -> None:
        """End a letter that is covered."""
        if self.is_forgotten:
            discard_dead_letter(tx, letter.id, reason="The consumer is no more.")
        else:
            resolve_dead_letter(tx, letter.id, resolution="The consumer has taken it in.")


_SELECT = f"SELECT {', '.join(LetterSettlement._fields)} FROM {_SETTLEMENTS}"


def settle_consumer(tx: Transaction, consumer: str, *, failed_before: int | None, is_forgotten: bool) -> None:
    """End all letters of what a consumer has refused, those of a first batch in this transaction.

    Args:
        tx: To write in: the transaction in which nothing is missing any more.
        consumer: As `plugin.name`.
        failed_before: Only letters whose last failure was before this instant, Unix milliseconds; None: whenever.
        is_forgotten: Whether the consumer is no more.
    """
    through_seq = tx.value("SELECT coalesce(max(seq), 0) FROM dead_letters")
    # The letter A follows @, so what begins so and ends before is what this consumer has refused.
    begun = LetterSettlement(0, consumer, failed_before, through_seq, int(is_forgotten), f"{consumer}@")
    cursor = _end_some(tx, begun)
    if cursor is not None:
        tx.execute(
            f"INSERT INTO {_SETTLEMENTS} (consumer, failed_before, through_seq, is_forgotten, cursor)"
            " VALUES (:consumer, :failed_before, :through_seq, :is_forgotten, :cursor)",
            {name: value for name, value in begun._replace(cursor=cursor)._asdict().items() if name != "id"},
        )


def find_settlement_of(snapshot: Snapshot, consumer: str, letter: DeadLetter) -> LetterSettlement | None:
    """What says that an open letter of a consumer is to end, or None."""
    noted = snapshot.records(
        LetterSettlement, _SELECT + " WHERE consumer = :consumer ORDER BY id", {"consumer": consumer}
    )
    return next((each for each in noted if each.covers(letter)), None)


def go_on_with_settlements(store: BlockingStore) -> int:
    """Look at the next letters that may have to end.

    Returns:
        1 where there were some; 0 where nothing is to end.
    """
    if store.read(_find_first) is None:
        return 0
    store.write(_go_on)
    return 1


def _find_first(snapshot: Snapshot) -> LetterSettlement | None:
    return snapshot.record(LetterSettlement, _SELECT + " ORDER BY id LIMIT 1")


def _go_on(tx: Transaction) -> None:
    settlement = _find_first(tx)
    if settlement is None:
        return
    cursor = _end_some(tx, settlement)
    if cursor is None:
        tx.execute(f"DELETE FROM {_SETTLEMENTS} WHERE id = :id", {"id": settlement.id})
    else:
        tx.execute(
            f"UPDATE {_SETTLEMENTS} SET cursor = :cursor WHERE id = :id", {"cursor": cursor, "id": settlement.id}
        )


def _end_some(tx: Transaction, settlement: LetterSettlement) -> str | None:
    """End what is covered of the next letters; how far that came, None where there are no more."""
    letters = tx.records(
        DeadLetter,
        _OPEN_BEHIND,
        {
            "source": CONSUMER_SOURCE,
            "type": REFUSED_EVENT,
            "cursor": settlement.cursor,
            "end": f"{settlement.consumer}A",
            "limit": LOOKED_AT_MAX,
        },
    )
    for letter in letters:
        if settlement.covers(letter):
            settlement.end(tx, letter)
    return letters[-1].entity_id if len(letters) == LOOKED_AT_MAX else None

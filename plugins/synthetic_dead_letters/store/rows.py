"""The rows of `dead_letters`: how they are read and changed."""

from __future__ import annotations

from typing import Any

from synthetic import NotFoundError, Snapshot, Transaction, check_id
from synthetic_dead_letters.errors import DeadLetterEndedError
from synthetic_dead_letters.model import OPEN, DeadLetter

TABLE = "dead_letters"
COLUMNS = ", ".join(DeadLetter._fields)
SELECT = f"SELECT {COLUMNS} FROM {TABLE}"


def find_dead_letter(snapshot: Snapshot, letter_id: str) -> DeadLetter | None:
    """The dead letter with this id, or None."""
    return snapshot.record(DeadLetter, SELECT + " WHERE id = :id", {"id": letter_id})


def get_dead_letter(snapshot: Snapshot, letter_id: str) -> DeadLetter:
    """The dead letter with this id.

    Raises:
        BadUserInputError: It can be no id.
        NotFoundError: There is none.
    """
    found = find_dead_letter(snapshot, check_id(letter_id, "id"))
    if found is None:
        raise NotFoundError(
            f"There is no dead letter with the id {letter_id!r}.", details={"field": "id", "id": letter_id}
        )
    return found


def refuse_ended(letter: DeadLetter) -> None:
    """Refuse a letter that is dealt with.

    Raises:
        DeadLetterEndedError: It was resolved or discarded.
    """
    if letter.status not in OPEN:
        raise DeadLetterEndedError(
            f"Dead letter {letter.id!r} is {letter.status}.",
            details={"id": letter.id, "status": letter.status, "resolution": letter.resolution},
        )


def find_open_letter_of(snapshot: Snapshot, source: str, entity_type: str, entity_id: str) -> DeadLetter | None:
    """The open letter of a source about something that failed, or None; there is one at most."""
    return snapshot.record(
        DeadLetter,
        SELECT + " WHERE source = :source AND entity_type = :type AND entity_id = :id"
        " AND status IN ('PENDING', 'RETRYING')",
        {"source": source, "type": entity_type, "id": entity_id},
    )


def find_letter_retried_as(snapshot: Snapshot, entity_type: str, entity_id: str) -> DeadLetter | None:
    """The letter whose retry is under way as this, or None."""
    return snapshot.record(
        DeadLetter,
        SELECT + " WHERE retry_entity_type = :type AND retry_entity_id = :id AND status = 'RETRYING'"
        " ORDER BY seq LIMIT 1",
        {"type": entity_type, "id": entity_id},
    )


def find_open_letter_retried_as(snapshot: Snapshot, entity_type: str, entity_id: str) -> DeadLetter | None:
    """The open letter whose last retry went on as this, or None: that may be under way, or was given up.

    What became of it concerns the letter however late it comes.
    """
    return snapshot.record(
        DeadLetter,
        SELECT + " WHERE retry_entity_type = :type AND retry_entity_id = :id AND +status IN ('PENDING', 'RETRYING')"
        " ORDER BY status DESC, seq LIMIT 1",
        {"type": entity_type, "id": entity_id},
    )


def find_earlier_open(snapshot: Snapshot, letter: DeadLetter) -> str | None:
    """Id of the first open letter that has to be dealt with before this one, or None."""
    if letter.key is None:
        return None
    return snapshot.value(
        "SELECT id FROM dead_letters WHERE source = :source AND key = :key AND seq < :seq"
        " AND status IN ('PENDING', 'RETRYING') ORDER BY seq LIMIT 1",
        {"source": letter.source, "key": letter.key, "seq": letter.seq},
    )


def write_letter(tx: Transaction, before: DeadLetter, **changes: Any) -> DeadLetter:
    """Change columns of a letter; the letter as it is now."""
    assignments = ", ".join(f"{name} = :{name}" for name in changes)
    tx.execute(f"UPDATE {TABLE} SET {assignments} WHERE id = :letter_id", {**changes, "letter_id": before.id})
    return before._replace(**changes)

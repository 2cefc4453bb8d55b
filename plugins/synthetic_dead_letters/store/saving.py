"""Storing what failed for good."""

from __future__ import annotations

from typing import Any

from synthetic import (
    BadUserInputError,
    ConflictError,
    NotFoundError,
    Transaction,
    bad_input,
    check_id,
    check_json,
    check_text,
    from_json,
    logger_for,
    to_json,
)
from synthetic_dead_letters.events import DEAD_LETTER_SAVED, letter_payload
from synthetic_dead_letters.failures import error_as_contract, fingerprint_of
from synthetic_dead_letters.model import DeadLetter, DeadLetterStatus, NewDeadLetter, SavedDeadLetter
from synthetic_dead_letters.settings import DeadLetterSettings
from synthetic_dead_letters.store.policy import next_retry_at
from synthetic_dead_letters.store.rows import (
    COLUMNS,
    TABLE,
    find_dead_letter,
    find_open_letter_of,
    find_open_letter_retried_as,
)
from synthetic_dead_letters.store.settling import fail_letter

ENTITY_ID_CHARACTERS_MAX = 500
GROUP_CHARACTERS_MAX = 10_000
_INSERT = f"INSERT INTO {TABLE} ({COLUMNS}) VALUES ({', '.join(f':{name}' for name in DeadLetter._fields)})"
_NEXT_SEQ = (
    f"SELECT 1 + max((SELECT coalesce(max(seq), 0) FROM {TABLE}),"
    " (SELECT coalesce(max(through_seq), 0) FROM dead_letter_redrives WHERE ended_at IS NULL))"
)
"""A number that was given is not given again while a redrive goes by it, though its letter is gone."""

_COMPARED = {
    "source": "source",
    "key": "key",
    "construct_id": "constructId",
    "entity_type": "entityType",
    "entity_id": "entityId",
}
"""Columns that a letter keeps for good, and their names in the API."""

_log = logger_for(__name__)


def save_dead_letter(tx: Transaction, new: NewDeadLetter, *, letter_id: str | None = None) -> SavedDeadLetter:
    """Store that something has failed for good.

    While a letter about the same thing is open, or one whose last retry went on
    as that thing, the failure is added to that letter.

    Args:
        tx: To write in: the transaction in which the work fails.
        new: What failed.
        letter_id: The sender's id. Sent again with the same content, what is
            there is returned. None: a UUIDv7.

    Raises:
        BadUserInputError: A value is not acceptable.
        NotFoundError: There is no such construct.
        ConflictError: There is a letter with this id about something else.
    """
    given = _checked(tx, new)
    error = from_json(given["error"])
    stored = None if letter_id is None else find_dead_letter(tx, check_id(letter_id, "id"))
    if stored is not None:
        _refuse_other(stored, given)
        return SavedDeadLetter(stored, created=False)
    if new.entity_type is not None and new.entity_id is not None:
        known = find_open_letter_of(tx, new.source, new.entity_type, new.entity_id)
        known = known or _find_retried(tx, new.source, new.entity_type, new.entity_id)
        if known is not None:
            return SavedDeadLetter(fail_letter(tx, known, error, group=new.group), created=False)
    letter = DeadLetter(
        **given,
        id=letter_id or tx.new_id(),
        seq=tx.value(_NEXT_SEQ),
        original_payload=None,
        retries=0,
        next_retry_at=next_retry_at(tx, new.source, 0, error),
        status=str(DeadLetterStatus.PENDING),
        retry_started_at=None,
        retry_expires_at=None,
        retry_entity_type=None,
        retry_entity_id=None,
        redrive_id=None,
        edited_at=None,
        edited_by=None,
        resolution=None,
        ended_at=None,
        ended_by=None,
        created_at=tx.now,
    )
    tx.execute(_INSERT, letter._asdict())
    tx.emit(DEAD_LETTER_SAVED, letter.id, construct_id=letter.construct_id, payload=letter_payload(letter))
    return SavedDeadLetter(letter, created=True)


def save_whole_or_reduced(tx: Transaction, *letters: NewDeadLetter) -> DeadLetter | None:
    """Store the first of some letters about one failure that can be stored, so that the failure itself always can.

    What fails may hold what no letter can: too much, or what JSON does not know.

    Args:
        tx: To write in: the transaction in which the work fails.
        letters: What failed: with all that is known, then with less.

    Returns:
        The letter; None where not even the last one can be stored, which is logged.
    """
    refusal: Exception | None = None
    for new in letters:
        try:
            return save_dead_letter(tx, new).letter
        except (BadUserInputError, NotFoundError) as error:
            refusal = error
    if refusal is not None:
        _log.error("a failure has no dead letter", source=letters[-1].source, reason=str(refusal))
    return None


def check_payload(tx: Transaction, payload: object) -> str:
    """A payload as it is stored.

    Raises:
        BadUserInputError: It is no JSON, too large or too deep.
    """
    settings = tx.settings(DeadLetterSettings)
    return check_json(payload, "payload", bytes_max=settings.payload_bytes, depth_max=settings.payload_depth)


def _find_retried(tx: Transaction, source: str, entity_type: str, entity_id: str) -> DeadLetter | None:
    """The letter of this source whose retry went on as what has failed now."""
    letter = find_open_letter_retried_as(tx, entity_type, entity_id)
    return letter if letter is not None and letter.source == source else None


def _checked(tx: Transaction, new: NewDeadLetter) -> dict[str, Any]:
    """The columns that a new letter gives, each acceptable and as it is stored.

    Raises:
        BadUserInputError: A value is not acceptable.
        NotFoundError: There is no such construct.
    """
    if (new.entity_type is None) != (new.entity_id is None):
        raise bad_input("entityId", "goes with an entityType, and that with it")
    if new.attempts < 1:
        raise bad_input("attempts", "must be at least 1")
    last_failed_at = tx.now if new.last_failed_at is None else new.last_failed_at
    first_failed_at = last_failed_at if new.first_failed_at is None else new.first_failed_at
    if first_failed_at > last_failed_at:
        raise bad_input("firstFailedAt", "must not be later than lastFailedAt")
    if new.construct_id is not None:
        _check_construct(tx, new.construct_id)
    if new.group is not None:
        check_text(new.group, "group", characters_max=GROUP_CHARACTERS_MAX, characters_min=1)
    source = check_id(new.source, "source")
    error = error_as_contract(new.error, correlation_id=tx.origin.correlation_id, occurred_at=last_failed_at)
    entity_id = new.entity_id
    if entity_id is not None:
        check_text(entity_id, "entityId", characters_max=ENTITY_ID_CHARACTERS_MAX, characters_min=1)
    return {
        "source": source,
        "key": None if new.key is None else check_id(new.key, "key"),
        "construct_id": new.construct_id,
        "entity_type": None if new.entity_type is None else check_id(new.entity_type, "entityType"),
        "entity_id": entity_id,
        "payload": check_payload(tx, new.payload),
        "error": to_json(error),
        "code": error["code"],
        "fingerprint": fingerprint_of(source, new.group, error),
        "attempts": new.attempts,
        "first_failed_at": first_failed_at,
        "last_failed_at": last_failed_at,
    }


def _check_construct(tx: Transaction, construct_id: str) -> None:
    check_id(construct_id, "constructId")
    if tx.row("SELECT 1 FROM constructs WHERE id = :id", {"id": construct_id}) is None:
        raise NotFoundError(
            f"There is no construct with the constructId {construct_id!r}.",
            details={"field": "constructId", "id": construct_id},
        )


def _refuse_other(stored: DeadLetter, given: dict[str, Any]) -> None:
    """Refuse a letter whose id is that of another one.

    Raises:
        ConflictError: It is.
    """
    differs = [field for name, field in _COMPARED.items() if getattr(stored, name) != given[name]]
    if given["payload"] != (stored.original_payload or stored.payload):
        differs.append("payload")
    if differs:
        raise ConflictError(
            f"There is a dead letter with the id {stored.id!r} about something else.",
            action="Choose another id, or leave it out.",
            details={"field": "id", "id": stored.id, "differs": differs},
        )

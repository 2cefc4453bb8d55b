"""What comes of a letter: it fails again, it is resolved, it is discarded."""

from __future__ import annotations

from typing import Any

from synthetic import Snapshot, Transaction, check_text, to_json
from synthetic_dead_letters.errors import RetryLostError
from synthetic_dead_letters.events import (
    DEAD_LETTER_DISCARDED,
    DEAD_LETTER_FAILED,
    DEAD_LETTER_RESOLVED,
    DEAD_LETTER_RETRYING,
    failure_payload,
    letter_payload,
    retry_payload,
)
from synthetic_dead_letters.failures import error_as_contract, fingerprint_of
from synthetic_dead_letters.model import DeadLetter, DeadLetterStatus
from synthetic_dead_letters.settings import DeadLetterSettings
from synthetic_dead_letters.sources import RetryOutcome, RetryResult
from synthetic_dead_letters.store.policy import next_retry_at
from synthetic_dead_letters.store.rows import (
    SELECT,
    find_letter_retried_as,
    get_dead_letter,
    refuse_ended,
    write_letter,
)

LOST_MAX = 100
"""Retries that one step gives up: it holds the writer for some milliseconds."""

_LOST = " WHERE retry_expires_at <= :now ORDER BY retry_expires_at LIMIT :limit"


def fail_letter(tx: Transaction, letter: DeadLetter, error: dict[str, Any], *, group: str | None = None) -> DeadLetter:
    """Write that what a letter is about has failed once more: it is PENDING.

    Args:
        tx: To write in.
        letter: An open one, as it is stored.
        error: Why, in the shape of the contract.
        group: What its source groups by.
    """
    text = to_json(error)
    is_known = text == letter.error
    after = write_letter(
        tx,
        letter,
        status=str(DeadLetterStatus.PENDING),
        attempts=letter.attempts + 1,
        last_failed_at=max(tx.now, letter.last_failed_at),
        error=text,
        code=error["code"],
        fingerprint=letter.fingerprint if is_known else fingerprint_of(letter.source, group, error),
        next_retry_at=next_retry_at(tx, letter.source, letter.retries, error),
        retry_expires_at=None,
    )
    tx.emit(DEAD_LETTER_FAILED, after.id, construct_id=after.construct_id, payload=failure_payload(after))
    return after


def settle_letter(tx: Transaction, letter: DeadLetter, outcome: RetryOutcome) -> DeadLetter:
    """Write what came of a retry of an open letter."""
    if outcome.error is not None:
        error = error_as_contract(outcome.error, correlation_id=tx.origin.correlation_id, occurred_at=tx.now)
        return fail_letter(tx, letter, error, group=outcome.group)
    named: dict[str, Any] = {}
    if outcome.entity_id is not None:
        named = {"retry_entity_type": outcome.entity_type, "retry_entity_id": outcome.entity_id}
    if outcome.result is RetryResult.STARTED:
        expires_at = tx.now + tx.settings(DeadLetterSettings).retry_timeout_ms
        after = write_letter(tx, letter, **named, retry_expires_at=expires_at)
        tx.emit(DEAD_LETTER_RETRYING, after.id, construct_id=after.construct_id, payload=retry_payload(after))
        return after
    after = _end(tx, letter, DeadLetterStatus.RESOLVED, **named)
    told = retry_payload(after, isRetried=True)
    tx.emit(DEAD_LETTER_RESOLVED, after.id, construct_id=after.construct_id, payload=told)
    return after


def settle_retry_of(tx: Transaction, entity_type: str, entity_id: str, outcome: RetryOutcome) -> DeadLetter | None:
    """Write what came of a retry that went on elsewhere, as its source sees it end.

    Args:
        tx: To write in: the transaction in which it ends.
        entity_type: What kind of thing the retry goes on as, as `started` was told.
        entity_id: Which one.
        outcome: What came of it.

    Returns:
        The letter; None where no retry is under way as this.
    """
    letter = find_letter_retried_as(tx, entity_type, entity_id)
    return None if letter is None else settle_letter(tx, letter, outcome)


def resolve_dead_letter(tx: Transaction, letter_id: str, *, resolution: str | None = None) -> DeadLetter:
    """Say that a letter is dealt with; one that is RESOLVED already stays as it is.

    Args:
        tx: To write in; its origin is who says so.
        letter_id: The letter.
        resolution: How.

    Raises:
        BadUserInputError: A value is not acceptable.
        NotFoundError: There is no such letter.
        DeadLetterEndedError: It was discarded.
    """
    return _end_by_hand(tx, letter_id, DeadLetterStatus.RESOLVED, resolution)


def discard_dead_letter(tx: Transaction, letter_id: str, *, reason: str | None = None) -> DeadLetter:
    """Say that a letter is not to be retried any more; one that is DISCARDED already stays as it is.

    Args:
        tx: To write in; its origin is who says so.
        letter_id: The letter.
        reason: Why not.

    Raises:
        BadUserInputError: A value is not acceptable.
        NotFoundError: There is no such letter.
        DeadLetterEndedError: It was resolved.
    """
    return _end_by_hand(tx, letter_id, DeadLetterStatus.DISCARDED, reason)


def is_any_retry_lost(snapshot: Snapshot) -> bool:
    """Whether there is anything for `give_up_lost_retries` to do."""
    return bool(snapshot.rows("SELECT 1 FROM dead_letters" + _LOST, {"now": snapshot.now, "limit": 1}))


def give_up_lost_retries(tx: Transaction, limit: int = LOST_MAX) -> int:
    """Let retries have failed of which nothing was heard for `retry_timeout_ms`.

    Returns:
        How many.
    """
    lost = tx.records(DeadLetter, SELECT + _LOST, {"now": tx.now, "limit": limit})
    for letter in lost:
        settle_letter(tx, letter, RetryOutcome(result=RetryResult.FAILED, error=RetryLostError()))
    return len(lost)


def _end_by_hand(tx: Transaction, letter_id: str, status: DeadLetterStatus, words: str | None) -> DeadLetter:
    if words is not None:
        limit = tx.settings(DeadLetterSettings).text_characters
        check_text(words, "resolution", characters_max=limit, characters_min=1)
    letter = get_dead_letter(tx, letter_id)
    if letter.status == status:
        return letter
    refuse_ended(letter)
    after = _end(tx, letter, status, resolution=words)
    if status == DeadLetterStatus.DISCARDED:
        event, told = DEAD_LETTER_DISCARDED, letter_payload(after)
    else:
        event, told = DEAD_LETTER_RESOLVED, retry_payload(after, isRetried=False)
    tx.emit(event, after.id, construct_id=after.construct_id, payload=told)
    return after


def _end(tx: Transaction, letter: DeadLetter, status: DeadLetterStatus, **changes: Any) -> DeadLetter:
    return write_letter(
        tx,
        letter,
        status=str(status),
        next_retry_at=None,
        retry_expires_at=None,
        ended_at=tx.now,
        ended_by=tx.origin.actor,
        **changes,
    )

"""Consumers of the log as a source of dead letters: each event that one could not take in is a letter.

The letter comes in the transaction in which the consumer stops at the event,
or goes on without it, and is RESOLVED in the one in which the consumer has it
after all, whoever saw to that; where a rebuild ends many letters, soon after it.
Retrying one has the consumer try again.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, cast

from synthetic import (
    Refusal,
    RefusalReaction,
    ReportedError,
    Settlement,
    Transaction,
    from_json,
    retry_refusal,
)
from synthetic_dead_letters.model import DeadLetter, LetterError, NewDeadLetter
from synthetic_dead_letters.sources import DeadLetterSource, RetryOutcome, done, started
from synthetic_dead_letters.store import find_open_letter_of, resolve_dead_letter, save_whole_or_reduced
from synthetic_dead_letters.store.settlements import (
    CONSUMER_SOURCE,
    REFUSED_EVENT,
    find_settlement_of,
    settle_consumer,
)

MODULE = "module"


def keep_refusal(tx: Transaction, refusal: Refusal) -> None:
    """Store the letter of what a consumer has refused, or add the failure to it."""
    # The words come from the consumer's code, which may say what no letter can hold; it must go on all the same.
    words = f"{refusal.consumer} could not take in an event; sync status tells more."
    untold = ReportedError(code="EVENT_REFUSED", message=words)
    whole = _letter_of(refusal, from_json(refusal.error))
    known = find_open_letter_of(tx, CONSUMER_SOURCE, REFUSED_EVENT, refusal.key)
    settlement = None if known is None else find_settlement_of(tx, refusal.consumer, known)
    if known is not None and settlement is not None:
        # That failure is over, though its letter has not ended yet: this one is another.
        settlement.end(tx, known)
    save_whole_or_reduced(tx, whole, replace(whole, error=untold))


def settle_refusals(tx: Transaction, settlement: Settlement) -> None:
    """End the letters of what is not missing any more."""
    if settlement.key is None:
        settle_consumer(
            tx,
            settlement.consumer,
            failed_before=settlement.refused_before,
            is_forgotten=settlement.is_forgotten,
        )
        return
    letter = find_open_letter_of(tx, CONSUMER_SOURCE, REFUSED_EVENT, settlement.key)
    if letter is not None:
        resolve_dead_letter(tx, letter.id, resolution="The consumer has taken it in.")


def retry(tx: Transaction, letter: DeadLetter) -> RetryOutcome:
    """Have the consumer try again.

    Raises:
        NotFoundError: There is no such consumer in this store.
        ConflictError: Its plugin is not loaded, or it can be asked for nothing now.
        Exception: What the consumer's code raises.
    """
    payload = cast("dict[str, Any]", from_json(letter.payload))
    refusal = Refusal(
        consumer=payload["consumer"],
        position=payload["position"],
        entity_type=payload["entityType"],
        entity_id=payload["entityId"],
        event_id=payload["eventId"],
        error=letter.error,
        refused_at=letter.last_failed_at,
        is_set_aside=payload["isSetAside"],
    )
    settlement = find_settlement_of(tx, refusal.consumer, letter)
    is_taken_in = settlement is not None and not settlement.is_forgotten
    if is_taken_in or retry_refusal(tx, refusal):
        return done(MODULE, refusal.consumer)
    return started(MODULE, refusal.consumer)


SOURCE = DeadLetterSource(
    name=CONSUMER_SOURCE,
    purpose="Events that a consumer of the log could not take in.",
    retry=retry,
    is_editable=False,
)
REACTION = RefusalReaction(
    purpose="Keeps events that consumers could not take in as dead letters.",
    refused=keep_refusal,
    settled=settle_refusals,
)


def _letter_of(refusal: Refusal, error: LetterError) -> NewDeadLetter:
    payload = {
        "consumer": refusal.consumer,
        "position": refusal.position,
        "entityType": refusal.entity_type,
        "entityId": refusal.entity_id,
        "eventId": refusal.event_id,
        "isSetAside": refusal.is_set_aside,
    }
    return NewDeadLetter(
        source=CONSUMER_SOURCE,
        error=error,
        payload=payload,
        entity_type=REFUSED_EVENT,
        entity_id=refusal.key,
        first_failed_at=refusal.refused_at,
        last_failed_at=refusal.refused_at,
    )

"""Deliveries as a source of dead letters: one that has failed for good is one, and retrying it is sending it again.

The letter comes in the transaction in which the delivery fails, holds what was
to be posted, and outlives it. It is about the message, by its webhook id, so
that a repetition which fails is one more failure of the same letter.
"""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import Any

from synthetic import BadUserInputError, ReportedError, Transaction, bad_input, from_json, hookimpl, to_json
from synthetic_dead_letters.store import (
    DeadLetter,
    DeadLetterSource,
    NewDeadLetter,
    RetryOutcome,
    done,
    failed,
    find_open_letter_of,
    resolve_dead_letter,
    save_whole_or_reduced,
    settle_retry_of,
    started,
)
from synthetic_deliveries.model import Delivery, DeliveryStatus
from synthetic_deliveries.reactions import DeliveryReaction
from synthetic_deliveries.store.deliveries import (
    Message,
    find_pending_of,
    get_delivery,
    message_of,
    note_dead_letter,
)
from synthetic_deliveries.store.resending import send_again
from synthetic_deliveries.store.targets import get_target

SOURCE = "delivery"
ENTITY = "delivery"
KEY_CHARACTERS_MAX = 200
UNTOLD = ReportedError(code="DELIVERY_FAILED", message="It did not arrive; the delivery tells why.")
"""Stands for an error that no letter can hold."""


def follow_delivery(tx: Transaction, delivery: Delivery) -> None:
    """Keep the letter of a message in step with what becomes of its deliveries."""
    if delivery.status == DeliveryStatus.FAILED:
        error: dict[str, Any] = from_json(delivery.last_error or "{}")
        letter = None if delivery.resend_of is None else _fail_retry(tx, delivery, error)
        letter = letter or _keep_failed(tx, delivery, error)
        if letter is not None:
            note_dead_letter(tx, delivery.id, letter.id)
    elif delivery.resend_of is not None and settle_retry_of(tx, ENTITY, delivery.id, done(ENTITY, delivery.id)) is None:
        letter = find_open_letter_of(tx, SOURCE, ENTITY, delivery.webhook_id)
        if letter is not None:
            resolve_dead_letter(tx, letter.id, resolution="It was sent again, and has arrived.")


def retry(tx: Transaction, letter: DeadLetter) -> RetryOutcome:
    """Send the message of a letter again, or go on with the delivery that does so already.

    Raises:
        BadUserInputError: Its payload is no message.
        NotFoundError: The target is gone; or the delivery, where the letter could not hold its body.
    """
    message = _message_of(tx, from_json(letter.payload))
    get_target(tx, message.target_id, field="payload.targetId")
    waiting = find_pending_of(tx, message)
    if waiting is not None:
        return started(ENTITY, waiting.id)
    return started(ENTITY, send_again(tx, message, resend_of=letter.entity_id or letter.id).id)


@hookimpl
def register_dead_letter_sources() -> tuple[DeadLetterSource, ...]:
    """Deliveries that have failed for good."""
    return (
        DeadLetterSource(
            name=SOURCE,
            purpose="Events that could not be delivered to a target, however often that was tried.",
            retry=retry,
            # What is posted is signed as an event of this store, so nobody may write one.
            is_editable=False,
        ),
    )


@hookimpl
def register_delivery_reactions() -> tuple[DeliveryReaction, ...]:
    """The letter of a message follows its deliveries."""
    return (DeliveryReaction(purpose="Keeps what did not arrive as dead letters.", react=follow_delivery),)


def _fail_retry(tx: Transaction, delivery: Delivery, error: dict[str, Any]) -> DeadLetter | None:
    try:
        return settle_retry_of(tx, ENTITY, delivery.id, failed(error))
    except BadUserInputError:
        return settle_retry_of(tx, ENTITY, delivery.id, failed(UNTOLD))


def _keep_failed(tx: Transaction, delivery: Delivery, error: dict[str, Any]) -> DeadLetter | None:
    """The letter of a failed delivery; without the body, which the delivery holds, where it can hold no more."""
    identity = {"targetId": delivery.target_id, "webhookId": delivery.webhook_id, "deliveryId": delivery.id}
    key = f"{delivery.target_id}/{delivery.entity_type}/{delivery.entity_id}"
    whole = NewDeadLetter(
        source=SOURCE,
        error=error,
        payload={
            **identity,
            "eventId": delivery.event_id,
            "eventType": delivery.event_type,
            "constructId": delivery.construct_id,
            "entityType": delivery.entity_type,
            "entityId": delivery.entity_id,
            "body": from_json(delivery.body),
        },
        entity_type=ENTITY,
        entity_id=delivery.webhook_id,
        key=key if len(key) <= KEY_CHARACTERS_MAX and key.isprintable() else hashlib.sha256(key.encode()).hexdigest(),
        attempts=max(1, delivery.attempts),
        first_failed_at=min(delivery.created_at, tx.now),
        group=f"{delivery.target_id}\n{error.get('code')}\n{error.get('details', {}).get('statusCode')}",
    )
    return save_whole_or_reduced(
        tx, whole, replace(whole, payload=identity), replace(whole, payload=identity, error=UNTOLD)
    )


def _message_of(tx: Transaction, payload: dict[str, Any]) -> Message:
    """What is to be sent: as the letter holds it, or as the delivery does.

    Raises:
        BadUserInputError: The payload is no message.
        NotFoundError: The delivery that holds it is gone.
    """
    if "body" not in payload and "deliveryId" in payload:
        return message_of(get_delivery(tx, payload["deliveryId"]))
    try:
        message = Message(
            target_id=payload["targetId"],
            webhook_id=payload["webhookId"],
            event_id=payload["eventId"],
            event_type=payload["eventType"],
            construct_id=payload["constructId"],
            entity_type=payload["entityType"],
            entity_id=payload["entityId"],
            body=to_json(payload["body"]),
        )
    except (KeyError, TypeError) as error:
        raise bad_input("payload", "must be what a delivery has left") from error
    if not (message.webhook_id.isascii() and message.webhook_id.isprintable()):
        raise bad_input("payload.webhookId", "must be printable ASCII: it is sent in a header")
    return message

"""Root mutation fields of dead letters."""

# Annotations are left as they are: Strawberry takes far longer to read them as text, at every start.

import strawberry

from synthetic import BlockingStore, Transaction, bad_input, mutation
from synthetic_dead_letters import store as letter_store
from synthetic_dead_letters.inputs import (
    CancelDeadLetterRedriveInput,
    DiscardDeadLetterInput,
    IncrementRetryInput,
    RedriveDeadLettersInput,
    ResolveDeadLetterInput,
    RetryDeadLetterInput,
    SaveDeadLetterInput,
)
from synthetic_dead_letters.types import DeadLetter, DeadLetterRedrive


@strawberry.type(description="What `saveDeadLetter` came to.")
class SaveDeadLetterPayload:
    """The payload of `saveDeadLetter`."""

    dead_letter: DeadLetter = strawberry.field(description="The letter as it is stored now.")
    created: bool = strawberry.field(description="Whether it was not there before.")


@strawberry.type(description="What became of a dead letter.")
class DeadLetterPayload:
    """The payload of `retryDeadLetter`, `incrementRetry`, `resolveDeadLetter` and `discardDeadLetter`."""

    dead_letter: DeadLetter = strawberry.field(description="The letter as it is stored now.")


@strawberry.type(description="What `redriveDeadLetters` came to.")
class RedriveDeadLettersPayload:
    """The payload of `redriveDeadLetters`."""

    matched: int = strawberry.field(description="How many pending letters are meant.")
    redrive: DeadLetterRedrive | None = strawberry.field(description="The redrive; null in a dry run.")


@strawberry.type(description="What `cancelDeadLetterRedrive` came to.")
class CancelDeadLetterRedrivePayload:
    """The payload of `cancelDeadLetterRedrive`."""

    redrive: DeadLetterRedrive = strawberry.field(description="The redrive as it is stored now.")


@mutation(entity="dead_letter")
def save_dead_letter(tx: Transaction, input: SaveDeadLetterInput) -> SaveDeadLetterPayload:
    """Store that something has failed for good, such as a message that a program outside could not deal with."""
    if input.source in letter_store.sources_of(tx):
        # A retry believes what such a letter holds, and may do more than the sender is allowed to.
        raise bad_input("source", f"must not be {input.source}: a plugin of this store stores those letters itself")
    saved = letter_store.save_dead_letter(tx, input.record(), letter_id=input.id)
    return SaveDeadLetterPayload(dead_letter=DeadLetter.of(saved.letter), created=saved.created)


@mutation(entity="dead_letter")
def retry_dead_letter(store: BlockingStore, input: RetryDeadLetterInput) -> DeadLetterPayload:
    """Retry a letter now, with another payload if one is given; its status says what came of it."""
    return DeadLetterPayload(dead_letter=DeadLetter.of(letter_store.retry_dead_letter(store, input.request())))


@mutation(entity="dead_letter")
def increment_retry(tx: Transaction, input: IncrementRetryInput) -> DeadLetterPayload:
    """Count a retry that is made outside the store, and has failed or is about to begin."""
    error = None if input.error is None else input.error.record()
    letter = letter_store.increment_retry(tx, input.id, error=error, if_retries=input.if_retries)
    return DeadLetterPayload(dead_letter=DeadLetter.of(letter))


@mutation(entity="dead_letter", frees=True)
def resolve_dead_letter(tx: Transaction, input: ResolveDeadLetterInput) -> DeadLetterPayload:
    """Say that a letter is dealt with; one that is RESOLVED already stays as it is."""
    letter = letter_store.resolve_dead_letter(tx, input.id, resolution=input.resolution)
    return DeadLetterPayload(dead_letter=DeadLetter.of(letter))


@mutation(entity="dead_letter", frees=True)
def discard_dead_letter(tx: Transaction, input: DiscardDeadLetterInput) -> DeadLetterPayload:
    """Say that a letter is not to be retried any more; one that is DISCARDED already stays as it is."""
    letter = letter_store.discard_dead_letter(tx, input.id, reason=input.reason)
    return DeadLetterPayload(dead_letter=DeadLetter.of(letter))


@mutation(entity="dead_letter_redrive")
def redrive_dead_letters(store: BlockingStore, input: RedriveDeadLettersInput) -> RedriveDeadLettersPayload:
    """Retry many letters one after the other, at a rate and in order for each key, in the background."""
    criteria = input.filter.criteria()
    if input.dry_run:
        matched, _ = store.read(letter_store.count_redrivable, criteria)
        return RedriveDeadLettersPayload(matched=matched, redrive=None)
    redrive = letter_store.redrive_dead_letters(
        store, criteria, rate_per_second=input.rate_per_second, redrive_id=input.id
    )
    return RedriveDeadLettersPayload(matched=redrive.matched, redrive=DeadLetterRedrive.of(redrive))


@mutation(entity="dead_letter_redrive")
def cancel_dead_letter_redrive(tx: Transaction, input: CancelDeadLetterRedriveInput) -> CancelDeadLetterRedrivePayload:
    """Begin no further retry of a redrive; what has ended stays as it is."""
    redrive = letter_store.cancel_redrive(tx, input.id)
    return CancelDeadLetterRedrivePayload(redrive=DeadLetterRedrive.of(redrive))

"""Retrying one letter: begun, done by its source, and written down what came of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from synthetic import (
    BlockingStore,
    ConflictError,
    NotFoundError,
    Snapshot,
    SyntheticError,
    Transaction,
    bad_input,
    from_json,
    logger_for,
)
from synthetic_dead_letters.errors import DeadLetterBlockedError, DeadLetterRetryingError, NotRetryableError
from synthetic_dead_letters.events import DEAD_LETTER_EDITED, DEAD_LETTER_RETRYING, letter_payload, retry_payload
from synthetic_dead_letters.model import DeadLetter, DeadLetterStatus, LetterError
from synthetic_dead_letters.settings import DeadLetterSettings
from synthetic_dead_letters.sources import DeadLetterSource, RetryOutcome, failed
from synthetic_dead_letters.store.policy import sources_of
from synthetic_dead_letters.store.rows import find_earlier_open, get_dead_letter, refuse_ended, write_letter
from synthetic_dead_letters.store.saving import check_payload
from synthetic_dead_letters.store.settling import fail_letter, settle_letter

FAULTS_OF_THE_STORE = frozenset(
    {
        "CANCELLED",
        "DATABASE_BUSY",
        "DEADLINE_EXCEEDED",
        "LEASE_LOST",
        "MIGRATION_PENDING",
        "OVERLOADED",
        "STORAGE_FAILED",
        "STORAGE_FULL",
        "STORAGE_READ_ONLY",
        "STORE_DAMAGED",
        "STORE_NEWER",
    }
)
"""Codes that say nothing about the letter: whoever wanted the retry gets the error, and the letter stays as it is."""

_log = logger_for(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryRequest:
    """What is to be retried, and how.

    Attributes:
        letter_id: The letter.
        has_payload: Whether it is retried with another payload...
        payload: ...which is this one: any JSON value.
        is_out_of_order: Whether it is retried though an earlier letter with its key is open.
        seen_retries: Only if it was retried so often; None: in any case.
        redrive_id: The redrive that it is part of.
        settled: Called with the letter in the transaction that writes what came of it.
    """

    letter_id: str
    has_payload: bool = False
    payload: object = None
    is_out_of_order: bool = False
    seen_retries: int | None = None
    redrive_id: str | None = None
    settled: Callable[[Transaction, DeadLetter], None] | None = None


def retry_dead_letter(store: BlockingStore, request: RetryRequest) -> DeadLetter:
    """Retry a letter, and return it as it is then: RESOLVED, PENDING again, or RETRYING if it goes on elsewhere.

    Args:
        store: To read and write with; not in a transaction.
        request: What is to be retried.

    Raises:
        BadUserInputError: The payload is not acceptable.
        NotFoundError: There is no such letter.
        ConflictError: It was retried meanwhile.
        DeadLetterEndedError: It was resolved or discarded.
        DeadLetterRetryingError: A retry is under way.
        DeadLetterBlockedError: An earlier letter with its key is open.
        NotRetryableError: The store does not know how.
        SyntheticError: The store itself has a fault; the letter is PENDING, or RETRYING until `retry_timeout_ms`.
    """
    source = store.read(_source_of, request.letter_id)
    if source.work is not None:
        letter = store.write(_begin, request, source)
        return store.write(_settle, request, letter, _work(source.work, store, letter))
    try:
        return store.write(_retry_at_once, request, source)
    except _SourceFailedError as failure:
        return store.write(_begin_and_fail, request, source, failure.error)


def is_passed_over(error: Exception) -> bool:
    """Whether an error of `retry_dead_letter` says that there is nothing to retry now: others have their turn."""
    return isinstance(error, ConflictError | NotFoundError)


def increment_retry(
    tx: Transaction, letter_id: str, *, error: LetterError | None = None, if_retries: int | None = None
) -> DeadLetter:
    """Count a retry that is made outside the store and has failed, or is about to begin.

    The letter is PENDING until its next time comes. A worker that counts before
    it begins, with `if_retries`, has the letter to itself until then.

    Args:
        tx: To write in.
        letter_id: The letter.
        error: Why it failed; None: as before.
        if_retries: Refuse if it was retried more or less often than this.

    Raises:
        BadUserInputError: A value is not acceptable.
        NotFoundError: There is no such letter.
        ConflictError: It was retried meanwhile.
        DeadLetterEndedError: It was resolved or discarded.
    """
    letter = get_dead_letter(tx, letter_id)
    refuse_ended(letter)
    _refuse_other_retries(letter, if_retries)
    counted = write_letter(tx, letter, retries=letter.retries + 1, retry_started_at=tx.now)
    if error is None:
        return fail_letter(tx, counted, from_json(letter.error))
    return settle_letter(tx, counted, failed(error))


class _SourceFailedError(Exception):
    """A source's function has raised in a transaction, which is undone; why is to be written in another one."""

    def __init__(self, error: SyntheticError) -> None:
        super().__init__(error.message)
        self.error = error


def _source_of(snapshot: Snapshot, letter_id: str) -> DeadLetterSource:
    """How a letter is retried.

    Raises:
        NotFoundError: There is no such letter.
        NotRetryableError: No loaded plugin says how.
    """
    letter = get_dead_letter(snapshot, letter_id)
    source = sources_of(snapshot).get(letter.source)
    if source is None:
        raise NotRetryableError(
            f"No plugin of this store retries dead letters of the source {letter.source!r}.",
            details={"id": letter.id, "source": letter.source},
        )
    return source


def _retry_at_once(tx: Transaction, request: RetryRequest, source: DeadLetterSource) -> DeadLetter:
    letter = _begin_silently(tx, request, source)
    assert source.retry is not None  # noqa: S101 - a source has either `retry` or `work`
    try:
        outcome = source.retry(tx, letter)
    except Exception as error:
        raise _SourceFailedError(_failure_of(error, letter)) from error
    return _settle(tx, request, letter, outcome)


def _work(
    work: Callable[[BlockingStore, DeadLetter], RetryOutcome], store: BlockingStore, letter: DeadLetter
) -> RetryOutcome:
    try:
        return work(store, letter)
    except Exception as error:  # noqa: BLE001 - a fault of the store is raised again, all else is the letter's failure
        return failed(_failure_of(error, letter))


def _failure_of(error: Exception, letter: DeadLetter) -> SyntheticError:
    """What a source has raised, as the failure of the retry.

    Raises:
        SyntheticError: It is a fault of the store, and tells nothing of the letter.
    """
    if isinstance(error, SyntheticError):
        if error.code in FAULTS_OF_THE_STORE:
            raise error
        return error
    _log.error("a retry went wrong", dead_letter=letter.id, source=letter.source, exc_info=error)
    return SyntheticError("The retry went wrong unexpectedly; the server's log tells more.")


def _begin(tx: Transaction, request: RetryRequest, source: DeadLetterSource) -> DeadLetter:
    letter = _begin_silently(tx, request, source)
    told = retry_payload(letter)
    tx.emit(DEAD_LETTER_RETRYING, letter.id, construct_id=letter.construct_id, payload=told)
    return letter


def _begin_and_fail(
    tx: Transaction, request: RetryRequest, source: DeadLetterSource, error: SyntheticError
) -> DeadLetter:
    return _told(tx, request, settle_letter(tx, _begin_silently(tx, request, source), failed(error)))


def _begin_silently(tx: Transaction, request: RetryRequest, source: DeadLetterSource) -> DeadLetter:
    """Write that a retry has begun; what is told depends on how it goes on."""
    letter = get_dead_letter(tx, request.letter_id)
    refuse_ended(letter)
    if letter.status == DeadLetterStatus.RETRYING:
        raise DeadLetterRetryingError(
            f"A retry of dead letter {letter.id!r} is under way.",
            details={
                "id": letter.id,
                "retryEntityType": letter.retry_entity_type,
                "retryEntityId": letter.retry_entity_id,
            },
        )
    _refuse_other_retries(letter, request.seen_retries)
    earlier = None if request.is_out_of_order else find_earlier_open(tx, letter)
    if earlier is not None:
        raise DeadLetterBlockedError(
            f"Dead letter {earlier!r} has the same key and comes before {letter.id!r}.",
            details={"id": letter.id, "key": letter.key, "earlierId": earlier},
        )
    if request.has_payload:
        letter = _edit(tx, letter, source, request.payload)
    settings = tx.settings(DeadLetterSettings)
    return write_letter(
        tx,
        letter,
        status=str(DeadLetterStatus.RETRYING),
        retries=letter.retries + 1,
        next_retry_at=None,
        retry_started_at=tx.now,
        retry_expires_at=tx.now + settings.work_timeout_ms,
        retry_entity_type=None,
        retry_entity_id=None,
        redrive_id=request.redrive_id or letter.redrive_id,
    )


def _edit(tx: Transaction, letter: DeadLetter, source: DeadLetterSource, payload: object) -> DeadLetter:
    """Replace the payload of a letter; what it was at first is kept.

    Raises:
        BadUserInputError: It is not acceptable.
    """
    if not source.is_editable:
        raise bad_input("payload", f"cannot be changed for dead letters of the source {source.name}")
    text = check_payload(tx, payload)
    if text == letter.payload:
        return letter
    if source.check_payload is not None:
        source.check_payload(tx, letter, payload)
    after = write_letter(
        tx,
        letter,
        payload=text,
        original_payload=letter.original_payload or letter.payload,
        edited_at=tx.now,
        edited_by=tx.origin.actor,
    )
    told = letter_payload(after, editedBy=after.edited_by)
    tx.emit(DEAD_LETTER_EDITED, after.id, construct_id=after.construct_id, payload=told)
    return after


def _settle(tx: Transaction, request: RetryRequest, begun: DeadLetter, outcome: RetryOutcome) -> DeadLetter:
    """Write what came of a retry, unless that was written meanwhile: by its source, by hand, or since it was lost."""
    letter = get_dead_letter(tx, begun.id)
    if letter.status != DeadLetterStatus.RETRYING or letter.retries != begun.retries:
        return _told(tx, request, letter)
    return _told(tx, request, settle_letter(tx, letter, outcome))


def _told(tx: Transaction, request: RetryRequest, letter: DeadLetter) -> DeadLetter:
    if request.settled is not None:
        request.settled(tx, letter)
    return letter


def _refuse_other_retries(letter: DeadLetter, seen: int | None) -> None:
    """Refuse what somebody wants who does not know of the last retry.

    Raises:
        ConflictError: There was one since.
    """
    if seen is not None and letter.retries != seen:
        raise ConflictError(
            f"Dead letter {letter.id!r} was retried {letter.retries} times by now.",
            action="Read the letter, and decide by what it says now.",
            details={"id": letter.id, "retries": letter.retries},
        )

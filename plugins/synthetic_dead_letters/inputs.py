"""What clients send in: the filter of `deadLetters`, and the inputs of the mutations."""

# Annotations are left as they are: Strawberry takes far longer to read them as text, at every start.

import strawberry

from synthetic import JSON, DateTime, Long, ReportedError
from synthetic_dead_letters.enums import DeadLetterStatus
from synthetic_dead_letters.model import Criteria, NewDeadLetter
from synthetic_dead_letters.store.retrying import RetryRequest


@strawberry.input(description="Why something failed, in the words of the error contract.")
class DeadLetterErrorInput:
    """The error of a failure that is told from outside."""

    code: str = strawberry.field(description="Upper-case words joined by underscores.")
    message: str = strawberry.field(description="For a person, without internals.")
    recoverable: bool = strawberry.field(default=False, description="Whether the same may succeed later, unchanged.")
    retry_after_ms: Long | None = strawberry.field(default=None, description="How long to wait before that.")
    action: str | None = strawberry.field(default=None, description="What to do about it.")

    def record(self) -> ReportedError:
        """As the store takes it."""
        return ReportedError(
            code=self.code,
            message=self.message,
            recoverable=self.recoverable,
            retry_after_ms=self.retry_after_ms,
            action=self.action,
        )


@strawberry.input(description="Work that failed for good.")
class SaveDeadLetterInput:
    """The input of `saveDeadLetter`."""

    id: strawberry.ID | None = strawberry.field(
        default=None,
        description="1 to 200 printable characters. Sent again with the same content, what is there is returned. "
        "Without it, a UUIDv7.",
    )
    source: str = strawberry.field(
        default="message",
        description="Where it comes from: 1 to 200 printable characters. None of "
        "`deadLetterSources`: their plugins store those themselves. Others are retried by whoever sends them.",
    )
    error: DeadLetterErrorInput = strawberry.field(description="Why it failed, the last time.")
    payload: JSON | None = strawberry.field(default=None, description="What a retry needs: any JSON value.")
    entity_type: str | None = strawberry.field(default=None, description="What kind of thing failed.")
    entity_id: str | None = strawberry.field(
        default=None,
        description="Which one. While a letter of this source about it is open, the failure is added to that letter.",
    )
    construct_id: strawberry.ID | None = strawberry.field(
        default=None, description="The construct that it belongs to, and is deleted with."
    )
    key: str | None = strawberry.field(
        default=None, description="Letters of one source with the same key are retried in order."
    )
    attempts: int = strawberry.field(default=1, description="How often it has failed so far.")
    first_failed_at: DateTime | None = strawberry.field(default=None, description="When first; else now.")
    last_failed_at: DateTime | None = strawberry.field(default=None, description="When last; else now.")
    group: str | None = strawberry.field(
        default=None,
        description="What is the same for those that failed alike. Without it, code and message of the error, less "
        "their numbers, ids and quoted words.",
    )

    def record(self) -> NewDeadLetter:
        """As the store takes it."""
        return NewDeadLetter(
            source=self.source,
            error=self.error.record(),
            payload=self.payload,
            entity_type=self.entity_type,
            entity_id=self.entity_id,
            construct_id=self.construct_id,
            key=self.key,
            attempts=self.attempts,
            first_failed_at=self.first_failed_at,
            last_failed_at=self.last_failed_at,
            group=self.group,
        )


@strawberry.input(description="What is to be retried.")
class RetryDeadLetterInput:
    """The input of `retryDeadLetter`."""

    id: strawberry.ID = strawberry.field(description="Id of the dead letter.")
    payload: JSON | None = strawberry.field(
        default=strawberry.UNSET,
        description="Retry it with this in place of its payload; what that was at first is kept.",
    )
    out_of_order: bool = strawberry.field(
        default=False, description="Retry it though an earlier letter with its key is not dealt with."
    )
    if_retries: int | None = strawberry.field(
        default=None, description="Only if it was retried just so often; else CONFLICT."
    )

    def request(self) -> RetryRequest:
        """As the store takes it."""
        has_payload = self.payload is not strawberry.UNSET
        return RetryRequest(
            letter_id=self.id,
            has_payload=has_payload,
            payload=self.payload if has_payload else None,
            is_out_of_order=self.out_of_order,
            seen_retries=self.if_retries,
        )


@strawberry.input(description="A retry that is made outside the store.")
class IncrementRetryInput:
    """The input of `incrementRetry`."""

    id: strawberry.ID = strawberry.field(description="Id of the dead letter.")
    error: DeadLetterErrorInput | None = strawberry.field(
        default=None, description="Why it failed; without it, as before."
    )
    if_retries: int | None = strawberry.field(
        default=None,
        description="Only if it was retried just so often; else CONFLICT. A worker that counts before it begins has "
        "the letter to itself until its next time comes.",
    )


@strawberry.input(description="What is dealt with.")
class ResolveDeadLetterInput:
    """The input of `resolveDeadLetter`."""

    id: strawberry.ID = strawberry.field(description="Id of the dead letter.")
    resolution: str | None = strawberry.field(default=None, description="How.")


@strawberry.input(description="What is not to be retried any more.")
class DiscardDeadLetterInput:
    """The input of `discardDeadLetter`."""

    id: strawberry.ID = strawberry.field(description="Id of the dead letter.")
    reason: str | None = strawberry.field(default=None, description="Why not, as its resolution.")


@strawberry.input(description="Which dead letters are meant: all that is said here must hold.")
class DeadLetterFilter:
    """The filter of `deadLetters`, and of redrives."""

    ids: list[strawberry.ID] | None = strawberry.field(default=None, description="The id is one of these.")
    statuses: list[DeadLetterStatus] | None = strawberry.field(default=None, description="The status is one of these.")
    sources: list[str] | None = strawberry.field(default=None, description="The source is one of these.")
    fingerprints: list[str] | None = strawberry.field(default=None, description="The fingerprint is one of these.")
    codes: list[str] | None = strawberry.field(default=None, description="The code of the error is one of these.")
    key: str | None = strawberry.field(default=None, description="The key is this one.")
    construct_id: strawberry.ID | None = strawberry.field(default=None, description="It belongs to this construct.")
    entity_type: str | None = strawberry.field(default=None, description="What failed is of this type.")
    entity_id: str | None = strawberry.field(default=None, description="What failed is this.")
    retry_entity_type: str | None = strawberry.field(
        default=None, description="What came of its last retry is of this type."
    )
    retry_entity_id: str | None = strawberry.field(default=None, description="What came of its last retry is this.")
    failed_from: DateTime | None = strawberry.field(default=None, description="It failed last then or later.")
    failed_before: DateTime | None = strawberry.field(default=None, description="It failed last before.")
    due_by: DateTime | None = strawberry.field(default=None, description="It is due to be retried then or earlier.")

    def criteria(self) -> Criteria:
        """The filter as the store understands it."""
        return Criteria(
            ids=self.ids,
            statuses=self.statuses,
            sources=self.sources,
            fingerprints=self.fingerprints,
            codes=self.codes,
            key=self.key,
            construct_id=self.construct_id,
            entity_type=self.entity_type,
            entity_id=self.entity_id,
            retry_entity_type=self.retry_entity_type,
            retry_entity_id=self.retry_entity_id,
            failed_from=self.failed_from,
            failed_before=self.failed_before,
            due_by=self.due_by,
        )


@strawberry.input(description="Which pending letters are to be retried, and how fast.")
class RedriveDeadLettersInput:
    """The input of `redriveDeadLetters`."""

    id: strawberry.ID | None = strawberry.field(
        default=None,
        description="1 to 200 printable characters. Sent again, what is there is returned. Without it, a UUIDv7.",
    )
    filter: DeadLetterFilter = strawberry.field(
        description="Which; of these, the pending ones of `deadLetterSources` that are there now."
    )
    rate_per_second: float | None = strawberry.field(
        default=None, description="At most so many retries a second; without it, as the settings say."
    )
    dry_run: bool = strawberry.field(default=False, description="Only say how many letters are meant.")


@strawberry.input(description="What is to be stopped.")
class CancelDeadLetterRedriveInput:
    """The input of `cancelDeadLetterRedrive`."""

    id: strawberry.ID = strawberry.field(description="Id of the redrive.")

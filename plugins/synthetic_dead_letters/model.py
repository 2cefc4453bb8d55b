"""Records of dead letters and redrives: pure, no SQL."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, NamedTuple, TypeAlias

from synthetic import ReportedError, SyntheticError

LetterError: TypeAlias = SyntheticError | ReportedError | Mapping[str, Any]
"""Why something failed; a mapping has the keys of the error contract."""


class DeadLetterStatus(StrEnum):
    """Where a dead letter stands; `enums.py` says what each value means."""

    PENDING = "PENDING"
    RETRYING = "RETRYING"
    RESOLVED = "RESOLVED"
    DISCARDED = "DISCARDED"


OPEN = (DeadLetterStatus.PENDING, DeadLetterStatus.RETRYING)
"""What is not dealt with yet."""


class RedriveStatus(StrEnum):
    """Where a redrive stands; `enums.py` says what each value means."""

    RUNNING = "RUNNING"
    DONE = "DONE"
    CANCELLED = "CANCELLED"


class DeadLetter(NamedTuple):
    """A row of `dead_letters`; instants are Unix milliseconds UTC.

    Attributes:
        id: The sender's, or a UUIDv7.
        seq: Its number in the order of arrival.
        source: Where it comes from: the name of a `DeadLetterSource`, or an outside one.
        key: Letters of one source with the same key are retried in order; None: in any.
        construct_id: The construct that it belongs to.
        entity_type: What kind of thing failed, such as `job`.
        entity_id: Which one.
        payload: What a retry needs: JSON.
        original_payload: What that was before it was edited for the first time.
        error: The last failure: JSON in the shape of the error contract.
        code: Of that error.
        fingerprint: The same for letters that failed alike: 64 hexadecimal digits.
        attempts: How often it has failed in all.
        retries: How often it was retried since it is a dead letter.
        first_failed_at: When it failed first.
        last_failed_at: When it failed last.
        next_retry_at: When the store retries it by itself; None: only when somebody asks.
        status: A `DeadLetterStatus`.
        retry_started_at: When the last retry began.
        retry_expires_at: When the retry under way is given up; None where none is.
        retry_entity_type: What kind of thing came of the last retry.
        retry_entity_id: Which one.
        redrive_id: The redrive that retried it last.
        edited_at: When its payload was edited last.
        edited_by: By whom, as the store knows the caller.
        resolution: What was said when it was resolved or discarded.
        ended_at: When that was.
        ended_by: Who did it, as the store knows the caller.
        created_at: When it came to be stored.
    """

    id: str
    seq: int
    source: str
    key: str | None
    construct_id: str | None
    entity_type: str | None
    entity_id: str | None
    payload: str
    original_payload: str | None
    error: str
    code: str
    fingerprint: str
    attempts: int
    retries: int
    first_failed_at: int
    last_failed_at: int
    next_retry_at: int | None
    status: str
    retry_started_at: int | None
    retry_expires_at: int | None
    retry_entity_type: str | None
    retry_entity_id: str | None
    redrive_id: str | None
    edited_at: int | None
    edited_by: str | None
    resolution: str | None
    ended_at: int | None
    ended_by: str | None
    created_at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class NewDeadLetter:
    """Work that failed for good.

    Attributes:
        source: Where it comes from.
        error: Why it failed, the last time.
        payload: What a retry needs: any JSON value.
        entity_type: What kind of thing failed, such as `job`.
        entity_id: Which one. While a letter about it is open, another failure of it is added to that letter.
        construct_id: The construct that it belongs to.
        key: Letters of one source with the same key are retried in order.
        attempts: How often it has failed so far.
        first_failed_at: When it failed first, Unix milliseconds UTC; None: now.
        last_failed_at: When it failed last; None: now.
        group: What its fingerprint is made of, beside its source; None: code and message of the error, less their
            numbers and ids.
    """

    source: str
    error: LetterError
    payload: object = None
    entity_type: str | None = None
    entity_id: str | None = None
    construct_id: str | None = None
    key: str | None = None
    attempts: int = 1
    first_failed_at: int | None = None
    last_failed_at: int | None = None
    group: str | None = None


class SavedDeadLetter(NamedTuple):
    """What a save came to.

    Attributes:
        letter: As it is stored now.
        created: Whether it was not there before.
    """

    letter: DeadLetter
    created: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Criteria:
    """Which dead letters are meant. A field that is None says nothing; those that say something all hold.

    Attributes:
        ids: The id is one of these.
        statuses: The status is one of these.
        sources: The source is one of these.
        fingerprints: The fingerprint is one of these.
        codes: The code of the error is one of these.
        key: The key is this one.
        construct_id: It belongs to this construct.
        entity_type: What failed is of this type.
        entity_id: What failed is this.
        retry_entity_type: What came of its last retry is of this type.
        retry_entity_id: What came of its last retry is this.
        failed_from: The last failure was at this instant or later, Unix milliseconds UTC.
        failed_before: The last failure was before this instant.
        due_by: The store or a worker may retry it at this instant.
    """

    ids: Sequence[str] | None = None
    statuses: Sequence[DeadLetterStatus] | None = None
    sources: Sequence[str] | None = None
    fingerprints: Sequence[str] | None = None
    codes: Sequence[str] | None = None
    key: str | None = None
    construct_id: str | None = None
    entity_type: str | None = None
    entity_id: str | None = None
    retry_entity_type: str | None = None
    retry_entity_id: str | None = None
    failed_from: int | None = None
    failed_before: int | None = None
    due_by: int | None = None


class Redrive(NamedTuple):
    """A row of `dead_letter_redrives`; instants are Unix milliseconds UTC.

    Attributes:
        id: A UUIDv7.
        filter: Which letters: JSON of the criteria that say something.
        rate_per_second: At most so many retries a second.
        status: A `RedriveStatus`.
        through_seq: Letters that arrived later are left alone.
        cursor_seq: How far this pass over the letters has come.
        pass_retried: How many this pass has retried.
        pass_left: How many it has come upon and not retried, since they had to wait, or were not to be retried then.
        matched: How many letters met the filter at the beginning.
        retried: How many retries were begun.
        failed: How many of those failed at once.
        paced_from_at: From when on the rate is counted...
        paced_from_count: ...and from how many retries on.
        created_at: When it was asked for.
        created_by: By whom, as the store knows the caller.
        ended_at: When it was through, or cancelled.
    """

    id: str
    filter: str
    rate_per_second: float
    status: str
    through_seq: int
    cursor_seq: int
    pass_retried: int
    pass_left: int
    matched: int
    retried: int
    failed: int
    paced_from_at: int
    paced_from_count: int
    created_at: int
    created_by: str
    ended_at: int | None


class LetterGroup(NamedTuple):
    """Open letters that failed alike.

    Attributes:
        fingerprint: What they have in common.
        source: Where they come from.
        code: Of their errors.
        letters: How many there are.
        first_failed_at: The first failure of all.
        last_failed_at: The last one.
        sample_id: The letter that arrived last.
    """

    fingerprint: str
    source: str
    code: str
    letters: int
    first_failed_at: int
    last_failed_at: int
    sample_id: str

"""What a source of dead letters is, and what comes of a retry: the contract with the plugins that have them. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, ClassVar

from synthetic_dead_letters.model import DeadLetter, LetterError

if TYPE_CHECKING:
    from synthetic import BlockingStore, Snapshot, Transaction

_NAME = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")


class RetryResult(StrEnum):
    """What a retry came to."""

    DONE = "DONE"
    STARTED = "STARTED"
    FAILED = "FAILED"


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryOutcome:
    """What came of a retry. Made with `done`, `started` and `failed`.

    Attributes:
        result: Whether it is done, goes on elsewhere, or has failed again.
        entity_type: What kind of thing came of it, such as `job`.
        entity_id: Which one.
        error: Why it has failed again.
        group: What its fingerprint is made of then; see `NewDeadLetter`.
    """

    result: RetryResult
    entity_type: str | None = None
    entity_id: str | None = None
    error: LetterError | None = None
    group: str | None = None

    def __post_init__(self) -> None:
        if (self.entity_type is None) != (self.entity_id is None):
            raise ValueError("the outcome of a retry names both type and id of what came of it, or neither")
        if (self.result is RetryResult.FAILED) != (self.error is not None):
            raise ValueError("the outcome of a retry has an error if it has failed, and only then")


def done(entity_type: str | None = None, entity_id: str | None = None) -> RetryOutcome:
    """The retry has worked: the letter is RESOLVED, and names what came of it."""
    return RetryOutcome(result=RetryResult.DONE, entity_type=entity_type, entity_id=entity_id)


def started(entity_type: str, entity_id: str) -> RetryOutcome:
    """The retry goes on elsewhere, as what is named; the source says with `settle_retry_of` how it ends."""
    return RetryOutcome(result=RetryResult.STARTED, entity_type=entity_type, entity_id=entity_id)


def failed(error: LetterError, *, group: str | None = None) -> RetryOutcome:
    """The retry has failed: the letter is PENDING again, with this error; `group` is as in `NewDeadLetter`."""
    return RetryOutcome(result=RetryResult.FAILED, error=error, group=group)


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadLetterSource:
    """Where dead letters come from, and how those are retried (`register_dead_letter_sources`).

    A source has either `retry` or `work`. What one of them raises counts as a
    retry that has failed, with that error; what `retry` has written is undone
    then. Faults of the store itself (busy, full) are no failures of the letter.

    Attributes:
        name: Of lower-case words; unique among all plugins. `DeadLetter.source` is it.
        purpose: One sentence: what its letters are.
        retry: Tries a letter again in one short write transaction, which also
            stores what came of it.
        work: The same for what reads files or the network: outside a
            transaction, with the reads and writes of the store. If the process
            dies meanwhile, the letter is PENDING again after
            `work_timeout_ms`, so it must bear to be done twice.
        is_editable: Whether a retry may be made with another payload.
        check_payload: Given a snapshot, the letter and the new payload; raises
            BadUserInputError if that makes no sense.
        retries_max: How often the store retries a letter by itself, where the
            settings do not say; 0: only when somebody asks.
    """

    UNIQUE_AS: ClassVar[str] = "source of dead letters"

    name: str
    purpose: str
    retry: Callable[[Transaction, DeadLetter], RetryOutcome] | None = None
    work: Callable[[BlockingStore, DeadLetter], RetryOutcome] | None = None
    is_editable: bool = True
    check_payload: Callable[[Snapshot, DeadLetter, object], None] | None = None
    retries_max: int = 0

    def __post_init__(self) -> None:
        if _NAME.fullmatch(self.name) is None:
            raise ValueError(f"the name of a source of dead letters must be lower-case words, not {self.name!r}")
        if not self.purpose.strip():
            raise ValueError(f"the source {self.name} must say in words what its dead letters are")
        if (self.retry is None) == (self.work is None):
            raise ValueError(f"the source {self.name} must have either `retry` or `work`")
        if self.retries_max < 0:
            raise ValueError(f"retries_max of the source {self.name} must be at least 0")

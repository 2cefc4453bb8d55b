"""`Operation`: one thing that somebody did to a store, or was refused, as `record_operation` is told of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from synthetic.errors import CancelledError, ForbiddenError, InternalError, SyntheticError, UnauthenticatedError

if TYPE_CHECKING:
    from synthetic.database.transaction import Transaction

MESSAGE_LENGTH_MAX = 500
"""Of an error's message, so much is recorded."""

RecordOperation = Callable[["Transaction", "Operation"], None]
"""What a plugin implements `record_operation` with."""


class OperationKind(StrEnum):
    """By which door somebody came."""

    MUTATION = "MUTATION"
    """A mutation of GraphQL."""

    COMMAND = "COMMAND"
    """A command of an operator."""

    ACCESS = "ACCESS"
    """A token that was used, or an authorisation that was refused."""


class OperationOutcome(StrEnum):
    """What came of it."""

    BEGUN = "BEGUN"
    """It takes many transactions, and this is the first. One that says how it ended has the same correlation id;
    where there is none it is under way, or was cut off."""

    DONE = "DONE"
    """It was done. Of what takes many transactions, all of them are committed."""

    FAILED = "FAILED"
    """It was not done; of what takes many transactions, some may be committed."""

    REFUSED = "REFUSED"
    """It was not allowed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One thing that somebody did to a store, or was refused.

    Attributes:
        name: The field of GraphQL (`saveConstruct`) or the words of the command (`token create`); for an access
            `token use`, `authenticate` (no valid token), `authorise` (a scope is missing) or `origin` (of Host,
            Origin and the like).
        kind: By which door it came.
        actor: In whose name: that of a token, `command:NAME`, what a program says that embeds the store, or
            `unknown` for who has no valid token.
        entity_type: What it was done to, such as `construct`; None where that is not known.
        entity_id: To which of them.
        outcome: What came of it.
        code: The code of the error; None when it was done.
        message: The message of the error.
        details: A JSON object of names, counts and flags; never what is stored, and no secret. Of a mutation, the
            `fields` of its input that were given, `counts` of those that are lists, the `tokenId` of who sent it,
            and `changed`, false, where it has changed nothing; of a command, `user`, that of the system who ran it.
        correlation_id: The same for all that one request or command causes.
        occurred_at: Unix milliseconds UTC.
    """

    name: str
    kind: OperationKind
    actor: str
    entity_type: str | None = None
    entity_id: str | None = None
    outcome: OperationOutcome = OperationOutcome.DONE
    code: str | None = None
    message: str | None = None
    details: Mapping[str, Any] = field(default_factory=dict[str, Any])
    correlation_id: str
    occurred_at: int


@dataclass(frozen=True, slots=True)
class Failure:
    """Why an operation was not done, in the terms of the error contract.

    Attributes:
        outcome: Whether it failed or was refused.
        code: The code of the error.
        message: Its message, which tells no internals.
    """

    outcome: OperationOutcome
    code: str
    message: str

    @classmethod
    def of(cls, error: BaseException) -> Failure:
        """What an exception means: one of the contract's as it says, a stop as CANCELLED, any other as INTERNAL."""
        if isinstance(error, KeyboardInterrupt):
            return cls(OperationOutcome.FAILED, CancelledError.code, "It was stopped before it was complete.")
        known = error if isinstance(error, SyntheticError) else InternalError()
        is_refused = isinstance(known, ForbiddenError | UnauthenticatedError)
        outcome = OperationOutcome.REFUSED if is_refused else OperationOutcome.FAILED
        return cls(outcome, known.code, known.message[:MESSAGE_LENGTH_MAX])

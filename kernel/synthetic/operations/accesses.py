"""Uses of tokens and refused authorisation, gathered until they are recorded together.

Whoever can reach the server can be refused as often as they like. So refusals
of one kind are one record with a count, and in all they are a bounded number
of records each time that they are recorded, which is once a minute in each process.
The first of a kind are recorded within a second or so, a few times a minute.
A use of a token is recorded once an hour, for each token and process.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from itertools import chain
from typing import TYPE_CHECKING, NamedTuple

from synthetic.errors import ForbiddenError, SyntheticError, UnauthenticatedError, iso_from_ms
from synthetic.logs import correlation_id
from synthetic.operations.model import Failure, Operation, OperationKind
from synthetic.origin import Origin
from synthetic.security.callers import Caller, Scope
from synthetic.security.tokens import TOKEN, Token, find_token

if TYPE_CHECKING:
    from synthetic.clock import Clock
    from synthetic.database.database import Database
    from synthetic.database.interruption import Interruption
    from synthetic.database.transaction import Transaction

USE_EVERY_MS = 3_600_000
"""How often the use of a token is recorded, at most."""

GATHERED_MAX = 200
"""Kinds of refusals of one name that are told apart until they are recorded; what is more is counted by its name."""

RECORDED_MAX = 10
"""Refusals of one name that are recorded at a time, the most frequent first; the others are counted by the name."""

ACTOR = "server"
"""In whose name a server writes the records."""

UNKNOWN = "unknown"
"""The actor of who has no valid token."""

USE, AUTHENTICATE, AUTHORISE, ORIGIN = "token use", "authenticate", "authorise", "origin"
"""Names of operations."""


class Kind(NamedTuple):
    """Refusals that are recorded as one.

    Attributes:
        name: Of the operation.
        actor: Who was refused.
        token_id: Their token's id, where it is known.
        client: The address that they came from, where it is known.
        reason: `expired` or `revoked` of a token that is known; the scope that is missing.
        wanted: What the scope was needed for.
        secret_hash: Of the token that was sent; is looked up before it is recorded, and never recorded.
    """

    name: str
    actor: str = UNKNOWN
    token_id: str | None = None
    client: str | None = None
    reason: str | None = None
    wanted: str | None = None
    secret_hash: bytes | None = None


@dataclass(frozen=True, slots=True)
class Refusals:
    """What happened of one kind.

    Attributes:
        failure: The first error.
        correlation_id: Of the first request.
        first_at: When it was, Unix milliseconds UTC.
        last_at: When the last was.
        count: How many there were.
    """

    failure: Failure
    correlation_id: str
    first_at: int
    last_at: int
    count: int = 1

    def and_more(self, other: Refusals) -> Refusals:
        """These and others."""
        first = self if self.first_at <= other.first_at else other
        last_at = max(self.last_at, other.last_at)
        return replace(first, last_at=last_at, count=self.count + other.count)


class _Use(NamedTuple):
    caller: Caller
    client: str
    correlation_id: str
    at: int


class Accesses:
    """What one server process has to record of those who came, or were refused.

    Attributes:
        is_wanted: Whether anybody keeps a record.
    """

    def __init__(self, clock: Clock, *, is_wanted: bool) -> None:
        """Begin with nothing.

        Args:
            clock: Whose time counts.
            is_wanted: Whether anybody keeps a record; else nothing is gathered.
        """
        self._clock = clock
        self.is_wanted = is_wanted
        self._lock = threading.Lock()
        self._used_at: dict[str, int] = {}
        self._uses: dict[str, _Use] = {}
        self._refusals: dict[str, dict[Kind, Refusals]] = {}
        self._told: set[Kind] = set()

    @property
    def has_first(self) -> bool:
        """Whether there are refusals of a kind of which none was recorded since the last whole flush."""
        with self._lock:
            return any(kind not in self._told for kinds in self._refusals.values() for kind in kinds)

    def used(self, caller: Caller, client: str, now: int) -> None:
        """Take notice that a token was used.

        Args:
            caller: Whose it is.
            client: The address that it came from.
            now: When, Unix milliseconds UTC.
        """
        token_id = caller.token_id
        if not self.is_wanted or token_id is None:
            return
        used_at = self._used_at.get(token_id)
        if used_at is None or not 0 <= now - used_at < USE_EVERY_MS:
            self._used_at[token_id] = now
            self._uses[token_id] = _Use(caller, client, correlation_id(), now)

    def unauthenticated(self, client: str, secret_hash: bytes | None) -> None:
        """Take notice of somebody without a valid token.

        Args:
            client: The address.
            secret_hash: Of the token that was sent; None: there was none.
        """
        self._refuse(Kind(AUTHENTICATE, client=client, secret_hash=secret_hash), UnauthenticatedError())

    def unauthorised(self, caller: Caller, scope: Scope, wanted: str) -> None:
        """Take notice of a token that lacks a scope; see `Caller.on_refusal`."""
        kind = Kind(AUTHORISE, caller.name, caller.token_id, reason=f"{scope} is missing", wanted=wanted or None)
        self._refuse(kind, ForbiddenError(f"This needs a token with the scope {scope}."))

    def foreign(self, client: str, error: ForbiddenError) -> None:
        """Take notice of a request for another host, or from another origin's page."""
        self._refuse(Kind(ORIGIN, client=client), error)

    async def flush(self, database: Database, interruption: Interruption, *, first_only: bool = False) -> None:
        """Record what was gathered, in one transaction.

        Args:
            database: Where to.
            interruption: How long it may wait for the store.
            first_only: Record only refusals of kinds of which none was recorded since this was last done without.

        Raises:
            SyntheticError: The store cannot be written; it is kept for the next time.
        """
        with self._lock:
            uses, self._uses = self._uses, {}
            refusals = self._taken(first_only=first_only)
        if not uses and not refusals:
            return
        recorder = database.recorder

        def record(tx: Transaction) -> None:
            refused = (_refused(tx, kinds) for kinds in refusals.values())
            for operation in (*map(_use_of, uses.values()), *chain.from_iterable(refused)):
                recorder.record(tx, operation)

        try:
            await database.write(record, interruption=interruption, origin=Origin(ACTOR, is_upkeep=True))
        except (SyntheticError, asyncio.CancelledError):
            self._keep(uses, refusals)
            raise
        except Exception as error:  # noqa: BLE001 - it is a plugin's, is logged, and would come again
            recorder.note_unrecorded(error, [*map(_use_of, uses.values()), *_unresolved(refusals)])

    def _taken(self, *, first_only: bool) -> dict[str, dict[Kind, Refusals]]:
        """Refusals that are to be recorded now, which are not kept any more."""
        if not first_only:
            taken, self._refusals = self._refusals, {}
            self._told.clear()
            return taken
        taken: dict[str, dict[Kind, Refusals]] = {}
        left: dict[str, dict[Kind, Refusals]] = {}
        for name, kinds in self._refusals.items():
            taken[name] = {kind: each for kind, each in kinds.items() if kind not in self._told}
            left[name] = {kind: each for kind, each in kinds.items() if kind in self._told}
            self._told.update(taken[name])
        self._refusals = left
        return taken

    def _refuse(self, kind: Kind, error: SyntheticError) -> None:
        if not self.is_wanted:
            return
        now = self._clock.now_ms()
        refusals = Refusals(Failure.of(error), correlation_id(), now, now)
        with self._lock:
            _add(self._refusals.setdefault(kind.name, {}), kind, refusals, GATHERED_MAX)

    def _keep(self, uses: Mapping[str, _Use], refusals: Mapping[str, Mapping[Kind, Refusals]]) -> None:
        with self._lock:
            self._uses = {**uses, **self._uses}
            for name, kinds in refusals.items():
                for kind, each in kinds.items():
                    _add(self._refusals.setdefault(name, {}), kind, each, GATHERED_MAX)


def _add(gathered: dict[Kind, Refusals], kind: Kind, refusals: Refusals, kinds_max: int) -> None:
    """Add refusals to those of their kind, or, where there are too many kinds, to those of their name."""
    if kind not in gathered and len(gathered) >= kinds_max:
        kind = Kind(kind.name)
    found = gathered.get(kind)
    gathered[kind] = refusals if found is None else found.and_more(refusals)


def _refused(tx: Transaction, refusals: Mapping[Kind, Refusals]) -> list[Operation]:
    """What is recorded of refusals: a bounded number, with the names of tokens that were expired or revoked."""
    resolved: dict[Kind, Refusals] = {}
    for kind, each in refusals.items():
        _add(resolved, _resolved(tx, kind), each, len(refusals))
    # Tokens that were valid once are named before any number of guesses.
    ordered = sorted(resolved, key=lambda kind: (kind.token_id is None, -resolved[kind].count))
    recorded: dict[Kind, Refusals] = {}
    for kind in ordered:
        _add(recorded, kind, resolved[kind], RECORDED_MAX)
    return [_refusal_of(kind, each) for kind, each in recorded.items()]


def _resolved(tx: Transaction, kind: Kind) -> Kind:
    if kind.secret_hash is None:
        return kind
    token: Token | None = find_token(tx, kind.secret_hash)
    if token is None:
        return kind._replace(secret_hash=None, reason="unknown token")
    reason = "revoked" if token.revoked_at is not None else "expired"
    return kind._replace(secret_hash=None, actor=token.name, token_id=token.id, reason=reason)


def _unresolved(refusals: Mapping[str, Mapping[Kind, Refusals]]) -> Iterable[Operation]:
    return (_refusal_of(kind, each) for kinds in refusals.values() for kind, each in kinds.items())


def _use_of(use: _Use) -> Operation:
    return Operation(
        name=USE,
        kind=OperationKind.ACCESS,
        actor=use.caller.name,
        entity_type=TOKEN,
        entity_id=use.caller.token_id,
        details={"client": use.client},
        correlation_id=use.correlation_id,
        occurred_at=use.at,
    )


def _refusal_of(kind: Kind, refusals: Refusals) -> Operation:
    known = {"client": kind.client, "reason": kind.reason, "wanted": kind.wanted}
    return Operation(
        name=kind.name,
        kind=OperationKind.ACCESS,
        actor=kind.actor,
        entity_type=None if kind.token_id is None else TOKEN,
        entity_id=kind.token_id,
        outcome=refusals.failure.outcome,
        code=refusals.failure.code,
        message=refusals.failure.message,
        details={
            **{name: value for name, value in known.items() if value is not None},
            "count": refusals.count,
            "firstAt": iso_from_ms(refusals.first_at),
        },
        correlation_id=refusals.correlation_id,
        occurred_at=refusals.last_at,
    )

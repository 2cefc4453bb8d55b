"""`extensions.atLeast`: a request that waits until what it reads has come as far as its sender has seen.

The tables of a store are never behind its log. What consumers derive from the
log is, by a little; which of it a document reads is known from its fields.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

from graphql import FieldNode, GraphQLSchema, TypeInfo, TypeInfoVisitor, Visitor, visit

from synthetic.clock import Clock
from synthetic.database.database import Database
from synthetic.database.snapshot import Snapshot
from synthetic.errors import BadUserInputError
from synthetic.graphql.checked_document import Prepared
from synthetic.graphql.runs import READS
from synthetic.log.errors import PositionNotReachedError, ResyncRequiredError
from synthetic.log.positions import Position, read_ends

LOOK_SECONDS = 0.01
"""Pause before the second look: consumers say how far they are in the store alone."""

LOOK_SECONDS_MAX = 0.1
"""The pause grows up to this, so that many who wait do not keep the readers busy."""

RETRY_AFTER_MS = 1_000

HasReached = Callable[[Snapshot, str, int], bool]
"""Whether a consumer has come as far as a position."""


def at_least_of(extensions: Mapping[str, Any]) -> Position | None:
    """The position that a request names.

    Raises:
        BadUserInputError: It is none.
    """
    given = extensions.get("atLeast")
    if given is None:
        return None
    try:
        return Position.parse(given)
    except BadUserInputError as error:
        raise BadUserInputError(f"`extensions.atLeast`: {error.message}", details={"field": "atLeast"}) from None


class Freshness:
    """Waits for positions."""

    def __init__(
        self, schema: GraphQLSchema, database: Database, clock: Clock, wait_ms: int, has_reached: HasReached
    ) -> None:
        """Make it.

        Args:
            schema: Whose fields say what they read.
            database: To look into.
            clock: For the deadline.
            wait_ms: How long a request waits at most.
            has_reached: How far consumers are.
        """
        self._schema = schema
        self._database = database
        self._clock = clock
        self._wait_ms = wait_ms
        self._has_reached = has_reached

    async def wait(self, prepared: Prepared, position: Position) -> None:
        """Wait until all that a document reads has come to a position.

        Raises:
            ResyncRequiredError: It is of another epoch.
            PositionNotReachedError: It has not, in the time that there is.
        """
        consumers = self._consumers(prepared)
        deadline = self._clock.monotonic() + self._wait_ms / 1000
        pause = LOOK_SECONDS
        while late := await self._database.read(self._find_late, consumers, position):
            if self._clock.monotonic() >= deadline:
                raise PositionNotReachedError(
                    f"{late} has not come as far as `extensions.atLeast` asks.",
                    retry_after_ms=RETRY_AFTER_MS,
                    details={"atLeast": str(position), "module": late},
                )
            await asyncio.sleep(pause)
            pause = min(LOOK_SECONDS_MAX, pause * 1.5)

    def _find_late(self, snapshot: Snapshot, consumers: frozenset[str], position: Position) -> str | None:
        ends = read_ends(snapshot)
        if position.epoch != ends.epoch:
            raise ResyncRequiredError(
                "`extensions.atLeast` is of another history of this store: it was restored or recovered.",
                details={"reason": "EPOCH", "position": str(ends.position)},
            )
        if position.number > ends.head:
            return "The log"
        return next((name for name in consumers if not self._has_reached(snapshot, name, position.number)), None)

    def _consumers(self, prepared: Prepared) -> frozenset[str]:
        found: set[str] = set()
        type_info = TypeInfo(self._schema)

        class Collector(Visitor):
            """Notes what each field reads."""

            def enter_field(self, *_: FieldNode) -> None:
                field = type_info.get_field_def()
                definition = None if field is None else field.extensions.get("strawberry-definition")
                found.update(getattr(definition, "metadata", {}).get(READS, ()))

        visit(prepared.document, TypeInfoVisitor(type_info, Collector()))
        return frozenset(found)

"""`Audiences`: the audiences of one server process, and the answers that they share."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from typing import Any

from synthetic.errors import SyntheticError
from synthetic.graphql.answers import Answer, AnswerRenderer, GraphQLRequest
from synthetic.graphql.audience import Audience
from synthetic.graphql.batches import Batches
from synthetic.graphql.checked_document import Prepared
from synthetic.graphql.membership import Interest, Member, Write
from synthetic.graphql.shared_answers import KEPT_SECONDS, Happened, SharedAnswers
from synthetic.log.hub import Hub
from synthetic.log.positions import Position
from synthetic.security.gate import Caller

ExecuteEvents = Callable[[Prepared, GraphQLRequest, Caller, str, Sequence[Any]], Coroutine[Any, Any, list[Answer]]]
"""Executes a document for several things that happened, on one snapshot; their answers, in order."""

OpenSource = Callable[[Interest, Position], Awaitable[Batches]]


class Audiences:
    """Brings those together who subscribed to the same.

    Attributes:
        open_source: Opens the source of an interest again, for who goes on from a position.
    """

    def __init__(self, hub: Hub, render: AnswerRenderer, execute: ExecuteEvents, open_source: OpenSource) -> None:
        """Make it.

        Args:
            hub: Counts subscribers.
            render: Makes answers of errors.
            execute: Runs a document.
            open_source: See the attributes.
        """
        self._hub = hub
        self._render = render
        self._execute = execute
        self.open_source = open_source
        self._open: dict[object, Audience] = {}
        self._shared = SharedAnswers()
        self._remembering: set[Audience] = set()
        self._sweeping: asyncio.TimerHandle | None = None

    def begin(self, interest: Interest, source: Batches, member: Member, write: Write) -> None:
        """Serve a member from its beginning."""
        Audience(interest, source, member, write, self)

    async def answer(self, interest: Interest, happened: Sequence[Happened]) -> list[Answer]:
        """The answers to what has happened, executed once for all who want them at about the same time."""

        def make(roots: Sequence[Any]) -> Coroutine[Any, Any, list[Answer]]:
            return self._execute(interest.prepared, interest.request, interest.caller, interest.correlation_id, roots)

        if interest.key is None:
            return await make([each.root for each in happened])
        return await self._shared.get(interest.key, happened, make)

    def refuse(self, error: SyntheticError, correlation_id: str) -> Answer:
        """The answer for an error."""
        return self._render.error(error, correlation_id)

    def meet(self, audience: Audience, member: Member, position: Position) -> bool:
        """Bring a member that has all up to a position to those who want the same.

        Returns:
            Whether it has been taken in by them. If not, its own audience is
            open now where none was, and stays closed where the other one does
            not reach back so far.
        """
        key = audience.interest.key
        other = self._open.get(key)
        if other is None:
            self._open[key] = audience
            audience.open(position)
            return False
        return other.join(member, position)

    def follow_alone(self, audience: Audience, member: Member, resume: Position) -> None:
        """Let a member go on from a position in an audience of its own."""
        Audience(audience.interest, resume, member, audience.write, self)

    def close(self, audience: Audience) -> None:
        """Take nobody in any more."""
        self._remembering.discard(audience)
        if self._open.get(audience.interest.key) is audience:
            del self._open[audience.interest.key]

    def count(self, members: int) -> None:
        """So many more members, or fewer, have no follower of their own."""
        self._hub.sharing += members

    def remember(self, audience: Audience) -> None:
        """Have it forget what it keeps, in a moment."""
        self._remembering.add(audience)
        if self._sweeping is None:
            loop = asyncio.get_running_loop()
            self._sweeping = loop.call_later(KEPT_SECONDS, self._sweep, loop)

    def _sweep(self, loop: asyncio.AbstractEventLoop) -> None:
        before = loop.time() - KEPT_SECONDS
        self._remembering = {audience for audience in self._remembering if audience.forget(before)}
        self._sweeping = loop.call_later(KEPT_SECONDS, self._sweep, loop) if self._remembering else None

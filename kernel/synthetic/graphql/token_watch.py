"""Connections that stay open end when their token is revoked or expires."""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from typing import Protocol

from synthetic.errors import InternalError, SyntheticError
from synthetic.logs import logger_for
from synthetic.security.gate import Caller, Gate

WATCH_SECONDS = 1.0
"""How often the tokens of open connections are asked for; so long, and about as long as an answer is believed
(`synthetic.security.gate`), a connection may outlive its token."""

log = logger_for(__name__)


class Guest(Protocol):
    """A connection that stays open."""

    @property
    def caller(self) -> Caller | None:
        """Who was let in; None while nobody was."""
        ...

    def turn_out(self, error: SyntheticError | None) -> None:
        """End it: its token is no longer valid or, with an error, that cannot be found out."""
        ...


class TokenWatch:
    """Turns out the connections whose token has ended, for as long as there are any."""

    def __init__(self, gate: Gate, guests: Collection[Guest]) -> None:
        """Make it.

        Args:
            gate: Knows the tokens.
            guests: The open connections, as they come and go.
        """
        self._gate = gate
        self._guests = guests
        self._watching: asyncio.Task[None] | None = None

    def begin(self) -> None:
        """A connection has been opened."""
        if self._watching is None:
            self._watching = asyncio.create_task(self._watch())

    def end(self) -> None:
        """A connection has ended; with the last one the watch does."""
        if not self._guests and self._watching is not None:
            self._watching.cancel()
            self._watching = None

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(WATCH_SECONDS)
            callers = {caller.token_id: caller for guest in self._guests if (caller := guest.caller) is not None}
            for caller in callers.values():
                await self._judge(caller)

    async def _judge(self, caller: Caller) -> None:
        error: SyntheticError | None = None
        try:
            if await self._gate.still_valid(caller):
                return
        except SyntheticError as caught:
            if caught.recoverable:
                # A store that is busy for a moment is no reason to make everybody connect again at once.
                log.warning("token of open connections not checked", caller=caller.name, code=caught.code)
                return
            error = caught
        except Exception:
            log.exception("token of open connections not checked", caller=caller.name)
            error = InternalError()
        for guest in tuple(self._guests):
            if guest.caller is not None and guest.caller.token_id == caller.token_id:
                guest.turn_out(error)

"""`Origin`: on whose behalf a write is done; every event of the write carries it."""

from __future__ import annotations

from dataclasses import dataclass, field

from synthetic.clock import new_id

PROGRAM = "program"
"""The actor of a write that nobody is named for: a program that embeds the store."""


@dataclass(frozen=True, slots=True)
class Origin:
    """Who writes, and under which request.

    Attributes:
        actor: The name of a token, `service:PLUGIN.NAME`, `command:NAME`, or what a program that embeds a store says.
        correlation_id: The same for all that one request or step causes.
        causation_id: Id of the event that this is a reaction to, if it is one.
        is_upkeep: Whether it goes on where the store's room is used up: it frees room, or the store's own work
            depends on it.
        token_id: Id of the token in whose name it is done, if it is one's.
    """

    actor: str
    correlation_id: str = field(default_factory=new_id)
    causation_id: str | None = None
    is_upkeep: bool = False
    token_id: str | None = None

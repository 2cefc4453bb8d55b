"""What an audience and its members know of each other."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from synthetic.graphql.answers import Answer, GraphQLRequest
from synthetic.graphql.checked_document import Prepared
from synthetic.graphql.published import Published
from synthetic.security.gate import Caller

if TYPE_CHECKING:
    from synthetic.graphql.audience import Audience

Write = Callable[[Answer, str], Awaitable[tuple[Answer, bytes]]]
"""Makes the bytes of an answer; gives another answer with them where that cannot be sent."""


class Member(Protocol):
    """One subscription of one client.

    Attributes:
        audience: Where it is a member now; None where it is in none.
    """

    audience: Audience | None

    def take(self, published: Published) -> bool:
        """Leave an answer to be sent; False where there is no room for it."""
        ...

    async def has_changed(self) -> None:
        """Wait until there may be room."""
        ...

    async def handed_over(self) -> None:
        """Wait until all that it has taken is with the connection."""
        ...

    def finish(self, published: Published | None) -> None:
        """Nothing more comes: it is complete, or was ended by this answer, which was not executed."""
        ...


@dataclass(frozen=True, slots=True)
class Interest:
    """What somebody subscribed to.

    Attributes:
        prepared: The document.
        request: Its variables.
        caller: Who asks.
        correlation_id: For errors and the log.
        key: The same for all who are to be given the same; None where it must not be shared.
        is_latest: Whether only the newest matters: then nothing is taken from the source while a member is behind.
    """

    prepared: Prepared
    request: GraphQLRequest
    caller: Caller
    correlation_id: str
    key: object | None
    is_latest: bool

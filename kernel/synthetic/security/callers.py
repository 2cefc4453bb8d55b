"""Who asks, and what they may: a caller and the scopes of its token."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum

from synthetic.errors import ForbiddenError


class Scope(StrEnum):
    """What a token allows; `admin` implies `write`, and `write` implies `read`."""

    READ = "read"
    WRITE = "write"
    ADMIN = "admin"


IMPLIED = {
    Scope.READ: frozenset({Scope.READ}),
    Scope.WRITE: frozenset({Scope.READ, Scope.WRITE}),
    Scope.ADMIN: frozenset(Scope),
}


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks.

    Attributes:
        name: The token's name.
        token_id: The token's id; None without authentication.
        scopes: What it allows, implied scopes included.
        on_refusal: Told of what is refused: who asks, the scope that is missing, and what it was needed for.
    """

    name: str
    token_id: str | None
    scopes: frozenset[Scope]
    on_refusal: Callable[[Caller, Scope, str], None] | None = field(default=None, compare=False, repr=False)

    def has(self, scope: Scope) -> bool:
        """Whether the scope is allowed."""
        return scope in self.scopes

    def require(self, scope: Scope, wanted: str = "") -> None:
        """Refuse what the scope is needed for.

        Args:
            scope: What the token must have.
            wanted: What it is needed for, such as a field of GraphQL or a path; nothing that a client makes up.

        Raises:
            ForbiddenError: The token does not have it.
        """
        if scope not in self.scopes:
            if self.on_refusal is not None:
                self.on_refusal(self, scope, wanted)
            raise ForbiddenError(f"This needs a token with the scope {scope}.", details={"scope": str(scope)})


STRANGER = Caller("stranger", None, frozenset())
"""Whoever asks for what needs no token: nothing is known of them, and they may do nothing else."""

ANONYMOUS = Caller("anonymous", None, IMPLIED[Scope.ADMIN])
"""Everybody, where the server runs without authentication."""

"""`viewer`: who asks, so that a program knows beforehand what its token allows."""

# Annotations are left as they are: Strawberry takes far longer to read them as text, at every start.

import strawberry

from synthetic.database.snapshot import Snapshot
from synthetic.graphql.enums import describe_enum
from synthetic.graphql.fields import query
from synthetic.graphql.scalars import DateTime
from synthetic.security.callers import Caller, Scope
from synthetic.security.tokens import find_token_by_id

describe_enum(
    Scope,
    "What a token allows.",
    {
        Scope.READ: "To query and to subscribe.",
        Scope.WRITE: "To read, and to change what agents and workers change.",
        Scope.ADMIN: "To do all: also to decide approvals, to run retention and to make backups.",
    },
    name="TokenScope",
)


@strawberry.type(description="Who asks, and what they may.")
class Viewer:
    """Answer of `viewer`."""

    name: str = strawberry.field(description="Name of the token; `anonymous` where none is needed.")
    scopes: list[Scope] = strawberry.field(description="What it allows, with what that implies.")
    expires_at: DateTime | None = strawberry.field(description="When it ends; null: it does not.")


@query
def viewer(snapshot: Snapshot, caller: Caller) -> Viewer:
    """Whoever asks, by their token: what it allows, and until when."""
    token = None if caller.token_id is None else find_token_by_id(snapshot, caller.token_id)
    expires_at = None if token is None or token.expires_at is None else DateTime(token.expires_at)
    return Viewer(name=caller.name, scopes=[scope for scope in Scope if caller.has(scope)], expires_at=expires_at)

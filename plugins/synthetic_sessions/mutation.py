"""Root mutation fields of sessions."""

# Annotations are left as they are: Strawberry takes far longer to read them as text, at every start.

import strawberry

from synthetic import Transaction, mutation
from synthetic_sessions import store
from synthetic_sessions.inputs import SaveSessionInput
from synthetic_sessions.types import Session


@strawberry.type(description="What `saveSession` came to.")
class SaveSessionPayload:
    """The payload of `saveSession`."""

    session: Session = strawberry.field(description="The session as it is stored now.")
    created: bool = strawberry.field(description="Whether it was not there before.")
    changed: bool = strawberry.field(description="Whether anything was written; false when it was there as sent.")


@mutation
def save_session(tx: Transaction, input: SaveSessionInput) -> SaveSessionPayload:
    """Store a session, or change one; what is there already as sent is returned as it is."""
    saved = store.save_session(tx, input.content(), session_id=input.id, if_version=input.if_version)
    return SaveSessionPayload(session=Session.of(saved.session), created=saved.created, changed=saved.changed)

"""Root mutation fields of sessions."""

# Annotations are left as they are: Strawberry takes far longer to read them as text, at every start.

import strawberry

from synthetic import CoalescingStore, Transaction, mutation
from synthetic_sessions import store as session_store
from synthetic_sessions.inputs import SaveSessionInput, TouchSessionInput
from synthetic_sessions.types import Session


@strawberry.type(description="What `saveSession` came to.")
class SaveSessionPayload:
    """The payload of `saveSession`."""

    session: Session = strawberry.field(description="The session as it is stored now.")
    created: bool = strawberry.field(description="Whether it was not there before.")
    changed: bool = strawberry.field(description="Whether anything was written; false when it was there as sent.")


@strawberry.type(description="What `touchSession` came to.")
class TouchSessionPayload:
    """The payload of `touchSession`."""

    session: Session = strawberry.field(description="The session, with this touch.")
    durable: bool = strawberry.field(
        description="Whether the touch is on the disk. Where the session was touched a moment ago it will be within "
        "`kernel.database.coalesce_ms`, with those that follow."
    )


@mutation(entity="session")
def save_session(tx: Transaction, input: SaveSessionInput) -> SaveSessionPayload:
    """Store a session, or change one; what is there already as sent is returned as it is."""
    saved = session_store.save_session(tx, input.content(), session_id=input.id, if_version=input.if_version)
    return SaveSessionPayload(session=Session.of(saved.session), created=saved.created, changed=saved.changed)


@mutation(recorded=False)
def touch_session(store: CoalescingStore, input: TouchSessionInput) -> TouchSessionPayload:
    """Say that a session is active now; it may be said as often as one likes, since touches are coalesced."""
    touched = session_store.touch_session(store, input.id)
    return TouchSessionPayload(session=Session.of(touched.record), durable=touched.durable)

"""Root mutation fields of session contexts."""

# Annotations are left as they are: Strawberry takes far longer to read them as text, at every start.

import strawberry

from synthetic import BlockingStore, CoalescingStore, Transaction, mutation
from synthetic_sessions import store as session_store
from synthetic_sessions.context_inputs import (
    DeleteSessionContextInput,
    SaveSessionContextInput,
    TouchSessionContextInput,
)
from synthetic_sessions.context_types import SessionContext


@strawberry.type(description="What `saveSessionContext` came to.")
class SaveSessionContextPayload:
    """The payload of `saveSessionContext`."""

    context: SessionContext = strawberry.field(description="The session context as it is stored now.")
    created: bool = strawberry.field(description="Whether it was not there before.")
    changed: bool = strawberry.field(description="Whether anything was written; false when it was there as sent.")


@strawberry.type(description="What `touchSessionContext` came to.")
class TouchSessionContextPayload:
    """The payload of `touchSessionContext`."""

    context: SessionContext = strawberry.field(description="The session context, with this touch.")
    durable: bool = strawberry.field(
        description="Whether the touch is on the disk. Where it was touched a moment ago it will be within "
        "`kernel.database.coalesce_ms`, with those that follow."
    )


@strawberry.type(description="What `deleteSessionContext` removed.")
class DeleteSessionContextPayload:
    """The payload of `deleteSessionContext`."""

    context: SessionContext = strawberry.field(description="The session context as it was.")


@mutation(entity="session_context")
def save_session_context(tx: Transaction, input: SaveSessionContextInput) -> SaveSessionContextPayload:
    """Store a session context, or change one; what is there already as sent is returned as it is."""
    saved = session_store.save_context(tx, input.content(), context_id=input.id, if_version=input.if_version)
    return SaveSessionContextPayload(
        context=SessionContext.of(saved.context), created=saved.created, changed=saved.changed
    )


@mutation(recorded=False)
def touch_session_context(store: CoalescingStore, input: TouchSessionContextInput) -> TouchSessionContextPayload:
    """Say that a session context is used now, so that it is kept for longer; touches are coalesced."""
    touched = session_store.touch_context(store, input.id)
    return TouchSessionContextPayload(context=SessionContext.of(touched.record), durable=touched.durable)


@mutation(entity="session_context")
def delete_session_context(store: BlockingStore, input: DeleteSessionContextInput) -> DeleteSessionContextPayload:
    """Delete a session context, and what belongs to it in the tables of other plugins."""
    deleted = session_store.delete_context(store, input.id)
    return DeleteSessionContextPayload(context=SessionContext.of(deleted))

"""Root mutation fields of thread sessions."""

# Annotations are left as they are: Strawberry takes far longer to read them as text, at every start.

import strawberry

from synthetic import BlockingStore, CoalescingStore, Transaction, mutation
from synthetic_sessions import store as session_store
from synthetic_sessions.thread_inputs import (
    DeleteThreadSessionInput,
    SaveThreadSessionInput,
    TouchThreadSessionInput,
)
from synthetic_sessions.thread_types import ThreadSession


@strawberry.type(description="What `saveThreadSession` came to.")
class SaveThreadSessionPayload:
    """The payload of `saveThreadSession`."""

    thread: ThreadSession = strawberry.field(description="The thread session as it is stored now.")
    created: bool = strawberry.field(description="Whether it was not there before.")
    changed: bool = strawberry.field(description="Whether anything was written; false when it was there as sent.")


@strawberry.type(description="What `touchThreadSession` came to.")
class TouchThreadSessionPayload:
    """The payload of `touchThreadSession`."""

    thread: ThreadSession = strawberry.field(description="The thread session, with this touch.")
    durable: bool = strawberry.field(
        description="Whether the touch is on the disk. Where it was touched a moment ago it will be within "
        "`kernel.database.coalesce_ms`, with those that follow."
    )


@strawberry.type(description="What `deleteThreadSession` removed.")
class DeleteThreadSessionPayload:
    """The payload of `deleteThreadSession`."""

    thread: ThreadSession = strawberry.field(description="The thread session as it was.")


@mutation(entity="thread_session")
def save_thread_session(tx: Transaction, input: SaveThreadSessionInput) -> SaveThreadSessionPayload:
    """Give a thread of a channel the session that answers in it; what is there already as sent is returned as it is."""
    saved = session_store.save_thread(tx, input.channel, input.thread_ts, input.content(), if_version=input.if_version)
    return SaveThreadSessionPayload(thread=ThreadSession.of(saved.thread), created=saved.created, changed=saved.changed)


@mutation(recorded=False)
def touch_thread_session(store: CoalescingStore, input: TouchThreadSessionInput) -> TouchThreadSessionPayload:
    """Say that a message has come in a thread now, so that it is kept for longer; touches are coalesced."""
    touched = session_store.touch_thread(store, input.channel, input.thread_ts)
    return TouchThreadSessionPayload(thread=ThreadSession.of(touched.record), durable=touched.durable)


@mutation(entity="thread_session")
def delete_thread_session(store: BlockingStore, input: DeleteThreadSessionInput) -> DeleteThreadSessionPayload:
    """Forget which session answers in a thread; the session itself stays."""
    deleted = session_store.delete_thread(store, input.channel, input.thread_ts)
    return DeleteThreadSessionPayload(thread=ThreadSession.of(deleted))

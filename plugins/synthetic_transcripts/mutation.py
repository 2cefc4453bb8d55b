"""Root mutation fields of transcripts."""

# Annotations are left as they are: Strawberry takes far longer to read them as text, at every start.

import strawberry

from synthetic import Transaction, bad_input, mutation
from synthetic_sessions.store import record_activity
from synthetic_transcripts import store
from synthetic_transcripts.inputs import AppendMessagesInput
from synthetic_transcripts.settings import TranscriptSettings
from synthetic_transcripts.types import Transcript


@strawberry.type(description="What `appendMessages` came to.")
class AppendMessagesPayload:
    """The payload of `appendMessages`."""

    transcript: Transcript = strawberry.field(description="The transcript as it is now.")
    first_seq: int | None = strawberry.field(
        description="Seq of the first message that was appended; null when the transcript had them all."
    )
    last_seq: int | None = strawberry.field(description="Seq of the last message that was appended.")
    appended: int = strawberry.field(description="How many messages were appended.")
    duplicates: int = strawberry.field(
        description="How many were passed over: the transcript had their sourceId, or it stood twice in the input."
    )


@mutation(recorded=False)
def append_messages(tx: Transaction, input: AppendMessagesInput) -> AppendMessagesPayload:
    """Append messages to a transcript, which is made if it is not there; sending them again changes nothing.

    The session's last activity moves to the time of the last message, or to
    now where the messages do not say, or say a time to come.
    """
    most = tx.settings(TranscriptSettings).batch_messages
    if len(input.messages) > most:
        raise bad_input("messages", f"must hold at most {most} messages", action="Send them in several batches.")
    messages = [message.message() for message in input.messages]
    store.ensure_transcript(tx, input.transcript())
    done = store.append_messages(tx, input.transcript_id, messages)
    if done.appended:
        instants = [message.occurred_at for message in messages if message.occurred_at is not None]
        record_activity(tx, input.session_id, min(max(instants, default=tx.now), tx.now))
    return AppendMessagesPayload(
        transcript=Transcript.of(store.get_transcript(tx, input.transcript_id)),
        first_seq=done.first_seq,
        last_seq=done.last_seq,
        appended=done.appended,
        duplicates=done.duplicates,
    )

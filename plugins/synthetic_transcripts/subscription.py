"""Root subscription fields: `transcriptMessages`."""

# Annotations are left as they are: Strawberry takes far longer to read them as text, at every start.

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from typing import Annotated, Any

import strawberry

from synthetic import AfterPosition, Live, Position, Snapshot, batched, subscription
from synthetic_transcripts import store
from synthetic_transcripts.errors import TranscriptDamagedError
from synthetic_transcripts.events import MESSAGES_APPENDED, TRANSCRIPT_DELETED
from synthetic_transcripts.message_types import TranscriptMessage
from synthetic_transcripts.model import Transcript
from synthetic_transcripts.store.message_pages import row_of

TranscriptId = Annotated[strawberry.ID, strawberry.argument(description="Id of the transcript.")]


@strawberry.type(description="Messages that were appended to a transcript at once.")
class TranscriptMessagesUpdate:
    """What one `transcript.messages_appended` tells; the messages are read when they are selected."""

    position: Position = strawberry.field(description="Where to go on from, for whoever has seen these messages.")
    transcript_id: strawberry.ID = strawberry.field(description="Id of the transcript.")
    first_seq: int = strawberry.field(description="Seq of the first one.")
    last_seq: int = strawberry.field(description="Seq of the last one.")

    @batched(needs=("transcript_id", "first_seq", "last_seq"))
    @staticmethod
    def messages(
        snapshot: Snapshot, parents: "Sequence[TranscriptMessagesUpdate]"
    ) -> list[list[TranscriptMessage] | None]:
        """The messages, in the order of seq; none when the transcript was deleted just now.

        Null, with an error, when they cannot be read; what comes after them is delivered all the same.
        """
        transcripts = store.find_transcripts(snapshot, [parent.transcript_id for parent in parents])
        return [_read(snapshot, *each) for each in zip(parents, transcripts, strict=True)]


def _read(snapshot: Snapshot, update: TranscriptMessagesUpdate, transcript: Transcript | None) -> Any:
    """The messages of an update; the error where they cannot be read, which is then that update's alone."""
    if transcript is None:
        return []
    size = update.last_seq - update.first_seq + 1
    try:
        found = store.read_messages(snapshot, transcript, after_seq=update.first_seq - 1, first=size)
    except TranscriptDamagedError as error:
        return error
    return [TranscriptMessage.of(row_of(message, transcript.id)) for message in found.messages]


@subscription
async def transcript_messages(
    live: Live, transcript_id: TranscriptId, after: AfterPosition = None
) -> AsyncGenerator[TranscriptMessagesUpdate]:
    """Messages as they are appended to a transcript, each once and in order, until the transcript is deleted."""
    begin = await live.read(_begin, transcript_id)
    types = (MESSAGES_APPENDED, TRANSCRIPT_DELETED)
    async with aclosing(live.follow(after, types, entity_id=transcript_id, begin=begin)) as events:
        async for event in events:
            if event.type == TRANSCRIPT_DELETED.name:
                return
            payload = event.data()
            if await live.read(_has, transcript_id, payload["lastSeq"]):
                yield TranscriptMessagesUpdate(
                    position=live.at(event),
                    transcript_id=transcript_id,
                    first_seq=payload["firstSeq"],
                    last_seq=payload["lastSeq"],
                )


def _begin(snapshot: Snapshot, transcript_id: str) -> Position:
    """Where to follow a transcript from that is there now: so its deletion cannot be missed.

    Raises:
        NotFoundError: There is no such transcript.
    """
    store.get_transcript(snapshot, transcript_id)
    return snapshot.position()


def _has(snapshot: Snapshot, transcript_id: str, seq: int) -> bool:
    """Whether a message is there still: the transcript may have been deleted since it was appended."""
    transcript = store.find_transcript(snapshot, transcript_id)
    return transcript is not None and transcript.message_count >= seq

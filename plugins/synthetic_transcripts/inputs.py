"""What clients send in: the input of `appendMessages`, and the filter of `transcripts`."""

# Annotations are left as they are: Strawberry takes far longer to read them as text, at every start.

from typing import Any, cast

import strawberry

from synthetic import JSON, DateTime, Long
from synthetic_transcripts.enums import MessageKind, MessageRole
from synthetic_transcripts.model import Criteria, NewMessage, NewTranscript, Usage


@strawberry.input(description="Tokens that a response has cost so far.")
class TokenUsageInput:
    """Part of `NewMessageInput`."""

    input_tokens: Long = strawberry.field(default=Long(0), description="Tokens that the model read.")
    output_tokens: Long = strawberry.field(default=Long(0), description="Tokens that it wrote.")
    cache_read_tokens: Long = strawberry.field(default=Long(0), description="Tokens that it read from a cache.")
    cache_write_tokens: Long = strawberry.field(default=Long(0), description="Tokens that were put into a cache.")

    def usage(self) -> Usage:
        """The record of it."""
        return Usage(self.input_tokens, self.output_tokens, self.cache_read_tokens, self.cache_write_tokens)


@strawberry.input(description="A message to append. Its content is `text` or `blocks`, not both.")
class NewMessageInput:
    """Part of `AppendMessagesInput`."""

    source_id: str = strawberry.field(
        description="The sender's id of the message, 1 to 512 characters. "
        "A message whose sourceId the transcript has already changes nothing, whatever else it says."
    )
    role: MessageRole = strawberry.field(description="Who speaks.")
    kind: MessageKind = strawberry.field(description="What it is.")
    text: str | None = strawberry.field(default=None, description="Its content, where that is plain text.")
    blocks: JSON | None = strawberry.field(
        default=None, description="Its content, where that is a list of blocks (JSON); kept as it came."
    )
    tool_call_count: int | None = strawberry.field(
        default=None, description="How many tool calls it makes. Left out: 1 for a TOOL_CALL, otherwise none."
    )
    model: str | None = strawberry.field(default=None, description="The model that spoke.")
    usage: TokenUsageInput | None = strawberry.field(
        default=None, description="What the response that the message is of has cost so far."
    )
    usage_id: str | None = strawberry.field(
        default=None,
        description="The response that `usage` is of. Its usage counts once, by its last message; "
        "without an id, every message counts.",
    )
    parent_source_id: str | None = strawberry.field(
        default=None, description="The sourceId of the message that it answers."
    )
    occurred_at: DateTime | None = strawberry.field(default=None, description="When it was written.")
    metadata: JSON | None = strawberry.field(
        default=None,
        description="What else came with it: a JSON object. `startedSessionId` in it is for `startedSession`.",
    )

    def message(self) -> NewMessage:
        """The record of it; what is not acceptable is refused when it is appended."""
        calls = self.tool_call_count
        return NewMessage(
            source_id=self.source_id,
            role=self.role,
            kind=self.kind,
            text=self.text,
            blocks=cast("list[Any] | None", self.blocks),
            tool_calls=int(self.kind == MessageKind.TOOL_CALL) if calls is None else calls,
            model=self.model,
            usage=None if self.usage is None else self.usage.usage(),
            usage_id=self.usage_id,
            parent_source_id=self.parent_source_id,
            occurred_at=self.occurred_at,
            metadata={} if self.metadata is None else cast("dict[str, Any]", self.metadata),
        )


@strawberry.input(description="Messages to append to a transcript, which is made if it is not there.")
class AppendMessagesInput:
    """The input of `appendMessages`."""

    transcript_id: strawberry.ID = strawberry.field(description="Its id: 1 to 200 printable characters.")
    session_id: strawberry.ID = strawberry.field(description="The session that it belongs to, which must be stored.")
    source: str | None = strawberry.field(
        default=None, description="Label of where it comes from. It is kept if the transcript has none yet."
    )
    title: str | None = strawberry.field(
        default=None, description="One line for a person. It is kept if the transcript has none yet."
    )
    messages: list[NewMessageInput] = strawberry.field(
        description="In order. Those that the transcript has already, by sourceId, are passed over."
    )

    def transcript(self) -> NewTranscript:
        """The transcript that must be there."""
        return NewTranscript(id=self.transcript_id, session_id=self.session_id, source=self.source, title=self.title)


@strawberry.input(description="Which transcripts are meant: all that is said here must hold.")
class TranscriptFilter:
    """The filter of `transcripts`."""

    ids: list[strawberry.ID] | None = strawberry.field(default=None, description="The id is one of these.")
    session_id: strawberry.ID | None = strawberry.field(default=None, description="It belongs to this session.")
    source: list[str] | None = strawberry.field(default=None, description="The source is one of these.")
    created_from: DateTime | None = strawberry.field(default=None, description="Stored at this instant or later.")
    created_before: DateTime | None = strawberry.field(default=None, description="Stored before this instant.")
    updated_from: DateTime | None = strawberry.field(
        default=None, description="Last appended to at this instant or later."
    )
    updated_before: DateTime | None = strawberry.field(
        default=None, description="Last appended to before this instant."
    )

    def criteria(self) -> Criteria:
        """The filter as the store understands it."""
        return Criteria(
            ids=self.ids,
            session_id=self.session_id,
            sources=self.source,
            created_from=self.created_from,
            created_before=self.created_before,
            updated_from=self.updated_from,
            updated_before=self.updated_before,
        )

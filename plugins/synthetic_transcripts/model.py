"""The records of a transcript: pure data, no SQL.

What comes in (`NewMessage`, `Usage`) are msgspec structs: immutable like frozen
dataclasses, but five times cheaper to make, which an ingest of millions notices.
They check nothing when they are made; `intake` checks a whole batch at once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, NamedTuple

import msgspec


class MessageKind(StrEnum):
    """What a message is."""

    TEXT = "TEXT"
    THINKING = "THINKING"
    TOOL_CALL = "TOOL_CALL"
    TOOL_RESULT = "TOOL_RESULT"
    SYSTEM = "SYSTEM"
    OTHER = "OTHER"


class MessageRole(StrEnum):
    """Who speaks in a message."""

    USER = "USER"
    ASSISTANT = "ASSISTANT"
    SYSTEM = "SYSTEM"
    TOOL = "TOOL"


class ContentForm(StrEnum):
    """How the content of a message came."""

    TEXT = "TEXT"
    BLOCKS = "BLOCKS"


class Usage(msgspec.Struct, frozen=True):
    """Tokens of one response of a model."""

    input_tokens: int = 0
    output_tokens: int = 0
    cache_read_tokens: int = 0
    cache_write_tokens: int = 0


class NewMessage(msgspec.Struct, frozen=True, kw_only=True):
    """A message as it is appended.

    Attributes:
        source_id: The sender's id of the message, unique in the transcript;
            appending the same one again changes nothing.
        role: Who speaks.
        kind: What it is; a message of several blocks is a tool call or a tool
            result if one of its blocks is.
        text: Its plain text when it came as plain text; None when `blocks`
            holds the content.
        blocks: Its content blocks as they came (JSON).
        tool_calls: How many tool calls it makes.
        model: The model that spoke.
        usage: What the response cost so far.
        usage_id: The response that `usage` belongs to. Messages of one
            response repeat or grow its usage: it counts once, by the last.
            None: the usage is the message's own.
        parent_source_id: The message it answers.
        occurred_at: Unix milliseconds UTC, None where the source does not say.
        metadata: What else came with it (JSON).
    """

    source_id: str
    role: MessageRole
    kind: MessageKind
    text: str | None = None
    blocks: Sequence[Any] | None = None
    tool_calls: int = 0
    model: str | None = None
    usage: Usage | None = None
    usage_id: str | None = None
    parent_source_id: str | None = None
    occurred_at: int | None = None
    metadata: Mapping[str, Any] = msgspec.field(default_factory=dict[str, Any])


@dataclass(frozen=True, slots=True, kw_only=True)
class NewTranscript:
    """A transcript as it is made.

    Attributes:
        id: The caller's id.
        session_id: The session that it belongs to, which must exist.
        source: Label of where it came from, such as the name of an importer.
        title: For people.
    """

    id: str
    session_id: str
    source: str | None = None
    title: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Criteria:
    """Which transcripts are meant. A field that is None says nothing; those that say something all hold.

    Attributes:
        ids: The id is one of these.
        session_id: It belongs to this session.
        sources: The source is one of these.
        created_from: Stored at or after, Unix milliseconds UTC.
        created_before: Stored before.
        updated_from: Last changed at or after.
        updated_before: Last changed before.
    """

    ids: Sequence[str] | None = None
    session_id: str | None = None
    sources: Sequence[str] | None = None
    created_from: int | None = None
    created_before: int | None = None
    updated_from: int | None = None
    updated_before: int | None = None


ALL_TRANSCRIPTS = Criteria()


class Appended(NamedTuple):
    """What an append did.

    Attributes:
        first_seq: Seq of the first message that was new; None when none was.
        last_seq: Seq of the last one.
        appended: How many were new.
        duplicates: How many were known already, or repeated in the batch.
    """

    first_seq: int | None
    last_seq: int | None
    appended: int
    duplicates: int


class KindCounts(NamedTuple):
    """How many messages there are of each kind, in the order of `MessageKind`."""

    text: int = 0
    thinking: int = 0
    tool_call: int = 0
    tool_result: int = 0
    system: int = 0
    other: int = 0


class ModelUsage(NamedTuple):
    """Tokens that one model's responses cost.

    Attributes:
        model: Its name; None for responses whose source did not name it.
        responses: How many responses the tokens are of.
    """

    model: str | None
    input_tokens: int
    output_tokens: int
    cache_read_tokens: int
    cache_write_tokens: int
    responses: int


class Transcript(NamedTuple):
    """A row of `transcripts`.

    Attributes:
        key: The number by which other tables name it.
        id: The id by which everybody else does.
        kind_text: How many messages of this kind it has; so with the five that follow.
        tool_call_count: Tool calls made in all messages.
        size_bytes: Bytes of content and metadata, as JSON, before compression.
        first_at: Earliest `occurred_at` of its messages, None when none has one.
        last_at: Latest `occurred_at`.
        tail_count: Messages that are not sealed yet.
        tail_bytes: Bytes of content and metadata that stand in the tail.
        appended_at: When messages were last appended, None before the first.
    """

    key: int
    id: str
    session_id: str
    source: str | None
    title: str | None
    message_count: int
    kind_text: int
    kind_thinking: int
    kind_tool_call: int
    kind_tool_result: int
    kind_system: int
    kind_other: int
    tool_call_count: int
    size_bytes: int
    first_at: int | None
    last_at: int | None
    tail_count: int
    tail_bytes: int
    appended_at: int | None
    created_at: int
    updated_at: int

    @property
    def counts(self) -> KindCounts:
        """Messages by kind."""
        return KindCounts(
            self.kind_text,
            self.kind_thinking,
            self.kind_tool_call,
            self.kind_tool_result,
            self.kind_system,
            self.kind_other,
        )


class Message(msgspec.Struct, frozen=True, gc=False):
    """A stored message.

    Attributes:
        transcript_key: Whose it is.
        seq: Its place in the transcript, from 1 without gaps.
        body: Content and metadata, one after the other, in UTF-8; None when
            they are stored apart and were not fetched.
        form: Whether the content is plain text or JSON blocks.
        content_bytes: Length of the content.
        metadata_bytes: Length of the metadata, 0 when there is none.
    """

    transcript_key: int
    seq: int
    source_id: str
    role: MessageRole
    kind: MessageKind
    form: ContentForm
    tool_calls: int
    model: str | None
    usage: Usage | None
    usage_id: str | None
    parent_source_id: str | None
    occurred_at: int | None
    content_bytes: int
    metadata_bytes: int
    body: bytes | None


class MessageText(NamedTuple):
    """A stored message as far as it says something: without ids, model and usage.

    The attributes are those of a `Message`.
    """

    transcript_key: int
    seq: int
    role: MessageRole
    kind: MessageKind
    form: ContentForm
    tool_calls: int
    occurred_at: int | None
    content_bytes: int
    metadata_bytes: int
    body: bytes | None


class MessageRow(NamedTuple):
    """A message as it is given out in pages: a row of which no object need be made.

    Attributes:
        place: Of its transcript among those that are read, or None.
        part: Tells it from other rows of the same statement.
        transcript_id: Id of its transcript.

    The others are those of a `Message`, its usage column by column.
    """

    place: int | None
    part: int
    transcript_id: str
    transcript_key: int
    seq: int
    source_id: str
    role: str
    kind: str
    form: str
    tool_calls: int
    model: str | None
    input_tokens: int | None
    output_tokens: int | None
    cache_read_tokens: int | None
    cache_write_tokens: int | None
    usage_id: str | None
    parent_source_id: str | None
    occurred_at: int | None
    content_bytes: int
    metadata_bytes: int
    body: bytes | None


@dataclass(frozen=True, slots=True)
class MessagePage:
    """Messages in the order of seq.

    Attributes:
        messages: The page.
        more: Whether more lie beyond it, in the direction in which it was read.
    """

    messages: list[Message]
    more: bool

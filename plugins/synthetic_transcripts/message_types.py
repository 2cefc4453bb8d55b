"""The GraphQL types of messages, and how a page of them is made.

A message's content is worked out only where it is selected: large contents are
then fetched for all messages of the level at once, and text is taken out of
blocks.
"""

# Annotations are left as they are: Strawberry takes far longer to read them as text, at every start.

from collections.abc import Sequence
from typing import Annotated, Self

import strawberry

from synthetic import (
    JSON,
    BadUserInputError,
    Connection,
    DateTime,
    Edge,
    LimitSettings,
    Long,
    Node,
    Order,
    RawJSON,
    Snapshot,
    Value,
    Window,
    bad_input,
    batched,
    encode_cursor,
    page_info,
    read_window,
)
from synthetic_transcripts import store
from synthetic_transcripts.content import text_of_blocks
from synthetic_transcripts.enums import MessageKind, MessageRole
from synthetic_transcripts.model import ContentForm, Message, Transcript

BY_SEQ = Order(("seq",))

Kinds = Annotated[
    list[MessageKind] | None, strawberry.argument(description="Only messages of these kinds; all without it.")
]
FromSeq = Annotated[
    int | None, strawberry.argument(description="Only messages with this seq or a higher one; the first has 1.")
]


@strawberry.type(description="Tokens of one response of a model.")
class TokenUsage:
    """What a message says that its response has cost so far."""

    input_tokens: Long = strawberry.field(description="Tokens that the model read.")
    output_tokens: Long = strawberry.field(description="Tokens that it wrote.")
    cache_read_tokens: Long = strawberry.field(description="Tokens that it read from a cache.")
    cache_write_tokens: Long = strawberry.field(description="Tokens that were put into a cache.")


@strawberry.type(description="One message of a transcript.")
class TranscriptMessage(Node):
    """A message, wherever it is stored."""

    id: strawberry.ID = strawberry.field(description="The transcript's id, a colon, and the seq.")
    transcript_id: strawberry.ID = strawberry.field(description="Id of the transcript that it is in.")
    seq: int = strawberry.field(description="Its place in the transcript, from 1 without gaps.")
    source_id: str = strawberry.field(description="The sender's id of it.")
    role: MessageRole = strawberry.field(description="Who speaks.")
    kind: MessageKind = strawberry.field(description="What it is.")
    tool_call_count: int = strawberry.field(description="How many tool calls it makes.")
    model: str | None = strawberry.field(description="The model that spoke.")
    usage: TokenUsage | None = strawberry.field(
        description="What the response that it is of had cost by then. "
        "Sums count each response once, by its last message."
    )
    usage_id: str | None = strawberry.field(description="The response that `usage` is of.")
    parent_source_id: str | None = strawberry.field(description="The sourceId of the message that it answers.")
    occurred_at: DateTime | None = strawberry.field(description="When it was written, where the source says so.")
    size_bytes: Long = strawberry.field(description="Bytes of content and metadata, as JSON.")
    record: strawberry.Private[Message]
    body: strawberry.Private[bytes | None]

    @classmethod
    def of(cls, record: Message, transcript_id: str) -> Self:
        """The object of a stored message."""
        usage = record.usage
        return cls(
            id=strawberry.ID(f"{transcript_id}:{record.seq}"),
            transcript_id=strawberry.ID(transcript_id),
            seq=record.seq,
            source_id=record.source_id,
            role=record.role,
            kind=record.kind,
            tool_call_count=record.tool_calls,
            model=record.model,
            usage=None
            if usage is None
            else TokenUsage(
                input_tokens=Long(usage.input_tokens),
                output_tokens=Long(usage.output_tokens),
                cache_read_tokens=Long(usage.cache_read_tokens),
                cache_write_tokens=Long(usage.cache_write_tokens),
            ),
            usage_id=record.usage_id,
            parent_source_id=record.parent_source_id,
            occurred_at=None if record.occurred_at is None else DateTime(record.occurred_at),
            size_bytes=Long(record.content_bytes + record.metadata_bytes),
            record=record,
            body=record.body,
        )

    @batched
    @staticmethod
    def text(snapshot: Snapshot, parents: "Sequence[TranscriptMessage]") -> list[str]:
        """Its text: as it came, or taken out of its blocks, each on a line of its own."""
        return [
            text_of_blocks(content) if parent.record.form == ContentForm.BLOCKS else content.decode()
            for parent, content in zip(parents, _contents(snapshot, parents), strict=True)
        ]

    @batched
    @staticmethod
    def blocks(snapshot: Snapshot, parents: "Sequence[TranscriptMessage]") -> list[JSON | None]:
        """Its content as blocks (JSON), as they came; null where it came as plain text."""
        return [
            JSON(RawJSON(content.decode())) if parent.record.form == ContentForm.BLOCKS else None
            for parent, content in zip(parents, _contents(snapshot, parents), strict=True)
        ]

    @batched
    @staticmethod
    def metadata(snapshot: Snapshot, parents: "Sequence[TranscriptMessage]") -> list[JSON]:
        """What else came with it: a JSON object."""
        bodies = _bodies(snapshot, parents)
        return [
            JSON(RawJSON(body[parent.record.content_bytes :].decode() or "{}"))
            for parent, body in zip(parents, bodies, strict=True)
        ]

    @batched
    @staticmethod
    def parent(snapshot: Snapshot, parents: "Sequence[TranscriptMessage]") -> "list[TranscriptMessage | None]":
        """The message that it answers; null where that is not in the transcript."""
        wanted: dict[int, set[str]] = {}
        for message in parents:
            if message.parent_source_id is not None:
                wanted.setdefault(message.record.transcript_key, set()).add(message.parent_source_id)
        seqs = {key: store.find_seqs(snapshot, key, sorted(ids)) for key, ids in wanted.items()}
        places = [
            (message.transcript_id, seqs.get(message.record.transcript_key, {}).get(message.parent_source_id or "", 0))
            for message in parents
        ]
        return _at(snapshot, places)


def page_of_messages(
    snapshot: Snapshot, transcript: Transcript, window: Window, kinds: Sequence[MessageKind] | None
) -> Connection[TranscriptMessage]:
    """A page of a transcript's messages."""
    bounds = {
        "after_seq": 0 if window.after is None else _seq(window.after, "after"),
        "before_seq": None if window.before is None else _seq(window.before, "before"),
    }
    size = {"last" if window.backward else "first": window.size}
    found = store.read_messages(snapshot, transcript, kinds=kinds, **bounds, **size)
    edges = [
        Edge(node=TranscriptMessage.of(message, transcript.id), cursor=encode_cursor(BY_SEQ, [message.seq]))
        for message in found.messages
    ]
    counts = transcript.counts._asdict()

    def count() -> int:
        return transcript.message_count if kinds is None else sum(counts[kind.lower()] for kind in set(kinds))

    return Connection(edges=edges, page_info=page_info(edges, window, more=found.more), count=count)


def window_of_messages(
    snapshot: Snapshot, first: int | None, after: str | None, last: int | None, before: str | None, from_seq: int | None
) -> Window:
    """Which messages are asked for, checked; `from_seq` is one more lower bound.

    Raises:
        BadUserInputError: An argument is not acceptable.
    """
    window = read_window(snapshot.settings(LimitSettings), BY_SEQ, first, after, last, before)
    if from_seq is None:
        return window
    if from_seq < 1:
        raise bad_input("fromSeq", "must be at least 1: the first message has 1")
    lowest = from_seq - 1 if window.after is None else max(from_seq - 1, _seq(window.after, "after"))
    return Window(size=window.size, backward=window.backward, after=[lowest], before=window.before)


def find_message_nodes(snapshot: Snapshot, ids: Sequence[str]) -> list[TranscriptMessage | None]:
    """For each id, the message or None: how `node(id:)` finds them."""
    places: list[tuple[str, int]] = []
    for id in ids:
        transcript_id, _, seq = id.rpartition(":")
        plain = seq.isascii() and seq.isdigit() and len(seq) <= 10 and not seq.startswith("0")
        places.append((transcript_id, int(seq) if plain else 0))
    return _at(snapshot, places)


def _at(snapshot: Snapshot, places: Sequence[tuple[str, int]]) -> list[TranscriptMessage | None]:
    found = store.find_messages(snapshot, places)
    return [
        None if message is None else TranscriptMessage.of(message, transcript_id)
        for (transcript_id, _), message in zip(places, found, strict=True)
    ]


def _seq(values: Sequence[Value], argument: str) -> int:
    (seq,) = values
    if not isinstance(seq, int):
        raise BadUserInputError(f"`{argument}` is not a cursor of this list.", details={"field": argument})
    return seq


def _bodies(snapshot: Snapshot, messages: Sequence[TranscriptMessage]) -> list[bytes]:
    """The bodies of messages, fetched where they are stored apart, once for all fields that need them."""
    bodies = store.load_bodies(snapshot, [message.record for message in messages if message.body is None])
    for message, body in zip([message for message in messages if message.body is None], bodies, strict=True):
        message.body = body
    return [message.body or b"" for message in messages]


def _contents(snapshot: Snapshot, messages: Sequence[TranscriptMessage]) -> list[bytes]:
    bodies = _bodies(snapshot, messages)
    return [body[: message.record.content_bytes] for message, body in zip(messages, bodies, strict=True)]

"""The GraphQL types of messages, and how a page of them is made.

A message's content is worked out only where it is selected: large contents are
then fetched for all messages of the level at once, and text is taken out of
blocks.
"""

# Annotations are left as they are: Strawberry takes far longer to read them as text, at every start.

from collections.abc import Sequence
from operator import add
from typing import Annotated, Any, cast

import orjson
import strawberry

from synthetic import (
    EVERYTHING,
    JSON,
    Asked,
    Column,
    Connection,
    DateTime,
    FromRecord,
    LeafFields,
    LimitSettings,
    Long,
    Node,
    Order,
    PageLayout,
    PageWriter,
    RawJSON,
    Row,
    Snapshot,
    Value,
    Window,
    bad_input,
    batched,
    layout_of_pages,
    read_window,
    values_of,
)
from synthetic_sessions.types import Session, find_session_nodes
from synthetic_transcripts import store
from synthetic_transcripts.content import text_of_blocks
from synthetic_transcripts.enums import MessageKind, MessageRole
from synthetic_transcripts.model import ContentForm, MessageRow
from synthetic_transcripts.store.message_pages import LEADING, SEQ_MAX, MessageRows, Span, row_of

BY_SEQ = Order(("seq",), (int,))
_BODY = ("transcript_key", "seq", "form", "content_bytes", "metadata_bytes", "body")
"""What says of a message where its content is."""

STARTED_SESSION_KEY = "startedSessionId"
"""Where the metadata of a message names the session that its tool call started."""

_STARTED_SESSION = f'"{STARTED_SESSION_KEY}"'.encode()

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


def _usage_of(
    input_tokens: int | None, output_tokens: int, cache_read_tokens: int, cache_write_tokens: int
) -> TokenUsage | None:
    # The four are None together.
    if input_tokens is None:
        return None
    return TokenUsage(
        input_tokens=Long(input_tokens),
        output_tokens=Long(output_tokens),
        cache_read_tokens=Long(cache_read_tokens),
        cache_write_tokens=Long(cache_write_tokens),
    )


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
    transcript_key: strawberry.Private[int]
    form: strawberry.Private[str]
    content_bytes: strawberry.Private[int]
    metadata_bytes: strawberry.Private[int]
    body: strawberry.Private[bytes | None]

    of = FromRecord(
        MessageRow,
        id=Column("transcript_id", "seq", read=lambda transcript_id, seq: f"{transcript_id}:{seq}"),
        tool_call_count=Column("tool_calls"),
        usage=Column("input_tokens", "output_tokens", "cache_read_tokens", "cache_write_tokens", read=_usage_of),
        size_bytes=Column("content_bytes", "metadata_bytes", read=add),
    )

    @batched(needs=_BODY, written=store.TEXT)
    @staticmethod
    def text(snapshot: Snapshot, parents: "Sequence[TranscriptMessage]") -> list[str]:
        """Its text: as it came, or taken out of its blocks, each on a line of its own."""
        # Looked up once: of a member of an enumeration that costs as much as decoding a short text.
        blocks = ContentForm.BLOCKS.value
        return [
            text_of_blocks(content) if form == blocks else content.decode()
            for form, content in zip(values_of(parents, "form"), _contents(snapshot, parents), strict=True)
        ]

    @batched(needs=_BODY)
    @staticmethod
    def blocks(snapshot: Snapshot, parents: "Sequence[TranscriptMessage]") -> list[JSON | None]:
        """Its content as blocks (JSON), as they came; null where it came as plain text."""
        return [
            JSON(RawJSON(content.decode() or "[]")) if form == ContentForm.BLOCKS else None
            for form, content in zip(values_of(parents, "form"), _contents(snapshot, parents), strict=True)
        ]

    @batched(needs=_BODY)
    @staticmethod
    def metadata(snapshot: Snapshot, parents: "Sequence[TranscriptMessage]") -> list[JSON]:
        """What else came with it: a JSON object."""
        snapshot.spend(sum(parent.metadata_bytes for parent in parents))
        return [JSON(RawJSON(metadata.decode() or "{}")) for metadata in _metadata(snapshot, parents)]

    @batched(needs=_BODY)
    @staticmethod
    def started_session(
        snapshot: Snapshot, parents: "Sequence[TranscriptMessage]", asked: Asked
    ) -> "list[Session | None]":
        """The sub-agent's session that its tool call started: `startedSessionId` in its metadata names it.

        It is null too where that session is not stored (yet).
        """
        return find_session_nodes(snapshot, [*map(_started_id, _metadata(snapshot, parents))], asked)

    @batched(needs=("transcript_key", "transcript_id", "parent_source_id"))
    @staticmethod
    def parent(snapshot: Snapshot, parents: "Sequence[TranscriptMessage]") -> "list[TranscriptMessage | None]":
        """The message that it answers; null where that is not in the transcript."""
        wanted: dict[int, set[str]] = {}
        for message in parents:
            if message.parent_source_id is not None:
                wanted.setdefault(message.transcript_key, set()).add(message.parent_source_id)
        seqs = {key: store.find_seqs(snapshot, key, sorted(ids)) for key, ids in wanted.items()}
        places = [
            (message.transcript_id, seqs.get(message.transcript_key, {}).get(message.parent_source_id or "", 0))
            for message in parents
        ]
        return _at(snapshot, places)


def pages_of_messages(
    snapshot: Snapshot,
    transcript_ids: Sequence[str],
    window: Window,
    kinds: Sequence[MessageKind] | None,
    asked: Asked = EVERYTHING,
) -> list[Connection[TranscriptMessage]]:
    """For each transcript a page of its messages; an empty one where it was deleted just now."""
    low = 1 if window.after is None else max(_seq(window.after), 0) + 1
    high = SEQ_MAX if window.before is None else _seq(window.before) - 1
    span = Span(min(low, SEQ_MAX), max(min(high, SEQ_MAX), 0), window.size, window.backward)
    of_nodes, of_edges = asked.reads("nodes"), asked.reads("edges", "node")
    attributes = None if of_nodes is None or of_edges is None else of_nodes | of_edges
    chosen = store.columns_for(TranscriptMessage.of.shape(attributes).places.keys())
    columns = MessageRow._fields if kinds is not None else (*LEADING, *chosen)
    layout = TranscriptMessage.of.layout(columns, attributes)
    pages = layout_of_pages(layout, columns=columns, order=BY_SEQ, window=window, asked=asked)
    if kinds is not None:
        found = store.read_rows_of_kinds(snapshot, transcript_ids, span, kinds)
    elif snapshot.is_for_json and pages.has_only_nodes:
        return _unread(snapshot, transcript_ids, span, chosen, pages, asked)
    else:
        found = store.read_message_rows(snapshot, transcript_ids, span, chosen)

    def page_of(found: MessageRows | None) -> Connection[TranscriptMessage]:
        page = MessageRows([], more=False, total=0) if found is None else found
        return pages.connection(page.rows, lambda: page.total, more=page.more)

    # An error in the place of a page is that of its transcript alone.
    return [cast("Any", each) if isinstance(each, Exception) else page_of(each) for each in found]


def _unread(
    snapshot: Snapshot,
    transcript_ids: Sequence[str],
    span: Span,
    columns: tuple[str, ...],
    pages: PageLayout,
    asked: Asked,
) -> list[Connection[TranscriptMessage]]:
    """The pages of which nothing but the nodes is asked for, to be written; see `pages_of_messages`."""
    writer = asked.memory.get(PageWriter)
    if writer is None:
        writer = asked.memory[PageWriter] = PageWriter("transcript_messages", TranscriptMessage.of.json_sources)

    def read(places: Sequence[int]) -> list[list[Row] | Exception]:
        found = store.read_message_rows(snapshot, [transcript_ids[place] for place in places], span, columns)
        return [each if isinstance(each, Exception) else [] if each is None else each.rows for each in found]

    def write(fields: LeafFields) -> list[str | None]:
        return store.write_message_pages(snapshot, writer, fields, transcript_ids, span)

    def counts() -> list[int]:
        found = store.find_transcripts(snapshot, transcript_ids)
        return [0 if each is None else each.message_count for each in found]

    return pages.connections_of_unread(snapshot, len(transcript_ids), read, write, counts)


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
    lowest = from_seq - 1 if window.after is None else max(from_seq - 1, _seq(window.after))
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
        None if message is None else TranscriptMessage.of(row_of(message, transcript_id))
        for (transcript_id, _), message in zip(places, found, strict=True)
    ]


def _seq(values: Sequence[Value]) -> int:
    # Checked with the window.
    (seq,) = cast("Sequence[int]", values)
    return seq


def _bodies(snapshot: Snapshot, messages: Sequence[TranscriptMessage]) -> list[bytes]:
    """The bodies of messages, fetched where they are stored apart, once for all fields that need them."""
    held: list[bytes | None] = values_of(messages, "body")
    if None not in held:
        return cast("list[bytes]", held)
    bodies = store.load_bodies(snapshot, [message for message in messages if message.body is None])
    for message, body in zip([message for message in messages if message.body is None], bodies, strict=True):
        message.body = body
    return [message.body or b"" for message in messages]


def _metadata(snapshot: Snapshot, messages: Sequence[TranscriptMessage]) -> list[bytes]:
    return [body[message.content_bytes :] for message, body in zip(messages, _bodies(snapshot, messages), strict=True)]


def _started_id(metadata: bytes) -> str | None:
    # Few messages start a session, and metadata can be large.
    if _STARTED_SESSION not in metadata:
        return None
    found = orjson.loads(metadata).get(STARTED_SESSION_KEY)
    return found if type(found) is str else None


def _contents(snapshot: Snapshot, messages: Sequence[TranscriptMessage]) -> list[bytes]:
    bodies, sizes = _bodies(snapshot, messages), values_of(messages, "content_bytes")
    snapshot.spend(sum(sizes))
    return [body[:size] for size, body in zip(sizes, bodies, strict=True)]

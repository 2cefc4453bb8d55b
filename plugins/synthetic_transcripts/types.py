"""The GraphQL types of transcripts, and the fields that they add to sessions."""

# Annotations are left as they are: Strawberry takes far longer to read them as text, at every start.

import functools
from collections.abc import Sequence
from typing import Annotated

import strawberry

from synthetic import (
    EVERYTHING,
    After,
    Asked,
    Before,
    Column,
    Connection,
    DateTime,
    First,
    FromRecord,
    Last,
    Long,
    Node,
    Order,
    Snapshot,
    batched,
    find_rows,
    page,
    pages,
    values_of,
)
from synthetic_sessions.types import Session, find_session_nodes
from synthetic_transcripts import store
from synthetic_transcripts.enums import TranscriptOrder
from synthetic_transcripts.inputs import TranscriptFilter
from synthetic_transcripts.message_types import (
    FromSeq,
    Kinds,
    TranscriptMessage,
    find_message_nodes,
    pages_of_messages,
    window_of_messages,
)
from synthetic_transcripts.model import ALL_TRANSCRIPTS, Criteria, MessageKind
from synthetic_transcripts.model import ModelUsage as ModelUsageRecord
from synthetic_transcripts.model import Transcript as TranscriptRecord
from synthetic_transcripts.store.filters import select_transcripts

__all__ = [
    "MessageCounts",
    "ModelUsage",
    "Transcript",
    "TranscriptMessage",
    "find_message_nodes",
    "find_transcript_nodes",
]

Filter = Annotated[TranscriptFilter | None, strawberry.argument(description="Which; all without it.")]
OrderBy = Annotated[TranscriptOrder, strawberry.argument(description="In which order.")]


@strawberry.type(description="How many messages of each kind a transcript has.")
class MessageCounts:
    """`KindCounts` of a transcript."""

    text: int = strawberry.field(description="TEXT.")
    thinking: int = strawberry.field(description="THINKING.")
    tool_call: int = strawberry.field(description="TOOL_CALL.")
    tool_result: int = strawberry.field(description="TOOL_RESULT.")
    system: int = strawberry.field(description="SYSTEM.")
    other: int = strawberry.field(description="OTHER.")


@strawberry.type(description="What the responses of one model cost. Each response counts once, by its last message.")
class ModelUsage:
    """Sums of usage."""

    model: str | None = strawberry.field(description="Its name; null for responses whose source did not name it.")
    responses: int = strawberry.field(description="How many responses.")
    input_tokens: Long = strawberry.field(description="Tokens that the model read.")
    output_tokens: Long = strawberry.field(description="Tokens that it wrote.")
    cache_read_tokens: Long = strawberry.field(description="Tokens that it read from a cache.")
    cache_write_tokens: Long = strawberry.field(description="Tokens that were put into a cache.")

    of = FromRecord(ModelUsageRecord)


def _counts_of(text: int, thinking: int, tool_call: int, tool_result: int, system: int, other: int) -> MessageCounts:
    return MessageCounts(
        text=text, thinking=thinking, tool_call=tool_call, tool_result=tool_result, system=system, other=other
    )


@strawberry.type(description="The messages of a session, in order.")
class Transcript(Node):
    """A row of `transcripts`, and its messages."""

    id: strawberry.ID = strawberry.field(description="The id that it was made with.")
    session_id: strawberry.ID = strawberry.field(description="Id of the session that it belongs to.")
    source: str | None = strawberry.field(description="Label of where it comes from.")
    title: str | None = strawberry.field(description="One line for a person.")
    message_count: int = strawberry.field(description="How many messages it has; also the seq of the last one.")
    message_counts: MessageCounts = strawberry.field(description="How many messages of each kind it has.")
    tool_call_count: int = strawberry.field(description="How many tool calls its messages make.")
    size_bytes: Long = strawberry.field(description="Bytes of the messages' content and metadata, as JSON.")
    first_at: DateTime | None = strawberry.field(description="When the earliest of its messages was written.")
    last_at: DateTime | None = strawberry.field(description="When the latest of its messages was written.")
    appended_at: DateTime | None = strawberry.field(description="When messages were appended last.")
    created_at: DateTime = strawberry.field(description="When it was stored first.")
    updated_at: DateTime = strawberry.field(description="When it was changed last.")
    key: strawberry.Private[int]

    of = FromRecord(
        TranscriptRecord,
        message_counts=Column(*(f"kind_{kind.lower()}" for kind in MessageKind), read=_counts_of),
    )

    @batched(needs=("session_id",))
    @staticmethod
    def session(snapshot: Snapshot, parents: "Sequence[Transcript]", asked: Asked) -> list[Session | None]:
        """The session that it belongs to."""
        return find_session_nodes(snapshot, values_of(parents, "session_id"), asked)

    @batched(needs=("key",))
    @staticmethod
    def usage(snapshot: Snapshot, parents: "Sequence[Transcript]") -> list[list[ModelUsage]]:
        """What its responses cost, by model."""
        sums = store.list_usage(snapshot, values_of(parents, "key"))
        return [[ModelUsage.of(record) for record in records] for records in sums]

    @batched(needs=("id",))
    @staticmethod
    def messages(
        snapshot: Snapshot,
        parents: "Sequence[Transcript]",
        asked: Asked,
        kinds: Kinds = None,
        from_seq: FromSeq = None,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
    ) -> list[Connection[TranscriptMessage]]:
        """Its messages, in the order of seq."""
        window = window_of_messages(snapshot, first, after, last, before, from_seq)
        return pages_of_messages(snapshot, values_of(parents, "id"), window, kinds, asked)


@batched(needs=("id",))
def transcripts(
    snapshot: Snapshot,
    parents: Sequence[Session],
    asked: Asked,
    order_by: OrderBy = TranscriptOrder.CREATED_AT_ASC,
    first: First = None,
    after: After = None,
    last: Last = None,
    before: Before = None,
) -> list[Connection[Transcript]]:
    """Its transcripts, the first stored first unless asked otherwise."""
    return pages(
        snapshot,
        Transcript,
        select_transcripts(ALL_TRANSCRIPTS, each="session_id"),
        each=values_of(parents, "id"),
        order=order_of(order_by),
        asked=asked,
        first=first,
        after=after,
        last=last,
        before=before,
    )


@batched(needs=("id",))
def usage(snapshot: Snapshot, parents: Sequence[Session]) -> list[list[ModelUsage]]:
    """What the responses in its transcripts cost, by model; those of sub-agents are in their own sessions."""
    sums = store.list_usage_of_sessions(snapshot, values_of(parents, "id"))
    return [[ModelUsage.of(record) for record in records] for records in sums]


def find_transcript_nodes(
    snapshot: Snapshot, ids: Sequence[str | None], asked: Asked = EVERYTHING
) -> list[Transcript | None]:
    """For each id, the transcript or None: how `node(id:)` finds them."""
    return find_rows(snapshot, Transcript, "transcripts", ids, asked)


@functools.cache
def order_of(order_by: TranscriptOrder) -> Order:
    """The order that a client asks for."""
    column, direction = order_by.value.split()
    return Order((column, "id"), (int, str), descending=direction == "desc")


def page_of_transcripts(
    snapshot: Snapshot,
    criteria: Criteria,
    order_by: TranscriptOrder,
    asked: Asked = EVERYTHING,
    *,
    first: int | None,
    after: str | None,
    last: int | None,
    before: str | None,
) -> Connection[Transcript]:
    """One page of the transcripts that meet the criteria.

    Raises:
        BadUserInputError: A value is not acceptable, or a cursor is not of this list.
    """
    return page(
        snapshot,
        Transcript,
        select_transcripts(criteria),
        order=order_of(order_by),
        asked=asked,
        first=first,
        after=after,
        last=last,
        before=before,
    )

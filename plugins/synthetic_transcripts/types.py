"""The GraphQL types of transcripts, and the fields that they add to sessions."""

# Annotations are left as they are: Strawberry takes far longer to read them as text, at every start.

from collections.abc import Sequence
from typing import Annotated, Self

import strawberry

from synthetic import (
    After,
    Before,
    Connection,
    DateTime,
    First,
    Last,
    Long,
    Node,
    Order,
    Snapshot,
    batched,
    page,
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
    page_of_messages,
    window_of_messages,
)
from synthetic_transcripts.model import Criteria
from synthetic_transcripts.model import ModelUsage as ModelUsageRecord
from synthetic_transcripts.model import Transcript as TranscriptRecord
from synthetic_transcripts.store.filters import conditions_of
from synthetic_transcripts.store.transcripts import COLUMNS, transcript_from

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

    @classmethod
    def of(cls, record: ModelUsageRecord) -> Self:
        """The object of a sum."""
        return cls(
            model=record.model,
            responses=record.responses,
            input_tokens=Long(record.input_tokens),
            output_tokens=Long(record.output_tokens),
            cache_read_tokens=Long(record.cache_read_tokens),
            cache_write_tokens=Long(record.cache_write_tokens),
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
    record: strawberry.Private[TranscriptRecord]

    @classmethod
    def of(cls, record: TranscriptRecord) -> Self:
        """The object of a row."""
        return cls(
            id=strawberry.ID(record.id),
            session_id=strawberry.ID(record.session_id),
            source=record.source,
            title=record.title,
            message_count=record.message_count,
            message_counts=MessageCounts(**record.counts._asdict()),
            tool_call_count=record.tool_call_count,
            size_bytes=Long(record.size_bytes),
            first_at=None if record.first_at is None else DateTime(record.first_at),
            last_at=None if record.last_at is None else DateTime(record.last_at),
            appended_at=None if record.appended_at is None else DateTime(record.appended_at),
            created_at=DateTime(record.created_at),
            updated_at=DateTime(record.updated_at),
            record=record,
        )

    @batched
    @staticmethod
    def session(snapshot: Snapshot, parents: "Sequence[Transcript]") -> list[Session | None]:
        """The session that it belongs to."""
        return find_session_nodes(snapshot, [parent.session_id for parent in parents])

    @batched
    @staticmethod
    def usage(snapshot: Snapshot, parents: "Sequence[Transcript]") -> list[list[ModelUsage]]:
        """What its responses cost, by model."""
        sums = store.list_usage(snapshot, [parent.record.key for parent in parents])
        return [[ModelUsage.of(record) for record in records] for records in sums]

    @batched
    @staticmethod
    def messages(
        snapshot: Snapshot,
        parents: "Sequence[Transcript]",
        kinds: Kinds = None,
        from_seq: FromSeq = None,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
    ) -> list[Connection[TranscriptMessage]]:
        """Its messages, in the order of seq."""
        window = window_of_messages(snapshot, first, after, last, before, from_seq)
        # Read again: messages may have been appended between the mutation that answers and the snapshot of its answer.
        transcripts = store.find_transcripts(snapshot, [parent.id for parent in parents])
        return [
            page_of_messages(snapshot, transcript or parent.record, window, kinds)
            for parent, transcript in zip(parents, transcripts, strict=True)
        ]


@batched
def transcripts(
    snapshot: Snapshot,
    parents: Sequence[Session],
    order_by: OrderBy = TranscriptOrder.CREATED_AT_ASC,
    first: First = None,
    after: After = None,
    last: Last = None,
    before: Before = None,
) -> list[Connection[Transcript]]:
    """Its transcripts, the first stored first unless asked otherwise."""
    return [
        page_of_transcripts(
            snapshot,
            Criteria(session_id=parent.id),
            order_by,
            first=first,
            after=after,
            last=last,
            before=before,
        )
        for parent in parents
    ]


@batched
def usage(snapshot: Snapshot, parents: Sequence[Session]) -> list[list[ModelUsage]]:
    """What the responses in its transcripts cost, by model; those of sub-agents are in their own sessions."""
    sums = store.list_usage_of_sessions(snapshot, [parent.id for parent in parents])
    return [[ModelUsage.of(record) for record in records] for records in sums]


def find_transcript_nodes(snapshot: Snapshot, ids: Sequence[str]) -> list[Transcript | None]:
    """For each id, the transcript or None: how `node(id:)` finds them."""
    return [None if record is None else Transcript.of(record) for record in store.find_transcripts(snapshot, ids)]


def page_of_transcripts(
    snapshot: Snapshot,
    criteria: Criteria,
    order_by: TranscriptOrder,
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
    where, params = conditions_of(criteria)
    column, direction = order_by.value.split()
    return page(
        snapshot,
        transcript_from,
        select=f"{COLUMNS} FROM transcripts t",
        where=where,
        params=params,
        order=Order((column, "id"), descending=direction == "desc"),
        make=Transcript.of,
        first=first,
        after=after,
        last=last,
        before=before,
    )

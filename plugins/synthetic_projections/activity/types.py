"""The GraphQL type of activity, and the field that it adds to constructs."""

# Annotations are left as they are: Strawberry takes far longer to read them as text, at every start.

from collections.abc import Sequence
from typing import Self

import strawberry

from synthetic import DateTime, Long, Position, Snapshot, batched
from synthetic_constructs.types import Construct
from synthetic_projections.activity.model import ConstructActivity as ConstructActivityRecord
from synthetic_projections.activity.store import find_activity


@strawberry.type(
    description="What has happened in a construct, as far as the log was followed: moments behind what is stored."
    " A request whose `extensions.atLeast` names a position waits for it."
)
class ConstructActivity:
    """A row of `construct_activity`."""

    sessions: int = strawberry.field(description="Sessions that work on it, those of sub-agents too.")
    messages: Long = strawberry.field(description="Messages in the transcripts of these.")
    tool_calls: Long = strawberry.field(description="Tool calls that the messages make.")
    input_tokens: Long = strawberry.field(description="Tokens that models read, without those from a cache.")
    output_tokens: Long = strawberry.field(description="Tokens that models wrote.")
    last_event_type: str | None = strawberry.field(description="What happened last; null before the first event.")
    last_event_at: DateTime | None = strawberry.field(description="When that was; null before the first event.")
    last_position: Position | None = strawberry.field(
        description="Its position in the log; null before the first event."
    )

    @classmethod
    def of(cls, record: ConstructActivityRecord | None, epoch: str) -> Self:
        """The object of a row, or of none: then nothing has happened yet."""
        row = record or ConstructActivityRecord("")
        return cls(
            sessions=row.sessions,
            messages=Long(row.messages),
            tool_calls=Long(row.tool_calls),
            input_tokens=Long(row.input_tokens),
            output_tokens=Long(row.output_tokens),
            last_event_type=row.last_event_type or None,
            last_event_at=DateTime(row.last_event_at) if row.last_position else None,
            last_position=Position(epoch, row.last_position) if row.last_position else None,
        )


@batched(reads=("projections.activity",), needs=("id",))
def activity(snapshot: Snapshot, parents: Sequence[Construct]) -> list[ConstructActivity]:
    """What has happened in it: sessions, messages, tokens and the last event."""
    epoch = snapshot.position().epoch
    return [ConstructActivity.of(record, epoch) for record in find_activity(snapshot, [each.id for each in parents])]

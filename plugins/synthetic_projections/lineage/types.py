"""The GraphQL type of an entry of a timeline."""

# Annotations are left as they are: Strawberry takes far longer to read them as text, at every start.

from collections.abc import Sequence

import strawberry

from synthetic import Asked, Column, DateTime, EventNode, FromRecord, Position, Snapshot, batched, find_rows, values_of
from synthetic import Event as EventRecord
from synthetic_projections.lineage.titles import title_of

POSITION = "position_text"
COLUMNS = (*EventRecord._fields, POSITION)


@strawberry.type(description="Something that happened to a construct.")
class TimelineEntry:
    """An event, as a person reads it."""

    id: strawberry.ID = strawberry.field(description="The id of the event.")
    position: Position = strawberry.field(description="Its place in the log; a subscription goes on from here.")
    occurred_at: DateTime = strawberry.field(description="When it happened.")
    type: str = strawberry.field(description="What happened, for instance `session.saved`.")
    title: str = strawberry.field(description="The same in words, for a person.")
    module: str = strawberry.field(description="The plugin that wrote it.")
    entity_type: str = strawberry.field(description="What kind of thing it is about.")
    entity_id: strawberry.ID = strawberry.field(description="Which one.")
    construct_id: strawberry.ID | None = strawberry.field(
        description="The construct that the event belongs to: another one, or null, where this one is only named."
    )
    actor: str = strawberry.field(description="On whose behalf it was written.")

    of = FromRecord(
        EventRecord,
        position=Column(POSITION, read=Position.parse),
        occurred_at=Column("occurred_at_utc"),
        title=Column("type", "entity_type", "entity_id", "payload", read=title_of, parses=True),
    )

    @batched(needs=("id",))
    @staticmethod
    def event(snapshot: Snapshot, parents: "Sequence[TimelineEntry]", asked: Asked) -> list[EventNode | None]:
        """The event itself; null where it has left the log by now."""
        return find_rows(snapshot, EventNode, "domain_events", values_of(parents, "id"), asked)

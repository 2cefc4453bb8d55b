"""The log over GraphQL: `event`, `events`, `emitEvent`, and the subscription `events`."""

# Annotations are left as they are: Strawberry takes far longer to read them as text, at every start.

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from enum import Enum
from typing import Annotated, Any

import strawberry

from synthetic.contributions import EventType
from synthetic.database.snapshot import Snapshot
from synthetic.database.transaction import Transaction
from synthetic.errors import BadUserInputError, ConflictError
from synthetic.graphql.connections import After, Before, Connection, First, Last
from synthetic.graphql.cursors import Order
from synthetic.graphql.enums import describe_enum
from synthetic.graphql.executor import EVERYTHING, Asked
from synthetic.graphql.fields import mutation, query, subscription
from synthetic.graphql.lookups import find_row, find_rows
from synthetic.graphql.node import Node
from synthetic.graphql.pages import page
from synthetic.graphql.row_types import Column, FromRecord
from synthetic.graphql.scalars import JSON, AfterPosition, DateTime
from synthetic.graphql.selections import Selection
from synthetic.json_text import from_json
from synthetic.kernel_settings import EventSettings
from synthetic.log.emission import EventCatalogue
from synthetic.log.events import COLUMNS, EventFilter, find_events
from synthetic.log.events import Event as EventRecord
from synthetic.log.live import Live
from synthetic.log.positions import EPOCH, Position, check_position, read_ends
from synthetic.validation import bad_input, check_id, check_json_object

EXTERNAL = "external"
"""The module of events whose type the settings declare."""

PAYLOAD_BYTES_MAX = 16_384
PAYLOAD_DEPTH_MAX = 16
NOT_INDEXED = "NOT_INDEXED"
POSITION = f"{EPOCH} || ':' || position"
"""The position of an event, in SQL: they are of the present epoch, whenever the event was appended."""


@strawberry.type(description="A fact, appended to the log in the transaction that made it true.")
class Event(Node):
    """A row of `domain_events`."""

    id: strawberry.ID = strawberry.field(description="A UUIDv7, or what the client brought.")
    position: Position = strawberry.field(description="Its place in the log; what follows it can be asked for.")
    epoch: str = strawberry.field(description="The history of the store in which it was appended.")
    type: str = strawberry.field(description="What happened, for instance `construct.saved`.")
    module: str = strawberry.field(description="The plugin that wrote it.")
    construct_id: strawberry.ID | None = strawberry.field(description="The construct that it belongs to.")
    entity_type: str = strawberry.field(description="What kind of thing it is about.")
    entity_id: strawberry.ID = strawberry.field(description="Which one.")
    payload: JSON = strawberry.field(description="What else is to be known of it: a JSON object of short values.")
    actor: str = strawberry.field(description="On whose behalf it was written: a token's name, a service, a command.")
    correlation_id: str = strawberry.field(description="The same for all that one request caused.")
    causation_id: strawberry.ID | None = strawberry.field(description="The event that it is a reaction to.")
    occurred_at_utc: DateTime = strawberry.field(description="When it happened.")
    ingested_at_utc: DateTime = strawberry.field(description="When it was appended.")

    of = FromRecord(EventRecord, position=Column(POSITION, read=Position.parse))


@strawberry.input(description="Which events are meant: all that is said here must hold.")
class EventFilterInput:
    """The filter of `events`."""

    types: list[str] | None = strawberry.field(default=None, description="The type is one of these.")
    entity_type: str | None = strawberry.field(default=None, description="It is about this kind of thing.")
    entity_id: strawberry.ID | None = strawberry.field(default=None, description="It is about this one.")
    construct_id: strawberry.ID | None = strawberry.field(default=None, description="It belongs to this construct.")
    module: str | None = strawberry.field(
        default=None, description="This plugin wrote it. No index serves it, and the answer says so."
    )
    correlation_id: str | None = strawberry.field(
        default=None, description="This request caused it. No index serves it, and the answer says so."
    )

    def wanted(self) -> EventFilter:
        """The filter as the log understands it."""
        return EventFilter(
            types=None if self.types is None else frozenset(self.types),
            entity_type=self.entity_type,
            entity_id=self.entity_id,
            construct_id=self.construct_id,
            module=self.module,
            correlation_id=self.correlation_id,
        )


class EventOrder(Enum):
    """In which order events are listed."""

    POSITION_ASC = "asc"
    POSITION_DESC = "desc"


describe_enum(
    EventOrder,
    "In which order events are listed.",
    {
        EventOrder.POSITION_ASC: "As they were appended.",
        EventOrder.POSITION_DESC: "The last one first.",
    },
)

FilterArgument = Annotated[EventFilterInput | None, strawberry.argument(description="Which; all without it.")]


@query
def event(
    snapshot: Snapshot, asked: Asked, id: Annotated[strawberry.ID, strawberry.argument(description="Its id.")]
) -> Event | None:
    """The event with this id, or null; also null when it has moved to the archive."""
    return find_row(snapshot, Event, "domain_events", id, asked)


@query
def events(
    snapshot: Snapshot,
    asked: Asked,
    filter: FilterArgument = None,
    since: Annotated[
        Position | None, strawberry.argument(description="Only what was appended after this position.")
    ] = None,
    order_by: Annotated[EventOrder, strawberry.argument(description="In which order.")] = EventOrder.POSITION_ASC,
    first: First = None,
    after: After = None,
    last: Last = None,
    before: Before = None,
) -> Connection[Event]:
    """The log, in the order of commits; `extensions.position` says where a subscription goes on from."""
    where, params = (EventFilter() if filter is None else filter.wanted()).conditions()
    if filter is not None and not (filter.entity_id or filter.construct_id or filter.types):
        for name in ("module", "correlation_id"):
            if getattr(filter, name) is not None:
                snapshot.notice(NOT_INDEXED, f"No index serves the filter by {name}: the log is read through.")
    if since is not None:
        where.append("position > :since")
        params["since"] = check_position(since, read_ends(snapshot))
    return page(
        snapshot,
        Event,
        Selection("domain_events", where, params),
        order=Order(("position",), (int,), descending=order_by is EventOrder.POSITION_DESC),
        asked=asked,
        first=first,
        after=after,
        last=last,
        before=before,
    )


@subscription(graphql_name="events")
async def event_updates(
    live: Live, after: AfterPosition = None, filter: FilterArgument = None
) -> AsyncGenerator[Event]:
    """Events as they are appended: every one, once and in order, by whichever process it was written."""
    wanted = EventFilter() if filter is None else filter.wanted()
    async with aclosing(live.follow_all(after, wanted)) as records:
        async for record in records:
            yield Event.of(record, position=live.at(record))


@strawberry.input(description="An event from outside.")
class EmitEventInput:
    """The input of `emitEvent`."""

    type: str = strawberry.field(
        description="A type that a plugin declares as external, or that `kernel.events.external_types` names."
    )
    entity_id: strawberry.ID = strawberry.field(description="Whom it is about.")
    entity_type: str | None = strawberry.field(
        default=None, description="What kind of thing that is; where a plugin declares the type, it is known."
    )
    construct_id: strawberry.ID | None = strawberry.field(default=None, description="The construct it belongs to.")
    payload: JSON | None = strawberry.field(default=None, description="A JSON object of at most 16 KiB.")
    occurred_at: DateTime | None = strawberry.field(default=None, description="When it happened; without it, now.")
    id: strawberry.ID | None = strawberry.field(
        default=None,
        description="An id of the sender's, so that it can be sent again when its answer was lost. It is known for as "
        "long as the event is in the log, and not in the archive.",
    )
    causation_id: strawberry.ID | None = strawberry.field(
        default=None, description="The event that it is a reaction to."
    )


@strawberry.type(description="What `emitEvent` came to.")
class EmitEventPayload:
    """The payload of `emitEvent`."""

    event: Event = strawberry.field(description="The event as it stands in the log.")
    created: bool = strawberry.field(description="Whether it was not there before.")


@mutation(recorded=False)
def emit_event(tx: Transaction, input: EmitEventInput) -> EmitEventPayload:
    """Append an event of a declared type; the same id with the same content appends nothing."""
    module, event_type = _external_type(tx, input)
    entity_id = check_id(input.entity_id, "entityId")
    construct_id = None if input.construct_id is None else check_id(input.construct_id, "constructId")
    causation_id = None if input.causation_id is None else check_id(input.causation_id, "causationId")
    text = "{}"
    if input.payload is not None:
        text = check_json_object(input.payload, "payload", bytes_max=PAYLOAD_BYTES_MAX, depth_max=PAYLOAD_DEPTH_MAX)
    content = (event_type.name, event_type.entity, entity_id, construct_id, text)
    if input.id is not None:
        stored = find_events(tx, [check_id(input.id, "id")])[0]
        if stored is not None:
            _refuse_other(stored, content)
            return EmitEventPayload(event=_event_of(stored, tx.position().epoch), created=False)
    id = tx.emit_as(
        module,
        event_type,
        entity_id,
        construct_id=construct_id,
        payload=from_json(text),
        occurred_at=input.occurred_at,
        id=input.id,
        causation_id=causation_id,
    )
    epoch = tx.position().epoch
    (appended,) = tx.records(EventRecord, f"SELECT {COLUMNS} FROM domain_events WHERE id = :id", {"id": id})
    return EmitEventPayload(event=_event_of(appended, epoch), created=True)


def find_event_nodes(snapshot: Snapshot, ids: Sequence[str | None], asked: Asked = EVERYTHING) -> list[Event | None]:
    """For each id, the event or None: how `node(id:)` finds them."""
    return find_rows(snapshot, Event, "domain_events", ids, asked)


def _event_of(record: EventRecord, epoch: str) -> Event:
    return Event.of(record, position=Position(epoch, record.position))


def _external_type(tx: Transaction, input: EmitEventInput) -> tuple[str, EventType]:
    """The module and the type of an event from outside.

    Raises:
        BadUserInputError: Nobody declares the type as external, or it is about another kind of thing.
    """
    declared = tx.resource(EventCatalogue).find(input.type)
    if declared is not None and declared.record.is_external:
        if input.entity_type not in (None, declared.record.entity):
            raise bad_input("entityType", f"is {declared.record.entity!r} for events of this type")
        return declared.plugin, declared.record
    if declared is None and input.type in tx.settings(EventSettings).external_types:
        try:
            return EXTERNAL, EventType(
                name=input.type, entity=input.entity_type or input.type.partition(".")[0], purpose="Comes from outside."
            )
        except ValueError as error:
            raise bad_input("entityType", "must be lower-case words joined by underscores") from error
    raise BadUserInputError(
        "Events of this type cannot be written from outside.",
        action="Use a type that a plugin declares as external, or name it in kernel.events.external_types.",
        details={"field": "type"},
    )


def _refuse_other(stored: EventRecord, content: tuple[Any, ...]) -> None:
    if (stored.type, stored.entity_type, stored.entity_id, stored.construct_id, stored.payload) != content:
        raise ConflictError(
            "There is an event with this id and other content.",
            action="Send the new event with an id of its own.",
            details={"field": "id", "id": stored.id},
        )

"""Lineage over GraphQL: `lineage`, and `Event.touches`."""

# Annotations are left as they are: Strawberry takes far longer to read them as text, at every start.

from collections.abc import Sequence
from typing import Annotated, cast

import strawberry

from synthetic.database.snapshot import Row, Snapshot
from synthetic.graphql.connections import After, Before, Connection, First, Last
from synthetic.graphql.cursors import Order, Window, read_window
from synthetic.graphql.executor import Asked, values_of
from synthetic.graphql.fields import batched, query
from synthetic.graphql.page_layouts import layout_of_pages
from synthetic.graphql.pages import page
from synthetic.graphql.selections import Selection
from synthetic.kernel_settings import LimitSettings
from synthetic.log.consumers.loaded import LoadedFolds
from synthetic.log.event_fields import POSITION, Event
from synthetic.log.events import Event as EventRecord
from synthetic.log.events import EventFilter
from synthetic.log.lineage.behind import EVENTS_MAX, Behind, find_behind, find_facts, find_logged
from synthetic.log.lineage.row_keys import key_of_text
from synthetic.log.lineage.touched import TouchedRecord, find_events_at, find_touched
from synthetic.log.positions import Position, read_ends
from synthetic.validation import check_id, check_text

KEY_CHARACTERS_MAX = 2_000
BY_POSITION = Order(("position",), (int,))
COLUMNS = (*EventRecord._fields, POSITION)


@strawberry.type(description="A row that an event is held in: what it is about, or a row of a read model.")
class TouchedRow:
    """A `TouchedRecord`."""

    entity_type: str = strawberry.field(
        description="What kind of thing: as in the event, or the table of a read model. `lineage` takes it."
    )
    entity_id: strawberry.ID = strawberry.field(
        description="Which one; of a read model, the row's key, its parts joined by slashes."
    )
    module: str | None = strawberry.field(description="The fold that keeps the row; null for what the event is about.")

    @classmethod
    def of(cls, record: TouchedRecord) -> "TouchedRow":
        """The object of a record."""
        return cls(entity_type=record.entity_type, entity_id=strawberry.ID(record.entity_id), module=record.module)


@strawberry.type(description="The way from a row back to the events that made it.")
class Lineage:
    """Answer of `lineage`."""

    entity_type: str = strawberry.field(description="As it was asked for.")
    entity_id: strawberry.ID = strawberry.field(description="As it was asked for.")
    module: str | None = strawberry.field(
        description="The fold that makes the row of these events; null where the events are about the thing itself."
    )
    is_truncated: bool = strawberry.field(
        description="Whether events may be missing: older ones have left the log and the archive was not read, or "
        f"there are more than {EVENTS_MAX:,}, or too many to look through."
    )
    horizon: Position = strawberry.field(description="Events up to this position have left the log for the archive.")
    found: strawberry.Private[list[EventRecord] | None]

    @batched(needs=("entity_type", "entity_id", "found"))
    @staticmethod
    def events(
        snapshot: Snapshot,
        parents: "Sequence[Lineage]",
        asked: Asked,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
    ) -> list[Connection[Event]]:
        """The events, in the order of the log."""
        window = read_window(snapshot.settings(LimitSettings), BY_POSITION, first, after, last, before)
        return [
            _page_of_facts(snapshot, parent, asked, first, after, last, before)
            if parent.found is None
            else _page_of_found(snapshot, parent.found, asked, window)
            for parent in parents
        ]


@query
def lineage(
    snapshot: Snapshot,
    entity_type: Annotated[
        str,
        strawberry.argument(
            description="What kind of thing: the `entityType` of events, such as `session`, or the table of a read "
            "model, such as `session_activity`."
        ),
    ],
    entity_id: Annotated[
        strawberry.ID,
        strawberry.argument(
            description="Which one: the `entityId` of events, or the key of the row. Several columns are joined by "
            "slashes; where one of them holds a slash, they are given as a JSON array."
        ),
    ],
    archived: Annotated[
        bool,
        strawberry.argument(
            description="Whether to look in the archive too, for what has left the log. All of it is read, which takes "
            "long."
        ),
    ] = False,
) -> Lineage:
    """The events behind a row: those about it, or, of a row of a read model, those that it was folded from.

    The latter are found by what each fold declares, and not stored. A row that
    is there no more has its events all the same.
    """
    check_id(entity_type, "entityType")
    check_text(entity_id, "entityId", characters_min=1, characters_max=KEY_CHARACTERS_MAX)
    ends = read_ends(snapshot)
    known = snapshot.resource(LoadedFolds).find_table(entity_type)
    if known is not None:
        fold, table = known
        behind = find_behind(snapshot, fold, table, key_of_text(table, entity_id), archived=archived)
    elif archived and ends.horizon:
        behind = find_facts(snapshot, entity_type, entity_id)
    else:
        wanted = EventFilter(entity_type=entity_type, entity_id=entity_id)
        roots = frozenset({(entity_type, str(entity_id))})
        behind = Behind(find_logged(snapshot, wanted, 1), has_more=False, horizon=ends.horizon, roots=roots)
    return Lineage(
        entity_type=entity_type,
        entity_id=entity_id,
        module=None if known is None else known[0].name,
        is_truncated=behind.is_truncated,
        horizon=Position(ends.epoch, ends.horizon),
        # Of a thing without a limit to its events, each page is read by itself.
        found=None if known is None and not (archived and ends.horizon) else behind.events,
    )


@batched(needs=("position",))
def touches(snapshot: Snapshot, parents: Sequence[Event]) -> list[list[TouchedRow]]:
    """What it is about, and the rows of read models that hold it now: at most 1,000, as each fold declares them."""
    positions: list[Position] = values_of(parents, "position")
    events = find_events_at(snapshot, [position.number for position in positions])
    return [[TouchedRow.of(record) for record in records] for records in find_touched(snapshot, events)]


def _page_of_facts(
    snapshot: Snapshot,
    parent: Lineage,
    asked: Asked,
    first: int | None,
    after: str | None,
    last: int | None,
    before: str | None,
) -> Connection[Event]:
    where, params = EventFilter(entity_type=parent.entity_type, entity_id=parent.entity_id).conditions()
    return page(
        snapshot,
        Event,
        Selection("domain_events", where, params),
        order=BY_POSITION,
        asked=asked,
        first=first,
        after=after,
        last=last,
        before=before,
    )


def _page_of_found(snapshot: Snapshot, found: Sequence[EventRecord], asked: Asked, window: Window) -> Connection[Event]:
    """A page of events that are in memory."""
    epoch = snapshot.position().epoch
    after, before = (None if bound is None else cast("int", bound[0]) for bound in (window.after, window.before))
    within = [
        event
        for event in found
        if (after is None or event.position > after) and (before is None or event.position < before)
    ]
    # The last none of them are none: a slice from -0 would be all.
    taken = within[max(0, len(within) - window.size) :] if window.backward else within[: window.size]
    of_nodes, of_edges = asked.reads("nodes"), asked.reads("edges", "node")
    attributes = None if of_nodes is None or of_edges is None else of_nodes | of_edges
    layout = layout_of_pages(
        Event.of.layout(COLUMNS, attributes), columns=COLUMNS, order=BY_POSITION, window=window, asked=asked
    )
    rows: list[Row] = [(*event, str(Position(epoch, event.position))) for event in taken]
    return layout.connection(rows, lambda: len(found), more=len(within) > len(taken))

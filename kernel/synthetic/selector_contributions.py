"""`Selector`: how the rows of a fold's table and the events that they are made from find one another.

Every fold has one for each of its tables. Lineage and the search for drift are
computed from them when they are asked for; nothing of it is stored.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self, TypeAlias

from synthetic.contributions import require_name
from synthetic.log.events import Event, EventFilter

if TYPE_CHECKING:
    from synthetic.log.consumers.fold_state import FoldState

RowKey: TypeAlias = tuple[Any, ...]
"""The values of a table's key, in its order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Selector:
    """How the rows of one table and events find one another.

    The two functions are pure. `behind` is called with the key and with
    nothing found; the events that its filters give are read, and it is called
    again with all of them, until it names no new filter. So it may follow what
    events tell: from a session's events to the transcripts that it had. What is
    asked of it: folding the events of the fold's types that the filters give,
    in order of position and into empty tables, makes the row as it is. They may
    give more than that, which makes other rows, of which nothing is concluded,
    but is shown as the row's lineage and counts towards what is read of it;
    giving less shows as drift that is none.

    Filters by `entity_id`, `construct_id` or `types` are served by indexes;
    `payload` only narrows what these give. A row that is made from all events
    of the fold is told so with `EventFilter()`.

    Attributes:
        behind: From a row's key, and the events found so far in order of
            position, the filters of the events that the row is made from.
        touched: The keys of the rows of this table in which an event of the
            fold's types is held, as the fold's rows are now, which it reads
            with `state.get` and `state.rows` and does not change. A key that
            has no row is passed over.
    """

    behind: Callable[[RowKey, Sequence[Event]], Iterable[EventFilter]]
    touched: Callable[[FoldState, Event], Iterable[RowKey]]

    @classmethod
    def of_entity(cls, entity: str) -> Self:
        """For a table whose key is the id of an entity, and whose rows are made from the events about it alone.

        Args:
            entity: The `entity` of the event types.
        """
        require_name(entity, "entity")

        def behind(key: RowKey, _found: Sequence[Event]) -> Iterable[EventFilter]:
            return (EventFilter(entity_type=entity, entity_id=key[0]),)

        def touched(_state: FoldState, event: Event) -> Iterable[RowKey]:
            return ((event.entity_id,),) if event.entity_type == entity else ()

        return cls(behind=behind, touched=touched)

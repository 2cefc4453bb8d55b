"""What follows the log."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from synthetic import Event, EventFilter, Fold, FoldState, RowKey, Selector
from synthetic_projections.lineage.model import CONSTRUCT, Mention, fold_mentions, mentioned_in


def _behind(key: RowKey, _found: Sequence[Event]) -> Iterable[EventFilter]:
    construct_id, _, position = key
    return (EventFilter(position=position), EventFilter(entity_type=CONSTRUCT, entity_id=construct_id))


def _touched(_state: FoldState, event: Event) -> Iterable[RowKey]:
    return [(construct_id, event.occurred_at_utc, event.position) for construct_id in sorted(mentioned_in(event))]


TIMELINE = Fold(
    name="timeline",
    purpose="Which events of other constructs, or of none, name a construct.",
    tables={"timeline_mentions": Mention},
    types=None,
    version=2,
    apply=fold_mentions,
    selectors={"timeline_mentions": Selector(behind=_behind, touched=_touched)},
    positions={"timeline_mentions": "position"},
)

"""Background work: budgets are watched, and told of when they come to a level."""

from __future__ import annotations

from typing import Self

from synthetic import BlockingStore, Row, Service, SettingsLookup, Snapshot, find_making
from synthetic_projections.costs.model import CostProgress
from synthetic_projections.costs.store.alerts import Crossing, find_crossings, tell
from synthetic_projections.costs.store.sums import MODULE, find_progress
from synthetic_transcripts.events import quarter_of

Seen = tuple[CostProgress | None, str | None, Row, int]


class BudgetWatch:
    """What was looked at last: while it is still so, no budget has come to another level.

    A process that begins to watch has looked at nothing.
    """

    def __init__(self) -> None:
        self.seen: Seen | None = None

    @classmethod
    def make(cls, _settings: SettingsLookup, /) -> Self:
        """The one of a kernel."""
        return cls()


def watch_budgets(store: BlockingStore) -> int:
    """One step: tell of what budgets have come to since the last; how much was told."""
    watch, seen, crossings = store.read(_look)
    told = store.write(tell, crossings) if crossings else 0
    # What could not be told, since its budget was changed meanwhile, is looked at again.
    watch.seen = seen if told == len(crossings) else None
    return told


def _look(snapshot: Snapshot) -> tuple[BudgetWatch, Seen, list[Crossing]]:
    watch = snapshot.resource(BudgetWatch)
    budgets = snapshot.rows("SELECT count(*), sum(version), max(updated_at) FROM budgets")[0]
    # Of what is recorded ahead of its time, a budget is exceeded when its period begins, though nothing happens then.
    # A rebuild may put the sums right where they hold the same events by the same prices.
    seen = find_progress(snapshot), find_making(snapshot, MODULE), budgets, quarter_of(snapshot.now)
    return watch, seen, [] if not budgets[0] or seen == watch.seen else find_crossings(snapshot)


SERVICES = (
    Service(
        name="watch_budgets",
        purpose="Tells of budgets that are nearly spent, and of those that are exceeded.",
        work=watch_budgets,
        every_ms=1_000,
    ),
)

"""Comparing some rows of a fold: the events behind each are found by the selectors and folded once more, in memory.

Rows are drawn from each table, and from the log: a row that an event should
have made and that is not there is found by its event. What a sample comes to
is a suspicion, not a finding: a selector may give too little. So whoever finds
something in a sample compares the whole fold before saying so.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from synthetic.database.snapshot import Row, Snapshot, Value
from synthetic.database.transaction import Transaction
from synthetic.log.consumers.declared import DeclaredConsumer
from synthetic.log.consumers.fold_state import FoldState, FoldTable
from synthetic.log.consumers.loaded import fold_in, selector_of
from synthetic.log.consumers.refusals import is_refusal
from synthetic.log.drift.model import Comparison, DriftScope
from synthetic.log.drift.refolding import find_goal
from synthetic.log.drift.scratch import read_definitions, scratch_tables
from synthetic.log.events import Event, read_events
from synthetic.log.lineage.behind import Reads, find_behind
from synthetic.log.positions import read_ends
from synthetic.log.segments import list_segments
from synthetic.logs import logger_for
from synthetic.selector_contributions import RowKey

ROWS_OF_ARCHIVED = 2
"""So many rows of a table are drawn where the archive has to be gone through for each."""

EVENTS_MAX = 2_000
"""A row that is made from more events than this is left to the comparison of the whole fold."""

SEGMENTS_MAX = 2
"""With more segments in the archive than are kept in memory, rows may be made from too much to be read for a sample."""

STATES_KEPT = 8
"""Rows next to one another are often made from the same events: so many of the last sets stay folded."""

LOG = "domain_events"
"""Under this name the cursor of the events is kept, beside those of the tables."""

log = logger_for(__name__)


class Drawn(NamedTuple):
    """A row that was drawn.

    Attributes:
        table: Its table.
        key: Its key.
        stored: The row; None: there is none with this key.
    """

    table: FoldTable
    key: RowKey
    stored: Row | None


class Sampled(NamedTuple):
    """What came of a sample.

    Attributes:
        comparison: How many rows are under suspicion, as those that differ; they are not named.
        cursors: Where the next sample begins.
    """

    comparison: Comparison
    cursors: dict[str, Any]


def compare_sample(
    snapshot: Snapshot, consumer: DeclaredConsumer, cursors: Mapping[str, Any] | None, rows: int
) -> Sampled | None:
    """Compare some rows of a fold.

    Args:
        snapshot: To read in.
        consumer: The fold.
        cursors: Where to go on in each table and in the log; None: anywhere.
        rows: How many of each table, and how many events.

    Returns:
        What came of it; None where it is being rebuilt, or has to be.
    """
    goal = find_goal(snapshot, consumer)
    if goal is None:
        return None
    if read_ends(snapshot).horizon:
        rows = min(rows, ROWS_OF_ARCHIVED)
    drawn: dict[tuple[str, RowKey], Drawn] = {}
    following = dict[str, Any]()
    for table in consumer.tables:
        found = _draw_rows(snapshot, table, None if cursors is None else cursors.get(table.name, ()), rows)
        drawn |= {(table.name, each.key): each for each in found}
        # From the beginning again, once it has come to the end.
        following[table.name] = list(found[-1].key) if len(found) == rows else []
    events, through = _draw_events(
        snapshot, consumer, None if cursors is None else cursors.get(LOG, 0), rows, goal.position
    )
    following[LOG] = 0 if through >= goal.position else through
    for each in _touched(snapshot, consumer, events):
        drawn.setdefault((each.table.name, each.key), each)
    chosen = list(drawn.values())
    suspects, compared = _compare(snapshot, consumer, chosen, goal.position, goal.set_aside)
    comparison = Comparison(
        DriftScope.SAMPLE,
        goal.position,
        compared,
        skipped=len(chosen) - compared,
        differing=suspects,
        rebuilt_at=goal.rebuilt_at,
    )
    return Sampled(comparison, following)


def _compare(
    snapshot: Snapshot, consumer: DeclaredConsumer, drawn: list[Drawn], through: int, set_aside: frozenset[int]
) -> tuple[int, int]:
    """How many rows are under suspicion, and how many could be compared."""
    archived = bool(read_ends(snapshot).horizon)
    if archived and len(list_segments(snapshot)) > SEGMENTS_MAX:
        return 0, 0
    suspects = compared = 0
    reads = Reads()
    with scratch_tables(read_definitions(snapshot, consumer.tables)) as empty:
        folding = _Folding(consumer, empty)
        for each in drawn:
            snapshot.spend(0)
            behind = find_behind(
                snapshot,
                consumer,
                each.table,
                each.key,
                archived=archived,
                through=through,
                limit=EVENTS_MAX,
                reads=reads,
            )
            if behind.has_more:
                continue
            compared += 1
            events = [event for event in behind.events if event.position <= through and event.position not in set_aside]
            suspects += not folding.makes(each, events)
    return suspects, compared


class _Folding:
    """What sets of events make of empty tables; the states are never written, so all are on the same tables."""

    def __init__(self, consumer: DeclaredConsumer, empty: Transaction) -> None:
        self._consumer = consumer
        self._empty = empty
        self._states: dict[tuple[int, ...], FoldState | None] = {}

    def makes(self, drawn: Drawn, events: list[Event]) -> bool:
        """Whether folding some events makes a row as it is stored."""
        positions = tuple(event.position for event in events)
        if positions not in self._states:
            if len(self._states) >= STATES_KEPT:
                del self._states[next(iter(self._states))]
            self._states[positions] = self._fold(events)
        state = self._states[positions]
        if state is None:
            return False
        made = state.get(drawn.table.record, *drawn.key)
        return (None if made is None else tuple(made)) == drawn.stored

    def _fold(self, events: list[Event]) -> FoldState | None:
        """The state after some events; None: they cannot be folded alone."""
        state = self._consumer.state(self._empty)
        try:
            fold_in(self._consumer, state, events)
        except Exception as error:
            if not is_refusal(error):
                raise
            log.warning("events behind a row cannot be folded alone", consumer=self._consumer.name, exc_info=error)
            return None
        return state


def _draw_rows(snapshot: Snapshot, table: FoldTable, after: Any, limit: int) -> list[Drawn]:
    """Rows behind a key, in order; with no key to begin behind, from the beginning; None: anywhere."""
    key, columns = ", ".join(table.key), ", ".join(table.columns)
    remaining, bound = table.remaining(read_ends(snapshot).horizon)
    params: dict[str, Value] = {"limit": limit, **bound}
    if after is None:
        sql = f'SELECT {columns} FROM "{table.name}" WHERE {remaining} ORDER BY random() LIMIT :limit'
    elif after:
        names = ", ".join(f":after_{number}" for number in range(len(table.key)))
        params |= {f"after_{number}": value for number, value in enumerate(after)}
        where = f"({key}) > ({names}) AND {remaining}"
        sql = f'SELECT {columns} FROM "{table.name}" WHERE {where} ORDER BY {key} LIMIT :limit'
    else:
        sql = f'SELECT {columns} FROM "{table.name}" WHERE {remaining} ORDER BY {key} LIMIT :limit'
    return [Drawn(table, row[: len(table.key)], row) for row in snapshot.rows(sql, params)]


def _draw_events(
    snapshot: Snapshot, consumer: DeclaredConsumer, after: int | None, limit: int, through: int
) -> tuple[list[Event], int]:
    """Events of a fold's types behind a position that it has taken in, and how far was looked; None: behind any."""
    if after is None:
        after = snapshot.value("SELECT abs(random()) % (:through + 1)", {"through": through})
    page = read_events(snapshot, max(after or 0, read_ends(snapshot).horizon), limit, consumer.wanted)
    return [event for event in page.events if event.position <= through], page.through


def _touched(snapshot: Snapshot, consumer: DeclaredConsumer, events: list[Event]) -> list[Drawn]:
    """The rows that hold some events, or should: each with what is stored."""
    state, horizon = consumer.state(snapshot), read_ends(snapshot).horizon
    found: list[Drawn] = []
    for table in consumer.tables:
        selector = selector_of(consumer, table)
        for key in dict.fromkeys(tuple(key) for event in events for key in selector.touched(state, event)):
            if table.is_left(key, horizon):
                continue
            stored = state.get(table.record, *key)
            found.append(Drawn(table, key, None if stored is None else tuple(stored)))
    return found

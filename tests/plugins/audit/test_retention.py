"""The log loses its beginning, in order, and what is left still proves that nothing else is missing."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from plugins.audit.damaging import empty, findings, operation, record
from synthetic import RetentionBatch, Store, run_retention_batch
from synthetic.retention.batches import preview_rule
from synthetic.retention.rules import RetentionRules
from synthetic.testing import ManualClock, copy_template, open_test_store
from synthetic_audit.settings import AuditSettings
from synthetic_audit.store import find_anchor, move_beginning

RULE = "audit.old"
MINUTE_MS = 60_000
HOUR_MS = 60 * MINUTE_MS
DAY_MS = 24 * HOUR_MS
KEEP_MS = AuditSettings().keep_ms


@pytest.fixture(scope="module")
def opened(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Store, ManualClock]]:
    """A store for all of these tests, and its clock."""
    # Monotonic time stands still, so that a slow machine makes no batch smaller.
    clock = ManualClock()
    directory = copy_template(template, tmp_path_factory.mktemp("retention") / "store")
    with open_test_store(directory, clock=clock) as store:
        yield store, clock


@pytest.fixture
def store(opened: tuple[Store, ManualClock]) -> Store:
    """The store, with an empty log."""
    empty(opened[0])
    return opened[0]


@pytest.fixture
def clock(opened: tuple[Store, ManualClock]) -> ManualClock:
    """Its clock, which only goes on from test to test."""
    return opened[1]


def write(store: Store, *instants: int) -> None:
    """Rows with these instants, in this order."""
    record(store, *(operation(number, at) for number, at in enumerate(instants)))


def left(store: Store) -> list[int]:
    return store.read(lambda snapshot: [seq for (seq,) in snapshot.rows("SELECT seq FROM audit_log ORDER BY seq")])


def planned(store: Store) -> int:
    """How many rows the rule says would go."""

    def plan(snapshot):
        tables = preview_rule(snapshot, snapshot.resource(RetentionRules).get(RULE)).tables
        return sum(table.rows for table in tables)

    return store.read(plan)


def run(store: Store) -> RetentionBatch:
    """One batch, of as many rows as was planned."""
    expected = planned(store)
    batch = store.write(run_retention_batch, RULE)
    assert batch.rows == expected
    assert findings(store) == []
    return batch


def test_a_month_is_kept_and_a_minute_decides(store, clock):
    line = clock.now_ms() - KEEP_MS
    write(store, line - MINUTE_MS, line - 1, line, line + MINUTE_MS)

    run(store)

    assert left(store) == [3, 4]
    assert KEEP_MS == 30 * DAY_MS


def test_what_is_left_begins_at_the_hash_of_what_went(store, clock):
    line = clock.now_ms() - KEEP_MS
    write(store, line - 2, line - 1, line)
    gone = store.read(lambda snapshot: snapshot.value("SELECT hash FROM audit_log WHERE seq = 2"))

    run(store)

    anchor = store.read(find_anchor)
    assert anchor is not None
    assert (anchor.first_seq, anchor.start_hash, anchor.last_seq) == (3, gone, 3)


def test_a_log_that_went_whole_goes_on_with_its_numbers(store, clock):
    write(store, *range(10))
    run(store)
    assert left(store) == []

    write(store, clock.now_ms())

    assert left(store) == [11]
    assert findings(store) == []


@pytest.mark.parametrize(
    ("ages_ms", "stay"),
    [
        # The clock was set back: a row that is older by its stamp stands behind one that stays, and stays with it.
        ((DAY_MS, -DAY_MS, DAY_MS, -DAY_MS), [2, 3, 4]),
        # The clock was ahead: what it stamped goes with the row behind it.
        ((DAY_MS, -365 * DAY_MS - KEEP_MS, DAY_MS, -1), [4]),
        # The row behind it stays, and so does that.
        ((DAY_MS, -365 * DAY_MS - KEEP_MS, -DAY_MS, DAY_MS), [2, 3, 4]),
        # Nothing behind it tells how old it is.
        ((DAY_MS, DAY_MS, -365 * DAY_MS - KEEP_MS, -365 * DAY_MS - KEEP_MS), [3, 4]),
        ((-365 * DAY_MS - KEEP_MS, DAY_MS, -365 * DAY_MS - KEEP_MS, DAY_MS), []),
    ],
)
def test_rows_go_in_order_whatever_the_clock_showed(store, clock, ages_ms, stay):
    line = clock.now_ms() - KEEP_MS
    write(store, *(line - age_ms for age_ms in ages_ms))

    run(store)

    assert left(store) == stay


def test_a_year_ahead_for_long_keeps_nothing_for_ever(store, clock):
    ahead = clock.now_ms() + 365 * DAY_MS
    write(store, *([0] * 10), *([ahead] * 1_200), *([0] * 10), clock.now_ms())

    while run_some(store):
        pass

    assert left(store) == [1_221]


def run_some(store: Store) -> bool:
    batch = store.write(run_retention_batch, RULE)
    assert findings(store) == []
    return batch.has_more


def test_a_clock_that_is_set_back_an_hour_lets_nothing_go_early(store, clock):
    write(store, clock.now_ms())
    clock.advance(KEEP_MS)
    clock.advance(-HOUR_MS)
    run(store)
    assert left(store) == [1]

    clock.advance(HOUR_MS + 1)
    run(store)

    assert left(store) == []


def test_old_rows_go_batch_by_batch_and_the_chain_is_whole_between_them(store):
    write(store, *range(1_100))
    counts = []
    while left(store):
        batch = store.write(run_retention_batch, RULE)
        counts.append(batch.rows)
        assert findings(store) == []
        assert batch.has_more == bool(left(store)) or batch.rows == 0

    assert sum(counts) == 1_100
    assert max(counts) <= 500


def test_a_deletion_that_is_undone_leaves_the_beginning_where_it_was(store):
    write(store, *range(5))
    before = store.read(find_anchor)

    class UndoneError(Exception):
        """Not committed."""

    def undone(tx):
        # A batch is smaller where deleting takes long.
        batches = [run_retention_batch(tx, RULE)]
        while batches[-1].has_more:
            batches.append(run_retention_batch(tx, RULE))
        assert sum(batch.rows for batch in batches) == 5
        raise UndoneError

    with pytest.raises(UndoneError):
        store.write(undone)
    assert store.read(find_anchor) == before
    assert left(store) == [1, 2, 3, 4, 5]


def test_a_row_that_was_removed_by_hand_is_named_until_retention_has_come_past_it(store, clock):
    line = clock.now_ms() - KEEP_MS
    write(store, line - 2, line - 1, line, line + 1, line + 2)
    store.write(lambda tx: tx.execute("DELETE FROM audit_log WHERE seq IN (1, 4)"))
    assert findings(store) == [("REMOVED", 1, 1), ("REMOVED", 4, 4)]

    store.write(run_retention_batch, RULE)

    assert findings(store) == [("REMOVED", 4, 4)]
    assert left(store) == [3, 5]


def test_an_old_row_that_was_put_behind_the_end_does_not_stop_retention(store, clock):
    write(store, 0, 1, clock.now_ms())
    columns = "kind, name, actor, outcome, details, correlation_id, previous_hash, hash"
    forged = f"INSERT INTO audit_log (seq, occurred_at, {columns}) SELECT 50, 0, {columns} FROM audit_log WHERE seq = 1"
    store.write(lambda tx: tx.execute(forged))
    store.write(lambda tx: move_beginning(tx, [(1,), (2,), (50,)]))
    anchor = store.read(find_anchor)
    assert anchor is not None
    assert (anchor.first_seq, anchor.last_seq) == (3, 3)
    store.write(lambda tx: move_beginning(tx, [(50,)]))
    assert store.read(find_anchor) == anchor

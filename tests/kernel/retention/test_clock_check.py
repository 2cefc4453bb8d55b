"""A clock that jumps by more than a day suspends retention until an operator confirms it; time that passes does not."""

from __future__ import annotations

import pytest

from synthetic import run_retention_batch
from synthetic.log.events import read_events
from synthetic.retention.batches import preview_rule
from synthetic.retention.clock_check import check_clock, confirm_clock, find_suspension
from synthetic.retention.errors import RetentionSuspendedError
from synthetic.retention.rules import RetentionRules
from synthetic.testing import ManualClock, expect_data, open_test_store

from .kit import DAY_MS, HOUR_MS, NOW, add_errands, keys_of

YEAR_MS = 365 * DAY_MS


def check(store):
    return store.write(check_clock)


def told(store) -> list[str]:
    page = store.read(read_events, 0, 100)
    return [event.type for event in page.events if event.type.startswith("retention.")]


def save_construct(store, id: str) -> None:
    query = 'mutation($id: ID!) { saveConstruct(input: {id: $id, type: "plan", title: "A"}) { construct { id } } }'
    expect_data(store.graphql(query, {"id": id}))


@pytest.fixture
def seen(store):
    """A store that has looked at its clock, with an errand that has just been done."""
    add_errands(store, "fresh", done_at=NOW)
    assert check(store) is None
    return store


@pytest.mark.parametrize("jump_ms", [DAY_MS, -DAY_MS, 23 * HOUR_MS, 0])
def test_a_correction_of_up_to_a_day_is_believed(seen, clock, jump_ms):
    clock.jump(jump_ms)
    assert check(seen) is None
    assert told(seen) == []


@pytest.mark.parametrize("jump_ms", [DAY_MS + 1, YEAR_MS, -DAY_MS - 1, -YEAR_MS])
def test_a_jump_of_more_than_a_day_either_way_suspends(seen, clock, jump_ms):
    clock.jump(jump_ms)
    suspension = check(seen)
    assert suspension == (NOW + jump_ms, NOW, NOW + jump_ms)
    with pytest.raises(RetentionSuspendedError) as caught:
        seen.write(run_retention_batch, "errands.done")
    assert set(caught.value.details) == {"expectedAt", "shownAt"}
    assert keys_of(seen, "errands") == ["fresh"]


def test_a_jump_is_refused_before_anybody_has_noted_it(seen, clock):
    clock.jump(YEAR_MS)
    assert seen.read(find_suspension) == (NOW + YEAR_MS, NOW, NOW + YEAR_MS)
    with pytest.raises(RetentionSuspendedError):
        seen.write(run_retention_batch, "errands.done")
    assert told(seen) == []


def test_corrections_that_add_up_to_more_than_a_day_suspend(seen, clock):
    for _ in range(2):
        clock.jump(11 * HOUR_MS)
        clock.advance(HOUR_MS)
        assert check(seen) is None
    clock.jump(3 * HOUR_MS)
    assert check(seen) is not None


def test_time_that_passes_is_no_jump_however_long_nobody_looks(seen, clock):
    clock.advance(YEAR_MS)
    assert check(seen) is None
    assert seen.write(run_retention_batch, "errands.done").rows == 1


def test_a_process_that_starts_later_on_the_same_machine_knows_how_long_it_was_away(errands_dir, clock):
    for passed_ms in (0, 30 * DAY_MS):
        clock.advance(passed_ms)
        with open_test_store(errands_dir, clock=clock) as store:
            assert check(store) is None
    clock.jump(2 * DAY_MS)
    with open_test_store(errands_dir, clock=clock) as store:
        assert check(store) is not None


@pytest.mark.parametrize(("away_ms", "is_suspended"), [(DAY_MS, False), (DAY_MS + 1, True), (-DAY_MS - 1, True)])
def test_after_a_restart_of_the_machine_more_than_a_day_must_be_confirmed(errands_dir, clock, away_ms, is_suspended):
    with open_test_store(errands_dir, clock=clock) as store:
        assert check(store) is None
    restarted = ManualClock(NOW + away_ms)
    with open_test_store(errands_dir, clock=restarted) as store:
        assert (check(store) is not None) == is_suspended
        store.write(confirm_clock)
        # From here on the restarted machine counts.
        restarted.advance(3 * DAY_MS)
        assert check(store) is None


def test_days_on_which_the_machine_is_restarted_do_not_add_up(errands_dir):
    for day in range(5):
        with open_test_store(errands_dir, clock=ManualClock(NOW + day * DAY_MS)) as store:
            assert check(store) is None


def test_it_stays_suspended_when_the_clock_is_set_right_until_somebody_confirms(seen, clock):
    clock.jump(YEAR_MS)
    first = check(seen)
    clock.jump(-YEAR_MS)
    assert check(seen) == first
    assert seen.write(confirm_clock) == first
    assert check(seen) is None
    assert told(seen) == ["retention.suspended", "retention.resumed"]


def test_a_jump_that_is_confirmed_counts_from_there(seen, clock):
    clock.jump(YEAR_MS)
    assert check(seen) is not None
    seen.write(confirm_clock)
    assert seen.write(run_retention_batch, "errands.done").rows == 1
    clock.jump(-YEAR_MS)
    assert check(seen) is not None


def test_to_confirm_a_clock_that_is_believed_is_no_event(seen):
    assert seen.write(confirm_clock) is None
    assert told(seen) == []


def test_a_preview_answers_while_it_is_suspended(seen, clock):
    clock.jump(YEAR_MS)
    check(seen)
    found = seen.read(lambda snapshot: preview_rule(snapshot, snapshot.resource(RetentionRules).get("errands.done")))
    assert [(each.table, each.rows) for each in found.tables] == [("parcels", 1), ("stops", 1), ("errands", 1)]


def test_a_store_that_has_never_looked_and_has_no_log_believes_its_clock(store):
    assert store.read(find_suspension) is None


@pytest.mark.parametrize(
    ("away_ms", "is_suspended"),
    [(0, False), (DAY_MS, False), (-DAY_MS, False), (DAY_MS + 1, True), (YEAR_MS, True), (-DAY_MS - 1, True)],
)
def test_a_store_that_has_never_looked_goes_by_the_last_event_from_before(errands_dir, away_ms, is_suspended):
    with open_test_store(errands_dir, clock=ManualClock(NOW)) as store:
        save_construct(store, "before")
    clock = ManualClock(NOW + away_ms)
    with open_test_store(errands_dir, clock=clock) as store:
        # What this process writes bears the time that is in doubt.
        save_construct(store, "since")
        clock.advance(30 * DAY_MS if away_ms >= 0 else HOUR_MS)
        assert (store.read(find_suspension) is not None) == is_suspended
        assert (check(store) is not None) == is_suspended
        assert told(store) == ["retention.suspended"] * is_suspended
        store.write(confirm_clock)
        assert check(store) is None

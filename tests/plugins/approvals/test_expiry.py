"""When an approval lapses: by the time that has passed, whatever the clock is set to, and over restarts."""

from __future__ import annotations

import pytest

from plugins.approvals.driving import HOUR_MS, Approvals
from plugins.logged import payloads
from synthetic import SyntheticError, SystemClock
from synthetic.retention.clock_check import check_clock, confirm_clock
from synthetic.testing import ManualClock, open_test_store
from synthetic_approvals.model import Criteria
from synthetic_approvals.services import settle_ends

MINUTE_MS = 60_000
YEAR_MS = 365 * 24 * HOUR_MS


def test_an_approval_expires_after_an_hour_with_an_event(approvals, clock):
    approvals.ask()
    clock.advance(HOUR_MS - 1)
    assert approvals.watch() == 0
    assert approvals.get().status == "PENDING"
    clock.advance(1)
    assert approvals.watch() == 1
    expired = approvals.get()
    assert (expired.status, expired.ended_at, expired.decided_by) == ("EXPIRED", clock.now_ms(), None)
    (told,) = payloads(approvals.store, "approval.expired")
    assert (told["status"], told["tool"]) == ("EXPIRED", "shell")
    assert approvals.watch() == 0


def test_a_request_says_how_long_it_waits(approvals, clock):
    approvals.ask("short", lifetime_ms=1_000)
    approvals.ask("long", lifetime_ms=5 * HOUR_MS)
    clock.advance(1_000)
    approvals.watch()
    assert (approvals.get("short").status, approvals.get("long").status) == ("EXPIRED", "PENDING")


@pytest.mark.parametrize("jump", [-HOUR_MS, YEAR_MS, -YEAR_MS], ids=["back an hour", "forward a year", "back a year"])
def test_a_clock_that_is_set_lets_nothing_expire_early_or_late(approvals, clock, jump):
    approvals.ask()
    clock.advance(30 * MINUTE_MS)
    approvals.store.write(check_clock)
    clock.jump(jump)
    clock.advance(29 * MINUTE_MS)
    assert approvals.watch() == 0
    approvals.ask("b")
    clock.advance(MINUTE_MS)
    assert approvals.watch() == 1
    assert (approvals.get("a").status, approvals.get("b").status) == ("EXPIRED", "PENDING")
    assert approvals.decide("b").status == "APPROVED"


@pytest.mark.parametrize(
    ("off_ms", "left_ms"),
    [
        (10 * MINUTE_MS, 20 * MINUTE_MS),
        (2 * HOUR_MS, 0),
        # Set back meanwhile: never longer than was asked for.
        (-2 * HOUR_MS, HOUR_MS),
        # Nobody knows how long the machine was off: all of it is left, and no more.
        (YEAR_MS, HOUR_MS),
        (-YEAR_MS, HOUR_MS),
    ],
)
def test_after_a_restart_of_the_machine_the_clock_counts_if_it_can_be_believed(data_dir, off_ms, left_ms):
    clock = ManualClock(monotonic=SystemClock())
    with open_test_store(data_dir, clock=clock) as store:
        Approvals(store, clock).ask()
        clock.advance(30 * MINUTE_MS)
        store.write(check_clock)
    clock = ManualClock(clock.now_ms() + off_ms, monotonic=SystemClock())
    with open_test_store(data_dir, clock=clock) as store:
        approvals = Approvals(store, clock)
        approvals.watch()
        if left_ms:
            assert approvals.get().status == "PENDING"
            assert approvals.get().expires_at == clock.now_ms() + left_ms
            clock.advance(left_ms - 1)
            assert approvals.watch() == 0
            clock.advance(1)
            approvals.watch()
        assert approvals.get().status == "EXPIRED"


def test_a_decision_right_after_a_restart_goes_by_the_same(data_dir):
    clock = ManualClock(monotonic=SystemClock())
    with open_test_store(data_dir, clock=clock) as store:
        for id in ("a", "b"):
            Approvals(store, clock).ask(id)
        store.write(check_clock)
    clock = ManualClock(clock.now_ms() + YEAR_MS, monotonic=SystemClock())
    with open_test_store(data_dir, clock=clock) as store:
        approvals = Approvals(store, clock)
        assert approvals.decide("a").status == "APPROVED"
        # Once an operator has said that the clock is right, the year has passed.
        store.write(confirm_clock)
        with approvals.refused("APPROVAL_EXPIRED"):
            approvals.decide("b")
        approvals.watch()
        assert approvals.get("b").status == "EXPIRED"


def test_of_many_that_lapse_together_none_is_left(approvals, clock):
    for number in range(230):
        approvals.ask(f"a{number}")
    clock.advance(HOUR_MS)
    assert approvals.watch() == 230
    assert approvals.count_all_by_status() == {
        "PENDING": 0, "APPROVED": 0, "REJECTED": 0, "EXPIRED": 230, "CANCELLED": 0,
    }  # fmt: skip


def delete_all_old(approvals) -> int:
    """As many batches as it takes: on a busy machine a transaction ends early."""
    batches = [approvals.delete_old_approvals()]
    while batches[-1].has_more:
        batches.append(approvals.delete_old_approvals())
    return sum(batch.rows for batch in batches)


def test_rows_a_minute_each_side_of_the_line_of_retention(approvals, clock):
    def end_all(prefix: str) -> None:
        for status in ("APPROVED", "REJECTED", "CANCELLED"):
            approvals.ask(prefix + status)
            if status == "CANCELLED":
                approvals.cancel_approval(prefix + status)
            else:
                approvals.decide(prefix + status, status)

    approvals.ask("oldEXPIRED")
    approvals.ask("oldPENDING", lifetime_ms=24 * HOUR_MS)
    clock.advance(HOUR_MS)
    approvals.watch()
    end_all("old")
    clock.advance(2 * MINUTE_MS)
    end_all("new")
    clock.advance(HOUR_MS - MINUTE_MS)
    assert delete_all_old(approvals) == 4
    left = {edge.node.id for edge in approvals.query_approvals(Criteria()).edges}
    assert left == {"oldPENDING", "newAPPROVED", "newREJECTED", "newCANCELLED"}
    clock.advance(2 * MINUTE_MS)
    assert delete_all_old(approvals) == 3
    deleted = [id for type, id in approvals.told() if type == "approval.deleted"]
    assert sorted(deleted) == sorted(
        prefix + status
        for prefix, status in [("old", "EXPIRED")]
        + [(prefix, status) for prefix in ("old", "new") for status in ("APPROVED", "REJECTED", "CANCELLED")]
    )


def test_what_ended_by_a_clock_a_year_ahead_is_kept_no_longer_than_anything_else(approvals, clock):
    approvals.store.write(check_clock)
    clock.jump(YEAR_MS)
    approvals.ask("yes")
    decided_at = approvals.decide("yes").decided_at
    approvals.ask("none")
    clock.advance(HOUR_MS)
    approvals.watch()
    assert approvals.get("none").status == "EXPIRED"
    clock.jump(-YEAR_MS)
    approvals.store.write(check_clock)
    assert settle_ends(approvals.store) in (0, 2)
    approvals.store.write(confirm_clock)
    settle_ends(approvals.store)
    assert settle_ends(approvals.store) == 0
    settled = approvals.get("yes")
    assert (settled.ended_at, settled.decided_at) == (clock.now_ms(), decided_at)
    assert approvals.check("yes").status == "APPROVED"
    clock.advance(HOUR_MS - 1)
    assert approvals.delete_old_approvals().rows == 0
    clock.advance(2)
    assert approvals.delete_old_approvals().rows == 2
    with approvals.refused("NOT_FOUND"):
        approvals.check("yes")


def test_nothing_that_has_ended_is_set_right_by_a_clock_that_is_not_believed(approvals, clock):
    approvals.ask()
    approvals.decide()
    ended_at = approvals.get().ended_at
    approvals.store.write(check_clock)
    clock.jump(-YEAR_MS)
    assert settle_ends(approvals.store) == 0
    assert approvals.get().ended_at == ended_at


@pytest.mark.parametrize("assignment", ["ended_at = ended_at + 1", "ended_at = NULL", "comment = 'Other.'"])
def test_what_has_ended_grows_no_younger_and_says_nothing_else(approvals, assignment):
    approvals.ask()
    approvals.cancel_approval("a")
    with pytest.raises(SyntheticError):
        approvals.store.write(lambda tx: tx.execute(f"UPDATE pending_approvals SET {assignment}"))

"""The light checks that a store makes by itself."""

from __future__ import annotations

from synthetic.checks.schedule import check_step
from synthetic.testing import ManualClock, expect_data, open_test_store

from .kit import spoil

LAST = "{ integrity { status lastScheduled { status failed findings checkedAt } } }"
HOUR_MS = 3_600_000


def last(store):
    return expect_data(store.graphql(LAST))["integrity"]["lastScheduled"]


def test_they_are_made_when_they_are_due_and_what_came_of_them_is_kept(data_dir):
    clock = ManualClock()
    with open_test_store(data_dir, clock=clock) as store:
        meter = store.kernel.check_meter

        def step():
            assert check_step(HOUR_MS, meter, store) == 0

        assert last(store) is None
        step()
        first = last(store)
        assert (first["status"], first["failed"], first["findings"]) == ("PASSED", [], 0)
        spoil(store, "UPDATE meta SET value = 'none' WHERE key = 'epoch'")
        clock.advance(HOUR_MS - 1)
        step()
        assert last(store) == first
        clock.advance(1)
        step()
        found = last(store)
        assert (found["status"], found["failed"], found["findings"]) == ("FAILED", ["kernel.log_ends"], 1)
        assert b"synthetic_integrity_findings 1.0" in store.kernel.metrics.text()


def test_a_clock_that_was_set_back_does_not_put_them_off(data_dir):
    clock = ManualClock()
    with open_test_store(data_dir, clock=clock) as store:
        check_step(HOUR_MS, store.kernel.check_meter, store)
        clock.jump(-10 * HOUR_MS)
        before = last(store)
        check_step(HOUR_MS, store.kernel.check_meter, store)
        assert last(store) != before


def test_they_are_a_service_of_the_kernel_unless_they_are_switched_off(data_dir):
    for setting, is_there in (("3600000", True), ("0", False)):
        with open_test_store(data_dir, settings={"kernel.checks.light_ms": setting}) as store:
            names = [each.record.name for each in store.kernel.services()._services]
            assert ("light_checks" in names) is is_there

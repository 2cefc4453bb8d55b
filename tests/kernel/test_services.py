"""Background work: run by one process at a time, and gone on with after a failure."""

from __future__ import annotations

import threading

import pytest

from faults.kit import lock_held
from synthetic.clock import SystemClock
from synthetic.contributions import Service, Stamped
from synthetic.services import LEASE_MS, ServiceRunner
from synthetic.testing import ManualClock, open_test_store


class Work:
    """A step that does what it is told and says when."""

    def __init__(self, *outcomes: int | Exception) -> None:
        self.outcomes = list(outcomes)
        self.ran = threading.Semaphore(0)
        self.count = 0

    def step(self, tx) -> int:
        self.count += 1
        self.ran.release()
        outcome = self.outcomes.pop(0) if self.outcomes else 0
        if isinstance(outcome, Exception):
            raise outcome
        return outcome


def runner(store, work: Work, every_ms: int = 60_000, clock=None) -> ServiceRunner:
    service = Stamped("notes", Service(name="trim", purpose="For a test.", step=work.step, every_ms=every_ms))
    return ServiceRunner([service], store.kernel.database, clock or SystemClock(), store.kernel.metrics)


def lease(store) -> tuple:
    return store.read(lambda snapshot: snapshot.row("SELECT owner, token, expires_at FROM leases"))


def test_a_step_is_repeated_until_it_finds_nothing_to_do(store):
    work = Work(5, 5, 0)
    services = runner(store, work)
    services.start()
    for _ in range(3):
        assert work.ran.acquire(timeout=10)
    services.stop()
    assert work.count == 3


def test_a_failing_step_is_tried_again_and_counted(store):
    work = Work(LookupError("not today"), 0)
    services = runner(store, work)
    services.start()
    for _ in range(2):
        assert work.ran.acquire(timeout=10)
    services.stop()
    failures = store.kernel.metrics.registry.get_sample_value(
        "synthetic_service_failures_total", {"service": "notes.trim"}
    )
    assert failures == 1


def test_a_stopped_runner_gives_its_lease_back_and_the_next_has_a_larger_token(store):
    first, second = Work(), Work()
    for work in (first, second):
        services = runner(store, work)
        services.start()
        assert work.ran.acquire(timeout=10)
        services.stop()
    owner, token, expires_at = lease(store)
    assert (token, expires_at) == (2, 0)
    assert owner


def test_a_stop_does_not_wait_for_a_store_that_another_process_is_writing_to(data_dir, caplog):
    """The write deadline is longer than any test may take: who waits for it fails."""
    settings = {"kernel.database.busy_timeout_ms": "600000", "kernel.database.write_deadline_ms": "600000"}
    with open_test_store(data_dir, settings=settings) as store:
        works = {"trim": Work(), "sort": Work()}
        stamped = [
            Stamped("notes", Service(name=name, purpose="For a test.", step=work.step, every_ms=60_000))
            for name, work in works.items()
        ]
        services = ServiceRunner(stamped, store.kernel.database, SystemClock(), store.kernel.metrics)
        services.start()
        for work in works.values():
            assert work.ran.acquire(timeout=10)
        with lock_held(data_dir):
            services.stop()
        assert caplog.text.count("leases not given back") == 1


@pytest.mark.parametrize(("later_ms", "ran"), [(LEASE_MS, 0), (LEASE_MS + 1_001, 1)])
def test_another_process_takes_over_only_when_the_lease_has_run_out(data_dir, later_ms, ran):
    clock = ManualClock(monotonic=SystemClock())
    with open_test_store(data_dir, clock=clock) as store:
        dead, heir = Work(), Work()
        task = runner(store, dead, every_ms=1_000, clock=clock)._tasks[0]
        task.take_turn()
        assert dead.count == 1
        clock.advance(later_ms)
        runner(store, heir, every_ms=1_000, clock=clock)._tasks[0].take_turn()
        assert heir.count == ran
        task.take_turn()  # it comes back late
        assert dead.count == (1 if ran else 2)

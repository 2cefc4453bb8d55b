"""Background work: each piece by itself, gone on with after a failure, ended at a stop."""

from __future__ import annotations

import contextlib
import threading

import pytest

from faults.kit import lock_held
from synthetic.errors import CancelledError, DatabaseBusyError
from synthetic.log.event_types import EPOCH_BEGAN, SYNC_REQUESTED
from synthetic.services import pace
from synthetic.services import runner as runner_module
from synthetic.services.lease import Lease, LeaseLostError
from synthetic.testing import open_test_store, wait_until

from .kit import Work, lease, metric, runner, service


def test_a_service_is_repeated_until_it_finds_nothing_to_do(store):
    step, work = Work(5, 5, 0), Work(1, 0)
    running = runner(store, service("trim", step=step.do), service("sort", work=work.do))
    running.start()
    for each in (*[step] * 3, *[work] * 2):
        assert each.ran.acquire(timeout=10)
    running.stop()
    assert (step.count, work.count) == (3, 2)


def test_a_failing_service_is_tried_again_and_counted(store, caplog):
    work = Work(LookupError("not today"), DatabaseBusyError(), 0)
    running = runner(store, service(step=work.do))
    running.start()
    for _ in range(3):
        assert work.ran.acquire(timeout=10)
    running.stop()
    assert metric(store, "synthetic_service_failures_total", service="notes.trim") == 2
    assert metric(store, "synthetic_service_failing", service="notes.trim") == 0
    assert caplog.text.count("background work failed") == 1
    assert caplog.text.count("background work put off") == 1


def test_a_service_that_looks_often_rests_while_nothing_happens_and_looks_at_once_when_something_does(
    store, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(pace, "STILL_SECONDS", 0.0)
    monkeypatch.setattr(pace, "STILL_TIMES", 1_000_000)
    monkeypatch.setattr(pace, "STILL_PAUSE_SECONDS", 120.0)
    often, seldom, named, other = Work(), Work(), Work(), Work()
    running = runner(
        store,
        service("often", step=often.do, every_ms=10),
        service("seldom", step=seldom.do, every_ms=120_000),
        service("named", step=named.do, every_ms=10, events=(EPOCH_BEGAN,)),
        service("other", step=other.do, every_ms=10, events=(SYNC_REQUESTED,)),
    )
    running.start()
    for each in (often, seldom, named, other):
        assert each.ran.acquire(timeout=30)
    for number in range(3):
        looks = often.count, named.count
        store.write(lambda tx, number=number: tx.emit(EPOCH_BEGAN, str(number)))
        wait_until(lambda looks=looks: often.count > looks[0] and named.count > looks[1])
    running.stop()
    # Where the log is at the start may be news as well.
    assert often.count in {4, 5}
    assert named.count in {4, 5}
    assert other.count in {1, 2}
    assert seldom.count == 1


def test_a_slow_service_holds_no_other_up(store):
    entered, leave, quick = threading.Event(), threading.Event(), Work(1, 1, 1)

    def slow(_store) -> int:
        entered.set()
        leave.wait(30)
        return 0

    running = runner(store, service("slow", work=slow), service("quick", step=quick.do))
    running.start()
    assert entered.wait(10)
    for _ in range(4):
        assert quick.ran.acquire(timeout=10)
    leave.set()
    running.stop()


def test_work_reads_and_writes_in_its_own_name(store):
    actors, done = [], threading.Event()

    def work(given) -> int:
        given.write(lambda tx: actors.append(tx.origin.actor))
        assert given.read(lambda snapshot: snapshot.value("SELECT 1")) == 1
        done.set()
        return 0

    running = runner(store, service("fetch", work=work))
    running.start()
    assert done.wait(10)
    running.stop()
    assert actors == ["service:notes.fetch"]


@pytest.mark.parametrize("is_lost", [False, True], ids=["stopped", "lost"])
def test_what_a_service_keeps_open_is_opened_once_and_closed_at_the_end(store, is_lost):
    told, closed, work = [], threading.Event(), Work(1, LookupError("not today"), 0)

    @contextlib.contextmanager
    def opens():
        told.append("opened")
        yield work.do
        told.append("closed")
        closed.set()

    renewing = Work(*[1] * 1_000_000)
    running = runner(store, service("fetch", opens=opens), service("trim", step=renewing.do))
    running.start()
    for _ in range(3):
        assert work.ran.acquire(timeout=30)
    assert told == ["opened"]
    if is_lost:
        store.write(
            lambda tx: tx.execute(
                "UPDATE leases SET owner = 'other', token = token + 1, expires_at = :far", {"far": tx.now + 600_000}
            )
        )
        assert closed.wait(30)
    running.stop()
    assert told == ["opened", "closed"]


def test_nothing_is_written_once_another_process_has_taken_over(store):
    entered, taken, refused = threading.Event(), threading.Event(), threading.Event()

    def work(given) -> int:
        entered.set()
        assert taken.wait(10)
        try:
            given.write(lambda tx: tx.execute("INSERT INTO meta (key, value) VALUES ('mark', 'x')"))
        except (LeaseLostError, CancelledError):
            # The second, where the runner has heard of the loss from the other service already.
            refused.set()
            raise
        return 0

    step = Work(*[1] * 1_000_000)
    running = runner(store, service("fetch", work=work), service("trim", step=step.do))
    running.start()
    assert entered.wait(10)
    store.write(
        lambda tx: tx.execute(
            "UPDATE leases SET owner = 'other', token = token + 1, expires_at = :far", {"far": tx.now + 600_000}
        )
    )
    # From now on a step is refused before it is run.
    count = step.count
    taken.set()
    assert refused.wait(10)
    running.stop()
    assert store.read(lambda snapshot: snapshot.value("SELECT value FROM meta WHERE key = 'mark'")) is None
    assert (step.count, lease(store)[0]) == (count, "other")


def test_a_stopped_runner_gives_its_lease_back_and_the_next_has_a_larger_token(store):
    for token in (1, 2):
        work = Work()
        running = runner(store, service(step=work.do))
        running.start()
        assert work.ran.acquire(timeout=10)
        assert metric(store, "synthetic_background") == 1
        running.stop()
        assert lease(store)[1:] == (token, 0)
        assert metric(store, "synthetic_background") == 0


def test_a_stop_interrupts_what_works_on_the_store(store):
    entered = threading.Event()

    def endless(given) -> int:
        while True:
            given.read(lambda snapshot: snapshot.value("SELECT 1"))
            entered.set()

    running = runner(store, service("endless", work=endless))
    running.start()
    assert entered.wait(10)
    running.stop()
    assert not any(thread.name == "synthetic-notes.endless" for thread in threading.enumerate())


def test_a_stop_leaves_behind_what_does_not_end(store, monkeypatch, caplog):
    monkeypatch.setattr(runner_module, "STOP_SECONDS", 0.2)
    entered, leave = threading.Event(), threading.Event()

    def deaf(_store) -> int:
        entered.set()
        leave.wait(30)
        return 0

    running = runner(store, service("deaf", work=deaf))
    running.start()
    assert entered.wait(10)
    running.stop()
    leave.set()
    assert "background work left behind" in caplog.text
    assert lease(store)[2] == 0


def test_a_stop_does_not_wait_for_a_store_that_another_process_is_writing_to(data_dir, caplog):
    """The write deadline is longer than any test may take: who waits for it fails."""
    settings = {"kernel.database.busy_timeout_ms": "600000", "kernel.database.write_deadline_ms": "600000"}
    with open_test_store(data_dir, settings=settings) as store:
        works = {"trim": Work(), "sort": Work()}
        running = runner(store, *(service(name, step=work.do) for name, work in works.items()))
        running.start()
        for work in works.values():
            assert work.ran.acquire(timeout=10)
        with lock_held(data_dir):
            running.stop()
        assert caplog.text.count("background lease not given back") == 1


def test_only_one_of_two_processes_runs_a_service_and_the_other_follows_at_its_end(data_dir):
    with open_test_store(data_dir) as first, open_test_store(data_dir) as second:
        works = Work(), Work()
        runners = [
            runner(store, service(step=work.do, every_ms=50))
            for store, work in zip((first, second), works, strict=True)
        ]
        runners[0].start()
        assert works[0].ran.acquire(timeout=10)
        runners[1].start()
        for _ in range(30):
            assert works[0].ran.acquire(timeout=10)
        assert works[1].count == 0
        runners[0].stop()
        assert works[1].ran.acquire(timeout=10)
        count = works[0].count
        for _ in range(5):
            assert works[1].ran.acquire(timeout=10)
        assert works[0].count == count
        runners[1].stop()


def test_a_runner_that_is_stopped_before_it_has_begun_ends_at_once(store):
    runner(store, service(step=Work().do)).stop()
    assert store.read(lambda snapshot: snapshot.value("SELECT count(*) FROM leases")) == 0


def test_the_lease_is_looked_after_whatever_went_wrong_once(store, monkeypatch, caplog):
    real, failures = Lease.find_free, [RuntimeError("planted")]

    def find_free(self):
        if failures:
            raise failures.pop()
        return real(self)

    monkeypatch.setattr(Lease, "find_free", find_free)
    step = Work()
    running = runner(store, service(step=step.do))
    running.start()
    assert step.ran.acquire(timeout=10)
    running.stop()
    assert "planted" in caplog.text

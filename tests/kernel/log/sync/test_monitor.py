"""The monitor: it publishes what changes without a report, and only what changes."""

from __future__ import annotations

from synthetic import SyncOutcome, report_sync
from synthetic.log.sync.monitor import watch_modules
from synthetic.testing import ManualClock, expect_data, open_test_store

from .conftest import CONSUMER, ERROR_TEXT, put_consumer


def head(desk) -> int:
    return desk.store.read(lambda snapshot: snapshot.position()).number


def sample(desk, name: str, **labels: str) -> float | None:
    return desk.store.kernel.metrics.registry.get_sample_value(name, labels)


def test_a_module_that_nobody_reports_becomes_stale_in_the_log(desk):
    desk.report(expectedIntervalMs=60_000)
    desk.clock.advance(60_000)
    watch_modules(desk.store)
    assert desk.changes() == ["SYNCED"]
    desk.clock.advance(1)
    watch_modules(desk.store)
    assert desk.events()[-1] == (
        "sync.status_changed",
        "mirror",
        {"status": "STALE", "previousStatus": "SYNCED", "reasons": ["INTERVAL_EXCEEDED"]},
    )


def test_what_stays_as_it_is_is_not_written_again(desk):
    put_consumer(desk.store)
    desk.report(expectedIntervalMs=1_000)
    desk.clock.advance(5_000)
    watch_modules(desk.store)
    before = head(desk)
    changes = desk.store.read(lambda snapshot: snapshot.row("SELECT count(*), max(updated_at) FROM sync_state"))
    for _ in range(3):
        desk.clock.advance(5_000)
        watch_modules(desk.store)
    assert head(desk) == before
    assert changes == desk.store.read(lambda s: s.row("SELECT count(*), max(updated_at) FROM sync_state"))


def test_the_progress_of_a_consumer_is_no_event(desk):
    put_consumer(desk.store)
    watch_modules(desk.store)
    for number in range(5):
        save = f'mutation {{ saveConstruct(input: {{type: "task", title: "{number}"}}) {{ created }} }}'
        expect_data(desk.store.graphql(save))
        watch_modules(desk.store)
        put_consumer(desk.store, position=head(desk))
        watch_modules(desk.store)
    assert desk.changes(CONSUMER) == ["SYNCED"]


def test_another_reason_for_the_same_status_is_published(desk):
    put_consumer(desk.store, set_aside=1)
    watch_modules(desk.store)
    put_consumer(desk.store, set_aside=2)
    watch_modules(desk.store)
    put_consumer(desk.store, set_aside=2, requested="REBUILD", requested_at=1)
    watch_modules(desk.store)
    reasons = [payload["reasons"] for _, module, payload in desk.events() if module == CONSUMER]
    assert reasons == [["EVENTS_SET_ASIDE"], ["RESYNC_REQUESTED", "EVENTS_SET_ASIDE"]]


def test_a_status_says_since_when_it_holds(desk):
    put_consumer(desk.store)
    desk.clock.advance(1_000)
    watch_modules(desk.store)
    since = desk.clock.now_ms()
    desk.clock.advance(1_000)
    assert desk.status(CONSUMER).since == since
    put_consumer(desk.store, phase="FAILED", failed_position=1, error=ERROR_TEXT, failed_at=1)
    watch_modules(desk.store)
    assert desk.status(CONSUMER).since == since + 1_000


def test_a_consumer_that_is_no_more_is_taken_off_the_list(desk):
    put_consumer(desk.store, "absent.fold")
    watch_modules(desk.store)
    desk.store.write(lambda tx: tx.execute("DELETE FROM consumers WHERE name = 'absent.fold'"))
    watch_modules(desk.store)
    assert desk.events()[-1] == ("sync.module_forgotten", "absent.fold", {})
    before = head(desk)
    watch_modules(desk.store)
    assert head(desk) == before


def test_failures_and_lag_are_measured(desk):
    put_consumer(desk.store)
    expect_data(desk.store.graphql('mutation { saveConstruct(input: {type: "task", title: "t"}) { created } }'))
    desk.report(outcome="FAILED", error={"code": "X", "message": "x"})
    desk.clock.advance(250)
    watch_modules(desk.store)
    assert sample(desk, "sync_failures_total", module="mirror") == 1
    assert sample(desk, "sync_failures_total", module=CONSUMER) == 0
    assert sample(desk, "synthetic_consumer_lag_events", consumer=CONSUMER) == 1
    assert sample(desk, "synthetic_consumer_lag_ms", consumer=CONSUMER) == 250
    assert sample(desk, "synthetic_consumer_lag_ms", consumer="mirror") is None
    assert sample(desk, "synthetic_sync_modules", status="FAILED") == 1


def test_a_process_whose_monitor_does_not_run_shows_no_figures(data_dir):
    clock = ManualClock()
    with open_test_store(data_dir, clock=clock) as store:
        store.write(report_sync, "mirror", SyncOutcome.SUCCEEDED)
        registry = store.kernel.metrics.registry
        assert registry.get_sample_value("sync_failures_total", {"module": "mirror"}) is None
        watch_modules(store)
        clock.advance(5_000)
        assert registry.get_sample_value("sync_failures_total", {"module": "mirror"}) == 0
        clock.advance(1)
        assert registry.get_sample_value("sync_failures_total", {"module": "mirror"}) is None

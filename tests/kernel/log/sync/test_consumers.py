"""Consumers in sync status: what stands in `consumers` is what is judged, loaded or not."""

from __future__ import annotations

import json
import threading

from synthetic.log.sync.attempts import record_attempt
from synthetic.testing import expect_data

from .conftest import CONSUMER, ERROR_TEXT, put_consumer

PATIENCE_SECONDS = 30.0
SAVE = 'mutation { saveConstruct(input: {type: "task", title: "%s"}) { construct { id } } }'


def test_a_loaded_consumer_that_never_ran_is_listed(desk):
    status = desk.status(CONSUMER)
    assert (status.kind, status.status, status.actions) == ("FOLD", "NEVER_SYNCED", ())
    desk.refuse_request("CONFLICT", "REBUILD", CONSUMER)


def test_events_of_other_types_do_not_make_a_consumer_lag(desk):
    put_consumer(desk.store)
    desk.report()
    assert (desk.status(CONSUMER).status, desk.status(CONSUMER).lag_events) == ("SYNCED", 0)


def test_a_consumer_that_does_not_go_on_becomes_stale_by_time(desk):
    put_consumer(desk.store)
    for title in ("one", "two"):
        expect_data(desk.store.graphql(SAVE % title))
    desk.clock.advance(30_000)
    status = desk.status(CONSUMER)
    assert (status.status, status.lag_events, status.lag_ms) == ("SYNCED", 2, 30_000)
    desk.clock.advance(1)
    assert desk.status(CONSUMER).status == "STALE"
    head = desk.store.read(lambda snapshot: snapshot.position())
    put_consumer(desk.store, position=head.number)
    status = desk.status(CONSUMER)
    assert (status.status, status.lag_ms, status.cursor) == ("SYNCED", 0, str(head))


def test_a_failed_consumer_shows_the_position_and_the_error(desk):
    expect_data(desk.store.graphql(SAVE % "one"))
    put_consumer(desk.store, phase="FAILED", failed_position=1, error=ERROR_TEXT, failed_at=5)
    query = (
        f'{{ syncStatus(module: "{CONSUMER}") {{ status failedPosition actions error {{ code action occurredAt }} }} }}'
    )
    (found,) = expect_data(desk.store.graphql(query))["syncStatus"]
    epoch = desk.store.read(lambda snapshot: snapshot.position()).epoch
    assert found == {
        "status": "FAILED",
        "failedPosition": f"{epoch}:1",
        "actions": ["RETRY", "RESUME", "REBUILD"],
        "error": {"code": "INTERNAL", "action": "Mend it.", "occurredAt": "2027-01-15T08:00:00.000Z"},
    }


def test_a_request_of_a_consumer_is_given_to_its_runner(desk):
    put_consumer(desk.store)
    asked = desk.request("REBUILD", CONSUMER)
    assert (asked["requested"], asked["staleReasons"]) == ("REBUILD", [{"reason": "RESYNC_REQUESTED"}])
    requested = "SELECT requested FROM consumers"
    assert desk.store.read(lambda snapshot: snapshot.value(requested)) == "REBUILD"
    assert ("sync.requested", CONSUMER, {"action": "REBUILD"}) in desk.events()
    error = desk.refuse_request("CONFLICT", "RESYNC", CONSUMER)
    assert error["extensions"]["details"]["actions"] == ["REBUILD", "VERIFY"]


def test_the_name_of_a_consumer_cannot_be_reported_nor_forgotten(desk):
    for name in (CONSUMER, "absent.fold"):
        put_consumer(desk.store, name)
        desk.refuse_report("CONFLICT", name)
        answer = desk.store.graphql(f'mutation {{ forgetSyncModule(input: {{module: "{name}"}}) {{ module }} }}')
        assert answer["errors"][0]["extensions"]["code"] == "CONFLICT"


def test_a_consumer_of_an_absent_plugin_is_disabled_and_nothing_can_be_asked_of_it(desk):
    put_consumer(desk.store, "absent.fold")
    status = desk.status("absent.fold")
    assert (status.status, [each.reason for each in status.reasons]) == ("DISABLED", ["PLUGIN_ABSENT"])
    desk.refuse_request("CONFLICT", "REBUILD", "absent.fold")


def test_successes_within_a_minute_are_one_attempt(desk):
    put_consumer(desk.store)
    begun = desk.clock.now_ms()

    def succeed() -> None:
        now = desk.clock.now_ms()
        desk.store.write(lambda tx: record_attempt(tx, CONSUMER, started_at=now, units=10, cursor=str(now)))

    succeed()
    desk.clock.advance(59_999)
    succeed()
    (attempt,) = desk.attempts(CONSUMER)
    assert (attempt["runs"], attempt["units"], attempt["cursor"]) == (2, 20, str(begun + 59_999))
    desk.clock.advance(1)
    succeed()
    assert [attempt["runs"] for attempt in desk.attempts(CONSUMER)] == [1, 2]


def test_a_failed_attempt_stands_alone_and_is_counted(desk):
    put_consumer(desk.store)
    error = json.loads(ERROR_TEXT)

    def attempt(failure=None) -> None:
        desk.store.write(lambda tx: record_attempt(tx, CONSUMER, started_at=tx.now, units=1, error=failure))

    for failure in (None, error, error, None):
        attempt(failure)
    assert [each["outcome"] for each in desk.attempts(CONSUMER)] == ["SUCCEEDED", "FAILED", "FAILED", "SUCCEEDED"]
    assert desk.attempts(CONSUMER)[1]["error"] == {"code": "INTERNAL"}
    assert desk.status(CONSUMER).failures == 2


def test_the_last_hundred_attempts_of_a_consumer_are_kept(desk):
    put_consumer(desk.store)
    error = json.loads(ERROR_TEXT)
    for number in range(105):
        desk.store.write(
            lambda tx, number=number: record_attempt(tx, CONSUMER, started_at=number, units=number, error=error)
        )
    assert [attempt["units"] for attempt in desk.attempts(CONSUMER)] == list(range(104, 4, -1))


def test_a_rebuild_is_told_when_it_begins_and_when_it_ends_however_short(desk):
    """The monitor looks once a second; who has asked in between would keep what was true for a moment."""
    moved = threading.Semaphore(0)
    end_listening = desk.store.kernel.database.watch.listen(lambda _: moved.release())
    background = desk.store.kernel.services()
    background.start()
    try:

        def wait_for(*statuses: str) -> None:
            while (told := desk.changes(CONSUMER))[-len(statuses) :] != list(statuses):
                assert moved.acquire(timeout=PATIENCE_SECONDS), told

        wait_for("SYNCED")
        desk.request("REBUILD", CONSUMER)
        wait_for("STALE", "SYNCING", "SYNCED")
    finally:
        background.stop()
        end_listening()

"""`reportSync`: the life of an outside module, as it tells it."""

from __future__ import annotations

import pytest

from synthetic import ConflictError, NotFoundError, ReportedError, SyncOutcome, report_sync
from synthetic.log.sync.store import find_state
from synthetic.testing import expect_data, expect_error, open_test_store

ERROR = {"code": "PEER_DOWN", "message": "No answer.", "recoverable": True, "retryAfterMs": 500}


def test_an_attempt_that_begins_and_succeeds(desk):
    started = desk.report(outcome="STARTED", attemptId="one")
    assert (started["status"]["status"], started["attemptId"]) == ("SYNCING", "one")
    desk.clock.advance(250)
    ended = desk.report(outcome="SUCCEEDED", attemptId="one", cursor="page 7", units=12)
    assert (ended["status"]["status"], ended["status"]["cursor"]) == ("SYNCED", "page 7")
    (attempt,) = desk.attempts()
    assert (attempt["id"], attempt["outcome"], attempt["units"], attempt["cursor"]) == (
        "one",
        "SUCCEEDED",
        12,
        "page 7",
    )
    status = desk.status()
    assert (status.last_success_at - status.last_attempt_at, status.lag_ms) == (250, 0)
    assert desk.changes() == ["SYNCING", "SYNCED"]


def test_a_failure_is_shown_until_a_success(desk):
    desk.report(outcome="SUCCEEDED")
    failed = desk.report(outcome="FAILED", error=ERROR)
    assert failed["status"]["status"] == "FAILED"
    assert failed["status"]["failures"] == 1
    error = desk.status().error
    assert (error.code, error.message, error.recoverable, error.retry_after_ms) == (
        "PEER_DOWN",
        "No answer.",
        True,
        500,
    )
    assert error.action
    assert error.correlation_id
    assert error.occurred_at == desk.clock.now_ms()
    assert desk.report(outcome="STARTED")["status"]["staleReasons"] == [{"reason": "LAST_ATTEMPT_FAILED"}]
    assert desk.report(outcome="SUCCEEDED")["status"]["staleReasons"] == []
    assert desk.status().error is None
    assert [attempt["outcome"] for attempt in desk.attempts()] == ["SUCCEEDED", "FAILED", "SUCCEEDED"]


def test_a_repeated_report_changes_nothing(desk):
    for _ in range(2):
        desk.report(outcome="FAILED", attemptId="one", error=ERROR)
    assert desk.status().failures == 1
    assert len(desk.attempts()) == 1
    assert desk.changes() == ["FAILED"]


def test_an_attempt_cannot_end_twice_otherwise(desk):
    desk.report(outcome="SUCCEEDED", attemptId="one")
    error = desk.refuse_report("CONFLICT", outcome="FAILED", attemptId="one", error=ERROR)
    assert error["extensions"]["details"]["outcome"] == "SUCCEEDED"
    desk.refuse_report("CONFLICT", outcome="STARTED", attemptId="one")
    assert desk.status().status == "SYNCED"


def test_an_end_without_an_id_ends_the_attempt_that_runs(desk):
    desk.report(outcome="STARTED", attemptId="one")
    assert desk.report(outcome="SUCCEEDED")["attemptId"] == "one"


def test_a_new_attempt_abandons_the_one_before_whose_late_end_does_not_count(desk):
    desk.report(outcome="STARTED", attemptId="one")
    desk.report(outcome="STARTED", attemptId="two", cursor="b")
    assert [attempt["outcome"] for attempt in desk.attempts()] == ["RUNNING", "ABANDONED"]
    desk.report(outcome="FAILED", attemptId="one", error=ERROR, cursor="a")
    assert [attempt["outcome"] for attempt in desk.attempts()] == ["RUNNING", "FAILED"]
    assert (desk.status().status, desk.status().failures, desk.status().cursor) == ("SYNCING", 0, "b")


def test_a_repeated_start_says_that_the_attempt_still_runs(desk):
    desk.report(outcome="STARTED", attemptId="one")
    desk.clock.advance(400_000)
    desk.report(outcome="STARTED", attemptId="one", units=5)
    desk.clock.advance(600_000)
    assert desk.status().status == "SYNCING"
    desk.clock.advance(1)
    assert [each.reason for each in desk.status().reasons] == ["ATTEMPT_STUCK", "NEVER_RAN"]
    (attempt,) = desk.attempts()
    assert (attempt["outcome"], attempt["units"]) == ("RUNNING", 5)


def test_a_disabled_module_is_disabled_until_it_reports_again(desk):
    desk.report(outcome="STARTED", attemptId="one")
    assert desk.report(outcome="DISABLED")["status"]["status"] == "DISABLED"
    assert desk.attempts()[0]["outcome"] == "ABANDONED"
    desk.clock.advance(10**10)
    assert desk.status().status == "DISABLED"
    assert desk.report(outcome="SUCCEEDED")["status"]["status"] == "SYNCED"


def test_the_late_end_of_an_attempt_does_not_switch_a_disabled_module_on(desk):
    desk.report(outcome="STARTED", attemptId="one")
    desk.report(outcome="DISABLED")
    assert desk.report(outcome="SUCCEEDED", attemptId="one")["status"]["status"] == "DISABLED"
    assert desk.attempts()[0]["outcome"] == "SUCCEEDED"


def test_the_interval_that_a_module_tells_holds_until_it_tells_another(desk):
    desk.report(expectedIntervalMs=1_000)
    desk.report()
    desk.clock.advance(1_001)
    assert desk.status().status == "STALE"
    desk.report(expectedIntervalMs=0)
    desk.clock.advance(10**12)
    assert desk.status().status == "SYNCED"


def test_an_attempt_cannot_begin_after_it_was_reported(desk):
    desk.report(outcome="STARTED", startedAt="2099-01-01T00:00:00Z")
    assert desk.status().last_attempt_at == desk.clock.now_ms()


def test_the_last_hundred_attempts_are_kept(desk):
    for number in range(103):
        desk.report(attemptId=f"n{number}")
    kept = [attempt["id"] for attempt in desk.attempts()]
    assert kept == [f"n{number}" for number in range(102, 2, -1)]
    assert [attempt["id"] for attempt in desk.attempts(first=2)] == ["n102", "n101"]
    assert desk.store.read(lambda snapshot: snapshot.value("SELECT count(*) FROM sync_attempts")) == 100


@pytest.mark.parametrize("first", [-1, 101])
def test_no_more_attempts_can_be_asked_for_than_are_kept(desk, first):
    desk.report()
    query = f"{{ syncStatus {{ attempts(first: {first}) {{ id }} }} }}"
    expect_error(desk.store.graphql(query), "BAD_USER_INPUT")


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"module": ""}, "module"),
        ({"module": "x" * 201}, "module"),
        ({"attemptId": " a"}, "attemptId"),
        ({"cursor": "x" * 2_001}, "cursor"),
        ({"units": -1}, "units"),
        ({"expectedIntervalMs": -1}, "expectedIntervalMs"),
        ({"startedAt": "1960-01-01T00:00:00Z"}, "startedAt"),
        ({"outcome": "FAILED"}, "error"),
        ({"outcome": "SUCCEEDED", "error": ERROR}, "error"),
        ({"outcome": "FAILED", "error": {**ERROR, "code": "peer down"}}, "error.code"),
        ({"outcome": "FAILED", "error": {**ERROR, "message": " "}}, "error.message"),
        ({"outcome": "FAILED", "error": {**ERROR, "action": "x" * 1_001}}, "error.action"),
        ({"outcome": "FAILED", "error": {**ERROR, "retryAfterMs": -1}}, "error.retryAfterMs"),
    ],
)
def test_a_report_that_does_not_fit_is_refused_and_leaves_nothing(desk, fields, field):
    error = desk.refuse_report("BAD_USER_INPUT", **fields)
    assert error["extensions"]["details"]["field"] == field
    assert desk.outside() == []
    assert desk.events() == []


def test_there_are_only_so_many_modules_and_a_forgotten_one_makes_room(data_dir):
    with open_test_store(data_dir, settings={"kernel.sync.modules": "2"}) as store:
        report = 'mutation { reportSync(input: {module: "%s", outcome: SUCCEEDED}) { status { status } } }'
        for module in ("a", "b"):
            expect_data(store.graphql(report % module))
        error = expect_error(store.graphql(report % "c"), "CONFLICT")
        assert "forgetSyncModule" in error["extensions"]["action"]
        expect_data(store.graphql('mutation { forgetSyncModule(input: {module: "a"}) { module } }'))
        expect_data(store.graphql(report % "c"))


def test_a_forgotten_module_is_gone_with_its_attempts_and_may_come_back(desk):
    desk.report()
    desk.report(module="mistyped")
    expect_data(desk.store.graphql('mutation { forgetSyncModule(input: {module: "mistyped"}) { module } }'))
    assert desk.outside() == ["mirror"]
    assert desk.events()[-1] == ("sync.module_forgotten", "mistyped", {})
    error = desk.store.graphql('mutation { forgetSyncModule(input: {module: "mistyped"}) { module } }')
    expect_error(error, "NOT_FOUND")
    desk.report(module="mistyped")
    assert len(desk.attempts("mistyped")) == 1


def test_a_program_reports_with_the_same_function(desk):
    def fail(tx):
        return report_sync(tx, "plain", SyncOutcome.FAILED, error=NotFoundError("It is not there."), units=3)

    assert desk.store.write(fail).status.status == "FAILED"
    error = desk.status("plain").error
    assert (error.code, error.message) == ("NOT_FOUND", "It is not there.")

    def fail_in_own_words(tx):
        return report_sync(tx, "plain", SyncOutcome.FAILED, error=ReportedError(code="ODD", message="Odd."))

    assert desk.store.write(fail_in_own_words).status.error.code == "ODD"


def test_a_report_that_is_rolled_back_leaves_nothing(desk):
    def report_and_fail(tx):
        report_sync(tx, "plain", SyncOutcome.SUCCEEDED)
        raise ConflictError("not today")

    with pytest.raises(ConflictError):
        desk.store.write(report_and_fail)
    assert desk.events() == []


def test_what_was_seen_before_a_report_is_corrected_even_where_it_was_never_published(desk):
    """Who asks between two looks of the monitor sees STALE; without the event, it would never hear of the end of it."""
    desk.report(expectedIntervalMs=1_000)
    desk.clock.advance(5_000)
    assert desk.status().status == "STALE"
    desk.report()
    (_, _, payload) = desk.events()[-1]
    assert (payload["previousStatus"], payload["status"]) == ("STALE", "SYNCED")
    desk.report()
    assert desk.changes() == ["SYNCED", "SYNCED"]


def test_statuses_can_be_asked_for_by_module_and_by_status(desk):
    for module in ("b", "a"):
        desk.report(module)
    desk.report("c", "DISABLED")
    assert desk.outside() == ["a", "b", "c"]
    assert desk.outside("(status: SYNCED)") == ["a", "b"]
    assert desk.outside('(module: "c")') == ["c"]
    assert desk.outside('(module: "c", status: SYNCED)') == []


@pytest.mark.parametrize("module", ["backup", "storage", "deliveries", "search.meaning"])
@pytest.mark.parametrize("outcome", ["DISABLED", "SUCCEEDED"])
def test_how_a_module_of_the_store_itself_fares_cannot_be_said_from_outside(desk, module, outcome):
    before = desk.store.read(find_state, module)
    error = desk.refuse_report("CONFLICT", module, outcome)
    assert error["message"] == f"{module} is a module of the store itself, which knows how it fares."
    assert error["extensions"]["action"] == "Report under another name."
    assert desk.store.read(find_state, module) == before
    assert desk.report(f"my-{module}")["status"]["status"] == "SYNCED"


def test_the_store_does_not_forget_how_its_own_backups_fare(desk):
    desk.store.write(report_sync, "backup", SyncOutcome.DISABLED)
    answer = desk.store.graphql('mutation { forgetSyncModule(input: {module: "backup"}) { module } }')
    expect_error(answer, "CONFLICT")
    assert desk.outside('(module: "backup")') == ["backup"]

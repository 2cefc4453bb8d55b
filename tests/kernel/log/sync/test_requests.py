"""`requestResync`: what an operator asks of a module, and how the module learns of it."""

from __future__ import annotations

ERROR = {"code": "PEER_DOWN", "message": "No answer."}


def test_a_request_is_an_event_and_is_shown_until_the_next_attempt_begins(desk):
    desk.report()
    asked = desk.request("RESYNC")
    assert (asked["status"], asked["requested"], asked["staleReasons"]) == (
        "STALE",
        "RESYNC",
        [{"reason": "RESYNC_REQUESTED"}],
    )
    assert ("sync.requested", "mirror", {"action": "RESYNC"}) in desk.events()
    started = desk.report(outcome="STARTED", attemptId="two")
    assert (started["requested"], started["status"]["requested"]) == ("RESYNC", None)
    assert desk.report(outcome="STARTED", attemptId="two")["requested"] == "RESYNC"  # the answer may have been lost
    ended = desk.report(outcome="SUCCEEDED", attemptId="two")
    assert (ended["requested"], ended["status"]["status"]) == (None, "SYNCED")


def test_a_request_is_not_done_by_an_attempt_that_had_begun_before(desk):
    desk.report(outcome="STARTED", attemptId="one")
    desk.clock.advance(1)
    desk.request("RESYNC")
    ended = desk.report(outcome="SUCCEEDED", attemptId="one")
    assert (ended["requested"], ended["status"]["status"]) == ("RESYNC", "STALE")
    assert desk.report(outcome="STARTED")["requested"] == "RESYNC"
    assert desk.report(outcome="SUCCEEDED")["status"]["status"] == "SYNCED"


def test_a_module_that_reports_only_ends_is_told_once_and_done_with_the_next(desk):
    desk.report()
    desk.request("RESYNC")
    assert desk.report()["requested"] == "RESYNC"
    ended = desk.report()
    assert (ended["requested"], ended["status"]["status"]) == (None, "SYNCED")


def test_a_module_that_says_when_it_began_has_done_what_was_asked_before(desk):
    desk.report()
    desk.request("RESYNC")
    desk.clock.advance(10_000)
    ended = desk.report(startedAt="2099-01-01T00:00:00Z")
    assert (ended["requested"], ended["status"]["status"]) == (None, "SYNCED")


def test_a_failed_module_can_be_asked_to_try_again(desk):
    assert desk.report(outcome="FAILED", error=ERROR)["status"]["actions"] == ["RETRY", "RESYNC"]
    assert desk.request("RETRY")["requested"] == "RETRY"
    assert desk.report(outcome="STARTED")["requested"] == "RETRY"


def test_a_disabled_module_can_be_asked_to_go_on(desk):
    assert desk.report(outcome="DISABLED")["status"]["actions"] == ["RESUME"]
    asked = desk.request("RESUME")
    assert (asked["status"], asked["requested"]) == ("DISABLED", "RESUME")
    started = desk.report(outcome="STARTED")
    assert (started["requested"], started["status"]["status"]) == ("RESUME", "SYNCING")


def test_disabling_a_module_takes_back_what_was_asked(desk):
    desk.report()
    desk.request("RESYNC")
    assert desk.report(outcome="DISABLED")["status"]["requested"] is None


def test_an_action_that_does_not_apply_is_refused_and_those_that_do_are_named(desk):
    desk.report()
    error = desk.refuse_request("CONFLICT", "REBUILD")
    assert error["extensions"]["details"] == {"module": "mirror", "status": "SYNCED", "actions": ["RESYNC"]}
    assert "What does: RESYNC." in error["message"]
    assert desk.changes() == ["SYNCED"]


def test_the_same_request_twice_is_one(desk):
    desk.report()
    for _ in range(2):
        desk.request("RESYNC")
    assert [event for event in desk.events() if event[0] == "sync.requested"] == [
        ("sync.requested", "mirror", {"action": "RESYNC"})
    ]


def test_a_later_request_takes_the_place_of_an_earlier_one(desk):
    desk.report(outcome="FAILED", error=ERROR)
    desk.request("RETRY")
    assert desk.request("RESYNC")["requested"] == "RESYNC"


def test_nothing_can_be_asked_of_a_module_that_is_not_known(desk):
    desk.refuse_request("NOT_FOUND", "RETRY", "nobody")

"""`judge` as a table of cases: what is known, and what it comes to, a millisecond each side of every line."""

from __future__ import annotations

import pytest

from synthetic.kernel_settings import SyncSettings
from synthetic.log.positions import LogEnds
from synthetic.log.sync.judgement import judge
from synthetic.log.sync.model import ConsumerFacts, OutsideFacts, RecoveryAction, SyncError
from synthetic.log.sync.spans import span_in_words

NOW = 1_800_000_000_000
ENDS = LogEnds("0123456789", 100, 5_000)
SETTINGS = SyncSettings(stale_events=10, stale_ms=30_000, expected_interval_ms=86_400_000, attempt_stuck_ms=600_000)
ERROR = SyncError(
    code="PEER_DOWN", message="No answer.", recoverable=True, retry_after_ms=1, action="Wait.",
    correlation_id="c", occurred_at=NOW - 5_000,
)  # fmt: skip
RETRY, RESYNC, REBUILD, RESUME = (
    RecoveryAction.RETRY, RecoveryAction.RESYNC, RecoveryAction.REBUILD, RecoveryAction.RESUME
)  # fmt: skip

OUTSIDE = {
    "nothing has been tried": (OutsideFacts(), "NEVER_SYNCED", ["NEVER_RAN"], [RESYNC]),
    "the first attempt runs": (OutsideFacts(heard_at=NOW, last_attempt_at=NOW), "SYNCING", ["NEVER_RAN"], [RESYNC]),
    "the first attempt failed": (
        OutsideFacts(last_attempt_at=NOW, error=ERROR), "FAILED", ["LAST_ATTEMPT_FAILED", "NEVER_RAN"], [RETRY, RESYNC]
    ),
    "it has just succeeded": (OutsideFacts(last_success_at=NOW), "SYNCED", [], [RESYNC]),
    "the interval is exactly over": (
        OutsideFacts(expected_interval_ms=1_000, last_success_at=NOW - 1_000), "SYNCED", [], [RESYNC]
    ),
    "the interval is over by a millisecond": (
        OutsideFacts(expected_interval_ms=1_000, last_success_at=NOW - 1_001),
        "STALE", ["INTERVAL_EXCEEDED"], [RETRY, RESYNC],
    ),
    "it told no interval, and the default is exactly over": (
        OutsideFacts(last_success_at=NOW - 86_400_000), "SYNCED", [], [RESYNC]
    ),
    "it told no interval, and the default is over by a millisecond": (
        OutsideFacts(last_success_at=NOW - 86_400_001), "STALE", ["INTERVAL_EXCEEDED"], [RETRY, RESYNC]
    ),
    "it said that any interval will do": (
        OutsideFacts(expected_interval_ms=0, last_success_at=0), "SYNCED", [], [RESYNC]
    ),
    "the interval is over and an attempt runs": (
        OutsideFacts(expected_interval_ms=1_000, last_success_at=NOW - 2_000, heard_at=NOW - 600_000),
        "SYNCING", ["INTERVAL_EXCEEDED"], [RESYNC],
    ),
    "the attempt is silent by a millisecond too long": (
        OutsideFacts(expected_interval_ms=0, last_success_at=NOW - 2_000, heard_at=NOW - 600_001),
        "STALE", ["ATTEMPT_STUCK"], [RETRY, RESYNC],
    ),
    "the first attempt is stuck": (
        OutsideFacts(heard_at=NOW - 600_001), "STALE", ["ATTEMPT_STUCK", "NEVER_RAN"], [RETRY, RESYNC]
    ),
    "the last attempt failed": (
        OutsideFacts(last_success_at=NOW, error=ERROR), "FAILED", ["LAST_ATTEMPT_FAILED"], [RETRY, RESYNC]
    ),
    "it failed, and the interval is over": (
        OutsideFacts(expected_interval_ms=1, last_success_at=NOW - 2, error=ERROR),
        "FAILED", ["LAST_ATTEMPT_FAILED", "INTERVAL_EXCEEDED"], [RETRY, RESYNC],
    ),
    "it failed, and tries again": (
        OutsideFacts(last_success_at=NOW, error=ERROR, heard_at=NOW), "SYNCING", ["LAST_ATTEMPT_FAILED"], [RESYNC]
    ),
    "its attempt is stuck after a failure": (
        OutsideFacts(last_success_at=NOW, error=ERROR, heard_at=0),
        "FAILED", ["ATTEMPT_STUCK", "LAST_ATTEMPT_FAILED"], [RETRY, RESYNC],
    ),
    "all is well, and it was asked to fetch everything again": (
        OutsideFacts(last_success_at=NOW, requested=RESYNC, requested_at=NOW),
        "STALE", ["RESYNC_REQUESTED"], [RETRY, RESYNC],
    ),
    "it never ran, and was asked to": (
        OutsideFacts(requested=RESYNC, requested_at=NOW), "NEVER_SYNCED", ["RESYNC_REQUESTED", "NEVER_RAN"], [RESYNC]
    ),
    "it was asked to try again": (
        OutsideFacts(last_success_at=NOW, error=ERROR, requested=RETRY, requested_at=NOW),
        "FAILED", ["LAST_ATTEMPT_FAILED"], [RETRY, RESYNC],
    ),
    "its owner has disabled it, whatever else": (
        OutsideFacts(expected_interval_ms=1, last_success_at=1, error=ERROR, disabled_at=NOW),
        "DISABLED", ["DISABLED_BY_OWNER"], [RESUME],
    ),
    "the clock was set back behind its success": (
        OutsideFacts(expected_interval_ms=1, last_success_at=NOW + 9_000), "SYNCED", [], [RESYNC]
    ),
}  # fmt: skip

DONE = {"position": 4_990, "last_success_at": NOW, "actions": (REBUILD,)}
CONSUMER = {
    "it has never run": (ConsumerFacts(has_run=False), "NEVER_SYNCED", ["NEVER_RAN"], []),
    "its plugin is absent, whatever else": (
        ConsumerFacts(is_loaded=False, phase="FAILED", error=ERROR, actions=(RETRY,)), "DISABLED", ["PLUGIN_ABSENT"], []
    ),
    "it runs in an empty log": (ConsumerFacts(actions=(REBUILD,)), "SYNCED", [], [REBUILD]),
    "it has applied nothing yet of what there is": (
        ConsumerFacts(next_event_at=NOW, events_behind=1, actions=(REBUILD,)), "NEVER_SYNCED", ["NEVER_RAN"], [REBUILD]
    ),
    "it has caught up": (ConsumerFacts(**DONE), "SYNCED", [], [REBUILD]),
    "an event waits as long as it may": (
        ConsumerFacts(**DONE, next_event_at=NOW - 30_000, events_behind=1), "SYNCED", [], [REBUILD]
    ),
    "an event waits a millisecond too long": (
        ConsumerFacts(**DONE, next_event_at=NOW - 30_001, events_behind=1), "STALE", ["BEHIND_TIME"], [REBUILD]
    ),
    "as many events wait as may": (
        ConsumerFacts(**DONE, next_event_at=NOW, events_behind=10), "SYNCED", [], [REBUILD]
    ),
    "one event too many waits": (
        ConsumerFacts(**DONE, next_event_at=NOW, events_behind=11), "STALE", ["BEHIND_EVENTS"], [REBUILD]
    ),
    "it never ran, and an event waits too long": (
        ConsumerFacts(next_event_at=0, events_behind=1), "STALE", ["BEHIND_TIME", "NEVER_RAN"], []
    ),
    "an event cannot be applied": (
        ConsumerFacts(
            **{**DONE, "actions": (RETRY, RESUME, REBUILD)}, phase="FAILED", failed_position=4_991, error=ERROR
        ),
        "FAILED", ["EVENT_FAILED"], [RETRY, RESUME, REBUILD],
    ),
    "something else is in its way": (
        ConsumerFacts(**{**DONE, "actions": (RETRY, REBUILD)}, phase="FAILED", error=ERROR),
        "FAILED", ["LAST_ATTEMPT_FAILED"], [RETRY, REBUILD],
    ),
    "it was left behind the log": (
        ConsumerFacts(**DONE, is_rebuild_needed=True), "STALE", ["REBUILD_NEEDED"], [REBUILD]
    ),
    "it went on without an event": (
        ConsumerFacts(**DONE, set_aside=1), "STALE", ["EVENTS_SET_ASIDE"], [REBUILD]
    ),
    "it is being rebuilt": (
        ConsumerFacts(**{**DONE, "actions": ()}, phase="REBUILDING", rebuild_through=10, rebuild_to=4_000, set_aside=1),
        "SYNCING", ["REBUILDING", "EVENTS_SET_ASIDE"], [],
    ),
    "it was asked to rebuild": (
        ConsumerFacts(**DONE, requested=REBUILD, requested_at=NOW), "STALE", ["RESYNC_REQUESTED"], [REBUILD]
    ),
}  # fmt: skip


@pytest.mark.parametrize(("facts", "status", "reasons", "actions"), OUTSIDE.values(), ids=OUTSIDE)
def test_an_outside_module_is_judged(facts, status, reasons, actions):
    found = judge(facts, NOW, ENDS, SETTINGS)
    assert (found.status, [each.reason for each in found.reasons], list(found.actions)) == (status, reasons, actions)
    assert found.lag_events is None


@pytest.mark.parametrize(("facts", "status", "reasons", "actions"), CONSUMER.values(), ids=CONSUMER)
def test_a_consumer_is_judged(facts, status, reasons, actions):
    found = judge(facts, NOW, ENDS, SETTINGS)
    assert (found.status, [each.reason for each in found.reasons], list(found.actions)) == (status, reasons, actions)


def test_lag_is_the_age_of_what_is_missing():
    behind = judge(ConsumerFacts(**DONE, next_event_at=NOW - 70, events_behind=3), NOW, ENDS, SETTINGS)
    assert (behind.lag_events, behind.lag_ms) == (3, 70)
    caught_up = judge(ConsumerFacts(**DONE), NOW, ENDS, SETTINGS)
    assert (caught_up.lag_events, caught_up.lag_ms) == (0, 0)
    outside = judge(OutsideFacts(last_success_at=NOW - 70), NOW, ENDS, SETTINGS)
    assert (outside.lag_events, outside.lag_ms) == (None, 70)
    assert judge(OutsideFacts(), NOW, ENDS, SETTINGS).lag_ms is None


def message(facts) -> str:
    return judge(facts, NOW, ENDS, SETTINGS).reasons[0].message


def test_messages_say_the_figures():
    assert message(OutsideFacts(expected_interval_ms=300_000, last_success_at=NOW - 3_780_000)) == (
        "It last succeeded 1 h 3 min ago; at most 5 min should pass between two successes."
    )
    assert message(OutsideFacts(last_success_at=NOW, error=ERROR)) == "The last attempt failed 5 s ago: PEER_DOWN."
    assert message(ConsumerFacts(phase="FAILED", failed_position=42, error=ERROR)) == (
        "It cannot apply the event at position 0123456789:42."
    )
    assert message(ConsumerFacts(**DONE, next_event_at=NOW - 45_500, events_behind=1)) == (
        "The first event that it has yet to apply has waited for 45.5 s; at most 30 s is usual."
    )
    assert message(ConsumerFacts(**{**DONE, "position": 3}, is_rebuild_needed=True)) == (
        "It stands at 3, and the log reaches back only to 100."
    )


@pytest.mark.parametrize(
    ("ms", "words"),
    [
        (0, "0 ms"),
        (999, "999 ms"),
        (1_000, "1 s"),
        (1_999, "1.9 s"),
        (59_999, "59.9 s"),
        (60_000, "1 min"),
        (125_999, "2 min 5 s"),
        (3_600_000, "1 h"),
        (86_399_999, "23 h 59 min"),
        (97_200_000, "1 d 3 h"),
    ],
)
def test_spans_are_cut_short_to_two_units(ms, words):
    assert span_in_words(ms) == words

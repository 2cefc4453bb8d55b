"""`judge`: the one function that says how a module fares.

Pure: facts, the time and the settings go in, a judgement comes out. Nobody
else makes a status, so queries, subscriptions, the route, the command line and
the monitor never differ.

Of the statuses that the reasons come to, the gravest holds: DISABLED, FAILED,
STALE. SYNCING says that the module is at work on it now, and comes before
them where an outside module has begun another attempt, or a consumer rebuilds.
"""

from __future__ import annotations

from collections.abc import Sequence

from synthetic.errors import iso_from_ms
from synthetic.kernel_settings import SyncSettings
from synthetic.log.positions import LogEnds
from synthetic.log.sync.model import (
    ConsumerFacts,
    Judgement,
    OutsideFacts,
    Reason,
    RecoveryAction,
    StaleReason,
    SyncError,
    SyncStatus,
)
from synthetic.log.sync.spans import span_in_words


def judge(facts: ConsumerFacts | OutsideFacts, now: int, ends: LogEnds, settings: SyncSettings) -> Judgement:
    """How a module fares.

    Args:
        facts: What is known of it.
        now: Unix milliseconds.
        ends: Of the log.
        settings: The thresholds; what is exactly at one is still within it.
    """
    if isinstance(facts, OutsideFacts):
        return _judge_outside(facts, now, settings)
    return _judge_consumer(facts, now, ends, settings)


def _judge_outside(facts: OutsideFacts, now: int, settings: SyncSettings) -> Judgement:
    lag_ms = None if facts.last_success_at is None else _elapsed(facts.last_success_at, now)
    if facts.disabled_at is not None:
        message = f"Its owner has disabled it at {iso_from_ms(facts.disabled_at)}."
        reasons = (Reason(StaleReason.DISABLED_BY_OWNER, message),)
        return _judgement(SyncStatus.DISABLED, None, lag_ms, reasons, (RecoveryAction.RESUME,))
    reasons = tuple(_reasons_outside(facts, now, settings))
    kinds = {each.reason for each in reasons}
    if facts.heard_at is not None and StaleReason.ATTEMPT_STUCK not in kinds:
        status = SyncStatus.SYNCING
    elif StaleReason.LAST_ATTEMPT_FAILED in kinds:
        status = SyncStatus.FAILED
    else:
        status = _status_of(kinds)
    actions = (RecoveryAction.RESYNC,)
    if status in (SyncStatus.FAILED, SyncStatus.STALE):
        actions = (RecoveryAction.RETRY, RecoveryAction.RESYNC)
    return _judgement(status, None, lag_ms, reasons, actions)


def _reasons_outside(facts: OutsideFacts, now: int, settings: SyncSettings) -> list[Reason]:
    reasons: list[Reason] = []
    if facts.shortage:
        reasons.append(Reason(StaleReason.STORAGE_SHORT, facts.shortage))
    if facts.heard_at is not None and _elapsed(facts.heard_at, now) > settings.attempt_stuck_ms:
        reasons.append(
            Reason(
                StaleReason.ATTEMPT_STUCK,
                f"An attempt runs that was last heard of {_ago(facts.heard_at, now)};"
                f" one that is silent for {span_in_words(settings.attempt_stuck_ms)} is taken to be stuck.",
            )
        )
    if facts.error is not None:
        message = f"The last attempt failed {_ago(facts.error.occurred_at, now)}: {facts.error.code}."
        reasons.append(Reason(StaleReason.LAST_ATTEMPT_FAILED, message))
    if facts.requested == RecoveryAction.RESYNC and facts.requested_at is not None:
        message = f"It was asked {_ago(facts.requested_at, now)} to fetch everything again, and has not begun."
        reasons.append(Reason(StaleReason.RESYNC_REQUESTED, message))
    if facts.last_success_at is None:
        reasons.append(Reason(StaleReason.NEVER_RAN, "No attempt has succeeded yet."))
        return reasons
    told = facts.expected_interval_ms
    interval = settings.expected_interval_ms if told is None else told
    if interval and _elapsed(facts.last_success_at, now) > interval:
        reasons.append(
            Reason(
                StaleReason.INTERVAL_EXCEEDED,
                f"It last succeeded {_ago(facts.last_success_at, now)};"
                f" at most {span_in_words(interval)} should pass between two successes.",
            )
        )
    return reasons


def _judge_consumer(facts: ConsumerFacts, now: int, ends: LogEnds, settings: SyncSettings) -> Judgement:
    lag_ms = 0 if facts.next_event_at is None else _elapsed(facts.next_event_at, now)
    if not facts.is_loaded:
        reasons = [Reason(StaleReason.PLUGIN_ABSENT, "Its plugin is not loaded, so nothing keeps it up to date.")]
        return _judgement(SyncStatus.DISABLED, facts.events_behind, lag_ms, reasons, ())
    if not facts.has_run:
        reasons = [Reason(StaleReason.NEVER_RAN, "It has not run in this store yet.")]
        return _judgement(SyncStatus.NEVER_SYNCED, None, None, reasons, ())
    reasons = [*_reasons_work(facts, now, ends), *_reasons_behind(facts, lag_ms, settings)]
    kinds = {each.reason for each in reasons}
    if facts.phase == "FAILED":
        status = SyncStatus.FAILED
    elif facts.phase == "REBUILDING":
        status = SyncStatus.SYNCING
    else:
        status = _status_of(kinds)
    return _judgement(status, facts.events_behind, lag_ms, reasons, facts.actions)


def _reasons_work(facts: ConsumerFacts, now: int, ends: LogEnds) -> list[Reason]:
    """What is the matter with a consumer beside how far it has come."""
    reasons: list[Reason] = []
    if facts.failed_position is not None:
        message = f"It cannot apply the event at position {ends.epoch}:{facts.failed_position}."
        reasons.append(Reason(StaleReason.EVENT_FAILED, message))
    elif facts.phase == "FAILED":
        reasons.append(Reason(StaleReason.LAST_ATTEMPT_FAILED, _failure_in_words(facts.error, now)))
    if facts.is_rebuild_needed:
        message = f"It stands at {facts.position}, and the log reaches back only to {ends.horizon}."
        reasons.append(Reason(StaleReason.REBUILD_NEEDED, message))
    if facts.requested == RecoveryAction.REBUILD and facts.requested_at is not None:
        message = f"It was asked {_ago(facts.requested_at, now)} to rebuild, and has not begun."
        reasons.append(Reason(StaleReason.RESYNC_REQUESTED, message))
    if facts.phase == "REBUILDING":
        done, goal = facts.rebuild_through or 0, facts.rebuild_to or 0
        message = f"It is being rebuilt: {done:,} of {max(done, goal):,} positions of the log are done."
        reasons.append(Reason(StaleReason.REBUILDING, message))
    if facts.set_aside:
        events = "1 event was" if facts.set_aside == 1 else f"{facts.set_aside:,} events were"
        message = f"{events} set aside, since applying them failed; what it holds lacks them."
        reasons.append(Reason(StaleReason.EVENTS_SET_ASIDE, message))
    if facts.differing:
        rows = "1 row differs" if facts.differing == 1 else f"{facts.differing:,} rows differ"
        named = ", ".join(facts.differing_first)
        more = " and more" if facts.differing > len(facts.differing_first) else ""
        message = f"{rows} from what the log makes of it: {named}{more}; REBUILD mends it."
        reasons.append(Reason(StaleReason.DRIFT, message))
    return reasons


def _reasons_behind(facts: ConsumerFacts, lag_ms: int, settings: SyncSettings) -> list[Reason]:
    reasons: list[Reason] = []
    if lag_ms > settings.stale_ms:
        message = (
            f"The first event that it has yet to apply has waited for {span_in_words(lag_ms)};"
            f" at most {span_in_words(settings.stale_ms)} is usual."
        )
        reasons.append(Reason(StaleReason.BEHIND_TIME, message))
    if facts.events_behind > settings.stale_events:
        message = f"It has more than {settings.stale_events:,} events yet to apply."
        reasons.append(Reason(StaleReason.BEHIND_EVENTS, message))
    if facts.last_success_at is None and facts.next_event_at is not None:
        reasons.append(Reason(StaleReason.NEVER_RAN, "It has not applied anything yet."))
    return reasons


def _status_of(kinds: set[StaleReason]) -> SyncStatus:
    """The status of a module that is not disabled, not at work, and has not failed."""
    if not kinds:
        return SyncStatus.SYNCED
    is_new = StaleReason.NEVER_RAN in kinds and kinds <= {StaleReason.NEVER_RAN, StaleReason.RESYNC_REQUESTED}
    return SyncStatus.NEVER_SYNCED if is_new else SyncStatus.STALE


def _failure_in_words(error: SyncError | None, now: int) -> str:
    return "It has failed." if error is None else f"It failed {_ago(error.occurred_at, now)}: {error.code}."


def _judgement(
    status: SyncStatus,
    lag_events: int | None,
    lag_ms: int | None,
    reasons: Sequence[Reason],
    actions: tuple[RecoveryAction, ...],
) -> Judgement:
    return Judgement(status=status, lag_events=lag_events, lag_ms=lag_ms, reasons=tuple(reasons), actions=actions)


def _elapsed(at: int, now: int) -> int:
    """Milliseconds since an instant; 0 where a clock was set back behind it."""
    return max(0, now - at)


def _ago(at: int, now: int) -> str:
    return f"{span_in_words(_elapsed(at, now))} ago"

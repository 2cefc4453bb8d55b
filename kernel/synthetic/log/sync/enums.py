"""The enums of sync state as the schema shows them, with what each value means."""

from __future__ import annotations

from synthetic.graphql.enums import describe_enum
from synthetic.log.sync.model import (
    AttemptOutcome,
    ModuleKind,
    RecoveryAction,
    StaleReason,
    SyncOutcome,
    SyncStatus,
)

__all__ = ["AttemptOutcome", "ModuleKind", "RecoveryAction", "StaleReason", "SyncOutcome", "SyncStatus"]

describe_enum(
    ModuleKind,
    "What a module is.",
    {
        ModuleKind.FOLD: "A consumer of the log that computes its rows from events.",
        ModuleKind.MIRROR: "A consumer of the log that reads again what events name.",
        ModuleKind.OUTSIDE: "Whatever reports its state with reportSync.",
    },
)
describe_enum(
    SyncStatus,
    "How a module fares.",
    {
        SyncStatus.SYNCED: "It is up to date, within the thresholds.",
        SyncStatus.SYNCING: "It is at work on it now: an attempt runs, or a consumer is being rebuilt.",
        SyncStatus.STALE: "It is not up to date, and does not say why.",
        SyncStatus.FAILED: "Its last attempt failed; a consumer stands still.",
        SyncStatus.NEVER_SYNCED: "It has not succeeded yet, and nothing is known to be wrong.",
        SyncStatus.DISABLED: "Its owner has switched it off, or its plugin is not loaded.",
    },
)
describe_enum(
    StaleReason,
    "Why a module is not up to date, or may not be.",
    {
        StaleReason.NEVER_RAN: "No attempt has succeeded yet.",
        StaleReason.INTERVAL_EXCEEDED: "Its last success is longer ago than it should be.",
        StaleReason.LAST_ATTEMPT_FAILED: "Its last attempt failed; `error` says why.",
        StaleReason.ATTEMPT_STUCK: "An attempt runs that was not heard of for too long.",
        StaleReason.BEHIND_EVENTS: "A consumer has too many events yet to apply.",
        StaleReason.BEHIND_TIME: "An event waits too long for a consumer to apply it.",
        StaleReason.EVENT_FAILED: "A consumer cannot apply an event, and stands still before it.",
        StaleReason.EVENTS_SET_ASIDE: "A consumer went on without events that it could not apply; it lacks them "
        "until it is rebuilt.",
        StaleReason.DRIFT: "Rows of a fold differ from what the log makes of them; they do until it is rebuilt.",
        StaleReason.REBUILDING: "A consumer is being rebuilt; what it had before answers meanwhile.",
        StaleReason.REBUILD_NEEDED: "The log does not reach back any more to where a consumer stands.",
        StaleReason.RESYNC_REQUESTED: "It was asked to make everything anew, and has not begun.",
        StaleReason.PLUGIN_ABSENT: "The plugin of a consumer is not loaded.",
        StaleReason.DISABLED_BY_OWNER: "It has reported that it is switched off.",
        StaleReason.STORAGE_SHORT: "The store takes more room than it warns from, or the disk is short: only of the "
        "module `storage`.",
        StaleReason.FORGOTTEN: "It was taken off the list with forgetSyncModule; only subscriptions say so.",
    },
)
describe_enum(
    RecoveryAction,
    "What an operator can ask of a module.",
    {
        RecoveryAction.RETRY: "Try again what failed, now.",
        RecoveryAction.RESYNC: "Fetch everything again: for outside modules.",
        RecoveryAction.REBUILD: "Make everything anew from the log and the tables: for consumers.",
        RecoveryAction.RESUME: "Go on: a consumer, without the event that it cannot apply; an outside module, "
        "after it was disabled.",
        RecoveryAction.VERIFY: "Compare all rows of a fold with what the log makes of them; what it has goes on "
        "answering.",
    },
)
describe_enum(
    SyncOutcome,
    "What an outside module reports of itself.",
    {
        SyncOutcome.STARTED: "An attempt has begun; or, with the attemptId of one that runs: it still runs.",
        SyncOutcome.SUCCEEDED: "The attempt has succeeded.",
        SyncOutcome.FAILED: "The attempt has failed; `error` says why.",
        SyncOutcome.DISABLED: "It was switched off; the next STARTED, SUCCEEDED or FAILED says that it is on again.",
    },
)
describe_enum(
    AttemptOutcome,
    "What became of an attempt.",
    {
        AttemptOutcome.RUNNING: "It runs.",
        AttemptOutcome.SUCCEEDED: "It has succeeded.",
        AttemptOutcome.FAILED: "It has failed.",
        AttemptOutcome.ABANDONED: "Nothing was heard of its end before the next one began, or the module was disabled.",
    },
)

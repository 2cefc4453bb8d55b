"""Sync state as plain JSON, for the route and the command line: the same names and forms as over GraphQL."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from synthetic.database.snapshot import Snapshot
from synthetic.errors import iso_from_ms
from synthetic.log.positions import Position
from synthetic.log.sync.model import ModuleStatus, SyncStatus
from synthetic.log.sync.statuses import list_statuses

ALARMING = frozenset({SyncStatus.FAILED, SyncStatus.STALE})
"""What a probe that asks strictly is not content with."""


def read_answer(snapshot: Snapshot) -> tuple[Position, list[ModuleStatus]]:
    """How every module fares, and how far the log goes, in one snapshot."""
    return snapshot.position(), list_statuses(snapshot)


def answer_as_json(position: Position, statuses: Sequence[ModuleStatus]) -> dict[str, Any]:
    """The whole answer."""
    return {"position": str(position), "modules": [status_as_json(each, position) for each in statuses]}


def status_as_json(status: ModuleStatus, position: Position) -> dict[str, Any]:
    """One module, at a place in the log."""
    failed = status.failed_position
    return {
        "module": status.module,
        "kind": status.kind.value,
        "status": status.status.value,
        "statusSince": _instant(status.since),
        "lastAttemptAt": _instant(status.last_attempt_at),
        "lastSuccessAt": _instant(status.last_success_at),
        "lagEvents": status.lag_events,
        "lagMs": status.lag_ms,
        "staleReasons": [{"reason": each.reason.value, "message": each.message} for each in status.reasons],
        "error": None if status.error is None else status.error.to_contract(),
        "actions": [action.value for action in status.actions],
        "position": str(position),
        "cursor": status.cursor,
        "expectedIntervalMs": status.expected_interval_ms,
        "failedPosition": None if failed is None else str(Position(position.epoch, failed)),
        "requested": None if status.requested is None else status.requested.value,
        "failures": status.failures,
    }


def _instant(at: int | None) -> str | None:
    return None if at is None else iso_from_ms(at)

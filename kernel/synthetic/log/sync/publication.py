"""Telling subscribers that a module fares otherwise: a row of the log, and what was said in `sync_state`.

A report or a request tells of its own change in its own transaction. What
changes by mere time, or by a consumer's progress, is noticed by the monitor.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from operator import attrgetter

from synthetic.database.snapshot import Snapshot
from synthetic.database.transaction import Transaction
from synthetic.json_text import to_json
from synthetic.log.event_types import SYNC_FORGOTTEN, SYNC_STATUS_CHANGED
from synthetic.log.sync.model import (
    ModuleKind,
    ModuleStatus,
    Reason,
    StaleReason,
    SyncStatus,
)
from synthetic.log.sync.statuses import find_status, get_status, list_statuses
from synthetic.log.sync.store import delete_state, find_state, list_states, new_state, save_state, text_of_status

KERNEL = "kernel"
"""The module that writes these events."""


@dataclass(frozen=True, slots=True)
class StatusChange:
    """What subscribers are told.

    Attributes:
        position: The number of the event that tells it.
        status: The module as it fares since then.
    """

    position: int
    status: ModuleStatus


def publish_status(tx: Transaction, module: str, before: ModuleStatus | None = None) -> ModuleStatus:
    """Tell how a module fares now, if that is not what was told last.

    Args:
        tx: To judge in, and to write in.
        module: Its name.
        before: How it fared when the transaction began, where the caller knows
            that: whoever asked then may have seen it, told or not, and has to
            hear of the change.

    Returns:
        How it fares.

    Raises:
        NotFoundError: Nothing is known of the module.
    """
    status = get_status(tx, module)
    state = find_state(tx, module)
    if state is not None and state.kind != status.kind:
        delete_state(tx, module)  # an outside module went by the name of what is a consumer now
        state = None
    told = None if state is None else state.last_published()
    last_seen = before or told
    if told is not None and {each.outline() for each in (told, before or told, status)} == {told.outline()}:
        return status
    tx.emit_as(
        KERNEL,
        SYNC_STATUS_CHANGED,
        module,
        payload={
            "status": status.status,
            "previousStatus": None if last_seen is None else last_seen.status,
            "reasons": [each.reason for each in status.reasons],
        },
    )
    row = state or new_state(module, status.kind, tx.now)
    save_state(tx, row._replace(published=text_of_status(status), published_position=tx.position().number))
    return status


def publish_forgotten(tx: Transaction, module: str) -> None:
    """Take a module off the list, and tell of it."""
    delete_state(tx, module)
    tx.emit_as(KERNEL, SYNC_FORGOTTEN, module)


def list_told(snapshot: Snapshot, modules: Collection[str] | None) -> list[StatusChange]:
    """The newest change of every module that subscribers were told of, in the order of the log.

    Args:
        snapshot: To read in.
        modules: Only these; None: all.
    """
    states = {state.module: state for state in list_states(snapshot)}
    told = [
        StatusChange(state.published_position, _as_told(status, last))
        for status in list_statuses(snapshot)
        if (state := states.get(status.module)) is not None
        and (last := state.last_published()) is not None
        and state.published_position is not None
        and (modules is None or status.module in modules)
    ]
    return sorted(told, key=attrgetter("position"))


def list_changes(snapshot: Snapshot, after: int, modules: Collection[str] | None) -> list[StatusChange]:
    """The newest change of each module that was told behind a position, in the order of the log.

    Args:
        snapshot: To read in.
        after: The number of the position.
        modules: Only these; None: all.
    """
    rows = snapshot.rows(
        "SELECT entity_id, max(position) AS newest FROM domain_events"
        " WHERE type IN (:changed, :forgotten) AND position > :after"
        " AND (:modules IS NULL OR entity_id IN (SELECT value FROM json_each(:modules)))"
        " GROUP BY entity_id ORDER BY newest",
        {
            "changed": SYNC_STATUS_CHANGED.name,
            "forgotten": SYNC_FORGOTTEN.name,
            "after": after,
            "modules": None if modules is None else to_json(list(modules)),
        },
    )
    return [StatusChange(position, _last_told(snapshot, module)) for module, position in rows]


def _last_told(snapshot: Snapshot, module: str) -> ModuleStatus:
    """What the newest event about a module tells: its row was written together with that."""
    state, status = find_state(snapshot, module), find_status(snapshot, module)
    told = None if state is None else state.last_published()
    return forgotten_status(module) if told is None or status is None else _as_told(status, told)


def _as_told(status: ModuleStatus, told: ModuleStatus) -> ModuleStatus:
    """A module with the figures of now, unless it fares otherwise by now: of that, subscribers will be told."""
    return status if status.outline() == told.outline() else told


def forgotten_status(module: str) -> ModuleStatus:
    """What a subscriber is told of a module that was taken off the list."""
    return ModuleStatus(
        module=module,
        kind=ModuleKind.OUTSIDE,
        status=SyncStatus.DISABLED,
        since=None,
        last_attempt_at=None,
        last_success_at=None,
        lag_events=None,
        lag_ms=None,
        reasons=(Reason(StaleReason.FORGOTTEN, "It was taken off the list."),),
        error=None,
        actions=(),
        cursor=None,
        expected_interval_ms=None,
        failed_position=None,
        requested=None,
        failures=0,
    )

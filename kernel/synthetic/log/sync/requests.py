"""What an operator does about a module: asks it for a recovery action, or takes it off the list."""

from __future__ import annotations

from typing import cast

from synthetic.database.transaction import Transaction
from synthetic.errors import ConflictError
from synthetic.log.consumers.store import Action, request_action
from synthetic.log.drift.store import request_verification
from synthetic.log.event_types import SYNC_REQUESTED
from synthetic.log.sync.model import ModuleKind, ModuleStatus, RecoveryAction, SyncStatus
from synthetic.log.sync.publication import KERNEL, publish_forgotten, publish_status
from synthetic.log.sync.statuses import get_status
from synthetic.log.sync.store import find_state, save_state


def request_resync(tx: Transaction, module: str, action: RecoveryAction) -> ModuleStatus:
    """Ask a module for an action; what was asked already is not asked again.

    A consumer does it as soon as its runner sees the request. An outside module
    is told by the event `sync.requested`, and in the answer to its next report.

    Returns:
        How the module fares.

    Raises:
        NotFoundError: Nothing is known of the module.
        ConflictError: The action does not apply now.
    """
    before = get_status(tx, module)
    if before.requested == action:
        return before
    if action not in before.actions:
        raise ConflictError(
            f"{action} does not apply to {module}, which is {before.status} now. {_what_applies(before)}",
            action="Look at syncStatus, and ask for one of the actions that it lists.",
            details={"module": module, "status": before.status, "actions": list(before.actions)},
        )
    state = find_state(tx, module)
    if action is RecoveryAction.VERIFY:
        request_verification(tx, module)
    elif before.kind is ModuleKind.OUTSIDE and state is not None:
        save_state(tx, state._replace(requested=action.value, requested_at=tx.now, told_at=None))
    else:
        request_action(tx, module, cast("Action", action.value))
    tx.emit_as(KERNEL, SYNC_REQUESTED, module, payload={"action": action.value})
    return publish_status(tx, module, before)


def forget_module(tx: Transaction, module: str) -> None:
    """Take an outside module that is no more off the list; if it reports again, it is new.

    Raises:
        NotFoundError: Nothing is known of the module.
        ConflictError: It is a consumer.
    """
    status = get_status(tx, module)
    if status.kind is not ModuleKind.OUTSIDE:
        raise ConflictError(
            f"{module} is a consumer of this store's log: it belongs to a plugin.",
            action="Take the plugin out, and remove what it leaves with `synthetic plugins purge`.",
            details={"module": module},
        )
    publish_forgotten(tx, module)


def _what_applies(status: ModuleStatus) -> str:
    if status.actions:
        return f"What does: {', '.join(status.actions)}."
    if status.status is SyncStatus.SYNCING:
        return "Nothing does until it has ended what it is doing."
    return "Nothing does."

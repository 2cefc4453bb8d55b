"""Sync state over GraphQL: `syncStatus` as a query and as a subscription, and what changes it."""

# Annotations are left as they are: Strawberry takes far longer to read them as text, at every start.

from collections.abc import AsyncGenerator, Collection
from contextlib import aclosing
from dataclasses import replace
from typing import Annotated, Any

import strawberry

from synthetic.database.snapshot import Snapshot
from synthetic.database.transaction import Transaction
from synthetic.graphql.fields import mutation, query, subscription
from synthetic.log.event_types import SYNC_FORGOTTEN, SYNC_STATUS_CHANGED
from synthetic.log.live import Live
from synthetic.log.positions import Position
from synthetic.log.sync.enums import RecoveryAction, SyncStatus
from synthetic.log.sync.own_modules import require_no_kernel_module, require_outside
from synthetic.log.sync.publication import StatusChange, list_changes, list_told
from synthetic.log.sync.reporting import report_sync as write_report
from synthetic.log.sync.requests import forget_module
from synthetic.log.sync.requests import request_resync as write_request
from synthetic.log.sync.statuses import list_statuses
from synthetic.log.sync.types import ForgetSyncModuleInput, ModuleSyncStatus, ReportSyncInput, RequestResyncInput


@strawberry.type(description="What `reportSync` came to.")
class ReportSyncPayload:
    """The payload of `reportSync`."""

    status: ModuleSyncStatus = strawberry.field(description="How the module fares now.")
    attempt_id: strawberry.ID | None = strawberry.field(description="Of the attempt that the report was about.")
    requested: RecoveryAction | None = strawberry.field(
        description="What an operator has asked of the module, and is to be done with the attempt that this report "
        "begins, or with the next."
    )


@strawberry.type(description="What `requestResync` came to.")
class RequestResyncPayload:
    """The payload of `requestResync`."""

    status: ModuleSyncStatus = strawberry.field(description="How the module fares now, with what it was asked.")


@strawberry.type(description="What `forgetSyncModule` came to.")
class ForgetSyncModulePayload:
    """The payload of `forgetSyncModule`."""

    module: str = strawberry.field(description="The module that is not on the list any more.")


@query
def sync_status(
    snapshot: Snapshot,
    module: Annotated[str | None, strawberry.argument(description="Only the module of this name.")] = None,
    status: Annotated[SyncStatus | None, strawberry.argument(description="Only those that fare so.")] = None,
) -> list[ModuleSyncStatus]:
    """How every module fares, by name: whether it is up to date, and if not, why, and what can be asked of it."""
    position = snapshot.position()
    return [
        ModuleSyncStatus.of(each, position)
        for each in list_statuses(snapshot)
        if module in (None, each.module) and status in (None, each.status)
    ]


@mutation(recorded=False)
def report_sync(tx: Transaction, input: ReportSyncInput) -> ReportSyncPayload:
    """Say how a module outside fares; what was asked of it in the meantime is in the answer.

    Those of the store itself, such as `backup`, and of its plugins are refused with CONFLICT.
    """
    require_outside(tx, input.module)
    report = write_report(
        tx,
        input.module,
        input.outcome,
        attempt_id=input.attempt_id,
        started_at=input.started_at,
        cursor=input.cursor,
        expected_interval_ms=input.expected_interval_ms,
        error=None if input.error is None else input.error.record(),
        units=input.units,
    )
    return ReportSyncPayload(
        status=ModuleSyncStatus.of(report.status, tx.position()),
        attempt_id=None if report.attempt_id is None else strawberry.ID(report.attempt_id),
        requested=report.requested,
    )


@mutation(entity="module", entity_id="module")
def request_resync(tx: Transaction, input: RequestResyncInput) -> RequestResyncPayload:
    """Ask a module for a recovery action; CONFLICT names those that apply, if this one does not now."""
    status = write_request(tx, input.module, input.action)
    return RequestResyncPayload(status=ModuleSyncStatus.of(status, tx.position()))


@mutation(entity="module", entity_id="module", frees=True)
def forget_sync_module(tx: Transaction, input: ForgetSyncModuleInput) -> ForgetSyncModulePayload:
    """Take a module outside that is no more off the list, with its attempts."""
    require_no_kernel_module(input.module)
    forget_module(tx, input.module)
    return ForgetSyncModulePayload(module=input.module)


@subscription(latest=True, graphql_name="syncStatus")
async def sync_status_updates(
    live: Live,
    after: Annotated[
        Position | None,
        strawberry.argument(
            description="The last position that was seen: what has changed since is delivered. Without it, how every "
            "module fares comes first."
        ),
    ] = None,
    modules: Annotated[
        list[str] | None, strawberry.argument(description="Only the modules of these names; all without it.")
    ] = None,
) -> AsyncGenerator[ModuleSyncStatus, Any]:
    """Modules as they come to fare otherwise, in the order of the log; a slow client gets the newest of each.

    What a module was in between is left out for a client that does not keep up.
    """
    begin = live.begin(after)
    if begin is None:
        begin, told = await live.read(_begin, modules)
        for change in told:
            yield ModuleSyncStatus.of(change.status, Position(begin.epoch, change.position))
    seen: int = begin.number
    # The log only says that something has changed. What it is, is read then: when a slow client comes back for more, a
    # later change of a module may have taken the place of an earlier one.
    async with aclosing(live.follow(begin, (SYNC_STATUS_CHANGED, SYNC_FORGOTTEN))) as events:
        async for event in events:
            while event.position > seen and (changes := await live.read(list_changes, seen, modules)):
                yield ModuleSyncStatus.of(changes[0].status, Position(begin.epoch, changes[0].position))
                seen = changes[0].position
            seen = max(seen, event.position)


def _begin(snapshot: Snapshot, modules: Collection[str] | None) -> tuple[Position, list[StatusChange]]:
    """How every module fares, and where to go on from.

    Each has the position of its own last change, in order, so that a client
    that is cut off in between gets the rest; the last one has the end of the log.
    """
    position, told = snapshot.position(), list_told(snapshot, modules)
    return position, [*told[:-1], *(replace(last, position=position.number) for last in told[-1:])]

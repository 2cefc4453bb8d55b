"""The monitor: judges every module now and then, and tells subscribers of what has changed without a report.

It runs in the process that holds the lease of background work. It writes only
where a module fares otherwise than was last told, so a quiet store costs it
reads alone, and a consumer's progress is never an event.
"""

from __future__ import annotations

from typing import NamedTuple

from synthetic.contributions import Service
from synthetic.database.ownership import BlockingStore
from synthetic.database.snapshot import Snapshot
from synthetic.database.transaction import Transaction
from synthetic.kernel_settings import SyncSettings
from synthetic.log.sync.meter import SyncMeter
from synthetic.log.sync.model import ModuleKind, ModuleStatus
from synthetic.log.sync.publication import publish_forgotten, publish_status
from synthetic.log.sync.statuses import find_status, list_statuses
from synthetic.log.sync.store import list_states


class Findings(NamedTuple):
    """What one look at all modules has found.

    Attributes:
        statuses: How they fare.
        changed: Those that fare otherwise than was told.
        gone: Consumers that are no more.
        meter: Where the figures go.
    """

    statuses: list[ModuleStatus]
    changed: list[str]
    gone: list[str]
    meter: SyncMeter


def monitor_service(settings: SyncSettings) -> Service:
    """The monitor as the kernel's background work."""
    return Service(
        name="sync_monitor",
        purpose="Judges every module, and tells subscribers where one fares otherwise than before.",
        work=watch_modules,
        every_ms=settings.monitor_ms,
    )


def watch_modules(store: BlockingStore) -> int:
    """Judge all modules, and publish what has changed.

    Returns:
        0: the next look is due after the pause.
    """
    found = store.read(look)
    for module in (*found.changed, *found.gone):
        store.write(_publish, module)
    found.meter.take(store.read(list_statuses) if found.changed or found.gone else found.statuses)
    return 0


def look(snapshot: Snapshot) -> Findings:
    """Judge all modules, and compare with what was told."""
    statuses, states = list_statuses(snapshot), list_states(snapshot)
    told = {state.module: state.last_published() for state in states}
    changed = [
        status.module
        for status in statuses
        if (last := told.get(status.module)) is None or last.outline() != status.outline()
    ]
    listed = {status.module for status in statuses}
    gone = [state.module for state in states if state.kind != ModuleKind.OUTSIDE and state.module not in listed]
    return Findings(statuses, changed, gone, snapshot.resource(SyncMeter))


def _publish(tx: Transaction, module: str) -> None:
    """Judge once more, since a report may have come in between."""
    if find_status(tx, module) is None:
        publish_forgotten(tx, module)
    else:
        publish_status(tx, module)

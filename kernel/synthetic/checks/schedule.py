"""The light checks on a schedule: by the one process that does the background work, within a bounded time."""

from __future__ import annotations

from functools import partial
from typing import NamedTuple

import msgspec
from prometheus_client import CollectorRegistry, Gauge

from synthetic.checks.declared import LoadedChecks, run_in_snapshot
from synthetic.checks.outcomes import CheckOutcome, CheckStatus, worst_of
from synthetic.contributions import Service
from synthetic.database.ownership import BlockingStore
from synthetic.database.snapshot import Snapshot
from synthetic.database.transaction import Transaction
from synthetic.json_text import to_json
from synthetic.kernel_settings import CheckSettings
from synthetic.logs import logger_for
from synthetic.storage.notes import find_note, save_note

SECONDS = 5.0
"""How long the checks of one turn may take together."""

NOTE_KEY = "integrity"
PAUSE_MS = 60_000
"""How often it is looked whether they are due: another process may have done them."""

log = logger_for(__name__)


class LastChecked(NamedTuple):
    """What came of the light checks when they were made last.

    Attributes:
        checked_at: When, Unix milliseconds.
        status: The worst of them.
        failed: The checks that have found something, as `plugin.name`.
        findings: How many things they have found.
    """

    checked_at: int
    status: CheckStatus
    failed: tuple[str, ...]
    findings: int


class CheckMeter:
    """What is counted of the scheduled checks.

    Attributes:
        findings: What they have found when this process made them last.
    """

    def __init__(self, registry: CollectorRegistry) -> None:
        """Register it."""
        self.findings = Gauge(
            "synthetic_integrity_findings", "Things that the scheduled light checks have found.", registry=registry
        )


def check_service(settings: CheckSettings, meter: CheckMeter) -> Service:
    """The scheduled checks as the kernel's background work."""
    return Service(
        name="light_checks",
        purpose="Makes the light checks now and then, and keeps what came of them.",
        work=partial(check_step, settings.light_ms, meter),
        every_ms=min(settings.light_ms, PAUSE_MS),
    )


def check_step(interval_ms: int, meter: CheckMeter, store: BlockingStore) -> int:
    """Make the light checks if they are due.

    Returns:
        0: the next look is due after the pause.
    """
    outcomes = store.read(_check_if_due, interval_ms)
    if outcomes is None:
        return 0
    last = store.write(_note, outcomes)
    meter.findings.set(last.findings)
    if last.failed:
        log.error("the store is not as it must be", checks=last.failed, findings=last.findings)
    return 0


def find_last(snapshot: Snapshot) -> LastChecked | None:
    """What came of the scheduled checks, or None before the first ones."""
    text = find_note(snapshot, NOTE_KEY)
    return msgspec.json.decode(text, type=LastChecked) if text else None


def _check_if_due(snapshot: Snapshot, interval_ms: int) -> tuple[CheckOutcome, ...] | None:
    last = find_last(snapshot)
    # A clock that was set back must not put them off.
    if last is not None and 0 <= snapshot.now - last.checked_at < interval_ms:
        return None
    return run_in_snapshot(snapshot, snapshot.resource(LoadedChecks).chosen("light"), SECONDS)


def _note(tx: Transaction, outcomes: tuple[CheckOutcome, ...]) -> LastChecked:
    failed = tuple(outcome.name for outcome in outcomes if outcome.findings)
    found = sum(len(outcome.findings) for outcome in outcomes)
    last = LastChecked(tx.now, worst_of(outcomes), failed, found)
    save_note(tx, NOTE_KEY, to_json(tuple(last)))
    return last

"""Running one check, so that nothing that it meets keeps the others from being run."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterable
from contextlib import AbstractContextManager, closing, nullcontext
from itertools import islice

from synthetic.check_contributions import Check, Finding
from synthetic.checks.outcomes import CheckedFinding, CheckOutcome, CheckStatus
from synthetic.checks.readings import OneSnapshot, OwnSnapshots
from synthetic.contributions import Stamped
from synthetic.database.snapshot import Snapshot
from synthetic.errors import InternalError, MigrationPendingError, StorageReadOnlyError, SyntheticError
from synthetic.exits import staying
from synthetic.logs import logger_for

FINDINGS_MAX = 100
"""Findings of one check that are kept: who has more has one fault, and a long list of what it did."""

log = logger_for(__name__)


def run_check(snapshot: Snapshot, stamped: Stamped[Check], seconds: float | None = None) -> CheckOutcome:
    """Run a check, whatever becomes of it.

    Args:
        snapshot: To look in.
        stamped: The check and whose it is.
        seconds: How long it may take; None: as long as the snapshot may be read.

    Returns:
        What came of it: also where the store is damaged, or its time is up.
    """
    limit = nullcontext() if seconds is None else snapshot.narrowed(seconds)
    return _run(stamped, lambda: find_findings(snapshot, stamped.record), limit)


def _run(
    stamped: Stamped[Check], find: Callable[[], Generator[Finding]], limit: AbstractContextManager[None]
) -> CheckOutcome:
    """What comes of a check.

    Args:
        stamped: The check and whose it is.
        find: Begins to look.
        limit: What it is done within.
    """
    began = time.monotonic()
    findings: list[CheckedFinding] = []
    reason = None
    try:
        with staying("the check"), limit, closing(find()) as found:
            findings.extend(CheckedFinding.of(stamped, finding) for finding in islice(found, FINDINGS_MAX + 1))
    except SyntheticError as error:
        if _is_no_fault(error):
            reason = CheckedFinding.of_error(stamped, error)
        else:
            findings.append(CheckedFinding.of_error(stamped, error))
    except Exception as error:
        log.exception("a check could not be run", plugin=stamped.plugin, check=stamped.record.name)
        message = f"The check could not be run: something unexpected went wrong ({type(error).__name__})."
        reason = CheckedFinding.of_error(stamped, InternalError(message))
    return _outcome(stamped, findings, reason, (time.monotonic() - began) * 1000)


def run_alone(
    opening: Callable[[], AbstractContextManager[Snapshot]], stamped: Stamped[Check], stopping: Callable[[], None]
) -> CheckOutcome:
    """Run a check in a snapshot of its own, or in several; where the store cannot be opened, that is what comes of it.

    Args:
        opening: Opens a snapshot.
        stamped: The check and whose it is.
        stopping: Raises where the check should stop, for what is looked at outside of snapshots.
    """
    over_time = stamped.record.find_over_time
    if over_time is not None:
        readings = OwnSnapshots(opening, stopping)
        return _run(stamped, lambda: _found(stamped.record, over_time(readings)), nullcontext())
    try:
        with opening() as snapshot:
            return run_check(snapshot, stamped)
    except SyntheticError as error:
        found = CheckedFinding.of_error(stamped, error)
        return _outcome(stamped, [], found, 0.0) if _is_no_fault(error) else _outcome(stamped, [found], None, 0.0)


def not_run(stamped: Stamped[Check], error: SyntheticError) -> CheckOutcome:
    """The outcome of a check that was not run, and why."""
    return _outcome(stamped, [], CheckedFinding.of_error(stamped, error), 0.0)


def _is_no_fault(error: SyntheticError) -> bool:
    """Whether an error says that a check could not be carried out, and nothing of the store."""
    return error.recoverable or isinstance(error, InternalError | MigrationPendingError | StorageReadOnlyError)


def _outcome(
    stamped: Stamped[Check], findings: list[CheckedFinding], reason: CheckedFinding | None, ms: float
) -> CheckOutcome:
    repair = stamped.record.repair if findings else None
    incomplete = CheckStatus.PASSED if reason is None else CheckStatus.INCOMPLETE
    return CheckOutcome(
        name=f"{stamped.plugin}.{stamped.record.name}",
        purpose=stamped.record.purpose,
        effort=stamped.record.effort,
        status=CheckStatus.FAILED if findings else incomplete,
        findings=tuple(findings[:FINDINGS_MAX]),
        has_more=len(findings) > FINDINGS_MAX,
        reason=reason,
        ms=round(ms, 3),
        repair=None if repair is None else repair.does,
    )


def find_findings(snapshot: Snapshot, check: Check) -> Generator[Finding]:
    """What a check finds, one by one."""
    if check.find is not None:
        yield from _found(check, check.find(snapshot))
        return
    if check.find_over_time is not None:
        yield from _found(check, check.find_over_time(OneSnapshot(snapshot)))
        return
    for entity_id, message in snapshot.iterate(check.sql, {"now": snapshot.now}):
        yield Finding(
            message=message, entity_type=check.entity, entity_id=None if entity_id is None else str(entity_id)
        )


def _found(check: Check, findings: Iterable[Finding]) -> Generator[Finding]:
    """What a function of a plugin finds.

    Raises:
        TypeError: It is something else.
    """
    for finding in findings:
        if not isinstance(finding, Finding):  # pyright: ignore[reportUnnecessaryIsInstance] - a plugin's
            raise TypeError(f"the check {check.name} must yield findings, not {finding!r}")
        yield finding

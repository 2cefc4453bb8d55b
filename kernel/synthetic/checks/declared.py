"""All checks of a kernel, its own and those of the loaded plugins, and running some of them."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Self

from synthetic.check_contributions import EFFORTS, Check, Effort
from synthetic.checks.database_checks import DATABASE_CHECKS, READABLE
from synthetic.checks.folder_checks import FOLDER_CHECKS
from synthetic.checks.ledger_checks import LEDGER_CHECKS, list_lacking
from synthetic.checks.log_checks import LOG_CHECKS
from synthetic.checks.outcomes import CheckOutcome, CheckStatus
from synthetic.checks.running import not_run, run_check
from synthetic.contributions import Stamped
from synthetic.database.snapshot import Snapshot
from synthetic.database.surroundings import SettingsLookup
from synthetic.errors import DeadlineExceededError, MigrationPendingError, NotFoundError, SyntheticError
from synthetic.log.drift.checks import DRIFT_CHECKS

KERNEL_CHECKS: tuple[Check, ...] = (*FOLDER_CHECKS, *LEDGER_CHECKS, *LOG_CHECKS, *DRIFT_CHECKS, *DATABASE_CHECKS)
"""Those of the file as a whole come last: they read all of it."""

_OF_ANY_DATABASE = frozenset({*FOLDER_CHECKS, *DATABASE_CHECKS, *LEDGER_CHECKS})
"""Those that ask for no table of a plugin, the kernel among them."""

Run = Callable[[Stamped[Check]], CheckOutcome]
"""Runs a check in a snapshot, and never raises."""


@dataclass(frozen=True, slots=True)
class LoadedChecks:
    """The checks of a kernel, as a resource of its snapshots.

    Attributes:
        checks: The kernel's own first, then in load order.
    """

    checks: tuple[Stamped[Check], ...]

    @classmethod
    def of(cls, checks: Sequence[Stamped[Check]]) -> Self:
        """Those of plugins, behind the kernel's."""
        return cls((*(Stamped("kernel", check) for check in KERNEL_CHECKS), *checks))

    @classmethod
    def make(cls, _settings: SettingsLookup, /) -> Self:
        """The kernel's own: for snapshots without plugins."""
        return cls.of(())

    def chosen(self, effort: Effort, names: Collection[str] | None = None) -> list[Stamped[Check]]:
        """Those that take no more effort than is allowed.

        Args:
            effort: The most that is allowed.
            names: Only these, as `plugin.name`; None: all.

        Raises:
            NotFoundError: There is no check of a name, or it takes more effort.
        """
        allowed = EFFORTS[: EFFORTS.index(effort) + 1]
        known = {name_of(stamped): stamped for stamped in self.checks}
        for name in names or ():
            if name not in known:
                raise NotFoundError(
                    f"There is no check {name!r}.",
                    action="`synthetic check --list` names them all.",
                    details={"check": name},
                )
            if known[name].record.effort not in allowed:
                raise NotFoundError(
                    f"The check {name} is not run here: its effort is {known[name].record.effort}.",
                    action="Run it with `synthetic check`, a deep one with --deep.",
                    details={"check": name},
                )
        return [
            stamped
            for name, stamped in known.items()
            if stamped.record.effort in allowed and (names is None or name in names)
        ]


def name_of(stamped: Stamped[Check]) -> str:
    """A check's name in the whole kernel: `plugin.name`."""
    return f"{stamped.plugin}.{stamped.record.name}"


def run_checks(
    checks: Sequence[Stamped[Check]], run: Run, find_lacking: Callable[[], Collection[str]]
) -> Iterator[CheckOutcome]:
    """Run checks one after the other; those that could tell nothing are not run.

    Where the database cannot be read at all, that is said once. The checks of
    a plugin whose migrations the store lacks would look for tables that are
    not there.

    Args:
        checks: Of `LoadedChecks.chosen`.
        run: Runs one.
        find_lacking: Names the plugins whose migrations the store lacks.

    Yields:
        What came of each, the first of all being whether the database can be read.
    """
    readable = run(Stamped("kernel", READABLE))
    yield readable
    lacking = find_lacking() if readable.status is CheckStatus.PASSED else ()
    for stamped in checks:
        if stamped.record is READABLE:
            continue
        if readable.status is not CheckStatus.PASSED:
            why = readable.reason or readable.findings[0]
            yield not_run(stamped, why.error())
        elif stamped.plugin in lacking and stamped.record not in _OF_ANY_DATABASE:
            message = f"The store lacks migrations of {stamped.plugin}, so this was not looked at."
            yield not_run(stamped, MigrationPendingError(message))
        else:
            yield run(stamped)


def run_in_snapshot(snapshot: Snapshot, checks: Sequence[Stamped[Check]], seconds: float) -> tuple[CheckOutcome, ...]:
    """Run checks in one snapshot, within a time; those that are not reached say so.

    Args:
        snapshot: To look in.
        checks: Of `LoadedChecks.chosen`.
        seconds: How long all of them may take together.
    """
    ends = time.monotonic() + seconds

    def run(stamped: Stamped[Check]) -> CheckOutcome:
        left = ends - time.monotonic()
        if left <= 0:
            return not_run(stamped, DeadlineExceededError("The checks before it took all the time."))
        return run_check(snapshot, stamped, left)

    return tuple(run_checks(checks, run, lambda: lacking_in(snapshot)))


def lacking_in(snapshot: Snapshot) -> frozenset[str]:
    """The plugins whose migrations the store lacks; none where the ledger cannot be read, which its check says."""
    try:
        return list_lacking(snapshot)
    except SyntheticError as error:
        if error.recoverable:
            raise
        return frozenset()

"""`synthetic check`: whether a store is as it must be, without changing it."""

from __future__ import annotations

import os
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Event
from typing import Annotated, Any, Self

import typer

from synthetic.check_contributions import Check
from synthetic.checks.declared import LoadedChecks, lacking_in, name_of, run_checks
from synthetic.checks.errors import CheckFailedError
from synthetic.checks.ledger_checks import ExpectedMigrations
from synthetic.checks.outcomes import CheckedFinding, CheckOutcome, CheckStatus, worst_of
from synthetic.checks.running import run_alone
from synthetic.cli.backup import stoppable
from synthetic.cli.invocation import DataOption, JsonOption, current_overrides, data_directory
from synthetic.cli.output import emit, fields_of, show, table_of
from synthetic.cli.progress import progress
from synthetic.cli.repairing import FOLDER, carry_out, find_damage, list_wanted, structure_checks
from synthetic.cli.stopping import stop_requests
from synthetic.cli.stores import looking_into
from synthetic.clock import SystemClock
from synthetic.contributions import Stamped
from synthetic.data_directory import DataDirectory
from synthetic.database.connections import check_sqlite_version, open_inspector
from synthetic.database.interruption import Interruption
from synthetic.database.snapshot import Snapshot
from synthetic.errors import SyntheticError, iso_from_ms
from synthetic.kernel_parts import blueprint_of
from synthetic.kernel_settings import DatabaseSettings, KernelSettings
from synthetic.log.archive import Archive
from synthetic.logs import correlation_id
from synthetic.registry import Registry, load_registry
from synthetic.store_folder import StoreFolder

FINDINGS_SHOWN = 10
"""Findings of one check that people are shown; --json has them all."""


def check(
    data: DataOption = None,
    as_json: JsonOption = False,
    deep: Annotated[
        bool, typer.Option("--deep", help="Run the checks too that read and decode all that is stored.")
    ] = False,
    only: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="Only this check, as PLUGIN.NAME. May be repeated.", show_default="all"),
    ] = None,
    list_: Annotated[bool, typer.Option("--list", help="List the checks that there are, and run none.")] = False,
    repair: Annotated[
        bool, typer.Option("--repair", help="Put right what can be without losing anything, then look again.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask before anything is put right.")] = False,
) -> None:
    """Check that the store is as it must be: the database, the log and its archive, and what the plugins promise.

    Without --repair nothing is changed, and with it nothing of a file of which
    more than indexes is damaged. A server may run meanwhile, and a
    damaged store is looked at as far as it can be read. Ctrl-C ends it with
    what was found so far. Ends with CHECK_FAILED when anything was found, and
    is still so after the repairs.
    """
    directory = DataDirectory(data_directory(data, os.environ))
    registry, failure = _load(directory.path)
    checks = LoadedChecks.of(() if registry is None else registry.checks)
    if list_:
        _list(checks.checks, as_json)
    else:
        directory.require_store()
        check_sqlite_version()
        chosen = checks.chosen("deep" if deep else "full", only)
        outcomes, is_stopped = _look_at_all(directory, registry, chosen, as_json)
        wanted = list_wanted(chosen, outcomes) if repair and not is_stopped else []
        refusal = None
        if any(each.check != FOLDER for each in wanted):
            more = structure_checks(outcomes)
            seen, is_stopped = _look_at_all(directory, registry, more, as_json) if more else ([], False)
            refusal = find_damage(directory, KernelSettings() if registry is None else registry.kernel_settings,
                                  [*outcomes, *seen])  # fmt: skip
            wanted = [each for each in wanted if refusal is None or each.check == FOLDER]
        repairs: list[dict[str, Any]] = []
        if wanted and not is_stopped:
            if not as_json:
                _show(outcomes)
            with stoppable("Repairing", as_json) as go_on:
                repairs = carry_out(data, wanted, go_on, yes=yes, as_json=as_json)
            outcomes, is_stopped = _look_at_all(directory, registry, chosen, as_json)
        _tell(outcomes, repairs, as_json, is_stopped=is_stopped, refusal=refusal)
    if failure is not None:
        raise failure


class StoppableInterruption(Interruption):
    """Ends when somebody has asked the command to stop."""

    def __init__(self, stop: Event) -> None:
        """Watch an event of `stop_requests`."""
        super().__init__(SystemClock())
        self._stop = stop

    def reason(self) -> SyntheticError | None:
        """Why the work should stop, or None."""
        if self._stop.is_set():
            self.cancel()
        return super().reason()

    def check(self) -> None:
        """Stop the work if it should."""
        self.reason()
        super().check()


@dataclass(frozen=True, slots=True)
class Look:
    """How the store is looked into: each check on a connection and in a snapshot of its own, or in one after the other.

    So the log of a store that others write to can be folded back between two
    checks, and what one meets in a damaged file is not in the way of the next.
    """

    directory: DataDirectory
    registry: Registry | None
    lent: tuple[object, ...]
    stop: Event

    @classmethod
    def of(cls, directory: DataDirectory, registry: Registry | None, stop: Event) -> Self:
        """One that lends to its snapshots what a kernel would, beside what plugins do."""
        lent: tuple[object, ...] = (Archive(directory.archive), StoreFolder(directory.path))
        if registry is not None:
            lent = (*lent, ExpectedMigrations(tuple(blueprint_of(registry).migrations)))
        return cls(directory, registry, lent, stop)

    @contextmanager
    def snapshot(self) -> Generator[Snapshot]:
        """The store as it is now, on a connection that cannot write.

        Raises:
            SyntheticError: It cannot be opened.
        """
        settings = DatabaseSettings() if self.registry is None else self.registry.kernel_settings.database
        watch = StoppableInterruption(self.stop)
        with looking_into(
            self.directory, settings, self.registry, opening=open_inspector, lent=self.lent, interruption=watch
        ) as snapshot:
            yield snapshot

    def run(self, stamped: Stamped[Check]) -> CheckOutcome:
        """Run one check."""
        return run_alone(self.snapshot, stamped, self.go_on)

    def go_on(self) -> None:
        """Stop what looks at something else than the database, if somebody has asked for that.

        Raises:
            CancelledError: Somebody has.
        """
        StoppableInterruption(self.stop).check()

    def lacking(self) -> frozenset[str]:
        """Plugins whose migrations the store lacks."""
        with self.snapshot() as snapshot:
            return lacking_in(snapshot)


def _load(data_dir: Path) -> tuple[Registry | None, SyntheticError | None]:
    """The plugins, or why there are none: the kernel's checks can be run without them."""
    try:
        return load_registry(data_dir, overrides=current_overrides()), None
    except SyntheticError as error:
        return None, error


def _look_at_all(
    directory: DataDirectory, registry: Registry | None, chosen: Sequence[Stamped[Check]], as_json: bool
) -> tuple[list[CheckOutcome], bool]:
    """Run checks; what came of them, and whether a signal has stopped it."""
    outcomes: list[CheckOutcome] = []
    with stop_requests() as stop, progress("Checking", as_json, unit="checks") as shown:
        look = Look.of(directory, registry, stop)
        shown.expect(len(chosen))
        for outcome in run_checks(chosen, look.run, look.lacking):
            outcomes.append(outcome)
            shown.advance(1, outcome.name)
            if stop.is_set():
                break
    return outcomes, stop.is_set()


def _tell(
    outcomes: Sequence[CheckOutcome],
    repairs: Sequence[dict[str, Any]],
    as_json: bool,
    *,
    is_stopped: bool,
    refusal: SyntheticError | None,
) -> None:
    """Show what came of checks.

    Raises:
        StoreDamagedError: Repairs were wanted, and refused: as `refusal` says.
        CheckFailedError: Something was found.
        SyntheticError: Nothing was found, but a check could not be carried out: why the first one could not.
        KeyboardInterrupt: A signal has stopped it.
    """
    if as_json:
        emit({**_as_json(outcomes), **({"repairs": repairs} if repairs else {})}, as_json)
    else:
        _show(outcomes)
    if is_stopped:
        raise KeyboardInterrupt
    if refusal is not None:
        raise refusal
    found = sum(len(outcome.findings) for outcome in outcomes)
    failed = [outcome.name for outcome in outcomes if outcome.findings]
    if failed:
        raise CheckFailedError(
            f"{_number(found, 'finding')} of {_number(len(failed), 'check')}: {', '.join(failed)}.",
            details={"checks": failed},
        )
    for outcome in outcomes:
        if outcome.reason is not None:
            raise outcome.reason.error()


def _list(checks: Sequence[Stamped[Check]], as_json: bool) -> None:
    rows = [(name_of(stamped), stamped.record.effort, stamped.record.purpose) for stamped in checks]
    if as_json:
        emit({"checks": [dict(zip(("name", "effort", "purpose"), row, strict=True)) for row in rows]}, as_json)
    else:
        show(table_of(("check", "effort", "what holds"), rows))


def _show(outcomes: Sequence[CheckOutcome]) -> None:
    rows = [(outcome.name, outcome.status.value, _count(outcome), f"{outcome.ms:,.0f} ms") for outcome in outcomes]
    show(table_of(("check", "outcome", "findings", "took"), rows, numbers=("findings", "took")))
    for outcome in outcomes:
        for finding in outcome.findings[:FINDINGS_SHOWN]:
            _show_finding(f"{finding.error_class.code}: {finding.message}", finding)
        if outcome.repair is not None:
            show(f"\n{outcome.name} can be put right, by `synthetic check --repair`: {outcome.repair}")
        if outcome.has_more or len(outcome.findings) > FINDINGS_SHOWN:
            show(f"\n{outcome.name} has found more of the same; --json shows the first 100.")
    _show_reasons([outcome.reason for outcome in outcomes if outcome.reason is not None])
    if worst_of(outcomes) is CheckStatus.PASSED:
        show("\nNothing was found.")


def _show_reasons(reasons: Sequence[CheckedFinding]) -> None:
    """Why checks are not complete; what many of them say is said once."""
    by_text: dict[tuple[str, str], list[str]] = {}
    for reason in reasons:
        by_text.setdefault((reason.message, reason.action), []).append(reason.check)
    for (message, action), checks in by_text.items():
        show(f"\nNot completed: {message}", fields_of({"  Checks": ", ".join(checks), "  What to do": action}))


def _show_finding(heading: str, finding: CheckedFinding) -> None:
    entity = " ".join(filter(None, (finding.entity_type, finding.entity_id)))
    lines = {"Found by": finding.check, "About": entity, "What to do": finding.action}
    show(f"\n{heading}", fields_of({f"  {name}": value for name, value in lines.items() if value}))


def _number(count: int, word: str) -> str:
    return f"{count:,} {word}" if count == 1 else f"{count:,} {word}s"


def _count(outcome: CheckOutcome) -> str:
    return f"{len(outcome.findings)}{'+' if outcome.has_more else ''}" if outcome.findings else "-"


def _as_json(outcomes: Sequence[CheckOutcome]) -> dict[str, Any]:
    now_ms, correlation = SystemClock().now_ms(), correlation_id()

    def shown(finding: CheckedFinding) -> dict[str, Any]:
        about = {"entityType": finding.entity_type, "entityId": finding.entity_id}
        return {**about, **finding.contract(correlation, now_ms)}

    return {
        "status": worst_of(outcomes).value,
        "checkedAt": iso_from_ms(now_ms),
        "checks": [
            {
                "name": outcome.name,
                "purpose": outcome.purpose,
                "repair": outcome.repair,
                "effort": outcome.effort,
                "status": outcome.status.value,
                "ms": outcome.ms,
                "findings": [shown(finding) for finding in outcome.findings],
                "hasMore": outcome.has_more,
                "reason": None if outcome.reason is None else shown(outcome.reason),
            }
            for outcome in outcomes
        ],
    }

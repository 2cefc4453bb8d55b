"""What `synthetic check --repair` does about what was found."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import typer

from synthetic.check_contributions import Check, Finding, Repair
from synthetic.checks.declared import LoadedChecks, name_of
from synthetic.checks.outcomes import CheckOutcome, CheckStatus
from synthetic.checks.repairs import close_directory
from synthetic.cli.invocation import data_directory
from synthetic.cli.output import show
from synthetic.cli.plugins_purge import ConfirmationMissingError
from synthetic.cli.stores import open_store
from synthetic.clock import SystemClock
from synthetic.contributions import Stamped
from synthetic.data_directory import DataDirectory
from synthetic.database.snapshot import Snapshot
from synthetic.errors import StoreDamagedError, SyntheticError
from synthetic.kernel_settings import KernelSettings
from synthetic.log.consumers.store import list_consumers
from synthetic.recovery.damage import find_newest_proven, ways_out
from synthetic.recovery.rebuilding import run_consumers

CONFIRM = "Add --yes, or run it on a terminal."

FOLDER = "kernel.permissions"
"""The check whose repair needs no database."""

STRUCTURE = ("kernel.readable", "kernel.pages")
"""What must be sound before anything is written: a write to a damaged file can destroy what it still holds."""

_CONTENTS = "kernel.contents"
_INDEX = re.compile(r"wrong # of entries in index |row \S+ missing from index |non-unique entry in index ")
"""What SQLite says of an index that is not what its table is, and that is made anew from it (its `pragma.c`)."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """A repair that what was found asks for.

    Attributes:
        check: Name of the check that has found it, as `plugin.name`.
        repair: What is to be done.
        findings: About which things.
    """

    check: str
    repair: Repair
    findings: tuple[Finding, ...]


def list_wanted(checks: Sequence[Stamped[Check]], outcomes: Sequence[CheckOutcome]) -> list[Wanted]:
    """The repairs of the checks that have found something."""
    repairs = {name_of(stamped): stamped.record.repair for stamped in checks}
    wanted: list[Wanted] = []
    for outcome in outcomes:
        repair = repairs.get(outcome.name)
        if repair is not None and outcome.findings:
            findings = tuple(
                Finding(message=each.message, entity_type=each.entity_type, entity_id=each.entity_id,
                        details=each.details)
                for each in outcome.findings
            )  # fmt: skip
            wanted.append(Wanted(outcome.name, repair, findings))
    return wanted


def structure_checks(outcomes: Sequence[CheckOutcome]) -> list[Stamped[Check]]:
    """The checks of the structure that were not among those that were run."""
    run = {outcome.name for outcome in outcomes if outcome.status is not CheckStatus.INCOMPLETE}
    return [] if run.issuperset(STRUCTURE) else LoadedChecks.of(()).chosen("full", STRUCTURE)


def find_damage(
    directory: DataDirectory, settings: KernelSettings, outcomes: Sequence[CheckOutcome]
) -> SyntheticError | None:
    """Why nothing may be written to a file: more than its indexes is damaged, or may be; None: it is sound.

    Args:
        directory: Of the store.
        settings: Tell where its backups are.
        outcomes: What came of the checks, those of the structure among them.
    """
    for outcome in outcomes:
        if outcome.name not in (*STRUCTURE, _CONTENTS):
            continue
        told = [each.message for each in outcome.findings if not _INDEX.search(each.message)]
        if outcome.reason is not None and not told and not issubclass(outcome.reason.error_class, StoreDamagedError):
            return outcome.reason.error()
        if told or outcome.reason is not None or (outcome.has_more and outcome.name != _CONTENTS):
            return StoreDamagedError(
                "Nothing was repaired: the structure of the file is damaged.",
                action=ways_out(find_newest_proven(directory, settings), SystemClock().now_ms()),
                details={"found": told[:1]},
            )
    return None


def _ask(*, as_json: bool) -> None:
    if as_json or not sys.stdin.isatty():
        raise ConfirmationMissingError("What is to be put right must be agreed to.", action=CONFIRM)
    typer.confirm("Do it?", abort=True)


def carry_out(
    data: Path | None, wanted: Sequence[Wanted], go_on: Callable[[int], None], *, yes: bool, as_json: bool
) -> list[dict[str, Any]]:
    """Do repairs, each in a transaction, and let consumers make anew what was asked of them.

    Args:
        data: What the command got for `DataOption`.
        wanted: What to do.
        go_on: Raises where the work should stop.
        yes: Do not ask.
        as_json: Nothing is shown.

    Returns:
        What was done, for machines.

    Raises:
        ConfirmationMissingError: Nobody can be asked.
        typer.Abort: It was not agreed to.
        SyntheticError: The store cannot be opened for writing, or a repair failed: those before it were done.
    """
    if not as_json:
        show("\nWhat can be put right without losing anything:")
        for each in wanted:
            show(f"  {each.check}: {each.repair.does}")
    if not yes:
        _ask(as_json=as_json)
    done: list[dict[str, Any]] = []

    def tell(each: Wanted, count: int) -> None:
        done.append({"check": each.check, "does": each.repair.does, "repaired": count})
        if not as_json:
            show(f"Done: {each.check}, {count:,}.")

    for each in wanted:
        if each.check == FOLDER:
            tell(each, close_directory(data_directory(data, os.environ), each.findings))
    within = [each for each in wanted if each.check != FOLDER]
    if within:
        with open_store(data) as store, store.operation(details={"repairs": [each.check for each in within]}):
            for each in within:
                tell(each, store.write(each.repair.apply, each.findings))
            if store.read(_is_rebuild_wanted):
                run_consumers(store, go_on)
    return done


def _is_rebuild_wanted(snapshot: Snapshot) -> bool:
    return any(consumer.requested is not None for consumer in list_consumers(snapshot))

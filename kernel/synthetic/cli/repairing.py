"""What `synthetic check --repair` does about what was found."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import typer

from synthetic.check_contributions import Check, Finding, Repair
from synthetic.checks.declared import name_of
from synthetic.checks.outcomes import CheckOutcome
from synthetic.cli.output import show
from synthetic.cli.plugins_purge import ConfirmationMissingError
from synthetic.cli.stores import open_store
from synthetic.contributions import Stamped
from synthetic.recovery.rebuilding import run_consumers

CONFIRM = "Add --yes, or run it on a terminal."


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
    with open_store(data) as store, store.operation(details={"repairs": [each.check for each in wanted]}):
        for each in wanted:
            count = store.write(each.repair.apply, each.findings)
            done.append({"check": each.check, "does": each.repair.does, "repaired": count})
            if not as_json:
                show(f"Done: {each.check}, {count:,}.")
        run_consumers(store, go_on)
    return done

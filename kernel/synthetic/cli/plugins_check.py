"""`synthetic plugins check`: the conformance suite of the test kit, for plugins that are installed."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Annotated, Any

import typer

from synthetic.checks.errors import CheckFailedError
from synthetic.cli.invocation import DataOption, JsonOption, current_overrides, data_directory
from synthetic.cli.output import emit, show, table_of
from synthetic.cli.progress import progress
from synthetic.registry import load_registry

if TYPE_CHECKING:
    from synthetic.testing.conformance.records import CheckResult


def check(
    names: Annotated[
        list[str] | None, typer.Argument(metavar="[NAME]...", help="The plugins; without any, all that are loaded.")
    ] = None,
    only: Annotated[
        list[str] | None, typer.Option(metavar="CHECK", help="Only this check. May be repeated.", show_default="all")
    ] = None,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Check that plugins keep what the contract asks of them.

    It works on stores of its own in a temporary directory: nothing of this
    store is read or written but the list of its plugins. Ends with CHECK_FAILED
    when anything was found.
    """
    # The suite is that of the test kit, whose parts other commands have no use for.
    from synthetic.testing.conformance import CHECKS, check_plugin  # noqa: PLC0415

    registry = load_registry(data_directory(data, os.environ), overrides=current_overrides()) if not names else None
    chosen = list(names or ()) if registry is None else [plugin.name for plugin in registry.plugins]
    with progress("Checking", as_json, unit="checks") as shown:
        shown.expect(len(chosen) * (len(only) if only else len(CHECKS)))

        def advance(result: CheckResult) -> None:
            shown.advance(1, result.check)

        reports = [check_plugin(name, only=only or (), advance=advance) for name in chosen]
    found = [(report.plugin, result) for report in reports for result in report.results]
    if as_json:
        emit([_as_json(plugin, result) for plugin, result in found], as_json)
    else:
        rows = [(plugin, result.check, result.outcome.value, result.purpose) for plugin, result in found]
        show(table_of(("plugin", "check", "outcome", "what holds"), rows))
        for plugin, result in found:
            for line in (*result.problems, *result.notes):
                show(f"\n{plugin}: {result.check}: {line}")
    failed = [f"{report.plugin}: {result.check}" for report in reports for result in report.failed]
    if failed:
        count = "A check has" if len(failed) == 1 else f"{len(failed)} checks have"
        raise CheckFailedError(
            f"{count} failed: {', '.join(failed)}.",
            action="Mend the plugin where the lines above say; docs/plugins/testing.md says what each check asks.",
            details={"checks": failed},
        )


def _as_json(plugin: str, result: CheckResult) -> dict[str, Any]:
    return {
        "plugin": plugin,
        "check": result.check,
        "purpose": result.purpose,
        "outcome": result.outcome.value,
        "problems": list(result.problems),
        "notes": list(result.notes),
    }

"""`synthetic plugins check`: the conformance suite, on installed plugins."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from synthetic.cli.invocation import JsonOption
from synthetic.cli.output import emit, show
from synthetic.errors import PluginNotConformingError
from synthetic.plugins.discovery import list_installed

if TYPE_CHECKING:
    from synthetic.testing.conformance.records import CheckResult

NamesArgument = Annotated[
    list[str] | None,
    typer.Argument(metavar="[NAME]...", help="Installed plugins, listed or not.", show_default="all"),
]
OnlyOption = Annotated[
    list[str] | None, typer.Option("--only", metavar="NAME", help="Only this check. May be repeated.")
]


def check(names: NamesArgument = None, as_json: JsonOption = False, only: OnlyOption = None) -> None:
    """Check that installed plugins do what every plugin must, on temporary stores; yours is not touched.

    Ends with PLUGIN_NOT_CONFORMING when anything was found.
    """
    # It imports the whole command line, and is needed by this command alone.
    from synthetic.testing.conformance import check_plugin  # noqa: PLC0415

    reports = []
    for name in names or [plugin.name for plugin in list_installed()]:
        if not as_json:
            show(name)
        reports.append(check_plugin(name, only=only or (), advance=None if as_json else _show))
    if as_json:
        found = [
            {"plugin": report.plugin, "checks": [asdict(result) for result in report.results]} for report in reports
        ]
        emit({"plugins": found}, as_json)
    failed = [report.plugin for report in reports if report.failed]
    if failed:
        raise PluginNotConformingError(
            f"Not as every plugin must be: {', '.join(failed)}.", details={"plugins": failed}
        )


def _show(result: CheckResult) -> None:
    show(f"  {result.outcome.lower():8}{result.purpose}")
    for line in result.problems:
        show(f"          {line}")
    if result.outcome == "SKIPPED":
        show(f"          {' '.join(result.notes)}")

"""`check_plugin`: what holds of every plugin, checked of one that is installed.

Each check is named, and has a result of its own. They work on real stores in a
temporary directory, which are made once for all checks of a plugin; so a check
takes from some milliseconds to some seconds. Nothing outside of that directory
is read or written.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from pathlib import Path

from synthetic.errors import BadUserInputError
from synthetic.plugins.discovery import list_installed
from synthetic.testing.conformance.answering import fields_answer
from synthetic.testing.conformance.indexes import deletions_use_indexes, queries_use_indexes
from synthetic.testing.conformance.loading import (
    errors_are_declared,
    events_are_declared,
    everything_is_described,
    loads_alone,
)
from synthetic.testing.conformance.migrating import (
    migrates_a_filled_store,
    migrates_an_empty_store,
    migrates_twice_as_once,
    tables_are_strict,
)
from synthetic.testing.conformance.records import CheckResult, ConformanceCheck, ConformanceReport
from synthetic.testing.conformance.removal import leaves_no_trace, schema_changes_are_named
from synthetic.testing.conformance.starting import services_start_and_stop_in_any_order
from synthetic.testing.conformance.subject import Fill, PluginUnderTest
from synthetic.testing.conformance.travelling import rows_travel
from synthetic.testing.conformance.upgrading import upgrades_keep_rows
from synthetic.testing.conformance.writing import writes_only_its_tables
from synthetic.testing.plugin_sets import PluginSettings

CHECKS: tuple[ConformanceCheck, ...] = (
    ConformanceCheck("loads_alone", "It loads with what it requires, and beside all others.", loads_alone),
    ConformanceCheck(
        "everything_is_described",
        "All that it adds to the schema, and its settings, say what they are for.",
        everything_is_described,
    ),
    ConformanceCheck("events_are_declared", "It declares every event type that it defines.", events_are_declared),
    ConformanceCheck("errors_are_declared", "It declares every error code that it defines.", errors_are_declared),
    ConformanceCheck(
        "schema_changes_are_named",
        "It breaks no client of the schema, by its coming or since its last release.",
        schema_changes_are_named,
    ),
    ConformanceCheck("tables_are_strict", "Its tables are STRICT, and all there.", tables_are_strict),
    ConformanceCheck("migrates_an_empty_store", "It makes its tables in a new store.", migrates_an_empty_store),
    ConformanceCheck(
        "migrates_a_filled_store",
        "It makes the same tables in a store that is in use, and leaves the rest as it is.",
        migrates_a_filled_store,
    ),
    ConformanceCheck(
        "migrates_twice_as_once", "Migrating a store that is up to date changes nothing.", migrates_twice_as_once
    ),
    ConformanceCheck(
        "upgrades_keep_rows",
        "Its newer migrations bring the rows of each earlier version into the same tables.",
        upgrades_keep_rows,
    ),
    ConformanceCheck(
        "writes_only_its_tables", "Its code writes to its own tables and to no others.", writes_only_its_tables
    ),
    ConformanceCheck(
        "fields_answer", "None of its fields fails on the rows that it has, nor one of its checks.", fields_answer
    ),
    ConformanceCheck(
        "queries_use_indexes", "What its fields ask for costs no more the more rows there are.", queries_use_indexes
    ),
    ConformanceCheck(
        "deletions_use_indexes",
        "What retention deletes, and what belongs to a row that goes, is found by an index.",
        deletions_use_indexes,
    ),
    ConformanceCheck(
        "services_start_and_stop_in_any_order",
        "Its background work begins and ends whenever it is told to.",
        services_start_and_stop_in_any_order,
    ),
    ConformanceCheck("rows_travel", "An export brings its rows into another store as they were.", rows_travel),
    ConformanceCheck(
        "leaves_no_trace",
        "Disabled, it leaves its rows; purged, it leaves the structure of the store as it was before.",
        leaves_no_trace,
    ),
)
"""All checks, in the order in which they are made."""


def check_plugin(
    name: str,
    *,
    fill: Fill | None = None,
    settings: PluginSettings | None = None,
    sdl: Path | None = None,
    walks: Collection[str] | None = None,
    only: Collection[str] = (),
    advance: Callable[[CheckResult], object] | None = None,
) -> ConformanceReport:
    """Check an installed plugin; it need not be listed anywhere.

    Args:
        name: The plugin's name, or the import name of its package.
        fill: Writes something of everything that the plugin keeps into the
            store that it is given; None: the plugin's part of the demo does.
        settings: Of the plugin, as in its table of `plugins.toml`.
        sdl: File with the GraphQL schema of the last release (see `sdl_of`).
        walks: Filters that may do without an index, such as
            `bookmarks.filter.title`: by them, a list is gone through until a
            page is full. None: any may, and is noted.
        only: Names of checks; empty: all.
        advance: Told of each result as it comes.

    Returns:
        The results. A plugin that cannot be loaded fails the checks; it does not raise.

    Raises:
        BadUserInputError: There is no such check.
        PluginFailedError, PluginClashError: No such plugin is installed, or two are.
    """
    unknown = sorted(set(only) - {check.name for check in CHECKS})
    if unknown:
        raise BadUserInputError(
            f"There is no check called {unknown[0]!r}.",
            action=f"Name some of: {', '.join(check.name for check in CHECKS)}.",
            details={"check": unknown[0]},
        )
    results: list[CheckResult] = []
    with PluginUnderTest(find_plugin_name(name), fill=fill, settings=settings, sdl=sdl, walks=walks) as subject:
        for check in CHECKS:
            if not only or check.name in only:
                results.append(check.run(subject))
                if advance is not None:
                    advance(results[-1])
    return ConformanceReport(subject.name, tuple(results))


def find_plugin_name(name: str) -> str:
    """The name of the plugin that is called so, or whose package is."""
    names = {plugin.module_name.rpartition(".")[0]: plugin.name for plugin in list_installed()}
    return names.get(name, name)

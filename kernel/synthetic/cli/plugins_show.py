"""`synthetic plugins show`."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

from synthetic.cli.invocation import DataOption, JsonOption, current_overrides, data_directory
from synthetic.cli.modules import find_modules
from synthetic.cli.output import emit, fields_of, in_bytes, show, table_of
from synthetic.cli.stores import looking_into
from synthetic.cli.table_sizes import TableSize, measure_tables
from synthetic.data_directory import DataDirectory
from synthetic.errors import SyntheticError
from synthetic.graphql.schema import core_schema
from synthetic.kernel import schema_of
from synthetic.kernel_settings import DatabaseSettings
from synthetic.plugins.description import Contribution, contributions_of, required_by, types_by_plugin
from synthetic.plugins.discovery import list_installed
from synthetic.plugins.state import (
    NOTHING,
    PluginState,
    Problem,
    Purge,
    find_state,
    ledger_problem,
    module_problems,
    owners_in,
    plan_removal,
)
from synthetic.registry import Registry, load_registry
from synthetic.settings import SettingValue
from synthetic.settling import settle


@dataclass(frozen=True, slots=True)
class InStore:
    """What the store knows of the plugin.

    Attributes:
        tables: Those that it owns there.
        purge: What would go with it.
        problems: What is amiss there.
        has_tables: Whether anything of it is there.
    """

    tables: tuple[TableSize, ...] = ()
    purge: Purge = NOTHING
    problems: tuple[Problem, ...] = ()
    has_tables: bool = False


@dataclass(frozen=True, slots=True)
class Shown:
    """All that is shown of a plugin."""

    state: PluginState
    store: InStore
    contributions: tuple[Contribution, ...]
    types: tuple[str, ...]
    settings: tuple[SettingValue, ...]
    required_by: tuple[str, ...]

    @property
    def problems(self) -> tuple[Problem, ...]:
        """What is amiss with the plugin, and in the store."""
        return (*self.state.problems, *self.store.problems)


def show_plugin(
    name: Annotated[str, typer.Argument(help="The plugin, as `synthetic plugins list` names it.")],
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show one plugin: what it brings, its settings, what it keeps in the store, what is amiss, what goes with it."""
    data_dir = data_directory(data, os.environ)
    registry, failure = _load(data_dir)
    in_store = _look(DataDirectory(data_dir), registry, name)
    state = find_state(name, registry, failure, list_installed(), has_tables=in_store.has_tables)
    shown = _shown(state, in_store, registry)
    if as_json:
        emit(_as_json(shown), as_json)
    else:
        _show(shown)


def _load(data_dir: Path) -> tuple[Registry | None, SyntheticError | None]:
    try:
        registry = load_registry(data_dir, overrides=current_overrides())
    except SyntheticError as error:
        return None, error
    try:
        return settle(data_dir, registry), None
    except SyntheticError:
        return registry, None  # what keeps the store from being opened is found by looking at it


def _look(directory: DataDirectory, registry: Registry | None, name: str) -> InStore:
    """What the store knows of it; nothing where there is no store."""
    if not directory.database.is_file():
        return InStore()
    settings = DatabaseSettings() if registry is None else registry.kernel_settings.database
    with looking_into(directory, settings, registry) as snapshot:
        has_tables = name in owners_in(snapshot)
        tables = measure_tables(snapshot, plugin=name) if has_tables else ()
        purge = plan_removal(snapshot, name) if has_tables else NOTHING
        problems: list[Problem] = []
        if registry is not None and registry.find_plugin(name) is not None:
            problem = ledger_problem(snapshot, registry, name)
            problems += [] if problem is None else [problem]
            modules = find_modules(snapshot)
            problems += [] if modules is None else module_problems(modules[1], name)
    return InStore(tables, purge, tuple(problems), has_tables)


def _shown(state: PluginState, in_store: InStore, registry: Registry | None) -> Shown:
    if registry is None or state.loaded is None:
        return Shown(state, in_store, (), (), () if registry is None else registry.settings_of(state.name), ())
    types = types_by_plugin(registry, core_schema(schema_of(registry)))
    return Shown(
        state,
        in_store,
        contributions_of(registry, state.loaded),
        types.get(state.name, ()),
        registry.settings_of(state.name),
        required_by(registry, state.name),
    )


def _as_json(shown: Shown) -> dict[str, Any]:
    loaded, state = shown.state.loaded, shown.state
    return {
        "name": state.name,
        "state": state.state,
        "summary": None if loaded is None else loaded.record.summary,
        "installed": [
            {"distribution": each.distribution, "version": each.version, "location": each.location}
            for each in state.installed
        ],
        "kernel": None if loaded is None else loaded.record.kernel,
        "optional": None if loaded is None else loaded.optional,
        "requires": None if loaded is None else list(loaded.record.requires),
        "requiredBy": list(shown.required_by),
        "contributions": [
            {"hook": each.hook, "kind": each.kind, "name": each.name, "purpose": each.purpose}
            for each in shown.contributions
        ],
        "types": list(shown.types),
        "settings": [
            {
                "name": value.name,
                "value": value.shown_value,
                "default": value.shown_default,
                "layer": value.source.layer,
                "where": value.source.where,
                "secret": value.is_secret,
            }
            for value in shown.settings
        ],
        "tables": [{"name": each.name, "rows": each.rows, "bytes": each.size_bytes} for each in shown.store.tables],
        "bytes": sum(each.size_bytes or 0 for each in shown.store.tables),
        "problems": [_problem_as_json(each) for each in shown.problems],
        "purge": {
            "tables": [{"table": each.name, "rows": each.rows} for each in shown.store.purge.tables],
            "refusal": None if shown.store.purge.refusal is None else _problem_as_json(shown.store.purge.refusal),
        },
    }


def _problem_as_json(problem: Problem) -> dict[str, str]:
    return {"code": problem.code, "message": problem.message, "action": problem.action}


def _show(shown: Shown) -> None:
    show(fields_of(_summary(shown)))
    if shown.contributions:
        rows = [(each.kind, each.name, each.purpose) for each in shown.contributions]
        show("", table_of(("brings", "called", "what for"), rows))
    if shown.settings:
        values = [
            (value.name, str(value.shown_value), str(value.shown_default), value.source.where)
            for value in shown.settings
        ]
        show("", table_of(("setting", "value", "default", "set by"), values))
    if shown.store.tables:
        sizes = [(each.name, each.rows, in_bytes(each.size_bytes or 0)) for each in shown.store.tables]
        show("", table_of(("table", "rows", "size"), sizes, numbers=("rows", "size")))
    for line in _removal(shown):
        show("\n" + line)
    for problem in shown.problems:
        show(f"\n{problem.code}: {problem.message}\n  {problem.action}")


def _summary(shown: Shown) -> dict[str, Any]:
    state, loaded = shown.state, shown.state.loaded
    summary: dict[str, Any] = {"Plugin": state.name, "State": state.state}
    if loaded is not None:
        summary |= {
            "Summary": loaded.record.summary,
            "Kernel": loaded.record.kernel,
            "Requires": _names(loaded.record.requires),
            "Required by": _names(shown.required_by),
            "Optional": loaded.optional,
        }
    summary |= {"Package": _names([f"{each.distribution} {each.version}" for each in state.installed])}
    summary |= {"In": _names([each.location for each in state.installed])}
    if shown.types:
        summary["Types"] = ", ".join(shown.types)
    if shown.store.tables:
        summary["In the store"] = in_bytes(sum(each.size_bytes or 0 for each in shown.store.tables))
    return summary


def _names(names: Sequence[str]) -> str:
    return ", ".join(names) or "-"


def _removal(shown: Shown) -> list[str]:
    """What would go with it, as sentences."""
    purge, name = shown.store.purge, shown.state.name
    lines: list[str] = []
    if shown.required_by:
        lines.append(f"Without it, these cannot be loaded: {', '.join(shown.required_by)}.")
    if purge.refusal is not None:
        lines.append(f"Its tables cannot be purged now: {purge.refusal.message}")
    elif purge.tables:
        tables = ", ".join(f"{each.name} ({each.rows:,} rows)" for each in purge.tables)
        first = "" if shown.state.loaded is None else "Once it is disabled, "
        sentence = f"`synthetic plugins purge {name}` would remove {tables}."
        lines.append(first + sentence)
    return lines

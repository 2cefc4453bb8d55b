"""What a plugin brings, in words: one line for each thing that it contributes.

The same lines are shown by `synthetic plugins show` and by the query `plugins`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from graphql import GraphQLSchema
from strawberry.types.base import get_object_definition

from synthetic.check_contributions import Check
from synthetic.command_contributions import Command
from synthetic.consumer_contributions import Consumer, Fold
from synthetic.contributions import ErrorCode, EventType, Extension, GraphQL, MigrationFolder, Service, Settings, Table
from synthetic.demo_contributions import DemoPart
from synthetic.error_contract import default_message
from synthetic.metric_contributions import MetricReading
from synthetic.plugins.clashes import UNIQUE_AS, root_field_name
from synthetic.plugins.hooks import RUN_TIME
from synthetic.plugins.listing import LoadedPlugin
from synthetic.refusal_contributions import RefusalReaction
from synthetic.registry import Registry
from synthetic.retention_contributions import RetentionRule
from synthetic.route_contributions import Route

DEFINITION = "strawberry-definition"

_PLAIN: Mapping[type[Any], str] = {
    Table: "table",
    EventType: "event type",
    RetentionRule: "retention rule",
    Service: "service",
    Check: "check",
    MetricReading: "metric",
}
"""Records with a name and a purpose, and what they are called."""


@dataclass(frozen=True, slots=True)
class Contribution:
    """One thing that a plugin brings.

    Attributes:
        hook: The hook through which it does.
        kind: What it is, for instance `table`.
        name: What it is called.
        purpose: What it is for, as a sentence; empty where the plugin does not say.
    """

    hook: str
    kind: str
    name: str
    purpose: str


def contributions_of(registry: Registry, plugin: LoadedPlugin) -> tuple[Contribution, ...]:
    """All that a loaded plugin brings, hook by hook.

    Args:
        registry: That the plugin is part of.
        plugin: The plugin.
    """
    found = [
        Contribution(hook, *line)
        for hook, records in registry.records_of(plugin.name)
        for record in records
        for line in _lines(record)
    ]
    found += [
        Contribution(hook, "implementation", hook, "Called while a store is open.")
        for hook in RUN_TIME
        if plugin.name in registry.implementers_of(hook)
    ]
    found += [
        Contribution("register_plugin", "hook", hook, "Offered to other plugins.")
        for hook in registry.hooks_offered_by(plugin.name)
    ]
    return tuple(found)


def required_by(registry: Registry, plugin: str) -> tuple[str, ...]:
    """Loaded plugins that cannot be without a plugin, those that need it through others included, in load order."""
    needed = {plugin}
    for each in registry.plugins:
        if needed & set(each.record.requires):
            needed.add(each.name)
    return tuple(each.name for each in registry.plugins if each.name in needed - {plugin})


def types_by_plugin(registry: Registry, schema: GraphQLSchema) -> dict[str, tuple[str, ...]]:
    """The GraphQL types that stand in the packages of the loaded plugins, by plugin.

    Pages of a plugin's entities (`NoteConnection`, `NoteEdge`) are made by the kernel, and are not named.

    Args:
        registry: The plugins.
        schema: That they make together.
    """
    packages = {plugin.module.__name__.rpartition(".")[0]: plugin.name for plugin in registry.plugins}
    found: dict[str, list[str]] = {}
    for name, kind in sorted(schema.type_map.items()):
        module = _module_of(kind.extensions.get(DEFINITION))
        owner = next((packages[package] for package in packages if f"{module}.".startswith(f"{package}.")), None)
        if owner is not None:
            found.setdefault(owner, []).append(name)
    return {plugin: tuple(names) for plugin, names in found.items()}


def _module_of(definition: Any) -> str:
    """The module of what a GraphQL type was made of: a class, an enum, or a scalar's own."""
    made_of = getattr(definition, "origin", None) or getattr(definition, "wrapped_cls", None)
    return str(getattr(made_of, "__module__", ""))


def _lines(record: Any) -> Iterator[tuple[str, str, str]]:
    """What a record brings: kind, name and purpose of each thing."""
    match record:
        case Table() | EventType() | RetentionRule() | Service() | Check() | MetricReading():
            yield _PLAIN[type(record)], record.name, record.purpose
        case Consumer():
            yield "fold" if isinstance(record, Fold) else "mirror", record.name, record.purpose
        case ErrorCode():
            yield "error code", record.error_class.code, default_message(record.error_class)
        case GraphQL():
            yield from _fields(record)
        case Command():
            yield from _commands(record, "")
        case Route():
            yield "path", record.path, record.purpose
        case MigrationFolder():
            yield "migrations", record.package, ""
        case Settings():
            yield "settings", record.settings_class.__name__, _first_line(record.settings_class)
        case DemoPart():
            yield "part of the demo", record.module, ""
        case RefusalReaction():
            yield "reaction to refusals", "", record.purpose
        case _:
            kind = getattr(record, UNIQUE_AS, None) or _words(type(record).__name__)
            yield kind, str(getattr(record, "name", "")), str(getattr(record, "purpose", ""))


def _fields(record: GraphQL) -> Iterator[tuple[str, str, str]]:
    for kind, fields in (
        ("query", record.queries),
        ("mutation", record.mutations),
        ("subscription", record.subscriptions),
    ):
        for field in fields:
            yield kind, root_field_name(field), field.description or ""
    for extension in record.extend:
        for field in extension.fields:
            yield "field", f"{_name_of(extension)}.{root_field_name(field)}", field.description or ""


def _name_of(extension: Extension) -> str:
    definition = get_object_definition(extension.type)
    return extension.type.__name__ if definition is None else definition.name


def _commands(command: Command, before: str) -> Iterator[tuple[str, str, str]]:
    """A command, or the verbs of a noun, as they are typed."""
    words = f"{before} {command.name}".strip()
    if command.function is not None:
        yield "command", words, command.summary or _first_line(command.function)
    for verb in command.verbs:
        yield from _commands(verb, words)


def _first_line(documented: object) -> str:
    return (documented.__doc__ or "").strip().partition("\n")[0]


def _words(class_name: str) -> str:
    """`SearchDocuments` as "search documents"."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", class_name).lower()

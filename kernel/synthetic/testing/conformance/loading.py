"""Checks of what a plugin declares: it loads with what it requires, and says all that there is to say."""

from __future__ import annotations

import importlib.util
import sys
import typing
from collections.abc import Iterator
from dataclasses import fields
from types import ModuleType
from typing import Any

import msgspec

from synthetic.cli.application import build_application
from synthetic.contributions import EventType
from synthetic.errors import SyntheticError
from synthetic.graphql.schema import undescribed
from synthetic.log.event_types import KERNEL_EVENTS
from synthetic.plugins.discovery import import_module
from synthetic.testing.conformance.records import NothingToCheckError
from synthetic.testing.conformance.subject import PluginUnderTest
from synthetic.testing.plugin_sets import with_required
from synthetic.testing.snapshots import graphql_schema_of

ROOMS = ("errors", "events")
"""Modules that are looked at even where nothing that was loaded imports them."""


def loads_alone(subject: PluginUnderTest) -> Iterator[str]:
    """With what it requires; then with the plugins that it knows, and those of Synthetic, where names could clash."""
    sets = {
        "what it requires": ((), False),
        "the plugins that it has `with_` modules for": (with_required(*subject.companions), False),
        "the plugins that Synthetic brings": (with_required(*subject.companions), True),
    }
    for what, (others, shipped) in sets.items():
        registry = (
            subject.load((*subject.required, *others, subject.name), shipped=shipped) if others or shipped
            else subject.alone
        )  # fmt: skip
        if registry.find_plugin(subject.name) is None:
            yield f"It is left out when it is loaded with {what}."
        graphql_schema_of(registry)
        build_application(registry.commands, None)


def everything_is_described(subject: PluginUnderTest) -> Iterator[str]:
    """What appears in the schema with it, and its settings; the records of other hooks see to that themselves."""
    there = set(undescribed(graphql_schema_of(subject.without)))
    for name in undescribed(graphql_schema_of(subject.alone)):
        if name not in there:
            yield f"`{name}` of the GraphQL schema has no description."
    plugin = subject.alone.find_plugin(subject.name)
    if plugin is not None and plugin.settings is not None:
        settings: Any = plugin.settings
        settings_class = settings.__class__
        hints = typing.get_type_hints(settings_class, include_extras=True)
        for field in fields(settings_class):
            if not msgspec.json.schema(hints[field.name]).get("description"):
                yield f"The setting plugins.{subject.name}.{field.name} has no description (msgspec.Meta)."


def events_are_declared(subject: PluginUnderTest) -> Iterator[str]:
    """Every `EventType` that its modules hold, and those that its tables name, comes from `register_events`."""
    declared = {each.record for each in subject.alone.events}
    found: dict[EventType, str] = {}
    for module in _modules_of(subject):
        for name, value in vars(module).items():
            if isinstance(value, EventType):
                found.setdefault(value, f"{module.__name__}.{name}")
    for name, table in subject.tables.items():
        if table.deleted is not None:
            found.setdefault(table.deleted, f"`deleted` of the table {name}")
    # What the kernel defines it declares itself.
    own = {event: where for event, where in found.items() if event not in KERNEL_EVENTS}
    if not own:
        raise NothingToCheckError("The plugin has no event types.")
    for event, where in own.items():
        if event not in declared:
            yield f"The event type {event.name} ({where}) is not returned from register_events."


def errors_are_declared(subject: PluginUnderTest) -> Iterator[str]:
    """Every error class of its modules that has a code of its own comes from `register_errors`."""
    declared = {each.record.error_class for each in subject.alone.errors}
    found = {
        value
        for module in _modules_of(subject)
        for value in vars(module).values()
        if isinstance(value, type)
        and issubclass(value, SyntheticError)
        and f"{value.__module__}.".startswith(f"{subject.package}.")
        and "code" in vars(value)
    }
    if not found:
        raise NothingToCheckError("The plugin has no errors of its own.")
    for error_class in sorted(found - declared, key=lambda each: each.code):
        yield f"The code {error_class.code} ({error_class.__qualname__}) is not returned from register_errors."


def _modules_of(subject: PluginUnderTest) -> list[ModuleType]:
    """The modules of its package: those that are loaded with it, and its catalogues."""
    subject.alone  # noqa: B018 - loads them
    for room in ROOMS:
        if importlib.util.find_spec(f"{subject.package}.{room}") is not None:
            import_module(subject.name, f"{subject.package}.{room}")
    return [module for name, module in sorted(sys.modules.items()) if f"{name}.".startswith(f"{subject.package}.")]

"""What the plugin gives to the kernel: the records of its themes, hook by hook."""

from __future__ import annotations

from synthetic import (
    Check,
    Command,
    ConnectionRole,
    Consumer,
    DemoPart,
    ErrorCode,
    EventType,
    GraphQL,
    MetricReading,
    MigrationFolder,
    Plugin,
    PreparedConnection,
    RetentionRule,
    Service,
    Settings,
    Table,
    hookimpl,
)
from synthetic_search.asking.contributions import THEME as ASKING
from synthetic_search.index.contributions import THEME as INDEX
from synthetic_search.index.scoring import prepare_scoring
from synthetic_search.meaning.contributions import THEME as MEANING
from synthetic_search.meaning.embedders import Embedder
from synthetic_search.meaning.shipped import EMBEDDERS
from synthetic_search.saved.contributions import THEME as SAVED
from synthetic_search.settings import SearchSettings

THEMES = (INDEX, MEANING, ASKING, SAVED)


@hookimpl
def register_plugin() -> Plugin:
    """Who this is."""
    return Plugin(
        summary="Finds what the plugins keep, by words and by meaning.",
        hooks="synthetic_search.hookspecs",
    )


@hookimpl
def register_settings() -> tuple[Settings, ...]:
    """`[plugins.search]`."""
    return (Settings(SearchSettings),)


@hookimpl
def register_migrations() -> tuple[MigrationFolder, ...]:
    """The folder `migrations` beside this file."""
    return (MigrationFolder("synthetic_search"),)


@hookimpl
def register_tables() -> tuple[Table, ...]:
    """The index, and what the other themes keep."""
    return tuple(record for theme in THEMES for record in theme.tables)


@hookimpl
def register_events() -> tuple[EventType, ...]:
    """What is written to the log."""
    return tuple(record for theme in THEMES for record in theme.events)


@hookimpl
def register_errors() -> tuple[ErrorCode, ...]:
    """The codes of each theme's `errors.py`."""
    return tuple(record for theme in THEMES for record in theme.errors)


@hookimpl
def register_graphql() -> tuple[GraphQL, ...]:
    """Root fields and nodes."""
    return tuple(record for theme in THEMES for record in theme.graphql)


@hookimpl
def register_consumers() -> tuple[Consumer, ...]:
    """The mirror."""
    return tuple(record for theme in THEMES for record in theme.consumers)


@hookimpl
def register_retention() -> tuple[RetentionRule, ...]:
    """What goes by age."""
    return tuple(record for theme in THEMES for record in theme.retention)


@hookimpl
def register_services() -> tuple[Service, ...]:
    """Background work."""
    return tuple(record for theme in THEMES for record in theme.services)


@hookimpl
def register_checks() -> tuple[Check, ...]:
    """What must hold of the index."""
    return tuple(record for theme in THEMES for record in theme.checks)


@hookimpl
def register_metrics() -> tuple[MetricReading, ...]:
    """What `/metrics` shows."""
    return tuple(record for theme in THEMES for record in theme.metrics)


@hookimpl
def register_commands() -> tuple[Command, ...]:
    """Verbs of the command line."""
    return tuple(record for theme in THEMES for record in theme.commands)


@hookimpl
def prepare_connection(connection: PreparedConnection, role: ConnectionRole) -> None:
    """The functions by which documents are scored."""
    prepare_scoring(connection, role)


@hookimpl
def register_embedders() -> tuple[Embedder, ...]:
    """The embedders that come with search."""
    return EMBEDDERS


@hookimpl
def register_demo() -> tuple[DemoPart, ...]:
    """`demo.py`, which is imported by `synthetic demo` alone."""
    return (DemoPart(module="synthetic_search.demo", every_ms=30_000),)

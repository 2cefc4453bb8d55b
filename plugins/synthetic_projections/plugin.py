"""What the plugin gives to the kernel: the records of its themes, hook by hook."""

from __future__ import annotations

from synthetic import (
    Check,
    Command,
    Consumer,
    DemoPart,
    ErrorCode,
    EventType,
    GraphQL,
    MetricReading,
    MigrationFolder,
    Plugin,
    RetentionRule,
    Service,
    Settings,
    Table,
    hookimpl,
)
from synthetic_projections.activity.contributions import THEME as ACTIVITY
from synthetic_projections.agents.contributions import THEME as AGENTS
from synthetic_projections.costs.contributions import THEME as COSTS
from synthetic_projections.documents.contributions import THEME as DOCUMENTS
from synthetic_projections.lineage.contributions import THEME as LINEAGE
from synthetic_projections.settings import ProjectionSettings
from synthetic_projections.workflows.contributions import THEME as WORKFLOWS

THEMES = (ACTIVITY, WORKFLOWS, DOCUMENTS, COSTS, AGENTS, LINEAGE)


@hookimpl
def register_plugin() -> Plugin:
    """Who this is."""
    return Plugin(
        summary="Read models that are folded from the log.",
        requires=("constructs", "sessions", "transcripts", "jobs", "approvals"),
        with_={"search": "synthetic_projections.with_search"},
    )


@hookimpl
def register_settings() -> tuple[Settings, ...]:
    """`[plugins.projections]`."""
    return (Settings(ProjectionSettings),)


@hookimpl
def register_migrations() -> tuple[MigrationFolder, ...]:
    """The folder `migrations` beside this file."""
    return (MigrationFolder("synthetic_projections"),)


@hookimpl
def register_tables() -> tuple[Table, ...]:
    """Facts that are kept, and what the folds fill."""
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
    """Root fields, fields on other plugins' types, and nodes."""
    return tuple(record for theme in THEMES for record in theme.graphql)


@hookimpl
def register_consumers() -> tuple[Consumer, ...]:
    """The folds."""
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
    """What must hold of what is kept."""
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
def register_demo() -> tuple[DemoPart, ...]:
    """`demo.py`, which is imported by `synthetic demo` alone."""
    return (DemoPart(module="synthetic_projections.demo", every_ms=6_000),)

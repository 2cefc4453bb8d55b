"""What the plugin gives to the kernel: a table of contents."""

from __future__ import annotations

from synthetic import (
    DemoPart,
    ErrorCode,
    EventType,
    Extension,
    GraphQL,
    MigrationFolder,
    Plugin,
    Reference,
    Settings,
    Table,
    hookimpl,
)
from synthetic_constructs.types import Construct
from synthetic_sessions import mutation, query, types
from synthetic_sessions.errors import SessionCycleError, SessionTooDeepError
from synthetic_sessions.events import EVENTS, SESSION_DELETED
from synthetic_sessions.settings import SessionSettings


@hookimpl
def register_plugin() -> Plugin:
    """Who this is."""
    return Plugin(summary="Runs of agents, and of the sub-agents that they start.", requires=("constructs",))


@hookimpl
def register_settings() -> tuple[Settings, ...]:
    """`[plugins.sessions]`."""
    return (Settings(SessionSettings),)


@hookimpl
def register_tables() -> tuple[Table, ...]:
    """Sessions, which belong to their construct."""
    return (
        Table(
            name="sessions",
            purpose="Runs of agents.",
            references=(
                Reference(column="construct_id", table="constructs"),
                # A sub-agent's session works on its parent's construct unless it says otherwise, and goes with that.
                Reference(column="parent_session_id", table="sessions", on_delete="clear"),
            ),
            deleted=SESSION_DELETED,
            kept="The record of what was done: it goes with its construct, age does not delete it.",
        ),
    )


@hookimpl
def register_migrations() -> tuple[MigrationFolder, ...]:
    """The folder `migrations` beside this file."""
    return (MigrationFolder("synthetic_sessions"),)


@hookimpl
def register_errors() -> tuple[ErrorCode, ...]:
    """The codes of `errors.py`."""
    return (ErrorCode(SessionCycleError), ErrorCode(SessionTooDeepError))


@hookimpl
def register_events() -> tuple[EventType, ...]:
    """The event types of `events.py`."""
    return EVENTS


@hookimpl
def register_graphql() -> tuple[GraphQL, ...]:
    """Root fields, `Construct.sessions`, and how `node(id:)` finds a session."""
    return (
        GraphQL(
            queries=(query.session, query.sessions),
            mutations=(mutation.save_session,),
            extend=(Extension(type=Construct, fields=(types.sessions,)),),
            nodes={types.Session: types.find_session_nodes},
        ),
    )


@hookimpl
def register_demo() -> tuple[DemoPart, ...]:
    """`demo.py`, which is imported by `synthetic demo` alone."""
    return (DemoPart(module="synthetic_sessions.demo", every_ms=3_000),)

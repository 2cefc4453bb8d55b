"""What the plugin gives to the kernel: a table of contents."""

from __future__ import annotations

from synthetic import (
    Check,
    DemoPart,
    ErrorCode,
    EventType,
    Extension,
    GraphQL,
    MetricReading,
    MigrationFolder,
    Plugin,
    Reference,
    RetentionRule,
    Service,
    Settings,
    Table,
    hookimpl,
)
from synthetic_constructs.types import Construct
from synthetic_sessions import (
    context_mutation,
    context_query,
    context_types,
    mutation,
    query,
    services,
    thread_mutation,
    thread_query,
    thread_types,
    types,
)
from synthetic_sessions.checks import CHECKS
from synthetic_sessions.errors import SessionCycleError, SessionTooDeepError
from synthetic_sessions.events import EVENTS, SESSION_CONTEXT_DELETED, SESSION_DELETED, THREAD_SESSION_DELETED
from synthetic_sessions.metrics import METRICS
from synthetic_sessions.settings import SessionSettings

_OF_SESSION = (Reference(column="session_id", table="sessions"),)


@hookimpl
def register_plugin() -> Plugin:
    """Who this is."""
    return Plugin(
        summary="Runs of agents and of their sub-agents, what they remember, and the threads in which they answer.",
        requires=("constructs",),
    )


@hookimpl
def register_settings() -> tuple[Settings, ...]:
    """`[plugins.sessions]`."""
    return (Settings(SessionSettings),)


@hookimpl
def register_tables() -> tuple[Table, ...]:
    """Sessions, which belong to their construct, and contexts and threads, which belong to their session."""
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
        Table(
            name="session_contexts",
            purpose="What agents want to know again in the next turn of a conversation.",
            references=_OF_SESSION,
            deleted=SESSION_CONTEXT_DELETED,
        ),
        Table(
            name="thread_sessions",
            purpose="Which session answers in which thread of which channel.",
            references=_OF_SESSION,
            deleted=THREAD_SESSION_DELETED,
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
    """Root fields, `Construct.sessions`, `Session.contexts` and `threads`, and how `node(id:)` finds what is here."""
    return (
        GraphQL(
            queries=(
                query.session,
                query.sessions,
                context_query.session_context,
                context_query.session_contexts,
                thread_query.thread_session,
                thread_query.thread_sessions,
            ),
            mutations=(
                mutation.save_session,
                mutation.touch_session,
                context_mutation.save_session_context,
                context_mutation.touch_session_context,
                context_mutation.delete_session_context,
                thread_mutation.save_thread_session,
                thread_mutation.touch_thread_session,
                thread_mutation.delete_thread_session,
            ),
            extend=(
                Extension(type=Construct, fields=(types.sessions,)),
                Extension(type=types.Session, fields=(context_types.contexts, thread_types.threads)),
            ),
            nodes={
                types.Session: types.find_session_nodes,
                context_types.SessionContext: context_types.find_context_nodes,
                thread_types.ThreadSession: thread_types.find_thread_nodes,
            },
        ),
    )


@hookimpl
def register_retention() -> tuple[RetentionRule, ...]:
    """Contexts and threads that nobody uses any more."""
    return (
        RetentionRule(
            name="contexts",
            purpose="Session contexts that nobody has used for long.",
            table="session_contexts",
            age_column="last_used_at",
            keep_setting="keep_contexts_ms",
        ),
        RetentionRule(
            name="threads",
            purpose="Thread sessions in which no message has come for long.",
            table="thread_sessions",
            age_column="last_message_at",
            keep_setting="keep_threads_ms",
        ),
    )


@hookimpl
def register_services() -> tuple[Service, ...]:
    """What sets right the instants that a wrong clock has left."""
    return (
        Service(
            name="settle_instants",
            purpose="Lets what was touched more than a day ahead of the clock have been touched now.",
            work=services.settle,
            every_ms=60_000,
        ),
    )


@hookimpl
def register_metrics() -> tuple[MetricReading, ...]:
    """The readings of `metrics.py`."""
    return METRICS


@hookimpl
def register_checks() -> tuple[Check, ...]:
    """How sessions descend from each other."""
    return CHECKS


@hookimpl
def register_demo() -> tuple[DemoPart, ...]:
    """`demo.py`, which is imported by `synthetic demo` alone."""
    return (DemoPart(module="synthetic_sessions.demo", every_ms=3_000),)

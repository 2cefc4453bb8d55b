"""What the plugin gives to the kernel: a table of contents."""

from __future__ import annotations

from synthetic import Consumer, Extension, GraphQL, MigrationFolder, Plugin, Table, hookimpl
from synthetic_constructs.types import Construct
from synthetic_projections import services, types


@hookimpl
def register_plugin() -> Plugin:
    """Who this is."""
    return Plugin(
        summary="Read models that are folded from the log.", requires=("constructs", "sessions", "transcripts")
    )


@hookimpl
def register_tables() -> tuple[Table, ...]:
    """What the folds fill."""
    return (
        Table(
            name="construct_activity",
            purpose="What has happened in each construct: counts and the last event.",
            key=("construct_id",),
            kept="One row a construct; it goes when the log says that the construct has gone.",
        ),
        Table(
            name="session_activity",
            purpose="What each session adds to the counts of its construct.",
            key=("session_id",),
            kept="One row a session; it goes when the log says that the session has gone.",
        ),
        Table(
            name="transcript_activity",
            purpose="What each transcript adds to the counts of its session.",
            key=("transcript_id",),
            kept="One row a transcript; it goes when the log says that the transcript has gone.",
        ),
    )


@hookimpl
def register_migrations() -> tuple[MigrationFolder, ...]:
    """The folder `migrations` beside this file."""
    return (MigrationFolder("synthetic_projections"),)


@hookimpl
def register_graphql() -> tuple[GraphQL, ...]:
    """`Construct.activity`."""
    return (GraphQL(extend=(Extension(type=Construct, fields=(types.activity,)),)),)


@hookimpl
def register_consumers() -> tuple[Consumer, ...]:
    """The folds."""
    return (services.ACTIVITY,)

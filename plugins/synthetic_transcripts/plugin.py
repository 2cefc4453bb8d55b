"""What the plugin gives to the kernel: a table of contents."""

from __future__ import annotations

from synthetic import (
    Check,
    DemoPart,
    ErrorCode,
    EventType,
    Extension,
    GraphQL,
    MigrationFolder,
    Plugin,
    Reference,
    Service,
    Settings,
    Table,
    hookimpl,
)
from synthetic_sessions.types import Session
from synthetic_transcripts import mutation, query, services, subscription, types
from synthetic_transcripts.checks import CHECKS
from synthetic_transcripts.errors import ContentTooLargeError, TranscriptDamagedError
from synthetic_transcripts.events import EVENTS, TRANSCRIPT_DELETED
from synthetic_transcripts.settings import TranscriptSettings

_KEPT = "Goes with its transcript."
_OF_TRANSCRIPT = (Reference(column="transcript_key", table="transcripts", target="key"),)


@hookimpl
def register_plugin() -> Plugin:
    """Who this is."""
    return Plugin(
        summary="What agents said and did, message by message, in little space.",
        requires=("sessions",),
        with_={"search": "synthetic_transcripts.with_search"},
    )


@hookimpl
def register_settings() -> tuple[Settings, ...]:
    """`[plugins.transcripts]`."""
    return (Settings(TranscriptSettings),)


@hookimpl
def register_tables() -> tuple[Table, ...]:
    """Transcripts, which belong to their session, and what belongs to each."""
    return (
        Table(
            name="transcripts",
            purpose="Ordered messages of sessions: the counts, and what the messages are found by.",
            references=(Reference(column="session_id", table="sessions"),),
            deleted=TRANSCRIPT_DELETED,
            kept="The record of what was done: it goes with its session, age does not delete it.",
        ),
        Table(
            name="transcript_messages",
            purpose="Messages that are not sealed yet.",
            key=("transcript_key", "seq"),
            references=_OF_TRANSCRIPT,
            kept=_KEPT,
        ),
        Table(
            name="transcript_stretches",
            purpose="Messages that are sealed together, compressed.",
            references=_OF_TRANSCRIPT,
            kept=_KEPT,
        ),
        Table(
            name="transcript_bodies",
            purpose="Large contents of messages, compressed.",
            key=("transcript_key", "seq"),
            references=_OF_TRANSCRIPT,
            kept=_KEPT,
        ),
        Table(
            name="transcript_sources",
            purpose="The index of the messages' source ids, by which repeats are known.",
            key=("transcript_key", "hash", "seq"),
            references=_OF_TRANSCRIPT,
            kept=_KEPT,
        ),
        Table(
            name="transcript_responses",
            purpose="The last word on what each response of a model cost.",
            key=("transcript_key", "usage_id"),
            references=_OF_TRANSCRIPT,
            kept=_KEPT,
        ),
        Table(
            name="transcript_usage",
            purpose="What the responses cost, by model.",
            key=("transcript_key", "model"),
            references=_OF_TRANSCRIPT,
            kept=_KEPT,
        ),
    )


@hookimpl
def register_migrations() -> tuple[MigrationFolder, ...]:
    """The folder `migrations` beside this file."""
    return (MigrationFolder("synthetic_transcripts"),)


@hookimpl
def register_errors() -> tuple[ErrorCode, ...]:
    """The codes of `errors.py`."""
    return (ErrorCode(ContentTooLargeError), ErrorCode(TranscriptDamagedError))


@hookimpl
def register_events() -> tuple[EventType, ...]:
    """The event types of `events.py`."""
    return EVENTS


@hookimpl
def register_graphql() -> tuple[GraphQL, ...]:
    """Root fields, `Session.transcripts` and `Session.usage`, and how `node(id:)` finds what is here."""
    return (
        GraphQL(
            queries=(query.transcript, query.transcripts),
            mutations=(mutation.append_messages,),
            subscriptions=(subscription.transcript_messages,),
            extend=(Extension(type=Session, fields=(types.transcripts, types.usage)),),
            nodes={
                types.Transcript: types.find_transcript_nodes,
                types.TranscriptMessage: types.find_message_nodes,
            },
        ),
    )


@hookimpl
def register_services() -> tuple[Service, ...]:
    """Sealing of tails that nothing will be appended to soon."""
    return (
        Service(
            name="seal_tails",
            purpose="Seals the tails of transcripts that are idle, and of sessions that are over.",
            step=services.seal_tails,
            every_ms=10_000,
        ),
    )


@hookimpl
def register_checks() -> tuple[Check, ...]:
    """The messages of transcripts against their counts."""
    return CHECKS


@hookimpl
def register_demo() -> tuple[DemoPart, ...]:
    """`demo.py`, which is imported by `synthetic demo` alone."""
    return (DemoPart(module="synthetic_transcripts.demo", every_ms=400),)

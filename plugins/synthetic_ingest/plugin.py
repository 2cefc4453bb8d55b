"""What the plugin gives to the kernel: a table of contents."""

from __future__ import annotations

from synthetic import (
    Command,
    ErrorCode,
    EventType,
    Extension,
    GraphQL,
    MigrationFolder,
    Plugin,
    Reference,
    Settings,
    Table,
    Travel,
    hookimpl,
)
from synthetic_ingest import command, query
from synthetic_ingest.errors import (
    IngestCancelledError,
    IngestIncompleteError,
    IngestRaceError,
    LineChangedError,
    RejectedLineError,
    UnknownFormatError,
)
from synthetic_ingest.events import EVENTS
from synthetic_ingest.importer import Importer
from synthetic_ingest.importers.chat import CHAT
from synthetic_ingest.importers.coding_agent import CODING_AGENT
from synthetic_ingest.importers.swe_agent import SWE_AGENT
from synthetic_ingest.settings import IngestSettings
from synthetic_ingest.types import IngestFile, IngestReject, find_file_nodes, find_reject_nodes, ingest_file
from synthetic_transcripts.types import Transcript


@hookimpl
def register_plugin() -> Plugin:
    """Who this is."""
    return Plugin(
        summary="Reads the files in which agents leave what they did, and follows them as they grow.",
        requires=("constructs", "sessions", "transcripts", "jobs"),
        with_={"dead_letters": "synthetic_ingest.with_dead_letters"},
        hooks="synthetic_ingest.hookspecs",
    )


@hookimpl
def register_settings() -> tuple[Settings, ...]:
    """`[plugins.ingest]`."""
    return (Settings(IngestSettings),)


@hookimpl
def register_tables() -> tuple[Table, ...]:
    """Files, which belong to their transcript, and the rejects of each."""
    return (
        Table(
            name="ingest_files",
            purpose="Files that were read, and how far.",
            references=(
                Reference(column="session_id", table="sessions"),
                Reference(column="transcript_id", table="transcripts"),
            ),
            kept="One row a file; without it, the file would be read again.",
            travel=Travel(stays="It is about files of this machine.", entity="ingest_file"),
        ),
        Table(
            name="ingest_rejects",
            purpose="Lines of files that could not be read, and why.",
            references=(Reference(column="file_id", table="ingest_files"),),
            kept="Goes with its file, which has at most `rejects_per_file` of them.",
            travel=Travel(stays="It is about files of this machine."),
        ),
    )


@hookimpl
def register_migrations() -> tuple[MigrationFolder, ...]:
    """The folder `migrations` beside this file."""
    return (MigrationFolder("synthetic_ingest"),)


@hookimpl
def register_errors() -> tuple[ErrorCode, ...]:
    """The codes of `errors.py`."""
    return tuple(
        ErrorCode(error)
        for error in (
            UnknownFormatError,
            IngestRaceError,
            IngestIncompleteError,
            IngestCancelledError,
            RejectedLineError,
            LineChangedError,
        )
    )


@hookimpl
def register_events() -> tuple[EventType, ...]:
    """The event types of `events.py`."""
    return EVENTS


@hookimpl
def register_importers() -> tuple[Importer, ...]:
    """The formats of `importers/`."""
    return (CODING_AGENT, SWE_AGENT, CHAT)


@hookimpl
def register_graphql() -> tuple[GraphQL, ...]:
    """What an operator asks: what was read, and what was refused."""
    return (
        GraphQL(
            queries=(query.ingest_files, query.ingest_rejects),
            extend=(Extension(type=Transcript, fields=(ingest_file,)),),
            nodes={IngestFile: find_file_nodes, IngestReject: find_reject_nodes},
        ),
    )


@hookimpl
def register_commands() -> tuple[Command, ...]:
    """`synthetic ingest`."""
    return (Command("ingest", command.ingest),)

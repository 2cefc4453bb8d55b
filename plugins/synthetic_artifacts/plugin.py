"""What the plugin gives to the kernel: a table of contents."""

from __future__ import annotations

from synthetic import (
    Check,
    Command,
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
    Route,
    Service,
    Settings,
    Table,
    Travel,
    TravellingFile,
    hookimpl,
)
from synthetic_artifacts import command, mutation, presence, query, services, types
from synthetic_artifacts.checks import CHECKS
from synthetic_artifacts.errors import (
    ArtifactAlteredError,
    ArtifactDeletedError,
    ArtifactEncodingError,
    ArtifactMismatchError,
    ArtifactMissingError,
    ArtifactPreconditionError,
    ArtifactQuotaError,
    ArtifactRangeError,
    ArtifactRestoreError,
    ArtifactsAbsentError,
    ArtifactTooLargeError,
    ArtifactTouchedError,
)
from synthetic_artifacts.events import ARTIFACT_DELETED, EVENTS
from synthetic_artifacts.metrics import METRICS
from synthetic_artifacts.routes import ROUTES
from synthetic_artifacts.settings import ArtifactSettings
from synthetic_constructs.types import Construct
from synthetic_jobs.types import Job
from synthetic_sessions.types import Session


@hookimpl
def register_plugin() -> Plugin:
    """Who this is."""
    return Plugin(
        summary="Files that are kept for constructs: on the disk, and described in the store.",
        requires=("constructs", "sessions", "jobs"),
        with_={"search": "synthetic_artifacts.with_search"},
    )


@hookimpl
def register_settings() -> tuple[Settings, ...]:
    """`[plugins.artifacts]`."""
    return (Settings(ArtifactSettings),)


@hookimpl
def register_tables() -> tuple[Table, ...]:
    """Artifacts, which belong to their construct, what they add up to, and what is known of their files' folder."""
    return (
        Table(
            name="artifacts",
            purpose="Files that are kept for constructs.",
            references=(
                Reference(column="construct_id", table="constructs"),
                Reference(column="session_id", table="sessions", on_delete="clear"),
                Reference(column="job_id", table="sync_jobs", on_delete="clear"),
            ),
            deleted=ARTIFACT_DELETED,
            travel=Travel(
                file=TravellingFile(
                    column="path", folder="artifacts", state="status", present="AVAILABLE", missing="MISSING"
                )
            ),
        ),
        Table(
            name="artifact_totals",
            purpose="How many artifacts each construct has, and what they take.",
            key=("construct_id",),
            kept="One row for each construct that has artifacts; triggers keep it.",
            travel=Travel(stays="Triggers make it from the artifacts."),
        ),
        Table(
            name="artifact_folder",
            purpose="What shows that the folder of artifacts is that of this store.",
            key=("mark",),
            kept="One row.",
            travel=Travel(stays="It is about the folder of this store."),
        ),
        Table(
            name="artifact_removals",
            purpose="Files whose artifact is gone, until they are gone too.",
            key=("path",),
            kept="A service empties it.",
            travel=Travel(stays="It is about the folder of this store."),
        ),
    )


@hookimpl
def register_migrations() -> tuple[MigrationFolder, ...]:
    """The folder `migrations` beside this file."""
    return (MigrationFolder("synthetic_artifacts"),)


@hookimpl
def register_errors() -> tuple[ErrorCode, ...]:
    """The codes of `errors.py`."""
    return tuple(
        ErrorCode(error)
        for error in (
            ArtifactTooLargeError,
            ArtifactQuotaError,
            ArtifactMismatchError,
            ArtifactDeletedError,
            ArtifactMissingError,
            ArtifactAlteredError,
            ArtifactTouchedError,
            ArtifactsAbsentError,
            ArtifactRestoreError,
            ArtifactPreconditionError,
            ArtifactRangeError,
            ArtifactEncodingError,
        )
    )


@hookimpl
def register_events() -> tuple[EventType, ...]:
    """The event types of `events.py`."""
    return EVENTS


@hookimpl
def register_graphql() -> tuple[GraphQL, ...]:
    """Root fields, `artifacts` of constructs, sessions and jobs, and how `node(id:)` finds an artifact."""
    return (
        GraphQL(
            queries=(query.artifact, query.artifacts),
            mutations=(mutation.create_artifact, mutation.delete_artifact, mutation.restore_artifact),
            extend=(
                Extension(type=Construct, fields=(types.artifacts_of_construct,)),
                Extension(type=Session, fields=(types.artifacts_of_session,)),
                Extension(type=Job, fields=(types.artifacts_of_job,)),
            ),
            nodes={types.Artifact: types.find_artifact_nodes},
        ),
    )


@hookimpl
def register_retention() -> tuple[RetentionRule, ...]:
    """Artifacts that were deleted, that nobody needs any more, and, if that is asked for, old ones."""
    return (
        RetentionRule(
            name="deleted",
            purpose="Artifacts that were deleted, once their grace time is over.",
            table="artifacts",
            age_column="deleted_at",
            keep_setting="keep_deleted_ms",
            condition="deleted_at IS NOT NULL",
        ),
        RetentionRule(
            name="expired",
            purpose="Artifacts whose `expiresAt` has passed; those that were deleted keep their grace time.",
            table="artifacts",
            age_column="expires_at",
            keep_setting="keep_expired_ms",
            condition="expires_at IS NOT NULL AND deleted_at IS NULL",
        ),
        RetentionRule(
            name="old",
            purpose="Artifacts that were stored long ago; none, unless `plugins.artifacts.keep_ms` says so.",
            table="artifacts",
            age_column="created_at",
            keep_setting="keep_ms",
            condition="deleted_at IS NULL",
        ),
    )


@hookimpl
def register_services() -> tuple[Service, ...]:
    """What becomes of files without an artifact, of artifacts without their file, and of all without their folder."""
    return (
        Service(
            name="remove_files",
            purpose="Removes the files of artifacts that are gone.",
            work=services.remove_files,
            every_setting="remove_every_ms",
        ),
        Service(
            name="watch_folder",
            purpose="Looks whether the folder of artifacts is there, and the store's own.",
            work=presence.watch_folder,
            every_setting="watch_every_ms",
        ),
        Service(
            name="sweep",
            purpose="Compares all files with what is stored of them, and removes those that no artifact names.",
            work=services.sweep,
            every_setting="sweep_every_ms",
        ),
    )


@hookimpl
def register_checks() -> tuple[Check, ...]:
    """The invariants of `checks.py`."""
    return CHECKS


@hookimpl
def register_routes() -> tuple[Route, ...]:
    """The bytes of artifacts: `routes.py`."""
    return ROUTES


@hookimpl
def register_commands() -> tuple[Command, ...]:
    """`synthetic artifacts`."""
    return (
        Command(
            "artifacts",
            summary="List files that are kept for constructs, take them out, put others in, delete and restore them.",
            verbs=(
                Command("list", command.list_),
                Command("show", command.show_),
                Command("get", command.get),
                Command("put", command.put),
                Command("delete", command.delete),
                Command("restore", command.restore),
                Command("adopt-folder", command.adopt_folder),
            ),
        ),
    )


@hookimpl
def register_metrics() -> tuple[MetricReading, ...]:
    """The gauges of `metrics.py`."""
    return METRICS


@hookimpl
def register_demo() -> tuple[DemoPart, ...]:
    """`demo.py`, which is imported by `synthetic demo` alone."""
    return (DemoPart(module="synthetic_artifacts.demo", every_ms=5_000),)

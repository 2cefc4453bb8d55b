"""Names that may exist only once among all plugins, and who has them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from strawberry.utils.str_converters import to_camel_case

from synthetic import demo_errors, errors
from synthetic.backups import errors as backup_errors
from synthetic.check_contributions import Check
from synthetic.checks import errors as check_errors
from synthetic.command_contributions import Command
from synthetic.consumer_contributions import Consumer, Fold
from synthetic.contributions import ErrorCode, EventType, GraphQL, Service, Settings, Table
from synthetic.errors import PluginClashError, SyntheticError
from synthetic.graphql import errors as graphql_errors
from synthetic.log import errors as log_errors
from synthetic.metric_contributions import MetricReading
from synthetic.recovery import errors as recovery_errors
from synthetic.retention import errors as retention_errors
from synthetic.retention_contributions import RetentionRule
from synthetic.route_contributions import Route
from synthetic.transfer import errors as transfer_errors

KERNEL_COMMANDS = (
    "serve",
    "migrate",
    "status",
    "check",
    "plugins",
    "token",
    "schema",
    "demo",
    "retention",
    "storage",
    "backup",
    "restore",
    "recover",
    "doctor",
    "export",
    "import",
)
"""Verbs that the kernel brings itself (`synthetic.cli`)."""

KERNEL_TABLES = (
    "meta",
    "schema_migrations",
    "registered_tables",
    "tokens",
    "leases",
    "domain_events",
    "consumers",
    "set_aside_events",
    "sync_state",
    "sync_attempts",
    "log_segments",
    "drift_checks",
    "drift_rows",
    "event_origins",
    "imports",
    "imported_units",
    "imported_references",
)
"""Tables that the kernel's own migrations make (`synthetic/migrations`)."""

KERNEL_FIELDS = {
    "queries": (
        "node",
        "health",
        "plugins",
        "viewer",
        "event",
        "events",
        "lineage",
        "syncStatus",
        "integrity",
        "storage",
        "backups",
    ),
    "mutations": ("emitEvent", "reportSync", "requestResync", "forgetSyncModule", "runRetention", "runBackup"),
    "subscriptions": ("events", "syncStatus"),
}
"""Root fields that the kernel brings itself (`synthetic.kernel_fields`)."""

KERNEL_METRICS = (
    "synthetic_requests",
    "synthetic_request_seconds",
    "synthetic_http_responses",
    "synthetic_documents",
    "synthetic_overloads",
    "synthetic_open_connections",
    "synthetic_open_sockets",
    "synthetic_open_streams",
    "synthetic_subscribers",
    "synthetic_resumes",
    "synthetic_subscribers_dropped",
    "synthetic_integrity_findings",
    "synthetic_writes",
    "synthetic_commit_group_size",
    "synthetic_write_retries",
    "synthetic_writer_queue",
    "synthetic_coalesced_waiting",
    "synthetic_coalesced_values",
    "sqlite_write_lock_wait_ms",
    "synthetic_queries",
    "synthetic_plan_refusals",
    "synthetic_operations_unrecorded",
    "synthetic_query_restarts",
    "synthetic_in_place_seconds",
    "synthetic_reads",
    "synthetic_read_seconds",
    "synthetic_service_units",
    "synthetic_service_step_seconds",
    "synthetic_service_failures",
    "synthetic_service_failing",
    "synthetic_service_hanging_seconds",
    "synthetic_background",
    "synthetic_consumer_events",
    "synthetic_consumer_batch_seconds",
    "synthetic_consumer_set_aside",
    "synthetic_retention_deleted",
    "synthetic_retention_suspended",
    "synthetic_wal_bytes",
    "synthetic_wal_pinned_seconds",
    "synthetic_checkpoints",
    "synthetic_pages_given_back",
    "synthetic_storage_bytes",
    "synthetic_free_disk_bytes",
    "synthetic_backup_age_seconds",
    "synthetic_backup_bytes",
    "sync_failures",
    "synthetic_sync_modules",
    "synthetic_consumer_lag_events",
    "synthetic_consumer_lag_ms",
    "synthetic_process",
    "synthetic_metric_reading_failures",
)
"""Metrics that the kernel brings itself, less those of Python and the process (`synthetic.metrics`)."""

KERNEL_PATHS = ("graphql", "healthz", "readyz", "metrics", "sync")
"""First segments of the paths that the kernel answers to itself (`synthetic.app`)."""

SHARED_IN_PLUGIN = "path below"
"""The kind of names that a plugin may contribute again: several routes may begin with its word."""

UNIQUE_AS = "UNIQUE_AS"
"""What a class of records for a plugin's own hook says what they are called with, where their names are unique."""

UNIQUE_NAMES = "unique_names"
"""The method by which a record for a plugin's own hook tells several names: it gives pairs of a kind and a name."""

Name = tuple[str, str]
"""Kind of a thing and its name, for instance ("table", "notes")."""


KERNEL_ERRORS = (
    errors,
    graphql_errors,
    log_errors,
    retention_errors,
    check_errors,
    demo_errors,
    backup_errors,
    transfer_errors,
    recovery_errors,
)
"""The modules of the kernel that define errors."""


def kernel_error_classes() -> tuple[type[SyntheticError], ...]:
    """The kernel's own errors, one class a code, in the order in which they are defined."""
    return tuple(
        cls
        for module in KERNEL_ERRORS
        for cls in vars(module).values()
        if isinstance(cls, type) and issubclass(cls, SyntheticError) and cls.__module__ == module.__name__
    )


def kernel_names() -> dict[Name, str]:
    """What the kernel has taken before any plugin is loaded."""
    return {
        **{("command", name): "kernel" for name in KERNEL_COMMANDS},
        **{("error code", cls.code): "kernel" for cls in kernel_error_classes()},
        **{("table", name): "kernel" for name in KERNEL_TABLES},
        **{("metric", name): "kernel" for name in KERNEL_METRICS},
        **{(SHARED_IN_PLUGIN, f"/{name}"): "kernel" for name in KERNEL_PATHS},
        **{(f"field of {kind}", name): "kernel" for kind, names in KERNEL_FIELDS.items() for name in names},
    }


def claim_names(plugin: str, contributed: Iterable[Any], taken: Mapping[Name, str]) -> dict[Name, str]:
    """The names that a plugin's records take.

    Args:
        plugin: Its name.
        contributed: Records of any kind.
        taken: What others have taken, and who.

    Raises:
        PluginClashError: Another plugin, or this one, has a name already.
    """
    claimed: dict[Name, str] = {}
    for record in contributed:
        for kind, name in _names(plugin, record):
            owner = taken.get((kind, name)) or claimed.get((kind, name))
            if owner is not None and not (owner == plugin and kind == SHARED_IN_PLUGIN):
                raise PluginClashError(
                    _clash_message(kind, name, owner, plugin),
                    details={
                        "kind": kind,
                        "name": name,
                        "plugins": [owner, plugin],
                    },
                )
            claimed[kind, name] = plugin
    return claimed


def _clash_message(kind: str, name: str, owner: str, plugin: str) -> str:
    if owner == plugin:
        return f"The plugin {plugin} contributes the {kind} `{name}` twice."
    if owner == "kernel":
        return f"The plugin {plugin} contributes the {kind} `{name}`, which is the kernel's own."
    return f"The plugins {owner} and {plugin} both contribute the {kind} `{name}`."


_KINDS: Mapping[type[Any], str] = {
    Table: "table",
    EventType: "event type",
    Command: "command",
    MetricReading: "metric",
}
"""Records whose names are unique in the kernel, and what they are called."""

_KINDS_IN_PLUGIN: Mapping[type[Any], str] = {
    Service: "service",
    RetentionRule: "retention rule",
    Check: "check",
}
"""Records whose names are unique in their plugin, and what they are called."""


def _names(plugin: str, record: Any) -> Iterator[Name]:
    match record:
        case Table() | EventType() | Command() | MetricReading():
            yield _KINDS[type(record)], record.name
        case ErrorCode():
            yield "error code", record.error_class.code
        case Service() | RetentionRule() | Check():
            yield _KINDS_IN_PLUGIN[type(record)], f"{plugin}.{record.name}"
        case Route():
            yield SHARED_IN_PLUGIN, f"/{record.segments[0]}"
            yield "path", record.shape
        case Consumer():
            yield "consumer", f"{plugin}.{record.name}"
            if isinstance(record, Fold):
                yield from (("table of a fold", table) for table in record.tables)
        case Settings():
            yield "settings class", f"{record.settings_class.__module__}.{record.settings_class.__qualname__}"
        case GraphQL():
            for kind in ("queries", "mutations", "subscriptions"):
                for field in getattr(record, kind):
                    yield f"field of {kind}", root_field_name(field)
        case _:
            # Of a hook that a plugin offers.
            kind = getattr(record, UNIQUE_AS, None)
            if kind is not None:
                yield kind, record.name
            yield from getattr(record, UNIQUE_NAMES, tuple)()


def root_field_name(field: Any) -> str:
    """The name of a root field in the schema, for instance `saveConstruct`."""
    return field.graphql_name or to_camel_case(field.python_name)

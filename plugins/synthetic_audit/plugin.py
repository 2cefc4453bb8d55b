"""What the plugin gives to the kernel: a table of contents."""

from __future__ import annotations

from synthetic import (
    Check,
    Command,
    ErrorCode,
    GraphQL,
    MigrationFolder,
    Operation,
    Plugin,
    RetentionRule,
    Settings,
    Table,
    Transaction,
    Travel,
    hookimpl,
)
from synthetic_audit import command, query
from synthetic_audit.checks import CHECKS
from synthetic_audit.errors import AuditChainBrokenError
from synthetic_audit.settings import AuditSettings
from synthetic_audit.store import CHAIN_OF_ROWS, insert_entry, move_beginning


@hookimpl
def register_plugin() -> Plugin:
    """Who this is."""
    return Plugin(summary="Who did what to the store, in a log that shows its gaps.")


@hookimpl
def register_settings() -> tuple[Settings, ...]:
    """`[plugins.audit]`."""
    return (Settings(AuditSettings),)


@hookimpl
def register_tables() -> tuple[Table, ...]:
    """The log, and where it begins and ends."""
    return (
        Table(
            name="audit_log",
            purpose="Who did what to the store: one row an operation, each with a hash of it and of the row before.",
            key=("seq",),
            travel=Travel(evidence_of="entity_id", evidence_kind="entity_type"),
        ),
        Table(
            name="audit_chain",
            purpose="Where the audit log begins and ends, with the hashes there.",
            kept="One row.",
            travel=Travel(stays="It is the end of this store's chain.", afterwards=CHAIN_OF_ROWS),
        ),
    )


@hookimpl
def register_migrations() -> tuple[MigrationFolder, ...]:
    """The folder `migrations` beside this file."""
    return (MigrationFolder("synthetic_audit"),)


@hookimpl
def register_retention() -> tuple[RetentionRule, ...]:
    """The log loses its beginning, and the chain then begins behind that."""
    return (
        RetentionRule(
            name="old",
            purpose="Deletes the oldest entries of the audit log, in the order in which they were written.",
            table="audit_log",
            age_column="occurred_at",
            keep_setting="keep_ms",
            batch=500,
            in_order=True,
            before_delete=move_beginning,
        ),
    )


@hookimpl
def register_errors() -> tuple[ErrorCode, ...]:
    """The codes of `errors.py`."""
    return (ErrorCode(AuditChainBrokenError),)


@hookimpl
def register_checks() -> tuple[Check, ...]:
    """The checks of `checks.py`."""
    return CHECKS


@hookimpl
def register_graphql() -> tuple[GraphQL, ...]:
    """The root field `auditLog`."""
    return (GraphQL(queries=(query.audit_log,)),)


@hookimpl
def register_commands() -> tuple[Command, ...]:
    """`synthetic audit`."""
    return (Command("audit", command.audit),)


@hookimpl
def record_operation(tx: Transaction, operation: Operation) -> None:
    """Write the operation to the log, in the transaction of the change."""
    insert_entry(tx, operation)

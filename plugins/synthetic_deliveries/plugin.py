"""What the plugin gives to the kernel: a table of contents."""

from __future__ import annotations

from synthetic import (
    Check,
    Command,
    DemoPart,
    ErrorCode,
    EventType,
    GraphQL,
    MetricReading,
    MigrationFolder,
    Plugin,
    Reference,
    RetentionRule,
    Service,
    Settings,
    Table,
    Travel,
    hookimpl,
)
from synthetic_deliveries import command, errors, mutation, query, services, types
from synthetic_deliveries.checks import CHECKS
from synthetic_deliveries.events import EVENTS, TARGET_DELETED
from synthetic_deliveries.metrics import METRICS
from synthetic_deliveries.settings import DeliverySettings

REPORT_EVERY_MS = 5_000


@hookimpl
def register_plugin() -> Plugin:
    """Who this is."""
    return Plugin(
        summary="Events posted to whoever asked to be told: signed, in order, at least once.",
        with_={
            "dead_letters": "synthetic_deliveries.with_dead_letters",
            "dashboard": "synthetic_deliveries.with_dashboard",
        },
        hooks="synthetic_deliveries.hookspecs",
    )


@hookimpl
def register_settings() -> tuple[Settings, ...]:
    """`[plugins.deliveries]`."""
    return (Settings(DeliverySettings),)


@hookimpl
def register_tables() -> tuple[Table, ...]:
    """Targets, and the deliveries that belong to them."""
    return (
        Table(
            name="delivery_targets",
            purpose="Where events are posted to.",
            deleted=TARGET_DELETED,
            kept="There are few, and they are deleted by those who made them.",
            travel=Travel(stays="They have secrets, and receivers would get everything twice."),
        ),
        Table(
            name="deliveries",
            purpose="Events that are to be posted to targets, or were.",
            references=(Reference(column="target_id", table="delivery_targets"),),
            travel=Travel(stays="They go with their targets, which stay.", entity="delivery"),
        ),
    )


@hookimpl
def register_retention() -> tuple[RetentionRule, ...]:
    """What has arrived goes soon, what has failed later, and what waits never by age."""
    return (
        RetentionRule(
            name="delivered",
            purpose="Deletes deliveries that have arrived.",
            table="deliveries",
            age_column="ended_at",
            keep_setting="keep_delivered_ms",
            condition="status = 'DELIVERED'",
        ),
        RetentionRule(
            name="failed",
            purpose="Deletes deliveries that have failed for good; their dead letters stay.",
            table="deliveries",
            age_column="ended_at",
            keep_setting="keep_failed_ms",
            condition="status = 'FAILED'",
        ),
    )


@hookimpl
def register_migrations() -> tuple[MigrationFolder, ...]:
    """The folder `migrations` beside this file."""
    return (MigrationFolder("synthetic_deliveries"),)


@hookimpl
def register_errors() -> tuple[ErrorCode, ...]:
    """The codes of `errors.py`."""
    return tuple(
        ErrorCode(error)
        for error in (
            errors.DeliveryError,
            errors.AddressRefusedError,
            errors.TimedOutError,
            errors.UnreachableError,
            errors.AnswerBrokenError,
            errors.NotAcceptedError,
            errors.TargetFailingError,
            errors.StillPendingError,
        )
    )


@hookimpl
def register_events() -> tuple[EventType, ...]:
    """The event types of `events.py`."""
    return EVENTS


@hookimpl
def register_graphql() -> tuple[GraphQL, ...]:
    """Root fields, and how `node(id:)` finds targets and deliveries."""
    return (
        GraphQL(
            queries=(query.delivery, query.deliveries, query.delivery_target, query.delivery_targets),
            mutations=(
                mutation.save_delivery_target,
                mutation.delete_delivery_target,
                mutation.test_delivery_target,
                mutation.rotate_delivery_secret,
                mutation.resend_delivery,
                mutation.resend_deliveries,
            ),
            nodes={
                types.DeliveryTarget: types.find_target_nodes,
                types.Delivery: types.find_delivery_nodes,
            },
        ),
    )


@hookimpl
def register_services() -> tuple[Service, ...]:
    """From the log to deliveries, from these to the receivers, and how that goes."""
    return (
        Service(
            name="gather",
            purpose="Takes up events of the log for the targets that want them.",
            work=services.gather,
            every_setting="follow_every_ms",
        ),
        Service(
            name="send",
            purpose="Posts what is due, and tries again what failed.",
            opens=services.sending,
            every_setting="follow_every_ms",
        ),
        Service(
            name="report",
            purpose="Tells sync status how deliveries fare.",
            step=services.report,
            every_ms=REPORT_EVERY_MS,
        ),
    )


@hookimpl
def register_checks() -> tuple[Check, ...]:
    """The invariants of `checks.py`."""
    return CHECKS


@hookimpl
def register_metrics() -> tuple[MetricReading, ...]:
    """The gauges of `metrics.py`."""
    return METRICS


@hookimpl
def register_demo() -> tuple[DemoPart, ...]:
    """`demo.py`, which is imported by `synthetic demo` alone."""
    return (DemoPart(module="synthetic_deliveries.demo"),)


@hookimpl
def register_commands() -> tuple[Command, ...]:
    """`synthetic deliveries`."""
    return (
        Command(
            "deliveries",
            summary="See what is posted to whom, say who is to be told, and send again what failed.",
            verbs=(
                Command("list", command.list_),
                Command("resend", command.resend),
                Command("resend-failed", command.resend_failed),
                Command(
                    "targets",
                    summary="Where events are posted to.",
                    verbs=(
                        Command("list", command.list_targets_),
                        Command("add", command.add),
                        Command("enable", command.enable),
                        Command("disable", command.disable),
                        Command("test", command.try_),
                        Command("rotate-secret", command.rotate),
                        Command("delete", command.delete),
                    ),
                ),
            ),
        ),
    )

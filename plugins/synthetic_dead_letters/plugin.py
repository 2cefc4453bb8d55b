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
    RefusalReaction,
    RetentionRule,
    Service,
    Settings,
    Table,
    Travel,
    TravellingId,
    hookimpl,
)
from synthetic_constructs.types import Construct
from synthetic_dead_letters import command, consumers, mutation, query, services, subscription, types
from synthetic_dead_letters.checks import CHECKS
from synthetic_dead_letters.errors import (
    DeadLetterBlockedError,
    DeadLetterEndedError,
    DeadLetterRetryingError,
    NotRetryableError,
    RetryLostError,
)
from synthetic_dead_letters.events import DEAD_LETTER_DELETED, EVENTS, LETTER_EVENTS
from synthetic_dead_letters.metrics import METRICS
from synthetic_dead_letters.settings import DeadLetterSettings
from synthetic_dead_letters.sources import DeadLetterSource


@hookimpl
def register_plugin() -> Plugin:
    """Who this is."""
    return Plugin(
        summary="Work that failed for good: kept, grouped, retried in order, and resolved.",
        requires=("constructs",),
        with_={"search": "synthetic_dead_letters.with_search"},
        hooks="synthetic_dead_letters.hookspecs",
    )


@hookimpl
def register_settings() -> tuple[Settings, ...]:
    """`[plugins.dead_letters]`."""
    return (Settings(DeadLetterSettings),)


@hookimpl
def register_tables() -> tuple[Table, ...]:
    """Letters, which belong to their construct, redrives, and what ends many letters."""
    return (
        Table(
            name="dead_letters",
            purpose="Work that failed for good, and what came of it.",
            references=(Reference(column="construct_id", table="constructs"),),
            deleted=DEAD_LETTER_DELETED,
            travel=Travel(
                numbered=("seq",),
                ids=(
                    TravellingId(column="entity_id", kind_column="entity_type"),
                    TravellingId(column="retry_entity_id", kind_column="retry_entity_type"),
                ),
            ),
        ),
        Table(
            name="dead_letter_redrives",
            purpose="Retries of many letters at a rate, and how far they are.",
            travel=Travel(stays="It is work of this store.", entity="dead_letter_redrive"),
        ),
        Table(
            name="dead_letter_settlements",
            purpose="Which letters of consumers are to end, where they are too many for one transaction.",
            kept="There are few, and each goes when its letters have ended.",
            travel=Travel(stays="It is work of this store."),
        ),
    )


@hookimpl
def register_retention() -> tuple[RetentionRule, ...]:
    """What has ended goes by age; open letters never do."""
    return (
        RetentionRule(
            name="ended",
            purpose="Deletes dead letters that were resolved or discarded; open ones are never deleted by age.",
            table="dead_letters",
            age_column="ended_at",
            keep_setting="keep_ended_ms",
            condition="ended_at IS NOT NULL",
        ),
        RetentionRule(
            name="redrives",
            purpose="Deletes redrives that have ended.",
            table="dead_letter_redrives",
            age_column="ended_at",
            keep_setting="keep_redrives_ms",
            condition="ended_at IS NOT NULL",
        ),
    )


@hookimpl
def register_migrations() -> tuple[MigrationFolder, ...]:
    """The folder `migrations` beside this file."""
    return (MigrationFolder("synthetic_dead_letters"),)


@hookimpl
def register_errors() -> tuple[ErrorCode, ...]:
    """The codes of `errors.py`."""
    return tuple(
        ErrorCode(error)
        for error in (
            DeadLetterEndedError,
            DeadLetterRetryingError,
            DeadLetterBlockedError,
            NotRetryableError,
            RetryLostError,
        )
    )


@hookimpl
def register_events() -> tuple[EventType, ...]:
    """The event types of `events.py`."""
    return EVENTS


@hookimpl
def register_dead_letter_sources() -> tuple[DeadLetterSource, ...]:
    """Events that consumers could not take in; the other sources come with the plugins that have them."""
    return (consumers.SOURCE,)


@hookimpl
def register_refusal_reactions() -> tuple[RefusalReaction, ...]:
    """Refused events become letters."""
    return (consumers.REACTION,)


@hookimpl
def register_graphql() -> tuple[GraphQL, ...]:
    """Root fields, `deadLetters` of constructs, and how `node(id:)` finds letters and redrives."""
    return (
        GraphQL(
            queries=(
                query.dead_letter,
                query.dead_letters,
                query.dead_letter_groups,
                query.dead_letter_sources,
                query.dead_letter_redrive,
                query.dead_letter_redrives,
            ),
            mutations=(
                mutation.save_dead_letter,
                mutation.retry_dead_letter,
                mutation.increment_retry,
                mutation.resolve_dead_letter,
                mutation.discard_dead_letter,
                mutation.redrive_dead_letters,
                mutation.cancel_dead_letter_redrive,
            ),
            subscriptions=(subscription.dead_letter_updates,),
            extend=(Extension(type=Construct, fields=(types.dead_letters,)),),
            nodes={
                types.DeadLetter: types.find_dead_letter_nodes,
                types.DeadLetterRedrive: types.find_redrive_nodes,
            },
        ),
    )


@hookimpl
def register_services() -> tuple[Service, ...]:
    """What is retried by itself, redrives, and letters that end by the thousand."""
    return (
        Service(
            name="retry_due",
            purpose="Retries dead letters whose time has come, and gives up retries of which nothing is heard.",
            work=services.retry_due,
            every_setting="watch_every_ms",
            events=LETTER_EVENTS,
        ),
        Service(
            name="redrive",
            purpose="Retries the dead letters of redrives, at their rates.",
            work=services.redrive,
            every_setting="watch_every_ms",
            events=EVENTS,
        ),
        Service(
            name="settle",
            purpose="Ends dead letters of what consumers have taken in after all.",
            work=services.settle,
            every_setting="watch_every_ms",
            events=LETTER_EVENTS,
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
    return (DemoPart(module="synthetic_dead_letters.demo", every_ms=9_000),)


@hookimpl
def register_commands() -> tuple[Command, ...]:
    """`synthetic dead-letters`."""
    return (
        Command(
            "dead-letters",
            summary="See what failed for good, retry it, resolve it or discard it.",
            verbs=(
                Command("list", command.list_),
                Command("groups", command.groups),
                Command("show", command.show_),
                Command("retry", command.retry),
                Command("resolve", command.resolve),
                Command("discard", command.discard),
                Command("redrive", command.redrive),
                Command("redrives", command.redrives),
                Command("cancel-redrive", command.cancel_redrive_),
            ),
        ),
    )

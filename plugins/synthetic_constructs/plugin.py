"""What the plugin gives to the kernel: a table of contents."""

from __future__ import annotations

from synthetic import (
    Check,
    DemoPart,
    ErrorCode,
    EventType,
    GraphQL,
    MigrationFolder,
    Plugin,
    Reference,
    Service,
    Settings,
    Table,
    Travel,
    hookimpl,
)
from synthetic_constructs import mutation, query, services
from synthetic_constructs.checks import CHECKS
from synthetic_constructs.errors import RelationshipCycleError, RelationshipGraphTooLargeError
from synthetic_constructs.events import CONSTRUCT_DELETED, EVENTS, RELATIONSHIP_DELETED
from synthetic_constructs.settings import ConstructSettings
from synthetic_constructs.types import Construct, find_construct_nodes


@hookimpl
def register_plugin() -> Plugin:
    """Who this is."""
    return Plugin(
        summary="Units of agent work: their status, metadata and relationships.",
        with_={"search": "synthetic_constructs.with_search"},
    )


@hookimpl
def register_settings() -> tuple[Settings, ...]:
    """`[plugins.constructs]`."""
    return (Settings(ConstructSettings),)


@hookimpl
def register_tables() -> tuple[Table, ...]:
    """Constructs, and what belongs to each."""
    kept = "Goes with its construct."
    return (
        Table(
            name="constructs",
            purpose="Units of agent work.",
            deleted=CONSTRUCT_DELETED,
            kept="The record of what was done: an operator deletes constructs, age does not.",
            # The index is made again in the background; until then, filters do without it.
            travel=Travel(
                afterwards="UPDATE construct_metadata_keys SET state = 'BUILDING', backfilled_to = NULL"
                " WHERE state <> 'RETIRING'"
            ),
        ),
        Table(
            name="construct_relationships",
            purpose="Links between constructs.",
            key=("from_id", "kind", "to_id"),
            references=(
                Reference(column="from_id", table="constructs"),
                Reference(column="to_id", table="constructs"),
            ),
            deleted=RELATIONSHIP_DELETED,
            kept=kept,
        ),
        Table(
            name="construct_metadata",
            purpose="The index of those metadata keys that the settings declare.",
            key=("construct_id", "key"),
            references=(Reference(column="construct_id", table="constructs"),),
            kept=kept,
            travel=Travel(stays="It is made from the metadata, for the keys that each store declares."),
        ),
        Table(
            name="construct_metadata_keys",
            purpose="Which metadata keys are indexed, and how far that has come.",
            key=("key",),
            kept="One row for each declared key.",
            travel=Travel(stays="The settings of each store say which keys there are."),
        ),
    )


@hookimpl
def register_migrations() -> tuple[MigrationFolder, ...]:
    """The folder `migrations` beside this file."""
    return (MigrationFolder("synthetic_constructs"),)


@hookimpl
def register_errors() -> tuple[ErrorCode, ...]:
    """The codes of `errors.py`."""
    return (ErrorCode(RelationshipCycleError), ErrorCode(RelationshipGraphTooLargeError))


@hookimpl
def register_events() -> tuple[EventType, ...]:
    """The event types of `events.py`."""
    return EVENTS


@hookimpl
def register_graphql() -> tuple[GraphQL, ...]:
    """Root fields, and how `node(id:)` finds a construct."""
    return (
        GraphQL(
            queries=(query.construct, query.constructs),
            mutations=(
                mutation.save_construct,
                mutation.delete_construct,
                mutation.relate_constructs,
                mutation.unrelate_constructs,
            ),
            nodes={Construct: find_construct_nodes},
        ),
    )


@hookimpl
def register_services() -> tuple[Service, ...]:
    """Upkeep of the metadata index."""
    return (
        Service(
            name="index_metadata",
            purpose="Indexes the metadata keys that the settings declare, and drops the index of others.",
            step=services.index_metadata,
            every_ms=60_000,
        ),
    )


@hookimpl
def register_checks() -> tuple[Check, ...]:
    """Links without circles, and the index of metadata."""
    return CHECKS


@hookimpl
def register_demo() -> tuple[DemoPart, ...]:
    """`demo.py`, which is imported by `synthetic demo` alone."""
    return (DemoPart(module="synthetic_constructs.demo", every_ms=5_000),)

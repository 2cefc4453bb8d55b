"""What the plugin gives to the kernel: a table of contents."""

from __future__ import annotations

from fleet_reviews import mutation, query, subscription, types
from fleet_reviews.errors import ReviewChangedError
from fleet_reviews.events import REVIEW_DELETED, REVIEW_SAVED
from fleet_reviews.settings import ReviewSettings
from synthetic import (
    Check,
    ErrorCode,
    EventType,
    Extension,
    GraphQL,
    MigrationFolder,
    Plugin,
    Reference,
    RetentionRule,
    Settings,
    Table,
    hookimpl,
)
from synthetic_constructs.types import Construct


@hookimpl
def register_plugin() -> Plugin:
    """Who this is."""
    return Plugin(
        summary="Reviews of constructs.",
        requires=("constructs",),
        kernel=">=0.1",
        with_={"search": "fleet_reviews.with_search"},
    )


@hookimpl
def register_settings() -> tuple[Settings, ...]:
    """`[plugins.reviews]`."""
    return (Settings(ReviewSettings),)


@hookimpl
def register_tables() -> tuple[Table, ...]:
    """Reviews, which belong to their construct."""
    construct = Reference(column="construct_id", table="constructs")
    return (Table(name="reviews", purpose="Reviews of constructs.", references=(construct,), deleted=REVIEW_DELETED),)


@hookimpl
def register_migrations() -> tuple[MigrationFolder, ...]:
    """The folder `migrations` beside this file."""
    return (MigrationFolder("fleet_reviews"),)


@hookimpl
def register_errors() -> tuple[ErrorCode, ...]:
    """The codes of `errors.py`."""
    return (ErrorCode(ReviewChangedError),)


@hookimpl
def register_events() -> tuple[EventType, ...]:
    """What is written to the log."""
    return (REVIEW_SAVED, REVIEW_DELETED)


@hookimpl
def register_graphql() -> tuple[GraphQL, ...]:
    """Root fields, a field on `Construct`, and how `node(id:)` finds a review."""
    return (
        GraphQL(
            queries=(query.review,),
            mutations=(mutation.save_review,),
            subscriptions=(subscription.review_updates,),
            extend=(Extension(type=Construct, fields=(types.reviews,)),),
            nodes={types.Review: types.find_review_nodes},
        ),
    )


@hookimpl
def register_retention() -> tuple[RetentionRule, ...]:
    """Forgetting. The index `reviews_by_created_at` gives the old ones."""
    return (
        RetentionRule(
            name="old",
            purpose="Deletes reviews that are older than `keep_ms`.",
            table="reviews",
            age_column="created_at",
            keep_setting="keep_ms",
        ),
    )


@hookimpl
def register_checks() -> tuple[Check, ...]:
    """What must hold of reviews."""
    return (
        Check(
            name="words",
            purpose="Each review says something.",
            sql="SELECT id, 'It says nothing.' FROM reviews WHERE trim(body) = ''",
            entity="review",
        ),
    )

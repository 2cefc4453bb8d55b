"""All of the plugin: a fold, and a field on the type of the plugin that it requires."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from synthetic_reviews.events import REVIEW_SAVED
from synthetic_reviews.types import Review

from synthetic import (
    Consumer,
    Event,
    EventFilter,
    Extension,
    Fold,
    FoldState,
    GraphQL,
    MigrationFolder,
    Plugin,
    Selector,
    Snapshot,
    Table,
    batched,
    hookimpl,
)


class ReviewDigest(NamedTuple):
    """A row of `review_digests`."""

    construct_id: str
    reviews: int


def count_review(state: FoldState, event: Event) -> None:
    """Take in a review, when it is new."""
    if event.construct_id is not None and event.data()["version"] == 1:
        digest = state.get(ReviewDigest, event.construct_id) or ReviewDigest(event.construct_id, 0)
        state.put(digest._replace(reviews=digest.reviews + 1))


BY_CONSTRUCT = Selector(
    behind=lambda key, found: [EventFilter(types=frozenset({REVIEW_SAVED.name}), construct_id=key[0])],
    touched=lambda state, event: [(event.construct_id,)],
)


@batched(reads=("review_digests.counts",), needs=("construct_id",))
def alike(snapshot: Snapshot, parents: Sequence[Review]) -> list[int]:
    """How many reviews its construct has had, this one included."""
    counts: dict[str, int] = dict(snapshot.rows("SELECT construct_id, reviews FROM review_digests"))
    return [counts.get(parent.construct_id, 0) for parent in parents]


@hookimpl
def register_plugin() -> Plugin:
    """Who this is."""
    return Plugin(summary="Counts of reviews.", requires=("reviews",))


@hookimpl
def register_tables() -> tuple[Table, ...]:
    """The one table."""
    return (
        Table(
            name="review_digests",
            purpose="Counts of reviews.",
            key=("construct_id",),
            kept="One row for each construct.",
        ),
    )


@hookimpl
def register_migrations() -> tuple[MigrationFolder, ...]:
    """The folder `migrations` beside this file."""
    return (MigrationFolder("fleet_review_digests"),)


@hookimpl
def register_consumers() -> tuple[Consumer, ...]:
    """The counts."""
    return (
        Fold(
            name="counts",
            purpose="How many reviews each construct has had.",
            types=(REVIEW_SAVED,),
            tables={"review_digests": ReviewDigest},
            apply=count_review,
            selectors={"review_digests": BY_CONSTRUCT},
        ),
    )


@hookimpl
def register_graphql() -> tuple[GraphQL, ...]:
    """A field on reviews."""
    return (GraphQL(extend=(Extension(type=Review, fields=(alike,)),)),)

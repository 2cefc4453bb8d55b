"""All of the plugin: a fold, and a field on the type of the plugin that it requires."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from fleet_reviews.events import REVIEW_SAVED
from fleet_reviews.types import Review

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

    verdict: str
    reviews: int


def count_review(state: FoldState, event: Event) -> None:
    """Take in a review."""
    verdict = event.data()["verdict"]
    digest = state.get(ReviewDigest, verdict) or ReviewDigest(verdict, 0)
    state.put(digest._replace(reviews=digest.reviews + 1))


BY_VERDICT = Selector(
    behind=lambda key, found: [EventFilter(types=frozenset({REVIEW_SAVED.name}))],
    touched=lambda state, event: [(event.data()["verdict"],)],
)


@batched(reads=("review_digests.verdicts",), needs=("verdict",))
def alike(snapshot: Snapshot, parents: Sequence[Review]) -> list[int]:
    """How many reviews have the same verdict, this one included."""
    counts: dict[str, int] = dict(snapshot.rows("SELECT verdict, reviews FROM review_digests"))
    return [counts.get(parent.verdict, 0) for parent in parents]


@hookimpl
def register_plugin() -> Plugin:
    """Who this is."""
    return Plugin(summary="Counts of reviews.", requires=("reviews",))


@hookimpl
def register_tables() -> tuple[Table, ...]:
    """The one table."""
    return (
        Table(name="review_digests", purpose="Counts of reviews.", key=("verdict",), kept="One row for each verdict."),
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
            name="verdicts",
            purpose="How many reviews there are of each verdict.",
            types=(REVIEW_SAVED,),
            tables={"review_digests": ReviewDigest},
            apply=count_review,
            selectors={"review_digests": BY_VERDICT},
        ),
    )


@hookimpl
def register_graphql() -> tuple[GraphQL, ...]:
    """A field on reviews."""
    return (GraphQL(extend=(Extension(type=Review, fields=(alike,)),)),)

"""Root query fields: `deadLetter(s)`, their groups, sources and redrives."""

from __future__ import annotations

from typing import Annotated

import strawberry

from synthetic import (
    After,
    Asked,
    Before,
    Connection,
    First,
    Last,
    Selection,
    Snapshot,
    bad_input,
    find_row,
    page,
    query,
)
from synthetic_dead_letters.enums import DeadLetterOrder
from synthetic_dead_letters.model import Criteria
from synthetic_dead_letters.store.filters import select_dead_letters
from synthetic_dead_letters.store.groups import GROUPS_MAX, list_groups
from synthetic_dead_letters.store.policy import retries_max_of, sources_of
from synthetic_dead_letters.store.redrives import REDRIVES, REDRIVES_NEWEST_FIRST
from synthetic_dead_letters.store.rows import TABLE
from synthetic_dead_letters.types import (
    DeadLetter,
    DeadLetterGroup,
    DeadLetterRedrive,
    DeadLetterSourceInfo,
    Filter,
    OrderBy,
    order_of,
)

GROUPS = 50


@query
def dead_letter(
    snapshot: Snapshot, asked: Asked, id: Annotated[strawberry.ID, strawberry.argument(description="Its id.")]
) -> DeadLetter | None:
    """The dead letter with this id, or null."""
    return find_row(snapshot, DeadLetter, TABLE, id, asked)


@query
def dead_letters(
    snapshot: Snapshot,
    asked: Asked,
    filter: Filter = None,
    order_by: OrderBy = DeadLetterOrder.ARRIVED_DESC,
    first: First = None,
    after: After = None,
    last: Last = None,
    before: Before = None,
) -> Connection[DeadLetter]:
    """Dead letters, what arrived last first unless asked otherwise."""
    criteria = Criteria() if filter is None else filter.criteria()
    return page(
        snapshot,
        DeadLetter,
        select_dead_letters(criteria),
        order=order_of(order_by),
        asked=asked,
        first=first,
        after=after,
        last=last,
        before=before,
    )


@query
def dead_letter_groups(
    snapshot: Snapshot,
    source: Annotated[str | None, strawberry.argument(description="Only those of this source.")] = None,
    first: Annotated[int, strawberry.argument(description=f"How many groups at most: up to {GROUPS_MAX}.")] = GROUPS,
) -> list[DeadLetterGroup]:
    """Open dead letters by what they have in common, the largest groups first."""
    if not 0 <= first <= GROUPS_MAX:
        raise bad_input("first", f"must be from 0 to {GROUPS_MAX}")
    return [DeadLetterGroup.of(group) for group in list_groups(snapshot, source=source, limit=first)]


@query
def dead_letter_sources(snapshot: Snapshot) -> list[DeadLetterSourceInfo]:
    """The sources whose dead letters the store knows how to retry."""
    return [
        DeadLetterSourceInfo(
            name=source.name,
            purpose=source.purpose,
            is_editable=source.is_editable,
            retries_max=retries_max_of(snapshot, source.name),
        )
        for source in sources_of(snapshot).values()
    ]


@query
def dead_letter_redrive(
    snapshot: Snapshot, asked: Asked, id: Annotated[strawberry.ID, strawberry.argument(description="Its id.")]
) -> DeadLetterRedrive | None:
    """The redrive with this id, or null."""
    return find_row(snapshot, DeadLetterRedrive, REDRIVES, id, asked)


@query
def dead_letter_redrives(
    snapshot: Snapshot,
    asked: Asked,
    first: First = None,
    after: After = None,
    last: Last = None,
    before: Before = None,
) -> Connection[DeadLetterRedrive]:
    """Redrives, what was asked for last first."""
    return page(
        snapshot,
        DeadLetterRedrive,
        Selection(REDRIVES, [], {}),
        order=REDRIVES_NEWEST_FIRST,
        asked=asked,
        first=first,
        after=after,
        last=last,
        before=before,
    )

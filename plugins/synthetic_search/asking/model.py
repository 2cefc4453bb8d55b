"""A question and what was found: records, and how two filters are one. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import NamedTuple, TypeAlias, cast

from synthetic_search.asking.enums import SearchGrouping, SearchMode
from synthetic_search.index.filters import EVERYTHING, Filters
from synthetic_search.language.model import Query

Values: TypeAlias = tuple[str, ...] | None


@dataclass(frozen=True, slots=True)
class Question:
    """What somebody wants to know.

    Attributes:
        query: What they typed, understood; its filters and those beside it are one.
        mode: How to search; None: as well as the store can.
        group_by: What hits are gathered by.
        is_counted: Whether somebody wants to know how many match.
        listed: How many of the best are wanted, at least; None: as many as are ever listed.
    """

    query: Query
    mode: SearchMode | None = None
    group_by: SearchGrouping | None = None
    is_counted: bool = True
    listed: int | None = None


class Found(NamedTuple):
    """A document that was found.

    Attributes:
        id: Of its row in the index.
        score: The more, the better.
        word_rank: Its place among what was found by words, from 1; None: it was not.
        word_score: Its score there.
        meaning_rank: Its place among what was found by meaning; None: it was not.
        similarity: How close it is.
        group_size: How many documents it stands for, itself included.
    """

    id: int
    score: float
    word_rank: int | None = None
    word_score: float | None = None
    meaning_rank: int | None = None
    similarity: float | None = None
    group_size: int = 1


@dataclass(frozen=True, slots=True)
class Answer:
    """What a question came to.

    Attributes:
        found: Best first, as many as are ever listed, or were wanted.
        matched: How many documents match, or groups of them; at least so many where `is_exact` is False, or they were
            not to be counted.
        is_exact: Whether there are no more.
        mode: How it was searched.
    """

    found: tuple[Found, ...]
    matched: int
    is_exact: bool
    mode: SearchMode


def narrowed(filters: Filters, more: Filters) -> Filters | None:
    """The filters that say what both say; None: nothing can fulfil both."""
    if filters == more == EVERYTHING:
        return EVERYTHING
    merged: dict[str, object] = {}
    for field in fields(Filters):
        ours, theirs = getattr(filters, field.name), getattr(more, field.name)
        merged[field.name] = _MERGED.get(field.name, _among_both)(ours, theirs)
    found = Filters(**merged)  # pyright: ignore[reportArgumentType] - each is of the type of its field
    chosen = (found.kinds, found.construct_ids, found.session_ids, found.statuses, *found.facets.values())
    is_empty_span = None not in (found.occurred_from, found.occurred_before) and cast(
        "int", found.occurred_from
    ) >= cast("int", found.occurred_before)
    return None if () in chosen or is_empty_span else found


def _among_both(ours: Values, theirs: Values) -> Values:
    if ours is None or theirs is None:
        return theirs if ours is None else ours
    return tuple(value for value in ours if value in set(theirs))


def _among_either(ours: Values, theirs: Values) -> Values:
    joined = tuple(dict.fromkeys([*(ours or ()), *(theirs or ())]))
    return joined or None


def _facets(ours: Mapping[str, tuple[str, ...]], theirs: Mapping[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
    return {name: _among_both(ours.get(name), theirs.get(name)) or () for name in {**ours, **theirs}}


def _later(ours: int | None, theirs: int | None) -> int | None:
    return max((each for each in (ours, theirs) if each is not None), default=None)


def _earlier(ours: int | None, theirs: int | None) -> int | None:
    return min((each for each in (ours, theirs) if each is not None), default=None)


_MERGED = {
    "facets": _facets,
    "occurred_from": _later,
    "occurred_before": _earlier,
    "not_kinds": _among_either,
    "not_construct_ids": _among_either,
    "not_session_ids": _among_either,
    "not_statuses": _among_either,
}

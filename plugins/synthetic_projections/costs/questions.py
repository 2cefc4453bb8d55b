"""What is asked of costs: who, when and how it is told apart; and which sums answer that. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from operator import itemgetter
from typing import NamedTuple

from synthetic import bad_input
from synthetic_projections.buckets import DAY_MS, Span
from synthetic_projections.costs.model import EVER_MS, SPANS_MS, CostSource, Dimension, Sums
from synthetic_transcripts.events import QUARTER_MS


class CostGroup(StrEnum):
    """By what costs are told apart."""

    PROJECT = "PROJECT"
    CONSTRUCT = "CONSTRUCT"
    SESSION = "SESSION"
    AGENT = "AGENT"
    MODEL = "MODEL"
    SOURCE = "SOURCE"


OWNERS = (Dimension.PROJECT, Dimension.CONSTRUCT, Dimension.SESSION)
"""Whose costs contain others', the largest first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Criteria:
    """Which costs are meant. A field that is None says nothing; those that say something all hold.

    Attributes:
        project_ids: They belong to one of these projects.
        construct_ids: They belong to one of these constructs.
        session_ids: They belong to one of these sessions.
        agents: One of these agents spent them.
        models: It was spent on one of these models.
        sources: They are known from one of these.
    """

    project_ids: Sequence[str] | None = None
    construct_ids: Sequence[str] | None = None
    session_ids: Sequence[str] | None = None
    agents: Sequence[str] | None = None
    models: Sequence[str] | None = None
    sources: Sequence[CostSource] | None = None

    def ids_of(self, owner: Dimension) -> Sequence[str] | None:
        """The owners of a kind that are meant."""
        match owner:
            case Dimension.PROJECT:
                return self.project_ids
            case Dimension.CONSTRUCT:
                return self.construct_ids
            case _:
                return self.session_ids


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What is asked.

    Attributes:
        groups: By what costs are told apart, in this order.
        criteria: Which.
        window: Of whole quarters of an hour; None: all time.
    """

    groups: tuple[CostGroup, ...] = ()
    criteria: Criteria = Criteria()
    window: Span | None = None

    def dimension(self) -> Dimension:
        """Which sums answer it: the coarsest that tell apart what is to be told apart.

        Raises:
            BadUserInputError: There are none.
        """
        grouped = [Dimension(group) for group in self.groups if group in OWNERS]
        if len(grouped) > 1:
            raise bad_input("groupBy", "may name one of PROJECT, CONSTRUCT and SESSION")
        named = [owner for owner in OWNERS if self.criteria.ids_of(owner) is not None]
        finest = max([*grouped, *named], key=OWNERS.index, default=None)
        if finest is None:
            return Dimension.AGENT if CostGroup.AGENT in self.groups or self.criteria.agents else Dimension.ALL
        if grouped and grouped[0] is not finest:
            raise bad_input(
                "groupBy", f"cannot name {grouped[0]} where the filter names a {finest.lower()}: it has one"
            )
        return finest


class Segment(NamedTuple):
    """A stretch of time whose sums are to be added up.

    Attributes:
        number: Of the span that it is part of.
        span_ms: How long the stretches are that it is made of; `EVER_MS`: all time.
        from_at: Its begin, Unix milliseconds.
        to_at: Its end.
    """

    number: int
    span_ms: int
    from_at: int
    to_at: int


class Row(NamedTuple):
    """One row of an answer.

    Attributes:
        keys: What it is told apart by, in the order of the groups; "" stands for none.
        currency: "": what has no price.
        total: Of the whole window.
        series: Of each part of it that is asked for; empty where none is.
    """

    keys: tuple[str, ...]
    currency: str
    total: Sums
    series: tuple[Sums, ...] = ()


ALL_TIME = (-(2**62), 2**62)


def foremost(rows: Iterable[Row], rows_max: int) -> list[Row]:
    """So many rows at most: by currency, the dearest first, what has no price last.

    Where there are more, each currency gives up its cheapest: sums in different
    ones cannot be compared, so that none may push another one out.
    """
    places, ranked = Counter[str](), list[tuple[int, Row]]()
    for row in sorted(rows, key=_order):
        places[row.currency] += 1
        ranked.append((places[row.currency], row))
    # Rows of one place stay in the order of their currencies.
    ranked.sort(key=itemgetter(0))
    return sorted((row for _, row in ranked[:rows_max]), key=_order)


def _order(row: Row) -> tuple[bool, str, int, int, tuple[str, ...]]:
    return (not row.currency, row.currency, -row.total.picos, -row.total.tokens, row.keys)


def segments_of(dimension: Dimension, spans: Sequence[Span] | None) -> Iterator[Segment]:
    """How spans are made of the stretches that there are sums of, the longest possible.

    Args:
        dimension: Whose sums.
        spans: One after the other, each of whole quarters of an hour; None: all time.
    """
    has_days = DAY_MS in SPANS_MS[dimension]
    if spans is None:
        yield Segment(0, EVER_MS, *ALL_TIME)
        return
    for number, (from_at, to_at) in enumerate(spans):
        first_day, last_day = -(-from_at // DAY_MS) * DAY_MS, to_at // DAY_MS * DAY_MS
        if not has_days or first_day >= last_day:
            yield Segment(number, QUARTER_MS, from_at, to_at)
            continue
        if from_at < first_day:
            yield Segment(number, QUARTER_MS, from_at, first_day)
        yield Segment(number, DAY_MS, first_day, last_day)
        if last_day < to_at:
            yield Segment(number, QUARTER_MS, last_day, to_at)

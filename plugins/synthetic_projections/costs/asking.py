"""The arguments of `costs`, as a query and as a subscription, and the answer to them."""

# Annotations are left as they are: Strawberry takes far longer to read them as text, at every start.

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

import strawberry

from synthetic import DateTime, First, LimitSettings, Snapshot, bad_input
from synthetic_projections.buckets import DAY_MS, Span, TimeBucket, TimeZone, buckets_of, read_zone, window_of
from synthetic_projections.costs.enums import CostGroup
from synthetic_projections.costs.inputs import CostFilter
from synthetic_projections.costs.model import NOTHING
from synthetic_projections.costs.questions import Criteria, Question, Row, foremost
from synthetic_projections.costs.store.sums import read_costs, read_series
from synthetic_projections.costs.types import CostRow

SERIES_DAYS = 30
"""How far back a series goes whose window has no beginning."""

CELLS_MAX = 20_000
"""Most buckets of all rows of an answer together."""

VALUES_MAX = 1_000
"""Most values of one field of the filter."""

TRUNCATED = "COSTS_TRUNCATED"
"""Code of the notice in an answer that has fewer rows than there are."""

GroupBy = Annotated[
    list[CostGroup] | None,
    strawberry.argument(
        description="By what costs are told apart; at most one of PROJECT, CONSTRUCT and SESSION. Without it, they are "
        "one row for each currency."
    ),
]
From = Annotated[
    DateTime | None,
    strawberry.argument(
        name="from",
        description="The beginning of the window, which is widened to whole quarters of an hour, or to whole buckets. "
        "Without it, all time; with `bucket`, 30 days before its end.",
    ),
]
To = Annotated[
    DateTime | None, strawberry.argument(name="to", description="The first instant behind it; without it, now.")
]
MaybeBucket = Annotated[
    TimeBucket | None,
    strawberry.argument(description="How long each bucket of a row's `series` is; without it, rows have no series."),
]
Filter = Annotated[CostFilter | None, strawberry.argument(description="Which; all without it.")]

__all__ = ["Asking", "Filter", "First", "From", "GroupBy", "MaybeBucket", "TimeZone", "To"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking:
    """What a client asks, before the instant is known at which it is answered."""

    group_by: Sequence[CostGroup] | None
    from_at: int | None
    to_at: int | None
    time_zone: str
    bucket: TimeBucket | None
    filter: CostFilter | None
    first: int | None

    def answer(self, snapshot: Snapshot) -> list[CostRow]:
        """The answer, as of a snapshot.

        Raises:
            BadUserInputError: An argument is not acceptable, or no sums answer what is asked.
        """
        groups = tuple(dict.fromkeys(self.group_by or ()))
        buckets = self._buckets(snapshot)
        window = Span(buckets[0].from_at, buckets[-1].to_at) if buckets else self._window(snapshot)
        question, most = Question(groups=groups, criteria=self._criteria(), window=window), self._most(snapshot)
        rows = read_costs(snapshot, question, most + 1)
        if not rows and not groups:
            # Nothing was spent: charts want the empty buckets all the same.
            rows = [Row((), "", NOTHING)]
        if len(rows) > most:
            said = f"There are more than {most} rows of costs; of each currency those are shown that cost most."
            snapshot.notice(TRUNCATED, said)
        shown = foremost(rows, most)
        if len(shown) * len(buckets) > CELLS_MAX:
            raise bad_input("bucket", f"must be longer, or the rows fewer: they have at most {CELLS_MAX:,} buckets")
        if buckets:
            shown = read_series(snapshot, question, shown, buckets)
        return [CostRow.of(row, buckets) for row in shown]

    def _most(self, snapshot: Snapshot) -> int:
        limits = snapshot.settings(LimitSettings)
        if self.first is None:
            return limits.page_size_default
        if not 1 <= self.first <= limits.page_size:
            raise bad_input("first", f"must be from 1 to {limits.page_size}")
        return self.first

    def _buckets(self, snapshot: Snapshot) -> list[Span]:
        zone = read_zone(self.time_zone)
        if self.bucket is None:
            return []
        window = window_of(self.from_at, self.to_at, snapshot.now, SERIES_DAYS * DAY_MS)
        return buckets_of(window, self.bucket, zone)

    def _window(self, snapshot: Snapshot) -> Span | None:
        if self.from_at is None and self.to_at is None:
            return None
        begin = 0 if self.from_at is None else self.from_at
        return window_of(begin, self.to_at, snapshot.now, 0)

    def _criteria(self) -> Criteria:
        criteria = Criteria() if self.filter is None else self.filter.criteria()
        for name in ("project_ids", "construct_ids", "session_ids", "agents", "models"):
            values = getattr(criteria, name)
            if values is not None and len(values) > VALUES_MAX:
                raise bad_input("filter", f"must hold at most {VALUES_MAX:,} values of a kind")
        return criteria

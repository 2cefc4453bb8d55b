"""Budgets: how much may be spent in a period, and how a period stands. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum
from typing import NamedTuple, TypedDict

from synthetic_projections.buckets import Span, TimeBucket, buckets_of, read_zone
from synthetic_projections.costs.model import Dimension
from synthetic_projections.costs.questions import ALL_TIME
from synthetic_transcripts.events import QUARTER_MS, quarter_of


class BudgetPeriod(StrEnum):
    """For how long a budget is."""

    DAY = "DAY"
    WEEK = "WEEK"
    MONTH = "MONTH"
    TOTAL = "TOTAL"


class BudgetLevel(StrEnum):
    """How far a budget is spent."""

    OK = "OK"
    WARNED = "WARNED"
    EXCEEDED = "EXCEEDED"


EVER = Span(*ALL_TIME)
"""The one period of a budget that is for all time."""


class Budget(NamedTuple):
    """A row of `budgets`.

    Attributes:
        name: For people.
        project_id: Whose costs count; None with `construct_id`: all.
        construct_id: Likewise.
        period: A `BudgetPeriod`.
        time_zone: By whose calendar; a name of the IANA database.
        limit_micros: How much may be spent, in micro-units of the currency.
        currency: Costs in others do not count.
        warn_at_percent: At which share of the limit it warns, 1 to 100.
    """

    id: str
    name: str
    project_id: str | None
    construct_id: str | None
    period: str
    time_zone: str
    limit_micros: int
    currency: str
    warn_at_percent: int
    version: int
    created_at: int
    updated_at: int

    @property
    def scope(self) -> tuple[Dimension, str]:
        """Whose sums count."""
        if self.construct_id is not None:
            return Dimension.CONSTRUCT, self.construct_id
        return (Dimension.ALL, "") if self.project_id is None else (Dimension.PROJECT, self.project_id)

    def level(self, spent_micros: int) -> BudgetLevel:
        """How far it is spent."""
        if spent_micros > self.limit_micros:
            return BudgetLevel.EXCEEDED
        is_warned = spent_micros * 100 >= self.limit_micros * self.warn_at_percent
        return BudgetLevel.WARNED if is_warned else BudgetLevel.OK

    def period_at(self, instant: int) -> Span:
        """The period that an instant is in; both in Unix milliseconds."""
        if self.period == BudgetPeriod.TOTAL:
            return EVER
        quarter = quarter_of(instant)
        window = Span(quarter, quarter + QUARTER_MS)
        return buckets_of(window, TimeBucket(self.period), read_zone(self.time_zone))[0]

    def watched(self, now: int) -> Iterator[Span]:
        """The periods in which costs may still come in: the one before this, if the budget was there, and this one."""
        current = self.period_at(now)
        if current is not EVER and current.from_at > self.created_at:
            yield self.period_at(current.from_at - 1)
        yield current


class BudgetContent(TypedDict, total=False):
    """What a sender gives of a budget; what is left out stays as it is. See `Budget`."""

    name: str
    project_id: str | None
    construct_id: str | None
    period: str
    time_zone: str
    limit_micros: int
    currency: str
    warn_at_percent: int


FIELDS = {
    "project_id": "projectId",
    "construct_id": "constructId",
    "time_zone": "timeZone",
    "limit_micros": "limitMicros",
    "warn_at_percent": "warnAtPercent",
}
"""Names of columns in the API, where it names them otherwise."""


class SavedBudget(NamedTuple):
    """What `saveBudget` came to."""

    budget: Budget
    created: bool
    changed: bool


class BudgetState(NamedTuple):
    """How a period of a budget stands.

    Attributes:
        period: The period.
        spent_micros: What was spent in it, in the budget's currency.
        level: How far that is.
        uncounted_tokens: Tokens that have no price, so nobody knows what they cost.
        other_currencies: In which something was spent that does not count.
    """

    period: Span
    spent_micros: int
    level: BudgetLevel
    uncounted_tokens: int
    other_currencies: tuple[str, ...]

"""The records of costs: what is recorded, and what is summed up. Pure."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple, TypedDict

from synthetic_projections.buckets import DAY_MS
from synthetic_projections.costs.prices import PICOS_IN_MICRO, round_picos
from synthetic_transcripts.events import QUARTER_MS


class Dimension(StrEnum):
    """Whose costs a row of `cost_rollups` sums up."""

    ALL = "ALL"
    AGENT = "AGENT"
    PROJECT = "PROJECT"
    CONSTRUCT = "CONSTRUCT"
    SESSION = "SESSION"


class CostSource(StrEnum):
    """Where a cost is known from."""

    USAGE = "USAGE"
    RECORDED = "RECORDED"


EVER_MS = 0
"""The span of what was ever spent: it has one stretch, which begins at 0, whenever that was spent."""

SPANS_MS: dict[Dimension, tuple[int, ...]] = {
    Dimension.ALL: (QUARTER_MS, DAY_MS, EVER_MS),
    Dimension.AGENT: (QUARTER_MS, DAY_MS, EVER_MS),
    Dimension.PROJECT: (QUARTER_MS, DAY_MS, EVER_MS),
    Dimension.CONSTRUCT: (QUARTER_MS, EVER_MS),
    Dimension.SESSION: (QUARTER_MS, EVER_MS),
}
"""How long the stretches are by which costs are summed up.

What lives for years has days, in UTC, beside the quarters of an hour: they make
up the most of a long window, whatever its time zone. Where there is no window,
an answer does not grow with the time that there are costs of.
"""


class Sums(NamedTuple):
    """What is counted of costs.

    Attributes:
        responses: Responses of models, and recorded costs.
        cost_micros: Whole micro-units of the currency; the floor.
        cost_rest: What is left, in millionths of a micro-unit: 0 to 999,999.
    """

    input_tokens: int = 0
    output_tokens: int = 0
    cache_read_tokens: int = 0
    cache_write_tokens: int = 0
    responses: int = 0
    cost_micros: int = 0
    cost_rest: int = 0

    @property
    def picos(self) -> int:
        """The cost in millionths of a micro-unit."""
        return self.cost_micros * PICOS_IN_MICRO + self.cost_rest

    @property
    def rounded_micros(self) -> int:
        """The cost in whole micro-units, a half rounded to the even one."""
        return round_picos(self.picos)

    @property
    def tokens(self) -> int:
        """Tokens of all four kinds."""
        return sum(self[:4])

    @classmethod
    def of(cls, tokens: tuple[int, ...], responses: int, picos: int) -> Sums:
        """Sums of tokens and of what they cost.

        Args:
            tokens: Input, output, cache read, cache write.
            responses: How many responses they are of.
            picos: Millionths of a micro-unit.
        """
        return cls._make((*tokens, responses, *divmod(picos, PICOS_IN_MICRO)))

    def plus(self, other: Sums) -> Sums:
        """Both together."""
        # Written out, since the fold does it for each row that it changes.
        carried, rest = divmod(self[6] + other[6], PICOS_IN_MICRO)
        return Sums(
            self[0] + other[0],
            self[1] + other[1],
            self[2] + other[2],
            self[3] + other[3],
            self[4] + other[4],
            self[5] + other[5] + carried,
            rest,
        )

    def negated(self) -> Sums:
        """What takes them away again."""
        return Sums._make((*(-count for count in self[:5]), *divmod(-self.picos, PICOS_IN_MICRO)))


NOTHING = Sums()


class CostRollup(NamedTuple):
    """A row of `cost_rollups`: what was spent by one during one stretch of time. "" stands for none.

    Attributes:
        dimension: Whose costs these are: a `Dimension`.
        key: Which agent, project, construct or session; "" in ALL.
        span_ms: How long the stretch is; `EVER_MS`: all time.
        starts_at: When it begins, Unix milliseconds UTC; of all time 0.
        agent: Who spent it; "" too in ALL and AGENT, which do not tell it apart.
        model: The model.
        currency: "": no price is known, so the tokens cost nobody knows what.
        source: A `CostSource`.

    The others are those of `Sums`.
    """

    dimension: str
    key: str
    span_ms: int
    starts_at: int
    agent: str
    model: str
    currency: str
    source: str
    input_tokens: int
    output_tokens: int
    cache_read_tokens: int
    cache_write_tokens: int
    responses: int
    cost_micros: int
    cost_rest: int

    @property
    def sums(self) -> Sums:
        """What it counts."""
        return Sums(*self[8:])


class CostSettled(NamedTuple):
    """A row of `cost_settled`: what was spent in a quarter of an hour under an id that was then given anew.

    It is part of the sums under that id and does not move with whoever has the
    id now. There are none of ids that were not used again.

    Attributes:
        dimension: CONSTRUCT or SESSION.
        key: The id.

    The others are those of `CostRollup`.
    """

    dimension: str
    key: str
    starts_at: int
    agent: str
    model: str
    currency: str
    source: str
    input_tokens: int
    output_tokens: int
    cache_read_tokens: int
    cache_write_tokens: int
    responses: int
    cost_micros: int
    cost_rest: int

    @property
    def sums(self) -> Sums:
        """What it counts."""
        return Sums(*self[7:])


class CostSession(NamedTuple):
    """A row of `cost_sessions`: for whom a session spends; "" stands for none.

    Attributes:
        since_position: Of the event that began it, where another had had its id before; else 0.
        placed_position: Of the event that brought it to its construct; 0: it is older than the log.
    """

    session_id: str
    construct_id: str
    agent: str
    since_position: int = 0
    placed_position: int = 0


class CostConstruct(NamedTuple):
    """A row of `cost_constructs`: for which project a construct spends; "" stands for none.

    Attributes:
        since_position: Of the event that began it, where another had had its id before; else 0.
    """

    construct_id: str
    project_id: str
    since_position: int = 0


class CostProgress(NamedTuple):
    """The one row of `cost_progress`: what the sums hold.

    Attributes:
        name: "costs".
        last_position: Of the last event that was taken in.
        prices: Fingerprint of the prices that were used.
    """

    name: str
    last_position: int
    prices: str


class CostEvent(NamedTuple):
    """A row of `cost_events`: a cost that somebody has recorded. It never changes.

    Attributes:
        id: The caller's, or a UUIDv7.
        kind: What was paid for.
        session_id: The session that it belongs to; its construct, that one's
            project and its agent are then those of the session.
        construct_id: The construct, of a cost of no session.
        project_id: The project, of a cost of neither.
        agent: Who spent it, where no session says so.
        model: The model.
        cost_micros: What it cost; None: what the tokens cost by the prices.
        currency: Of the cost.
        note: For people.
        occurred_at: When it was spent, Unix milliseconds.
        actor: Who recorded it.
        recorded_at: When, Unix milliseconds.
    """

    id: str
    kind: str
    session_id: str | None
    construct_id: str | None
    project_id: str | None
    agent: str | None
    model: str | None
    input_tokens: int
    output_tokens: int
    cache_read_tokens: int
    cache_write_tokens: int
    cost_micros: int | None
    currency: str | None
    note: str | None
    occurred_at: int
    actor: str
    recorded_at: int


class CostContent(TypedDict, total=False):
    """What a sender gives of a cost; see `CostEvent`."""

    kind: str
    session_id: str | None
    construct_id: str | None
    project_id: str | None
    agent: str | None
    model: str | None
    input_tokens: int
    output_tokens: int
    cache_read_tokens: int
    cache_write_tokens: int
    cost_micros: int | None
    currency: str | None
    note: str | None
    occurred_at: int | None


class SavedCost(NamedTuple):
    """What `recordCost` came to: the cost, and whether it was not there before."""

    cost: CostEvent
    created: bool

"""Reading what was folded: sums of groups of runs over stretches of time, and outliers."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from operator import add
from typing import NamedTuple

from synthetic import Selection, Snapshot, Value, bad_input, check_id, to_json
from synthetic_projections.agents.enums import AgentGrouping, AgentMeasure, AgentWork
from synthetic_projections.agents.model import AgentCounts, AgentGroup, Grain
from synthetic_projections.agents.sketches import bins_in
from synthetic_projections.buckets import DAY_MS, Span

VALUES_MAX = 500
"""Most agents or kinds of one filter."""

MERGED_MAX = 8
"""Most agents whose outliers are merged in order; those of more are looked up and sorted."""

_SUMS = ", ".join(f"m.{name}" for name in AgentCounts._fields)
_IN_WINDOW = (
    "EXISTS (SELECT 1 FROM agent_metrics AS m WHERE m.work = g.work AND m.agent = g.agent AND m.kind = g.kind"
    " AND m.grain = 'QUARTER' AND m.begin_at >= :window_from AND m.begin_at < :window_to)"
)


class Question(NamedTuple):
    """What is asked about each group of a page.

    Attributes:
        grouping: An `AgentGrouping`: what is added up.
        agents: Only runs of these; None: of all.
        kinds: Only jobs of these; None: of all.
        time_zone: By whose clocks a series goes.
    """

    grouping: str
    agents: list[str] | None = None
    kinds: list[str] | None = None
    time_zone: str = "UTC"


@dataclass(frozen=True, slots=True, kw_only=True)
class Criteria:
    """Which groups of runs, or which outliers, are meant; None says nothing, and all that says something holds.

    Attributes:
        works: They are of one of these sorts.
        agents: Their agent is one of these; "" stands for those whose agent nobody has said.
        kinds: Their kind is one of these.
    """

    works: Sequence[AgentWork] | None = None
    agents: Sequence[str] | None = None
    kinds: Sequence[str] | None = None

    def question(self, grouping: AgentGrouping, time_zone: str = "UTC") -> Question:
        """What is asked about the groups that these choose."""
        agents, kinds = (None if each is None else list(each) for each in (self.agents, self.kinds))
        return Question(grouping, agents, kinds, time_zone)


class Piece(NamedTuple):
    """A stretch of time that is added up from rows of one grain."""

    grain: Grain
    from_at: int
    to_at: int


@dataclass(slots=True)
class Sums:
    """What the runs of a group came to that began in a stretch of time.

    Attributes:
        counts: The sums.
        bins: How many of their durations are in each bin of a sketch; empty where sketches were not read.
    """

    counts: AgentCounts = field(default_factory=AgentCounts)
    bins: Counter[int] = field(default_factory=Counter[int])

    def include(self, counts: Sequence[int], durations: str | None) -> None:
        """Add a row to them."""
        self.counts = AgentCounts(*map(add, self.counts, counts))
        if durations is not None:
            for key, count in bins_in(durations):
                self.bins[key] += count


def select_groups(criteria: Criteria, grouping: AgentGrouping, window: Span) -> Selection:
    """The groups of runs of which some began in a window, by work, agent and kind.

    Args:
        criteria: Which.
        grouping: What is added up; what does not tell groups apart is "".
        window: Of whole quarters of an hour.

    Raises:
        BadUserInputError: A value in the criteria is not acceptable, or they are too many.
    """
    where, params = _conditions(criteria, "g.")
    agent = "''" if grouping is AgentGrouping.KIND else "g.agent"
    kind = "''" if grouping is AgentGrouping.AGENT else "g.kind"
    distinct = "" if grouping is AgentGrouping.AGENT_AND_KIND else "DISTINCT "
    conditions = " AND ".join([*where, _IN_WINDOW])
    return Selection(
        f"(SELECT {distinct}g.work, {agent} AS agent, {kind} AS kind FROM agent_groups AS g WHERE {conditions})",
        (),
        {**params, "window_from": window.from_at, "window_to": window.to_at},
    )


def select_outliers(criteria: Criteria, measures: Sequence[AgentMeasure] | None, window: Span | None) -> Selection:
    """The outliers that meet the criteria, of runs that ended in a window.

    Raises:
        BadUserInputError: A value in the criteria is not acceptable, or they are too many.
    """
    # One or a few agents lead, each a walk in an index that ends in the order of the list.
    agents = None if criteria.agents is None else dict.fromkeys(criteria.agents)
    leads = agents is not None and len(agents) <= MERGED_MAX
    where, params = _conditions(
        Criteria(works=criteria.works, agents=None if leads else criteria.agents, kinds=criteria.kinds), "+"
    )
    if measures is not None:
        where.append("+measure IN (SELECT value FROM json_each(:measures))")
        params["measures"] = to_json([str(each) for each in measures])
    if window is not None:
        where += ["ended_at >= :window_from", "ended_at < :window_to"]
        params |= {"window_from": window.from_at, "window_to": window.to_at}
    if agents is None or not leads:
        return Selection("agent_outliers", where, params)
    names = {f"agent_{number}": _checked(agent, "agents") for number, agent in enumerate(agents)}
    return Selection("agent_outliers", where, {**params, **names}, merged=[f"agent = :{name}" for name in names])


def read_sums(
    snapshot: Snapshot,
    groups: Sequence[AgentGroup],
    question: Question,
    spans: Sequence[Span],
    *,
    with_durations: bool = True,
) -> list[list[Sums]]:
    """For each group, what it came to in each of some stretches of time.

    Args:
        snapshot: To read in.
        groups: The groups, as `select_groups` lists them.
        question: What was asked about them.
        spans: Of whole quarters of an hour, in order, and not overlapping.
        with_durations: Whether the sketches of durations are read.
    """
    found = [[Sums() for _ in spans] for _ in groups]
    begins = [span.from_at for span in spans]
    conditions = ["g.work = k.value ->> 0"]
    if question.grouping != AgentGrouping.KIND:
        conditions.append("g.agent = k.value ->> 1")
    elif question.agents is not None:
        conditions.append("g.agent IN (SELECT value FROM json_each(:agents))")
    if question.grouping != AgentGrouping.AGENT:
        conditions.append("g.kind = k.value ->> 2")
    elif question.kinds is not None:
        conditions.append("g.kind IN (SELECT value FROM json_each(:kinds))")
    rows = snapshot.rows(
        f"SELECT k.key, m.begin_at, {'m.durations' if with_durations else 'NULL'}, {_SUMS}"
        " FROM json_each(:groups) AS k"
        f" CROSS JOIN agent_groups AS g ON {' AND '.join(conditions)}"
        " CROSS JOIN json_each(:pieces) AS p"
        " CROSS JOIN agent_metrics AS m ON m.work = g.work AND m.agent = g.agent AND m.kind = g.kind"
        " AND m.grain = p.value ->> 0 AND m.begin_at >= p.value ->> 1 AND m.begin_at < p.value ->> 2",
        {
            "groups": to_json([group[:3] for group in groups]),
            "pieces": to_json([list(piece) for piece in pieces_of(spans)]),
            "agents": to_json(question.agents),
            "kinds": to_json(question.kinds),
        },
    )
    snapshot.spend(sum(len(durations or "") for _, _, durations, *_ in rows))
    for place, begin_at, durations, *counts in rows:
        found[place][bisect_right(begins, begin_at) - 1].include(counts, durations)
    return found


def pieces_of(spans: Sequence[Span]) -> list[Piece]:
    """How stretches of time are added up: whole days in UTC from rows of days, what is left from rows of quarters."""
    pieces: list[Piece] = []
    for span in spans:
        first_day, end_of_days = -Grain.DAY.start(-span.from_at), Grain.DAY.start(span.to_at)
        if first_day >= end_of_days:
            _append(pieces, Piece(Grain.QUARTER, *span))
            continue
        _append(pieces, Piece(Grain.QUARTER, span.from_at, first_day))
        _append(pieces, Piece(Grain.DAY, first_day, end_of_days))
        _append(pieces, Piece(Grain.QUARTER, end_of_days, span.to_at))
    return pieces


def _append(pieces: list[Piece], piece: Piece) -> None:
    """Add a piece, to the one before where it goes on; an empty one is left out."""
    if piece.from_at == piece.to_at:
        return
    if pieces and pieces[-1].grain is piece.grain and pieces[-1].to_at == piece.from_at:
        pieces[-1] = pieces[-1]._replace(to_at=piece.to_at)
    else:
        pieces.append(piece)


def read_failure_ratios(snapshot: Snapshot) -> dict[str, float]:
    """For each sort of work the share that failed of what began within a day and has ended by itself."""
    rows = snapshot.rows(
        "SELECT g.work, sum(m.completed), sum(m.failed) FROM agent_groups AS g"
        " CROSS JOIN agent_metrics AS m ON m.work = g.work AND m.agent = g.agent AND m.kind = g.kind"
        " AND m.grain = 'QUARTER' AND m.begin_at >= :since AND m.begin_at <= :now GROUP BY g.work",
        {"since": snapshot.now - DAY_MS, "now": snapshot.now},
    )
    return {work: failed / (completed + failed) for work, completed, failed in rows if completed + failed}


def count_recent_outliers(snapshot: Snapshot) -> dict[str, int]:
    """How many outliers ended within a day, by measure."""
    rows = snapshot.rows(
        "SELECT measure, count(*) FROM agent_outliers WHERE ended_at >= :since GROUP BY measure",
        {"since": snapshot.now - DAY_MS},
    )
    return {measure: count for measure, count in rows}  # noqa: C416 - rows are tuples of any length to a type checker


def _conditions(criteria: Criteria, prefix: str) -> tuple[list[str], dict[str, Value]]:
    """What the criteria are in SQL, of columns with a prefix."""
    where: list[str] = []
    params: dict[str, Value] = {}
    if criteria.works is not None:
        where.append(f"{prefix}work IN (SELECT value FROM json_each(:works))")
        params["works"] = to_json([str(each) for each in criteria.works])
    for column, field_name, values in (("agent", "agents", criteria.agents), ("kind", "kinds", criteria.kinds)):
        if values is None:
            continue
        if len(values) > VALUES_MAX:
            raise bad_input(field_name, f"must hold at most {VALUES_MAX}")
        where.append(f"{prefix}{column} IN (SELECT value FROM json_each(:{field_name}))")
        params[field_name] = to_json([_checked(value, field_name) for value in values])
    return where, params


def _checked(value: str, field_name: str) -> str:
    return value and check_id(value, field_name)

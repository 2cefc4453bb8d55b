"""Reading what was summed up: an answer costs what its rows and buckets are many, and not what the log is long."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from synthetic import BadUserInputError, Snapshot, Value, bad_input, to_json
from synthetic_projections.costs.folding import PROGRESS
from synthetic_projections.costs.model import EVER_MS, NOTHING, CostProgress, Dimension, Sums
from synthetic_projections.costs.questions import OWNERS, CostGroup, Question, Row, foremost, segments_of

_SUMS = ", ".join(f"sum(r.{name})" for name in Sums._fields)
_DEAREST = (
    "sum(r.cost_micros) + sum(r.cost_rest) / 1000000 DESC, sum(r.cost_rest) % 1000000"
    " DESC, sum(r.input_tokens + r.output_tokens + r.cache_read_tokens + r.cache_write_tokens) DESC"
)
_SEGMENTS = (
    "SELECT value ->> 0 AS number, value ->> 1 AS span_ms, value ->> 2 AS from_at, value ->> 3 AS to_at"
    " FROM json_each(:segments)"
)
_ROLLUPS = (
    f"FROM ({_SEGMENTS}) AS s CROSS JOIN cost_rollups AS r ON r.dimension = :dimension AND r.span_ms = s.span_ms"
    " AND r.starts_at >= s.from_at AND r.starts_at < s.to_at"
)
_SESSIONS_OF = {
    Dimension.CONSTRUCT: "SELECT session_id FROM cost_sessions WHERE construct_id",
    Dimension.PROJECT: "SELECT session_id FROM cost_sessions JOIN cost_constructs USING (construct_id)"
    " WHERE project_id",
}
_CONSTRUCTS_OF = {Dimension.PROJECT: "SELECT construct_id FROM cost_constructs WHERE project_id"}
_BELOW = {Dimension.SESSION: _SESSIONS_OF, Dimension.CONSTRUCT: _CONSTRUCTS_OF}


CELLS_MAX = 20_000
"""Most buckets of all rows of an answer together."""


class Total(NamedTuple):
    """What was spent in one currency; "" is what has no price."""

    currency: str
    sums: Sums


class UnpricedModel(NamedTuple):
    """A model whose tokens have no price; "" stands for those whose model is not named."""

    model: str
    sums: Sums


def read_costs(snapshot: Snapshot, question: Question, rows_max: int) -> list[Row]:
    """The answer to a question: its rows by currency, the dearest first, what has no price last.

    Args:
        snapshot: To read in.
        question: What is asked.
        rows_max: So many of them at most; the `foremost`.

    Raises:
        BadUserInputError: No sums answer it, or its spans have more to show than one answer may hold.
    """
    dimension = question.dimension()
    groups = [_column_of(group, dimension) for group in question.groups]
    where, params = _conditions(question, dimension)
    size, parts = len(question.spans or (None,)), len(groups)
    columns = ", ".join(["s.number", *groups, "r.currency"])
    limit = rows_max if size == 1 else CELLS_MAX + 1
    rows = snapshot.rows(
        f"SELECT {columns}, {_SUMS} {_ROLLUPS} WHERE {' AND '.join(where)} GROUP BY {columns}"
        f" ORDER BY row_number() OVER (PARTITION BY r.currency ORDER BY {', '.join([_DEAREST, *groups])}),"
        " r.currency = '', r.currency LIMIT :limit",
        {
            **params,
            "segments": to_json([list(each) for each in segments_of(dimension, question.spans)]),
            "limit": limit,
        },
    )
    if size > 1 and len(rows) == limit:
        raise too_many_cells()
    series: defaultdict[tuple[tuple[str, ...], str], list[Sums]] = defaultdict(lambda: [NOTHING] * size)
    for number, *rest in rows:
        series[tuple(rest[:parts]), rest[parts]][number] = _sums_of(rest[parts + 1 :])
    answer = [Row(keys, currency, _total(each), tuple(each)) for (keys, currency), each in series.items()]
    return foremost(answer, rows_max)


def too_many_cells() -> BadUserInputError:
    """The error for an answer that would have too many buckets; the caller raises it."""
    return bad_input("bucket", f"must be longer, or the rows fewer: they have at most {CELLS_MAX:,} buckets")


def list_totals(dimension: Dimension, snapshot: Snapshot, keys: Sequence[str | None]) -> list[list[Total]]:
    """For each project, construct or session what was ever spent, by currency.

    Args:
        dimension: What the keys are.
        snapshot: To read in.
        keys: Their ids; None: of none, which has cost nothing.
    """
    rows = snapshot.rows(
        f"SELECT r.key, r.currency, {_SUMS} {_ROLLUPS} WHERE r.key IN (SELECT value FROM json_each(:keys))"
        " GROUP BY r.key, r.currency ORDER BY r.key, r.currency = '', r.currency",
        {
            "dimension": dimension.value,
            "keys": to_json(list({key for key in keys if key})),
            "segments": to_json([list(each) for each in segments_of(dimension, None)]),
        },
    )
    found: defaultdict[str, list[Total]] = defaultdict(list)
    for key, currency, *sums in rows:
        found[key].append(Total(currency, _sums_of(sums)))
    return [found[key] if key else [] for key in keys]


def list_totals_of_stories(snapshot: Snapshot, story_ids: Sequence[str]) -> list[list[Total]]:
    """For each story what the constructs have cost that its workflows are about, each once, by currency."""
    pairs = snapshot.rows(
        "SELECT DISTINCT story_id, construct_id FROM workflows"
        " WHERE story_id IN (SELECT value FROM json_each(:ids)) AND construct_id IS NOT NULL",
        {"ids": to_json(list(story_ids))},
    )
    totals = list_totals(Dimension.CONSTRUCT, snapshot, [construct_id for _, construct_id in pairs])
    found: defaultdict[str, defaultdict[str, Sums]] = defaultdict(lambda: defaultdict(Sums))
    for (story_id, _), parts in zip(pairs, totals, strict=True):
        for currency, sums in parts:
            found[story_id][currency] = found[story_id][currency].plus(sums)
    return [
        sorted((Total(*each) for each in found[id].items()), key=lambda total: (not total.currency, total.currency))
        for id in story_ids
    ]


def list_unpriced(snapshot: Snapshot, limit: int) -> list[UnpricedModel]:
    """The models whose tokens have no price, that with the most tokens first."""
    rows = snapshot.rows(
        f"SELECT r.model, {_SUMS} FROM cost_rollups AS r WHERE r.dimension = 'ALL' AND r.key = '' AND r.span_ms ="
        f" {EVER_MS} AND r.currency = '' GROUP BY r.model ORDER BY sum(r.input_tokens) + sum(r.output_tokens)"
        " + sum(r.cache_read_tokens) + sum(r.cache_write_tokens) DESC, r.model LIMIT :limit",
        {"limit": limit},
    )
    return [UnpricedModel(model, _sums_of(sums)) for model, *sums in rows]


def find_progress(snapshot: Snapshot) -> CostProgress | None:
    """What the sums hold; None before the first event."""
    return snapshot.record(
        CostProgress,
        f"SELECT {', '.join(CostProgress._fields)} FROM cost_progress WHERE name = :name",
        {"name": PROGRESS},
    )


def _column_of(group: CostGroup, dimension: Dimension) -> str:
    if group is CostGroup.AGENT:
        return "r.key" if dimension is Dimension.AGENT else "r.agent"
    return {CostGroup.MODEL: "r.model", CostGroup.SOURCE: "r.source"}.get(group, "r.key")


def _conditions(question: Question, dimension: Dimension) -> tuple[list[str], dict[str, Value]]:
    criteria = question.criteria
    where, params = ["TRUE"], dict[str, Value](dimension=dimension.value)

    def require(column: str, name: str, values: Sequence[str], inner: str = "") -> None:
        listed = f"(SELECT value FROM json_each(:{name}))"
        where.append(f"{column} IN ({inner} IN {listed})" if inner else f"{column} IN {listed}")
        params[name] = to_json(list(dict.fromkeys(values)))

    if dimension is Dimension.ALL:
        where.append("r.key = ''")
    for owner in OWNERS:
        ids = criteria.ids_of(owner)
        if ids is not None:
            require("r.key", f"{owner.lower()}_ids", ids, "" if owner is dimension else _BELOW[dimension][owner])
    if criteria.agents is not None:
        require(_column_of(CostGroup.AGENT, dimension), "agents", criteria.agents)
    if criteria.models is not None:
        require("+r.model", "models", criteria.models)
    if criteria.sources is not None:
        require("+r.source", "sources", [each.value for each in criteria.sources])
    return where, params


def _sums_of(values: Sequence[int]) -> Sums:
    """Sums as SQL adds them up: the rests may come to more than one micro-unit."""
    *counts, micros, rest = values
    return Sums(*counts).plus(NOTHING._replace(cost_micros=micros, cost_rest=rest))


def _total(series: Iterable[Sums]) -> Sums:
    total = NOTHING
    for each in series:
        total = total.plus(each)
    return total

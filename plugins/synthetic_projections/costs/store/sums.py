"""Reading what was summed up: an answer costs what its rows and buckets are many, and not what the log is long."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import NamedTuple

from synthetic import Snapshot, Value, to_json
from synthetic_projections.buckets import Span
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
    # A session of a construct that is gone is of no project by another one that has its id.
    Dimension.PROJECT: "SELECT s.session_id FROM cost_constructs AS c JOIN cost_sessions AS s"
    " ON s.construct_id = c.construct_id AND s.placed_position >= c.since_position WHERE c.project_id",
}
_CONSTRUCTS_OF = {Dimension.PROJECT: "SELECT construct_id FROM cost_constructs WHERE project_id"}
_BELOW = {Dimension.SESSION: _SESSIONS_OF, Dimension.CONSTRUCT: _CONSTRUCTS_OF}


MODULE = "projections.costs"
"""The consumer that keeps the sums."""


class Total(NamedTuple):
    """What was spent in one currency; "" is what has no price."""

    currency: str
    sums: Sums


class UnpricedModel(NamedTuple):
    """A model whose tokens have no price; "" stands for those whose model is not named."""

    model: str
    sums: Sums


def read_costs(snapshot: Snapshot, question: Question, rows_max: int) -> list[Row]:
    """The answer to a question: its rows by currency, the dearest first, what has no price last; without series.

    Args:
        snapshot: To read in.
        question: What is asked.
        rows_max: So many of them at most; the `foremost`.

    Raises:
        BadUserInputError: No sums answer it.
    """
    dimension = question.dimension()
    groups = [_column_of(group, dimension) for group in question.groups]
    where, params = _conditions(question, dimension)
    columns = ", ".join([*groups, "r.currency"])
    spans = None if question.window is None else [question.window]
    rows = snapshot.rows(
        f"SELECT {columns}, {_SUMS} {_ROLLUPS} WHERE {' AND '.join(where)} GROUP BY {columns}"
        f" ORDER BY row_number() OVER (PARTITION BY r.currency ORDER BY {', '.join([_DEAREST, *groups])}),"
        " r.currency = '', r.currency LIMIT :limit",
        {**params, "segments": _segments(dimension, spans), "limit": rows_max},
    )
    parts = len(groups)
    return foremost((Row(tuple(row[:parts]), row[parts], _sums_of(row[parts + 1 :])) for row in rows), rows_max)


def read_series(snapshot: Snapshot, question: Question, rows: Sequence[Row], spans: Sequence[Span]) -> list[Row]:
    """Rows of an answer with their series: only what they count is read, however many others there are.

    Args:
        snapshot: To read in.
        question: What they answer.
        rows: As `read_costs` has given them.
        spans: One after the other, the whole window together.
    """
    dimension = question.dimension()
    groups = [_column_of(group, dimension) for group in question.groups]
    where, params = _conditions(question, dimension)
    told_apart = [*groups, "r.currency"]
    chosen = ", ".join(f"value ->> {number}" for number in range(len(told_apart)))
    where.append(f"({', '.join(told_apart)}) IN (SELECT {chosen} FROM json_each(:rows))")
    if "r.key" in groups:
        where.append("r.key IN (SELECT value FROM json_each(:keys))")
        params["keys"] = to_json(sorted({row.keys[groups.index("r.key")] for row in rows}))
    columns = ", ".join(["s.number", *told_apart])
    cells = snapshot.rows(
        f"SELECT {columns}, {_SUMS} {_ROLLUPS} WHERE {' AND '.join(where)} GROUP BY {columns}",
        {
            **params,
            "segments": _segments(dimension, spans),
            "rows": to_json([[*row.keys, row.currency] for row in rows]),
        },
    )
    parts = len(told_apart)
    series = {(*row.keys, row.currency): [NOTHING] * len(spans) for row in rows}
    for number, *rest in cells:
        series[tuple(rest[:parts])][number] = _sums_of(rest[parts:])
    return [row._replace(series=tuple(series[*row.keys, row.currency])) for row in rows]


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
            "segments": _segments(dimension, None),
        },
    )
    found: defaultdict[str, list[Total]] = defaultdict(list)
    for key, currency, *sums in rows:
        found[key].append(Total(currency, _sums_of(sums)))
    return [found[key] if key else [] for key in keys]


def list_totals_of_workflows(snapshot: Snapshot, workflow_ids: Sequence[str]) -> list[list[Total]]:
    """For each workflow what the construct has cost that it is about, or was until that was deleted, by currency."""
    return _totals_of_members(snapshot, "workflow_id", workflow_ids)


def list_totals_of_stories(snapshot: Snapshot, story_ids: Sequence[str]) -> list[list[Total]]:
    """For each story what the constructs of its workflows have cost, each once, by currency."""
    return _totals_of_members(snapshot, "story_id", story_ids)


def _totals_of_members(snapshot: Snapshot, column: str, ids: Sequence[str]) -> list[list[Total]]:
    """For each value of a column of `workflows`, what the constructs have cost whose costs these have."""
    pairs = snapshot.rows(
        f"SELECT DISTINCT {column}, cost_construct_id FROM workflows"
        f" WHERE {column} IN (SELECT value FROM json_each(:ids)) AND cost_construct_id IS NOT NULL",
        {"ids": to_json(list(ids))},
    )
    totals = list_totals(Dimension.CONSTRUCT, snapshot, [construct_id for _, construct_id in pairs])
    found: defaultdict[str, defaultdict[str, Sums]] = defaultdict(lambda: defaultdict(Sums))
    for (id, _), parts in zip(pairs, totals, strict=True):
        for currency, sums in parts:
            found[id][currency] = found[id][currency].plus(sums)
    return [
        sorted((Total(*each) for each in found[id].items()), key=lambda total: (not total.currency, total.currency))
        for id in ids
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


def _segments(dimension: Dimension, spans: Sequence[Span] | None) -> str:
    return to_json([list(each) for each in segments_of(dimension, spans)])

"""What must hold between the sums of costs: whoever is looked at, they add up to the same."""

from __future__ import annotations

from synthetic import Check
from synthetic_projections.costs.model import EVER_MS, Dimension
from synthetic_transcripts.events import QUARTER_MS

_ACTION = "Ask for REBUILD of projections.costs with `requestResync`: the sums are computed anew from the log."

_SUMMED = (
    "sum(input_tokens) AS a, sum(output_tokens) AS b, sum(cache_read_tokens) AS c, sum(cache_write_tokens) AS d,"
    " sum(responses) AS e, sum(cost_micros) + sum(cost_rest) / 1000000 AS f, sum(cost_rest) % 1000000 AS g"
)
_COUNTED = "a, b, c, d, e, f, g"
_SOMETHING = "HAVING a <> 0 OR b <> 0 OR c <> 0 OR d <> 0 OR e <> 0 OR f <> 0 OR g <> 0"


def _sums(dimension: str, span_ms: int, columns: str) -> str:
    return (
        f"SELECT {columns}, {_SUMMED} FROM cost_rollups WHERE dimension = '{dimension}' AND span_ms = {span_ms}"
        f" GROUP BY {columns} {_SOMETHING}"
    )


def _differs(dimension: str, ours: str, theirs: str, words: str) -> str:
    """Rows for what one query gives and the other does not."""
    return (
        f"SELECT '{dimension}', 'The sums of costs by {dimension.lower()} {words}.' WHERE EXISTS"
        f" (SELECT * FROM ({ours}) EXCEPT SELECT * FROM ({theirs}))"
        f" OR EXISTS (SELECT * FROM ({theirs}) EXCEPT SELECT * FROM ({ours}))"
    )


_MODELS = "model, currency, source"
_TOTALS = " UNION ALL ".join(
    _differs(
        dimension,
        _sums(dimension, 900_000, _MODELS),
        _sums(Dimension.ALL.value, 900_000, _MODELS),
        "do not add up to the sums of all",
    )
    for dimension in ("AGENT", "PROJECT", "CONSTRUCT", "SESSION")
)
_WHOSE = "key, agent, model, currency, source"
_EVER = " UNION ALL ".join(
    _differs(
        dimension.value,
        _sums(dimension.value, EVER_MS, _WHOSE),
        _sums(dimension.value, QUARTER_MS, _WHOSE),
        "for all time are not those by quarters of an hour",
    )
    for dimension in Dimension
)
_DAYS = " UNION ALL ".join(
    _differs(
        dimension,
        _sums(dimension, 86_400_000, _WHOSE),
        _sums(dimension, 900_000, _WHOSE),
        "by day are not those by quarters of an hour",
    )
    for dimension in ("ALL", "AGENT", "PROJECT")
)

CHECKS = (
    Check(
        name="cost_totals",
        purpose="What agents, projects, constructs and sessions have spent is, for each of the four, what all have.",
        sql=_TOTALS,
        entity="cost",
        action=_ACTION,
        effort="full",
    ),
    Check(
        name="cost_days",
        purpose="What was spent in days is what was spent in their quarters of an hour.",
        sql=_DAYS,
        entity="cost",
        action=_ACTION,
        effort="full",
    ),
    Check(
        name="cost_ever",
        purpose="What was ever spent is what was spent in all quarters of an hour.",
        sql=_EVER,
        entity="cost",
        action=_ACTION,
        effort="full",
    ),
)

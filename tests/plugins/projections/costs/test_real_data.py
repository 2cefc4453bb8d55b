"""Real sessions of coding agents: tokens by model and day, and costs by a stated table, against a count by hand."""

from __future__ import annotations

import json
from collections import defaultdict
from fractions import Fraction
from pathlib import Path
from typing import Any

from tests.plugins.ingest.kit import ingest

from plugins.projections.costs.kit import fold
from synthetic.testing import expect_data, open_test_store

PRICES = {
    "claude-opus-4-6": (5_000_000, 25_000_000, 500_000, 6_250_000),
    "claude-haiku-4-5-20251001": (1_000_000, 5_000_000, 100_000, 1_250_000),
    "claude-sonnet-4-5-20250929": (3_000_000, 15_000_000, 300_000, 3_750_000),
}
"""Micro-dollars per million tokens, as the sample has them."""

NAMES = ("input_tokens", "output_tokens", "cache_read_input_tokens", "cache_creation_input_tokens")
COSTS = """
query ($bucket: TimeBucket!, $from: DateTime!, $to: DateTime!) {
  costs(groupBy: [MODEL], bucket: $bucket, from: $from, to: $to) {
    key costMicros currency series { from inputTokens outputTokens cacheReadTokens cacheWriteTokens }
  }
}
"""


def count_by_hand(folder: Path) -> dict[tuple[str, str], list[int]]:
    """Tokens by model and day (UTC): each response by its last line, on the day of its first."""
    sums: defaultdict[tuple[str, str], list[int]] = defaultdict(lambda: [0, 0, 0, 0])
    for path in sorted(folder.rglob("*.jsonl")):
        days: dict[str, str] = {}
        last: dict[str, tuple[str, dict[str, Any]]] = {}
        for number, line in enumerate(path.read_text().splitlines()):
            entry = json.loads(line)
            message = entry.get("message") or {}
            if entry["type"] == "assistant" and "usage" in message:
                key = message.get("id") or f"line {number}"
                days.setdefault(key, entry["timestamp"][:10])
                last[key] = (message["model"], message["usage"])
        for key, (model, usage) in last.items():
            row = sums[model, days[key]]
            for index, name in enumerate(NAMES):
                row[index] += usage.get(name, 0)
    return {key: row for key, row in sums.items() if any(row)}


def test_tokens_by_model_and_day_and_what_they_cost_equal_a_count_by_hand(data_dir: Path, real_data: Path) -> None:
    expected = count_by_hand(real_data / "transcripts")
    days = sorted({day for _, day in expected})
    assert expected
    with open_test_store(data_dir) as store:
        ingest(store, real_data / "transcripts")
        fold(store)
        window = {"from": f"{days[0]}T00:00:00Z", "to": f"{days[-1]}T23:59:59Z"}
        rows = expect_data(store.graphql(COSTS, {"bucket": "DAY", **window}))["costs"]
        sessions = expect_data(store.graphql("{ sessions(first: 500) { nodes { costs { costMicros currency } } } }"))
        everything = expect_data(store.graphql("{ costs { costMicros currency } }"))["costs"]
    found = {}
    for row in rows:
        for bucket in row["series"]:
            tokens = [bucket[name] for name in ("inputTokens", "outputTokens", "cacheReadTokens", "cacheWriteTokens")]
            if any(tokens):
                found[row["key"] or "", bucket["from"][:10]] = tokens
    assert found == expected
    for row in rows:
        counted = [tokens for (model, _), tokens in expected.items() if model == row["key"]]
        prices = PRICES.get(row["key"])
        if prices is None:
            assert (row["costMicros"], row["currency"]) == (None, None)
            continue
        cost = Fraction(sum(a * b for tokens in counted for a, b in zip(tokens, prices, strict=True)), 1_000_000)
        assert (row["costMicros"], row["currency"]) == (round(cost), "USD")
    (total,) = [row["costMicros"] for row in everything if row["currency"] == "USD"]
    parts = [cost for node in sessions["sessions"]["nodes"] for cost in node["costs"] if cost["currency"] == "USD"]
    # Each session is rounded by itself, by half a micro-dollar at most.
    assert abs(total - sum(each["costMicros"] for each in parts)) <= len(parts) / 2 + 1

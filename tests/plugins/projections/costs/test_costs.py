"""`costs` against a brute-force count of everything that a fleet did, whoever it belongs to by now."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from plugins.projections.costs.kit import PRICES, Fleet, busy, empty, fold, rows_of
from synthetic import SystemClock, iso_from_ms
from synthetic.testing import ManualClock, copy_template, expect_data, expect_error, open_test_store
from synthetic_projections.costs.questions import CostGroup, Criteria, Question
from synthetic_projections.costs.store import sums

BEGIN = 1_767_571_200_000  # 2026-01-05T00:00:00Z
END = BEGIN + 21 * 86_400_000
SPAN_OF = {"HOUR": timedelta(hours=1), "DAY": timedelta(days=1)}

COSTS = """
query ($by: [CostGroup!], $from: DateTime, $to: DateTime, $zone: String! = "UTC", $bucket: TimeBucket,
       $filter: CostFilter, $first: Int = 500) {
  costs(groupBy: $by, from: $from, to: $to, timeZone: $zone, bucket: $bucket, filter: $filter, first: $first) {
    key keys inputTokens outputTokens cacheReadTokens cacheWriteTokens responses costMicros currency
    series { from to inputTokens outputTokens cacheReadTokens cacheWriteTokens responses costMicros }
  }
}
"""
COUNTS = ("inputTokens", "outputTokens", "cacheReadTokens", "cacheWriteTokens", "responses")


@pytest.fixture(scope="module")
def fleet(template: Path, tmp_path_factory: pytest.TempPathFactory):
    """A fleet that has been busy for three weeks, all of it folded."""
    directory = copy_template(template, tmp_path_factory.mktemp("fleet") / "store")
    (directory / "mine.toml").write_text(PRICES)
    clock = ManualClock(END, monotonic=SystemClock())
    with open_test_store(directory, clock=clock, settings={"plugins.projections.prices": "mine.toml"}) as store:
        fleet = Fleet(store)
        busy(fleet, seed=1, steps=160, begin=BEGIN, end=END)
        fold(store, batch=37)
        yield fleet


def ask(fleet: Fleet, **variables: Any) -> list[dict[str, Any]]:
    given = {name: iso_from_ms(value) if name in ("from", "to") else value for name, value in variables.items()}
    return expect_data(fleet.store.graphql(COSTS, given))["costs"]


def shown(row: dict[str, Any], parts: list[dict[str, Any]]) -> Any:
    return [([part[name] for name in COUNTS], part["costMicros"]) for part in parts]


def compared(rows: list[dict[str, Any]], parts: str = "") -> dict[Any, Any]:
    """The answer in the shape of `expected`."""
    found = {}
    for row in rows:
        assert row["key"] == (row["keys"][0] if len(row["keys"]) == 1 else None)
        key = tuple(each or "" for each in row["keys"]), row["currency"] or ""
        assert key not in found
        found[key] = shown(row, row["series"] if parts else [row])
    return found


def counted(expected: dict[Any, Any]) -> dict[Any, Any]:
    """A brute-force count as an answer shows it; rounded once, a half to the even number."""
    return {
        (keys, currency): [(part[:5], round(part[5]) if currency else None) for part in parts]
        for (keys, currency), parts in expected.items()
    }


def test_the_count_by_hand_has_fractions_and_all_sorts_of_owners(fleet):
    sums = fleet.expected(["PROJECT"])
    assert {key[0][0] for key in sums} == {"", "p1", "p2"}
    assert {key[1] for key in sums} == {"", "EUR", "USD", "JPY"}
    assert any(part[5].denominator != 1 for parts in sums.values() for part in parts)


@pytest.mark.parametrize(
    "groups",
    [[], ["PROJECT"], ["CONSTRUCT"], ["SESSION"], ["AGENT"], ["MODEL"], ["SOURCE"], ["PROJECT", "AGENT", "MODEL"]],
)
def test_all_that_was_ever_spent_equals_a_count_by_hand(fleet, groups):
    assert compared(ask(fleet, by=groups)) == counted(fleet.expected(groups))


def test_a_window_counts_what_was_spent_in_its_quarters(fleet):
    begin, end = BEGIN + 3 * 86_400_000 + 5 * 900_000 + 7, BEGIN + 9 * 86_400_000 + 900_000
    window = [(begin - 7, end)]
    for groups in (["AGENT"], ["PROJECT"], ["CONSTRUCT", "MODEL"], []):
        rows = ask(fleet, by=groups, **{"from": begin, "to": end})
        assert compared(rows) == counted(fleet.expected(groups, window))


@pytest.mark.parametrize(
    ("groups", "filter", "only"),
    [
        (["AGENT"], {"projectIds": ["p1"]}, {"PROJECT": ["p1"]}),
        (["MODEL"], {"constructIds": ["c1", "c2"]}, {"CONSTRUCT": ["c1", "c2"]}),
        (["CONSTRUCT"], {"projectIds": ["p1", "p2"]}, {"PROJECT": ["p1", "p2"], "CONSTRUCT": ["c1", "c2", "c3"]}),
        (["SESSION"], {"projectIds": ["p2"]}, {"PROJECT": ["p2"], "SESSION": ["s1", "s2", "s3", "s4"]}),
        (["SESSION"], {"constructIds": ["c3"]}, {"CONSTRUCT": ["c3"], "SESSION": ["s1", "s2", "s3", "s4"]}),
        (["MODEL"], {"sessionIds": ["s1"], "sources": ["USAGE"]}, {"SESSION": ["s1"], "SOURCE": ["USAGE"]}),
        (["SOURCE"], {"agents": ["planner"], "models": ["large"]}, {"AGENT": ["planner"], "MODEL": ["large"]}),
        (["CONSTRUCT"], {"agents": ["builder"]}, {"AGENT": ["builder"]}),
    ],
)
def test_filters_choose_what_belongs_to_whom_now(fleet, groups, filter, only):
    expected = counted(fleet.expected(groups, **only))
    assert expected
    assert compared(ask(fleet, by=groups, filter=filter)) == expected


@pytest.mark.parametrize(
    ("bucket", "zone"),
    [("DAY", "UTC"), ("DAY", "America/New_York"), ("WEEK", "Asia/Kathmandu"), ("MONTH", "Europe/Berlin")],
)
def test_a_series_has_the_days_of_its_zone_and_the_empty_ones_too(fleet, bucket, zone):
    begin, end = BEGIN - 3 * 86_400_000, END + 2 * 86_400_000
    rows = ask(fleet, by=["AGENT"], bucket=bucket, zone=zone, **{"from": begin, "to": end})
    series = [[(instant(each["from"]), instant(each["to"])) for each in row["series"]] for row in rows]
    spans = series[0]
    assert all(each == spans for each in series)
    assert all(before[1] == after[0] for before, after in pairwise(spans))
    assert spans[0][0] <= begin < end <= spans[-1][1]
    for start, _ in spans:
        local = datetime.fromtimestamp(start / 1_000, ZoneInfo(zone))
        assert (local.hour, local.minute) == (0, 0)
        assert local.day == 1 if bucket == "MONTH" else bucket == "DAY" or local.weekday() == 0
    assert compared(rows, "series") == counted(fleet.expected(["AGENT"], spans))
    if bucket == "DAY":
        assert [0] * 5 in [[each[name] for name in COUNTS] for each in rows[0]["series"]]


def test_hours_of_the_day_on_which_the_clocks_go_forward_are_twenty_three(fleet):
    day = int(datetime(2026, 3, 29, tzinfo=ZoneInfo("Europe/Berlin")).timestamp() * 1_000)
    one = ask(fleet, bucket="DAY", zone="Europe/Berlin", **{"from": day, "to": day + 1})
    assert [instant(one[0]["series"][0]["to"]) - day] == [23 * 3_600_000]
    hours = ask(fleet, bucket="HOUR", zone="Europe/Berlin", **{"from": day, "to": instant(one[0]["series"][0]["to"])})
    assert len(hours[0]["series"]) == 23
    assert hours[0]["costMicros"] is None


def test_the_dearest_come_first_and_what_has_no_price_last(fleet):
    rows = ask(fleet, by=["SESSION"])
    for currency in ("EUR", "USD", "JPY"):
        costs = [row["costMicros"] for row in rows if row["currency"] == currency]
        assert costs == sorted(costs, reverse=True)
    currencies = [row["currency"] for row in rows]
    assert None not in currencies[: currencies.index(None)]
    assert set(currencies[currencies.index(None) :]) == {None}


def test_no_currency_is_pushed_out_by_another_one(fleet):
    rows = ask(fleet, by=["SESSION"])
    for most in (4, 6):
        shown = ask(fleet, by=["SESSION"], first=most)
        assert {row["currency"] for row in shown} == {"EUR", "USD", "JPY", None}
        for currency in ("EUR", "USD", "JPY", None):
            mine = [row for row in shown if row["currency"] == currency]
            assert mine == [row for row in rows if row["currency"] == currency][: len(mine)]


def test_more_rows_than_were_asked_for_are_told_of(fleet):
    answer = fleet.store.graphql(COSTS, {"by": ["SESSION"], "first": 2})
    assert len(expect_data(answer)["costs"]) == 2
    assert [notice["code"] for notice in answer["extensions"]["notices"]] == ["COSTS_TRUNCATED"]


def test_a_series_of_the_dearest_is_read_however_many_others_there_are(fleet):
    begin = BEGIN - 700 * 3_600_000
    many = (
        "WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r WHERE n < 30),"
        " h(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM h WHERE n < 699)"
        " INSERT INTO cost_rollups SELECT 'CONSTRUCT', 'many' || r.n, 900000, :begin + h.n * 3600000, '', 'large',"
        " 'EUR', 'RECORDED', 0, 0, 0, 0, 1, r.n, 0 FROM r, h"
    )
    window = {"from": begin, "to": BEGIN, "bucket": "HOUR"}
    fleet.store.write(lambda tx: tx.execute(many, {"begin": begin}))
    try:
        rows = ask(fleet, by=["CONSTRUCT"], first=3, **window)
        assert [(row["key"], row["costMicros"]) for row in rows] == [
            ("many30", 21_000), ("many29", 20_300), ("many28", 19_600),
        ]  # fmt: skip
        assert [[each["costMicros"] for each in row["series"]] for row in rows] == [[n] * 700 for n in (30, 29, 28)]
        told = ask(fleet, by=["CONSTRUCT", "MODEL", "AGENT", "SOURCE"], first=28, **window)
        assert [row["keys"] for row in told[:2]] == [[f"many{n}", "large", None, "RECORDED"] for n in (30, 29)]
        assert sum(len(row["series"]) for row in told) == 28 * 700
        given = {"by": ["CONSTRUCT"], "first": 29, **window, "from": iso_from_ms(begin), "to": iso_from_ms(BEGIN)}
        expect_error(fleet.store.graphql(COSTS, given), "BAD_USER_INPUT")
    finally:
        fleet.store.write(lambda tx: tx.execute("DELETE FROM cost_rollups WHERE key LIKE 'many%'"))


@pytest.mark.parametrize(
    ("variables", "field"),
    [
        ({"by": ["PROJECT", "SESSION"]}, "groupBy"),
        ({"by": ["PROJECT"], "filter": {"sessionIds": ["s1"]}}, "groupBy"),
        ({"zone": "Mars/Olympus"}, "timeZone"),
        ({"from": END, "to": BEGIN}, "to"),
        ({"bucket": "HOUR", "from": BEGIN, "to": BEGIN + 1_500 * 3_600_000}, "bucket"),
        ({"by": ["SESSION", "MODEL"], "bucket": "HOUR", "from": BEGIN, "to": BEGIN + 990 * 3_600_000}, "bucket"),
        ({"first": 0}, "first"),
        ({"filter": {"agents": ["a"] * 1_001}}, "filter"),
    ],
)
def test_what_cannot_be_answered_is_refused(fleet, variables, field):
    given = {name: iso_from_ms(value) if name in ("from", "to") else value for name, value in variables.items()}
    error = expect_error(fleet.store.graphql(COSTS, given), "BAD_USER_INPUT")
    assert error["extensions"]["details"]["field"] == field


def test_constructs_and_sessions_have_their_costs(fleet):
    data = expect_data(
        fleet.store.graphql(
            "{ constructs { nodes { id costs { currency costMicros inputTokens } } }"
            " sessions { nodes { id costs { currency costMicros inputTokens } } } }"
        )
    )
    for name, group in (("constructs", "CONSTRUCT"), ("sessions", "SESSION")):
        expected = fleet.expected([group])
        for node in data[name]["nodes"]:
            found = {each["currency"] or "": (each["inputTokens"], each["costMicros"]) for each in node["costs"]}
            mine = {currency: parts[0] for (keys, currency), parts in expected.items() if keys == (node["id"],)}
            assert found == {each: (part[0], round(part[5]) if each else None) for each, part in mine.items()}


def test_projects_workflows_and_stories_have_the_costs_of_their_constructs(fleet):
    record = "mutation ($input: RecordTransitionInput!) { recordTransition(input: $input) { created } }"
    for id, construct in (("w1", "c1"), ("w2", "c2"), ("w3", "c1"), ("w4", None)):
        given = {"workflowId": id, "to": "A", "storyId": "y", "projectId": "p1", "constructId": construct}
        expect_data(fleet.store.graphql(record, {"input": given}))
    fold(fleet.store, name="projections.workflows")
    costs = "costs { currency costMicros inputTokens outputTokens cacheReadTokens cacheWriteTokens responses }"
    data = expect_data(
        fleet.store.graphql(
            f'{{ workflow(id: "w1") {{ {costs} }} none: workflow(id: "w4") {{ {costs} }}'
            f' story(id: "y") {{ {costs} }} project(id: "p1") {{ {costs} }} }}'
        )
    )

    def counted_for(**only: list[str]) -> list[Any]:
        found = counted(fleet.expected([], **only)).items()
        return sorted(([(part, currency or None) for (_, currency), (part,) in found]), key=str)

    def told(name: str) -> list[Any]:
        return sorted(((*shown(each, [each]), each["currency"]) for each in data[name]["costs"]), key=str)

    assert told("workflow") == counted_for(CONSTRUCT=["c1"])
    assert told("story") == counted_for(CONSTRUCT=["c1", "c2"])
    assert told("project") == counted_for(PROJECT=["p1"])
    assert data["none"]["costs"] == []


def test_what_goes_leaves_what_it_has_cost(fleet):
    before = rows_of(fleet.store), compared(ask(fleet, by=["CONSTRUCT"]))
    expect_data(fleet.store.graphql('mutation { deleteConstruct(input: {id: "c1"}) { rows } }'))
    fold(fleet.store, before[0]["cost_progress"][0][1])
    assert (rows_of(fleet.store), compared(ask(fleet, by=["CONSTRUCT"]))) == before
    assert any(key[0] == ("c1",) for key in before[1])


@pytest.mark.parametrize("batch", [1_000, 23])
def test_however_the_events_are_cut_into_batches_the_sums_are_the_same(fleet, batch):
    before = rows_of(fleet.store)
    empty(fleet.store)
    fold(fleet.store, batch=batch)
    assert rows_of(fleet.store) == before


def test_days_hold_what_their_quarters_hold(fleet):
    sql = (
        "SELECT dimension, key, starts_at / 86400000, agent, model, currency, source, sum(input_tokens),"
        " sum(cost_micros) * 1000000 + sum(cost_rest) FROM cost_rollups WHERE span_ms = :span AND dimension IN"
        " ('ALL', 'AGENT', 'PROJECT') GROUP BY 1, 2, 3, 4, 5, 6, 7 HAVING sum(responses) <> 0"
        " ORDER BY 1, 2, 3, 4, 5, 6, 7"
    )
    quarters, days = (fleet.store.read(lambda tx, ms=ms: tx.rows(sql, {"span": ms})) for ms in (900_000, 86_400_000))
    assert quarters == days
    ever = fleet.store.read(lambda tx: tx.value("SELECT count(*) FROM cost_rollups WHERE span_ms = 0"))
    times = "SELECT count(DISTINCT starts_at) FROM cost_rollups WHERE span_ms = :span"
    assert [fleet.store.read(lambda tx, ms=ms: tx.value(times, {"span": ms})) for ms in (0, 86_400_000)] == [1, 21]
    assert ever < len(quarters)
    assert len(quarters) > 100


def test_the_sums_of_an_owner_are_read_by_index(fleet):
    plans: list[str] = []

    class Explaining:
        def __init__(self, snapshot: Any) -> None:
            self._snapshot = snapshot

        def rows(self, sql: str, params: Any) -> list[Any]:
            plans.append(" ".join(row[3] for row in self._snapshot.rows(f"EXPLAIN QUERY PLAN {sql}", params)))
            return self._snapshot.rows(sql, params)

    for question in (
        Question(criteria=Criteria(construct_ids=["c1"])),
        Question(criteria=Criteria(project_ids=["p1"]), groups=(CostGroup.AGENT,)),
        Question(),
    ):
        fleet.store.read(lambda snapshot, asked=question: sums.read_costs(Explaining(snapshot), asked, 10))  # type: ignore[arg-type]
        assert "SEARCH r USING PRIMARY KEY (dimension=? AND key=? AND span_ms=?" in plans[-1]
    fleet.store.read(lambda snapshot: sums.read_costs(Explaining(snapshot), Question(groups=(CostGroup.SESSION,)), 10))  # type: ignore[arg-type]
    assert "SEARCH r USING INDEX cost_rollups_by_time (dimension=? AND span_ms=?" in plans[-1]


def instant(text: str) -> int:
    return int(datetime.fromisoformat(text).astimezone(UTC).timestamp() * 1_000)

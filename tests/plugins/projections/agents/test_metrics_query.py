"""`agentMetrics`: windows, groups, series and pages, against what was done."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from random import Random
from typing import Any

import pytest

from plugins.projections.agents.fleet import DAY_MS, MINUTE_MS, Fleet
from synthetic import iso_from_ms
from synthetic.testing import expect_error
from synthetic_jobs import store as jobs
from synthetic_projections.agents.metrics import METRICS

NUMBERS = """
  runs active completed failed cancelled failureRate attempts failedAttempts
  inputTokens outputTokens cacheReadTokens cacheWriteTokens
  durations { count totalMs meanMs p50Ms p95Ms p99Ms }
  interventions { approvalsRequested approvalsApproved approvalsRejected approvalsExpired retries cancels }
"""
METRICS_QUERY = f"""
query ($filter: AgentMetricsFilter, $groupBy: AgentGrouping! = AGENT_AND_KIND, $from: DateTime, $to: DateTime,
       $timeZone: String! = "UTC", $bucket: TimeBucket! = DAY, $first: Int, $after: String) {{
  agentMetrics(filter: $filter, groupBy: $groupBy, from: $from, to: $to, timeZone: $timeZone,
               first: $first, after: $after) {{
    totalCount
    nodes {{
      work agent kind from to totals {{ {NUMBERS} }} series(bucket: $bucket) {{ from to numbers {{ {NUMBERS} }} }}
    }}
    pageInfo {{ endCursor hasNextPage }}
  }}
}}"""
BEGIN = int(datetime(2026, 3, 1, tzinfo=UTC).timestamp() * 1000)
END = int(datetime(2026, 4, 15, tzinfo=UTC).timestamp() * 1000)


@pytest.fixture(scope="module")
def sessions(fleet: Fleet) -> dict[str, list[tuple[int, int, str]]]:
    """Of two agents, when each session began, how long it took and how it ended: six weeks over a change of clocks."""
    random = Random(3)
    made: dict[str, list[tuple[int, int, str]]] = {}
    for agent in ("planner", "coder"):
        made[agent] = []
        for _ in range(150):
            began = random.randrange(BEGIN, END)
            duration, status = random.randrange(1_000, 5_000_000), random.choice(("ENDED", "ENDED", "FAILED"))
            made[agent].append((began, duration, status))
        fleet.ended_all(
            (f"{agent}-{number}", agent, duration, status, began)
            for number, (began, duration, status) in enumerate(made[agent])
        )
    for number in range(6):
        fleet.run(f"job-{number}", f"box-{number % 2}", ("build", "test")[number % 3 == 0])
    return made


def ask(fleet: Fleet, **variables: Any) -> list[dict[str, Any]]:
    return fleet.query(METRICS_QUERY, **variables)["agentMetrics"]["nodes"]


def ms(text: str) -> int:
    return int(datetime.fromisoformat(text).timestamp() * 1000)


def expected(made: list[tuple[int, int, str]], begin: int, end: int) -> tuple[int, int, int]:
    """Runs, failed ones and the sum of durations of those that began in a stretch of time."""
    within = [each for each in made if begin <= each[0] < end]
    return len(within), sum(each[2] == "FAILED" for each in within), sum(each[1] for each in within)


def found_in(numbers: dict[str, Any]) -> tuple[int, int, int]:
    return numbers["runs"], numbers["failed"], numbers["durations"]["totalMs"]


@pytest.mark.parametrize(
    ("zone", "bucket"),
    [
        ("UTC", "DAY"), ("UTC", "WEEK"), ("UTC", "MONTH"), ("Europe/Berlin", "DAY"), ("Europe/Berlin", "WEEK"),
        ("Asia/Kathmandu", "MONTH"), ("America/St_Johns", "DAY"),
    ],
)  # fmt: skip
def test_each_bucket_holds_what_began_in_it_and_together_they_hold_all(fleet: Fleet, sessions, zone, bucket):
    window = {"from": iso_from_ms(BEGIN), "to": iso_from_ms(END)}
    nodes = ask(fleet, filter={"works": ["SESSION"]}, timeZone=zone, bucket=bucket, **window)
    assert [node["agent"] for node in nodes] == ["coder", "planner"]
    for node in nodes:
        made = sessions[node["agent"]]
        for point in node["series"]:
            begin, end = ms(point["from"]), ms(point["to"])
            assert found_in(point["numbers"]) == expected(made, begin, end), point["from"]
        assert sum(point["numbers"]["runs"] for point in node["series"]) == len(made)
        assert found_in(node["totals"]) == expected(made, BEGIN, END)
        assert node["totals"]["failureRate"] == pytest.approx(expected(made, BEGIN, END)[1] / len(made))


def test_hours_are_those_of_the_zone(fleet: Fleet, sessions):
    begin = BEGIN + 9 * DAY_MS
    window = {"from": iso_from_ms(begin), "to": iso_from_ms(begin + 2 * DAY_MS)}
    (node,) = ask(fleet, filter={"agents": ["coder"]}, timeZone="Asia/Kathmandu", bucket="HOUR", **window)
    assert ms(node["series"][0]["from"]) == begin - 45 * MINUTE_MS
    assert len(node["series"]) == 49
    for point in node["series"]:
        assert found_in(point["numbers"]) == expected(sessions["coder"], ms(point["from"]), ms(point["to"]))


def test_a_window_of_quarters_is_exact_at_both_ends(fleet: Fleet, sessions):
    random = Random(5)
    for _ in range(8):
        begin = BEGIN + 15 * MINUTE_MS * random.randrange(96 * 20)
        end = begin + 15 * MINUTE_MS * random.randrange(1, 96 * 20)
        window = {"from": iso_from_ms(begin), "to": iso_from_ms(end)}
        nodes = ask(fleet, filter={"agents": ["planner"]}, bucket="MONTH", **window)
        wanted = expected(sessions["planner"], begin, end)
        assert [found_in(node["totals"]) for node in nodes] == ([wanted] if wanted[0] else [])


def test_quantiles_are_near_those_of_the_durations_themselves(fleet: Fleet, sessions):
    window = {"from": iso_from_ms(BEGIN), "to": iso_from_ms(END)}
    (node,) = ask(fleet, filter={"agents": ["planner"]}, **window)
    durations = sorted(duration for _, duration, _ in sessions["planner"])
    told = node["totals"]["durations"]
    assert told["count"] == len(durations)
    assert told["meanMs"] == pytest.approx(sum(durations) / len(durations))
    for name, quantile in (("p50Ms", 0.5), ("p95Ms", 0.95), ("p99Ms", 0.99)):
        assert told[name] == pytest.approx(durations[math.ceil(quantile * len(durations)) - 1], rel=0.01)


def test_runs_are_added_up_by_agent_or_by_kind(fleet: Fleet, sessions):
    jobs_alone = {"works": ["JOB"]}

    def listed(group_by: str) -> list[tuple[Any, ...]]:
        nodes = ask(fleet, filter=jobs_alone, groupBy=group_by)
        return [(node["agent"], node["kind"], node["totals"]["runs"], node["totals"]["active"]) for node in nodes]

    assert listed("AGENT_AND_KIND") == [
        ("box-0", "build", 2, 2), ("box-0", "test", 1, 1), ("box-1", "build", 2, 2), ("box-1", "test", 1, 1),
    ]  # fmt: skip
    assert listed("AGENT") == [("box-0", None, 3, 3), ("box-1", None, 3, 3)]
    assert listed("KIND") == [(None, "build", 4, 4), (None, "test", 2, 2)]
    (both,) = ask(fleet, filter={"agents": ["coder", "planner"]}, groupBy="KIND", **{"from": iso_from_ms(BEGIN)})
    assert both["totals"]["runs"] == 300


def test_a_filter_holds_for_what_is_added_up_too(fleet: Fleet, sessions):
    def listed(group_by: str, **filter: Any) -> list[tuple[Any, ...]]:
        nodes = ask(fleet, filter={"works": ["JOB"], **filter}, groupBy=group_by)
        return [(node["agent"], node["kind"], node["totals"]["runs"]) for node in nodes]

    assert listed("KIND", agents=["box-1"]) == [(None, "build", 2), (None, "test", 1)]
    assert listed("AGENT", kinds=["test"]) == [("box-0", None, 1), ("box-1", None, 1)]


def test_pages_go_through_all_groups_and_none_twice(fleet: Fleet, sessions):
    listed: list[tuple[Any, ...]] = []
    variables: dict[str, Any] = {"from": iso_from_ms(BEGIN), "bucket": "MONTH", "first": 2}
    after = None
    while True:
        page = fleet.query(METRICS_QUERY, **variables, after=after)["agentMetrics"]
        assert page["totalCount"] == 6
        listed += [(node["work"], node["agent"], node["kind"]) for node in page["nodes"]]
        after = page["pageInfo"]["endCursor"]
        if not page["pageInfo"]["hasNextPage"]:
            break
    assert len(set(listed)) == len(listed) == 6
    assert listed == sorted(listed, key=lambda each: tuple(part or "" for part in each))


def test_an_agent_without_a_run_in_the_window_is_not_listed(fleet: Fleet, sessions):
    window = {"from": iso_from_ms(BEGIN - DAY_MS), "to": iso_from_ms(BEGIN)}
    assert ask(fleet, **window) == []


def test_empty_buckets_are_there_and_say_null_where_nothing_can_be_said(fleet: Fleet, sessions):
    window = {"from": iso_from_ms(END - DAY_MS), "to": iso_from_ms(END + 3 * DAY_MS)}
    (node, *_) = ask(fleet, filter={"works": ["SESSION"]}, **window)
    assert len(node["series"]) == 4
    empty = node["series"][-1]["numbers"]
    assert (empty["runs"], empty["failureRate"], empty["durations"]["p99Ms"]) == (0, None, None)


@pytest.mark.parametrize(
    ("variables", "field"),
    [
        ({"timeZone": "Nowhere"}, "timeZone"),
        ({"from": iso_from_ms(END), "to": iso_from_ms(BEGIN)}, "to"),
        ({"from": iso_from_ms(BEGIN), "to": iso_from_ms(END), "bucket": "HOUR"}, "bucket"),
        ({"filter": {"agents": ["x" * 201]}}, "agents"),
        ({"filter": {"kinds": ["x"] * 501}}, "kinds"),
    ],
)
def test_what_cannot_be_answered_is_refused_and_named(fleet: Fleet, sessions, variables, field):
    error = expect_error(fleet.store.graphql(METRICS_QUERY, variables), "BAD_USER_INPUT")
    assert error["extensions"]["details"]["field"] == field


def test_metrics_tell_how_much_failed_within_a_day_and_what_stood_out(fleet: Fleet, sessions):
    now = fleet.clock.now_ms()
    for number, status in enumerate(("ENDED", "ENDED", "ENDED", "FAILED", "CANCELLED")):
        fleet.ended(f"today-{number}", "today", 1_000, status, now - 3_600_000)
    fleet.ended("yesterday", "today", 1_000, "FAILED", now - 2 * DAY_MS)
    fleet.fold()
    failure, outliers = [fleet.store.read(each.read) for each in METRICS]
    assert failure == {"SESSION": 0.25}
    assert outliers == {}
    fleet.write(jobs.fail_job, "job-0", 1, "No.", retryable=False)
    fleet.fold()
    assert fleet.store.read(METRICS[0].read)["JOB"] == 1.0

"""What stands out, and the evidence: each outlier can be worked out again from what it shows."""

from __future__ import annotations

import math
from statistics import median
from typing import Any

import pytest

from plugins.projections.agents.fleet import MINUTE_MS, START, Fleet
from synthetic import delete_owned
from synthetic_jobs import store as jobs

OUTLIERS = """
query ($filter: AgentOutlierFilter, $from: DateTime, $to: DateTime, $orderBy: AgentOutlierOrder! = ENDED_AT_ASC,
       $first: Int, $after: String) {
  agentOutliers(filter: $filter, from: $from, to: $to, orderBy: $orderBy, first: $first, after: $after) {
    totalCount
    nodes {
      work runId agent kind measure value median deviation score endedAt position sample { runId value }
      session { id agent } job { id kind } event { position type entityId }
    }
    pageInfo { endCursor hasNextPage }
  }
}"""


def outliers(fleet: Fleet, **filter: Any) -> list[dict[str, Any]]:
    return fleet.query(OUTLIERS, filter=filter)["agentOutliers"]["nodes"]


def steady(fleet: Fleet, agent: str, count: int = 20) -> list[int]:
    """Sessions that take about a quarter of an hour; how long each took."""
    durations = [15 * MINUTE_MS + (number * 7_919) % 300_000 for number in range(count)]
    fleet.ended_all(
        (f"{agent}-{number}", agent, duration, "ENDED", START + number) for number, duration in enumerate(durations)
    )
    return durations


def test_a_session_that_takes_far_too_long_is_found_with_its_evidence(fleet: Fleet):
    durations = steady(fleet, "slow")
    assert outliers(fleet, agents=["slow"]) == []
    fleet.ended("slow-one", "slow", 50 * 3_600_000)
    (found,) = outliers(fleet, agents=["slow"])
    assert [(each["runId"], each["value"]) for each in found["sample"]] == [
        (f"slow-{number}", duration) for number, duration in enumerate(durations)
    ]
    logarithms = [math.log(each["value"]) for each in found["sample"]]
    deviation = median(abs(each - median(logarithms)) for each in logarithms)
    assert found["deviation"] == pytest.approx(max(deviation, math.log(1.05)), abs=1e-5)
    assert math.log(found["median"]) == pytest.approx(median(logarithms))
    score = 0.6745 * (math.log(found["value"]) - median(logarithms)) / found["deviation"]
    assert found["score"] == pytest.approx(score, abs=1e-4)
    assert (found["work"], found["measure"], found["value"]) == ("SESSION", "DURATION_MS", 50 * 3_600_000)
    assert (found["session"], found["job"]) == ({"id": "slow-one", "agent": "slow"}, None)
    assert found["event"] == {"position": found["position"], "type": "session.saved", "entityId": "slow-one"}


def test_one_that_is_over_far_too_soon_is_found_as_well(fleet: Fleet):
    steady(fleet, "hasty")
    fleet.ended("hasty-one", "hasty", 40)
    (found,) = outliers(fleet, agents=["hasty"])
    assert found["score"] < -3.5


def test_nothing_is_judged_before_there_are_enough_to_compare_with(fleet: Fleet):
    steady(fleet, "new", count=19)
    fleet.ended("new-one", "new", 50 * 3_600_000)
    assert outliers(fleet, agents=["new"]) == []


def test_tokens_are_compared_too_and_judged_anew_when_they_are_corrected(fleet: Fleet):
    for number in range(21):
        fleet.ended(f"spender-{number}", "spender", 60_000)
        fleet.spend(f"spender-{number}", 100, 1_000 + 10 * number)
    fleet.ended("spender-one", "spender", 60_000)
    fleet.spend("spender-one", 100, 90_000, response="r")
    (found,) = outliers(fleet, agents=["spender"])
    assert (found["measure"], found["value"], found["runId"]) == ("OUTPUT_TOKENS", 90_000, "spender-one")
    fleet.spend("spender-one", 100, 1_100, response="r")
    assert outliers(fleet, agents=["spender"]) == []


def test_a_run_that_goes_on_is_an_outlier_no_more_and_is_not_compared_with_itself(fleet: Fleet):
    steady(fleet, "resumed")
    fleet.ended("resumed-one", "resumed", 50 * 3_600_000)
    assert len(outliers(fleet, agents=["resumed"])) == 1
    fleet.session("resumed-one", status="ACTIVE")
    assert outliers(fleet, agents=["resumed"]) == []
    fleet.session("resumed-one", status="ENDED", ended_at=START + 50 * 3_600_000)
    (found,) = outliers(fleet, agents=["resumed"])
    assert "resumed-one" not in [each["runId"] for each in found["sample"]]


def test_jobs_are_compared_by_kind_whoever_runs_them(fleet: Fleet):
    for number in range(21):
        token = fleet.run(f"job-{number}", f"box-{number}", "index")
        fleet.clock.advance(60_000 if number < 20 else 6_000_000)
        fleet.write(jobs.complete_job, f"job-{number}", token)
    (found,) = outliers(fleet, kinds=["index"])
    assert (found["job"], found["agent"]) == ({"id": "job-20", "kind": "index"}, "box-20")
    assert len(found["sample"]) == 20


def test_the_window_holds_the_latest_runs(fleet: Fleet):
    steady(fleet, "many", count=130)
    fleet.ended("many-one", "many", 50 * 3_600_000)
    (found,) = outliers(fleet, agents=["many"])
    assert [each["runId"] for each in found["sample"]] == [f"many-{number}" for number in range(30, 130)]


def test_an_outlier_goes_with_its_run(fleet: Fleet):
    steady(fleet, "gone")
    fleet.ended("gone-one", "gone", 50 * 3_600_000)
    assert len(outliers(fleet, agents=["gone"])) == 1
    delete_owned(fleet.store, "sessions", "gone-one")
    assert outliers(fleet, agents=["gone"]) == []


def test_lists_are_filtered_ordered_and_paged(fleet: Fleet):
    for agent in ("page-a", "page-b"):
        steady(fleet, agent)
        for number in range(3):
            fleet.ended(f"{agent}-far-{number}", agent, (40 + number) * 3_600_000, started_at=START + number)
    agents = {"agents": ["page-a", "page-b"]}
    whole = outliers(fleet, **agents)
    assert len(whole) == 6
    assert [each["endedAt"] for each in whole] == sorted(each["endedAt"] for each in whole)
    assert outliers(fleet, **agents, measures=["OUTPUT_TOKENS"]) == []
    assert outliers(fleet, **agents, works=["JOB"]) == []
    listed: list[dict[str, Any]] = []
    after = None
    while True:
        page = fleet.query(OUTLIERS, filter=agents, first=4, after=after, orderBy="ENDED_AT_DESC")["agentOutliers"]
        assert page["totalCount"] == 6
        listed += page["nodes"]
        after = page["pageInfo"]["endCursor"]
        if not page["pageInfo"]["hasNextPage"]:
            break
    assert listed == whole[::-1]
    begin, end = whole[2]["endedAt"], whole[4]["endedAt"]
    within = fleet.query(OUTLIERS, filter=agents, **{"from": begin, "to": end})["agentOutliers"]["nodes"]
    assert within == [each for each in whole if begin <= each["endedAt"] < end]
    # More agents than are merged in order.
    others = [f"nobody-{number}" for number in range(9)]
    assert outliers(fleet, agents=[*agents["agents"], *others]) == whole

"""What was paid stays where it was paid, though the ids of constructs and sessions that are gone are used again."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from plugins.projections.costs.kit import PRICES, empty, fold, rows_of
from plugins.projections.costs.reusing import Reusing, reuse
from synthetic.testing import copy_template, expect_data, open_test_store
from synthetic_projections.costs.checks import CHECKS

BEGIN = 1_768_400_000_000
HOUR_MS = 3_600_000
WORK = """
{ story(id: "y") { costs { costMicros } } was: workflow(id: "w") { construct { id } costs { costMicros } }
  left: workflow(id: "v") { costs { costMicros } } }
"""
COSTS = """
query ($by: [CostGroup!], $filter: CostFilter) {
  costs(groupBy: $by, filter: $filter, first: 500) { keys costMicros inputTokens outputTokens responses currency }
}
"""


@pytest.fixture
def fleet(template: Path, tmp_path: Path) -> Iterator[Reusing]:
    directory = copy_template(template, tmp_path / "store")
    (directory / "mine.toml").write_text(PRICES)
    with open_test_store(directory, settings={"plugins.projections.prices": "mine.toml"}) as store:
        yield Reusing(store)


def ask(fleet: Reusing, *by: str, **filter: list[str]) -> dict[Any, Any]:
    rows = expect_data(fleet.store.graphql(COSTS, {"by": list(by), "filter": filter}))["costs"]
    return {
        (tuple(key or "" for key in row["keys"]), row["currency"] or ""): (
            row["inputTokens"], row["outputTokens"], row["responses"], row["costMicros"]
        )
        for row in rows
    }  # fmt: skip


def by_hand(fleet: Reusing, *by: str) -> dict[Any, Any]:
    return {
        key: (part[0], part[1], part[4], round(part[5]) if key[1] else None)
        for key, (part,) in fleet.expected(list(by)).items()
        if any(part)
    }


def test_a_construct_that_has_the_id_of_one_that_is_gone_does_not_take_its_costs_along(fleet):
    fleet.construct("c", "first")
    fleet.session("s", "c", "planner")
    fleet.record(session_id="s", cost_micros=5, currency="EUR")
    fleet.delete_construct("c")
    fleet.construct("c", "second")
    through = fold(fleet.store)
    assert ask(fleet, "PROJECT") == {(("first",), "EUR"): (0, 0, 1, 5)}
    assert ask(fleet, "SESSION", projectIds=["second"]) == {}
    fleet.session("s", "c", "builder")
    fleet.record(session_id="s", cost_micros=7, currency="EUR")
    fleet.construct("c", "third")
    fleet.construct("d", "fourth")
    fleet.session("s", "d", "builder")
    fold(fleet.store, through)
    assert ask(fleet, "PROJECT") == {(("first",), "EUR"): (0, 0, 1, 5), (("fourth",), "EUR"): (0, 0, 1, 7)}
    assert ask(fleet, "CONSTRUCT") == {(("c",), "EUR"): (0, 0, 1, 5), (("d",), "EUR"): (0, 0, 1, 7)}
    assert ask(fleet, "AGENT") == {(("planner",), "EUR"): (0, 0, 1, 5), (("builder",), "EUR"): (0, 0, 1, 7)}
    assert ask(fleet, "SESSION") == {(("s",), "EUR"): (0, 0, 2, 12)}


@pytest.mark.parametrize("seed", range(3))
def test_whatever_is_deleted_and_begun_anew_sums_equal_a_count_by_hand_in_batches_of_any_size(fleet, seed):
    reuse(fleet, seed, steps=70, begin=BEGIN, end=BEGIN + 2 * HOUR_MS)
    fold(fleet.store, batch=1_000)
    whole = rows_of(fleet.store)
    assert whole["cost_settled"], "no id was used again"
    for by in (["PROJECT"], ["CONSTRUCT"], ["SESSION"], ["AGENT"], ["PROJECT", "AGENT"], ["CONSTRUCT", "MODEL"]):
        found = {key: value for key, value in ask(fleet, *by).items() if any(value)}
        assert found == by_hand(fleet, *by), by
    for check in CHECKS:
        assert fleet.store.read(lambda tx, sql=check.sql: tx.rows(sql)) == []
    for batch in (1, 7):
        empty(fleet.store)
        fold(fleet.store, batch=batch)
        assert rows_of(fleet.store) == whole


def test_workflows_and_stories_keep_what_a_construct_has_cost_that_is_gone(fleet):
    def go(workflow: str, to: str, **given: Any) -> None:
        record = "mutation ($input: RecordTransitionInput!) { recordTransition(input: $input) { created } }"
        content = {"workflowId": workflow, "to": to, "storyId": "y", **given}
        expect_data(fleet.store.graphql(record, {"input": content}))

    def told() -> list[int]:
        nonlocal through
        through = fold(fleet.store, through, name="projections.workflows")
        data = expect_data(fleet.store.graphql(WORK))
        return [sum(each["costMicros"] for each in data[name]["costs"]) for name in ("story", "was", "left")]

    for id, micros in (("c", 5), ("d", 70), ("e", 900)):
        fleet.construct(id, "p")
        fleet.record(construct_id=id, cost_micros=micros, currency="EUR")
    fold(fleet.store)
    through = 0
    go("w", "A", constructId="c")
    go("v", "A", constructId="d")
    assert told() == [75, 5, 70]
    for id in "cd":
        fleet.delete_construct(id)
    assert told() == [75, 5, 70]
    assert expect_data(fleet.store.graphql(WORK))["was"]["construct"] is None
    go("w", "B")
    go("v", "B", constructId="e")
    assert told() == [905, 5, 900]
    go("v", "C", constructId=None)
    assert told() == [5, 5, 0]

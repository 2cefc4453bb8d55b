"""`recordCost` and `costEvents`: once and for good, and refused with the field that is wrong."""

from __future__ import annotations

import pytest

from plugins.logged import logged
from synthetic import iso_from_ms
from synthetic_projections.costs import subscription

RECORD = """
mutation ($input: RecordCostInput!) {
  recordCost(input: $input) { created cost { id kind sessionId inputTokens costMicros currency occurredAt actor } }
}
"""
TOTALS = (
    "query ($filter: CostFilter) { costs(groupBy: [MODEL], filter: $filter) { key inputTokens costMicros currency } }"
)
LIST = "query ($filter: CostEventFilter) { costEvents(filter: $filter) { totalCount nodes { id note } } }"


def test_a_cost_is_recorded_once_under_its_id(paid):
    given = {"id": "invoice-7", "kind": "tool", "costMicros": 1_250_000, "currency": "EUR", "note": "Search"}
    first = paid.ask(RECORD, input=given)["recordCost"]
    again = paid.ask(RECORD, input=given)["recordCost"]
    assert (first["created"], again["created"]) == (True, False)
    assert again["cost"] == first["cost"]
    assert first["cost"] == {
        "id": "invoice-7", "kind": "tool", "sessionId": None, "inputTokens": 0, "costMicros": 1_250_000,
        "currency": "EUR", "occurredAt": iso_from_ms(paid.clock.now_ms()), "actor": "anonymous",
    }  # fmt: skip
    assert len([event for event in logged(paid.store, "cost.recorded") if event.entity_id == "invoice-7"]) == 1
    error = paid.refused("CONFLICT", RECORD, input={**given, "costMicros": 1})
    assert error["details"]["differs"] == ["costMicros"]


def test_a_cost_of_a_session_is_told_with_its_construct_and_moves_with_it(paid):
    paid.construct("rc", "rp")
    paid.session("rs", "rc", "planner")
    at = paid.clock.now_ms() - 86_400_000
    cost = paid.ask(
        RECORD,
        input={
            "kind": "model", "sessionId": "rs", "model": "large", "inputTokens": 1_000_000, "outputTokens": 1,
            "occurredAt": iso_from_ms(at),
        },
    )["recordCost"]["cost"]  # fmt: skip
    (event,) = [each for each in logged(paid.store, "cost.recorded") if each.entity_id == cost["id"]]
    assert (event.construct_id, event.occurred_at_utc) == ("rc", at)
    paid.fold()
    # 1,000,000 tokens at 3,000,000 micros a million, and one at 15.000001 micros.
    row = {"key": "large", "inputTokens": 1_000_000, "costMicros": 3_000_015, "currency": "EUR"}
    assert paid.ask(TOTALS, filter={"projectIds": ["rp"]})["costs"] == [row]
    paid.session("rs", None, "planner")
    paid.fold()
    assert paid.ask(TOTALS, filter={"projectIds": ["rp"]})["costs"] == []
    assert paid.ask(TOTALS, filter={"sessionIds": ["rs"]})["costs"] == [row]


def test_tokens_without_a_price_are_shown_without_a_cost(paid):
    paid.session("unpriced")
    paid.ask(RECORD, input={"kind": "model", "sessionId": "unpriced", "model": "unheard-of", "inputTokens": 9})
    paid.fold()
    row = {"key": "unheard-of", "inputTokens": 9, "costMicros": None, "currency": None}
    assert paid.ask(TOTALS, filter={"sessionIds": ["unpriced"]})["costs"] == [row]
    unpriced = paid.ask("{ prices { source unpriced { model tokens } } }")["prices"]
    assert unpriced["source"].endswith("mine.toml")
    assert {"model": "unheard-of", "tokens": 9} in unpriced["unpriced"]


def test_what_is_given_back_is_a_cost_below_zero(paid):
    paid.construct("refunded")
    for micros in (5_000_000, -2_000_001):
        given = {"kind": "credit", "constructId": "refunded", "costMicros": micros, "currency": "EUR"}
        paid.ask(RECORD, input=given)
    paid.fold()
    (row,) = paid.ask(TOTALS, filter={"constructIds": ["refunded"]})["costs"]
    assert row["costMicros"] == 2_999_999


def test_recorded_costs_are_listed_by_owner_and_outlive_it(paid):
    paid.construct("listed")
    for note in ("one", "two"):
        paid.clock.advance(1_000)
        given = {"kind": "t", "constructId": "listed", "costMicros": 1, "currency": "EUR", "note": note}
        paid.ask(RECORD, input=given)
    paid.ask('mutation { deleteConstruct(input: {id: "listed"}) { rows } }')
    found = paid.ask(LIST, filter={"constructId": "listed"})["costEvents"]
    assert (found["totalCount"], [node["note"] for node in found["nodes"]]) == (2, ["two", "one"])
    assert paid.ask(LIST)["costEvents"]["totalCount"] >= 2
    node = paid.ask("query ($id: ID!) { node(id: $id) { id } }", id=found["nodes"][0]["id"])["node"]
    assert node == {"id": found["nodes"][0]["id"]}
    error = paid.refused("BAD_USER_INPUT", LIST, filter={"constructId": "a", "projectId": "b"})
    assert error["details"]["field"] == "filter"


EUR = {"costMicros": 1, "currency": "EUR"}


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"costMicros": 1}, "currency"),
        ({"currency": "EUR"}, "currency"),
        ({"costMicros": 1, "currency": "euro"}, "currency"),
        ({"costMicros": 1_000_000_000_001, "currency": "EUR"}, "costMicros"),
        ({}, "costMicros"),
        ({"model": "large"}, "costMicros"),
        ({"inputTokens": 5}, "costMicros"),
        ({"model": "large", "inputTokens": -1}, "inputTokens"),
        ({"sessionId": "a", "constructId": "b", **EUR}, "constructId"),
        ({"constructId": "a", "projectId": "b", **EUR}, "projectId"),
        ({"sessionId": "a", "agent": "b", **EUR}, "agent"),
        ({"occurredAt": "2026-02-01T00:00:00Z", **EUR}, "occurredAt"),
        ({"occurredAt": "1969-12-31T23:59:59Z", **EUR}, "occurredAt"),
        ({"note": "x" * 1_001, **EUR}, "note"),
        ({"id": "", **EUR}, "id"),
        ({"kind": " ", **EUR}, "kind"),
    ],
)
def test_what_does_not_fit_is_refused_and_leaves_nothing(paid, given, field):
    before = len(logged(paid.store))
    error = paid.refused("BAD_USER_INPUT", RECORD, input={"kind": "tool", **given})
    assert error["details"]["field"] == field
    assert len(logged(paid.store)) == before


@pytest.mark.parametrize("field", ["sessionId", "constructId"])
def test_an_owner_that_is_not_there_is_not_found(paid, field):
    error = paid.refused("NOT_FOUND", RECORD, input={"kind": "tool", field: "nowhere", **EUR})
    assert error["details"] == {"field": field, "id": "nowhere"}


def test_sums_reach_to_the_end_of_what_is_archived(paid, monkeypatch):
    paid.fold()
    summed_to = paid.store.read(subscription._summed_to)
    monkeypatch.setattr(subscription, "log_horizon", lambda _snapshot: summed_to + 5)
    assert paid.store.read(subscription._summed_to) == summed_to + 5

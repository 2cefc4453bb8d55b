"""Budgets: what counts, what is told, once for each period and level, and what a change does."""

from __future__ import annotations

import pytest

from plugins.logged import logged
from plugins.projections.costs.kit import Fleet
from synthetic.log.consumers.store import has_reached, request_action
from synthetic.testing import expect_data, open_test_store, wait_until
from synthetic_projections.costs.services import watch_budgets
from synthetic_projections.costs.store import alerts
from synthetic_projections.costs.store.budgets import read_state
from synthetic_projections.costs.store.sums import MODULE

SAVE = """
mutation ($input: SaveBudgetInput!) {
  saveBudget(input: $input) { created changed budget { id version limitMicros period warnAtPercent } }
}
"""
STATE = """
query ($id: ID!) {
  budget(id: $id) {
    construct { id }
    state { level periodFrom periodTo spentMicros remainingMicros uncountedTokens otherCurrencies }
  }
}
"""
HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS


def watch(paid) -> list[tuple[str, str]]:
    """Fold, and let the service look; what it has told."""
    before = len(logged(paid.store))
    paid.fold()
    while watch_budgets(paid.store):
        pass
    return [(event.type, event.entity_id) for event in logged(paid.store)[before:]]


def save(paid, id, **content):
    given = {"id": id, "name": "B", "limitMicros": 1_000, "currency": "EUR", **content}
    return paid.ask(SAVE, input=given)["saveBudget"]


def spend(paid, micros, currency="EUR", **content):
    paid.record(cost_micros=micros, currency=currency, **content)


def state(paid, id):
    return paid.ask(STATE, id=id)["budget"]["state"]


def test_a_budget_warns_and_then_is_exceeded_once_each_in_a_period(paid):
    paid.construct("bc")
    assert save(paid, "one", constructId="bc", period="DAY") == {
        "created": True, "changed": True,
        "budget": {"id": "one", "version": 1, "limitMicros": 1_000, "period": "DAY", "warnAtPercent": 80},
    }  # fmt: skip
    spend(paid, 799, construct_id="bc")
    assert watch(paid) == []
    assert state(paid, "one")["level"] == "OK"
    spend(paid, 1, construct_id="bc")
    assert watch(paid) == [("budget.warned", "one")]
    spend(paid, 200, construct_id="bc")
    assert watch(paid) == []
    assert state(paid, "one")["level"] == "WARNED"
    spend(paid, 1, construct_id="bc")
    assert watch(paid) == [("budget.exceeded", "one")]
    spend(paid, 500, construct_id="bc")
    assert watch(paid) == []
    assert state(paid, "one") == {
        "level": "EXCEEDED", "periodFrom": "2026-01-21T00:00:00.000Z", "periodTo": "2026-01-22T00:00:00.000Z",
        "spentMicros": 1_501, "remainingMicros": -501, "uncountedTokens": 0, "otherCurrencies": [],
    }  # fmt: skip
    payload = logged(paid.store, "budget.exceeded")[-1]
    assert payload.construct_id == "bc"
    assert payload.data() | {"name": "B"} == {
        "name": "B", "projectId": None, "constructId": "bc", "periodFrom": "2026-01-21T00:00:00.000Z",
        "periodTo": "2026-01-22T00:00:00.000Z", "spentMicros": 1_001, "limitMicros": 1_000, "warnAtPercent": 80,
        "currency": "EUR",
    }  # fmt: skip


def test_a_new_period_begins_with_nothing_spent_and_is_told_anew(paid):
    paid.construct("daily")
    save(paid, "daily", constructId="daily", period="DAY", timeZone="Asia/Tokyo")
    spend(paid, 2_000, construct_id="daily")
    assert watch(paid) == [("budget.warned", "daily"), ("budget.exceeded", "daily")]
    assert state(paid, "daily")["periodTo"] == "2026-01-21T15:00:00.000Z"
    paid.clock.advance(3 * HOUR_MS)
    assert (state(paid, "daily")["level"], state(paid, "daily")["spentMicros"]) == ("OK", 0)
    assert watch(paid) == []
    spend(paid, 900, construct_id="daily")
    assert watch(paid) == [("budget.warned", "daily")]
    # What comes in late counts where it was spent: in the period before.
    spend(paid, 1, construct_id="daily", occurred_at=paid.clock.now_ms() - 3 * HOUR_MS)
    assert watch(paid) == []
    assert state(paid, "daily")["spentMicros"] == 900


def test_late_costs_of_the_period_before_are_told_with_that_period(paid):
    paid.construct("late")
    save(paid, "late", constructId="late", period="DAY")
    paid.clock.advance(DAY_MS)
    spend(paid, 5_000, construct_id="late", occurred_at=paid.clock.now_ms() - DAY_MS)
    assert watch(paid) == [("budget.warned", "late"), ("budget.exceeded", "late")]
    period = logged(paid.store, "budget.exceeded")[-1].data()
    assert (period["periodFrom"], state(paid, "late")["level"]) == ("2026-01-21T00:00:00.000Z", "OK")


def test_a_period_that_was_over_when_the_budget_was_made_is_not_told(paid):
    paid.construct("old")
    spend(paid, 5_000, construct_id="old", occurred_at=paid.clock.now_ms() - DAY_MS)
    save(paid, "old", constructId="old", period="DAY")
    assert watch(paid) == []


def test_a_total_counts_what_was_ever_spent_by_a_project_with_what_moves_into_it(paid):
    paid.construct("moving")
    spend(paid, 1_500, construct_id="moving", occurred_at=0)
    save(paid, "total", projectId="bp", period="TOTAL")
    assert watch(paid) == []
    paid.construct("moving", "bp")
    assert watch(paid) == [("budget.warned", "total"), ("budget.exceeded", "total")]
    found = state(paid, "total")
    assert (found["periodFrom"], found["periodTo"], found["spentMicros"]) == (None, None, 1_500)


def test_what_does_not_count_is_shown(paid):
    paid.session("bs")
    paid.construct("mixed")
    paid.session("bs", "mixed")
    save(paid, "mixed", constructId="mixed")
    spend(paid, 10_000, currency="JPY", construct_id="mixed")
    paid.say("bs", (paid.clock.now_ms(), "nobody-knows", (3, 4, 5, 6)))
    assert watch(paid) == []
    found = state(paid, "mixed")
    assert (found["level"], found["spentMicros"]) == ("OK", 0)
    assert (found["uncountedTokens"], found["otherCurrencies"]) == (18, ["JPY"])


def test_a_changed_limit_is_told_anew_and_a_changed_name_is_not(paid):
    paid.construct("changed")
    save(paid, "changed", constructId="changed")
    spend(paid, 900, construct_id="changed")
    assert watch(paid) == [("budget.warned", "changed")]
    save(paid, "changed", constructId="changed", name="Other", ifVersion=1)
    assert watch(paid) == []
    save(paid, "changed", constructId="changed", name="Other", limitMicros=800, ifVersion=2)
    assert watch(paid) == [("budget.warned", "changed"), ("budget.exceeded", "changed")]
    assert save(paid, "changed", constructId="changed", name="Other", limitMicros=800)["changed"] is False
    error = paid.refused("CONFLICT", SAVE, input={"id": "changed", "limitMicros": 5})
    assert error["details"]["differs"] == ["limitMicros"]


def test_a_budget_goes_by_itself_and_with_its_construct(paid):
    paid.construct("gone")
    for id in ("g1", "g2"):
        save(paid, id, constructId="gone")
    spend(paid, 5_000, construct_id="gone")
    assert len(watch(paid)) == 4
    assert paid.ask(STATE, id="g1")["budget"]["construct"] == {"id": "gone"}
    paid.ask('mutation { deleteBudget(input: {id: "g1"}) { id } }')
    paid.ask('mutation { deleteConstruct(input: {id: "gone"}) { rows } }')
    assert [paid.ask(STATE, id=id)["budget"] for id in ("g1", "g2")] == [None, None]
    deleted = [event.entity_id for event in logged(paid.store, "budget.deleted")]
    assert deleted == ["g1", "g2"]
    left = "SELECT count(*) FROM budget_alerts WHERE budget_id IN ('g1', 'g2')"
    assert paid.store.read(lambda tx: tx.value(left)) == 0
    paid.refused("NOT_FOUND", 'mutation { deleteBudget(input: {id: "g1"}) { id } }')


def test_budgets_are_listed_in_the_order_of_their_making(paid):
    names = [node["id"] for node in paid.ask("{ budgets(first: 500) { nodes { id } } }")["budgets"]["nodes"]]
    assert "g1" not in names
    paid.clock.advance(1)
    save(paid, "last")
    listed = paid.ask("{ budgets(first: 500) { totalCount nodes { id state { level } } } }")["budgets"]
    assert listed["nodes"][-1]["id"] == "last"
    assert listed["totalCount"] == len(names) + 1


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"name": None}, "name"),
        ({"limitMicros": 0}, "limitMicros"),
        ({"currency": "EURO"}, "currency"),
        ({"warnAtPercent": 101}, "warnAtPercent"),
        ({"timeZone": "Nowhere"}, "timeZone"),
        ({"projectId": "p", "constructId": "bad"}, "projectId"),
    ],
)
def test_what_does_not_fit_is_refused(paid, given, field):
    paid.store.graphql('mutation { saveConstruct(input: {id: "bad", type: "t", title: "T"}) { created } }')
    error = paid.refused("BAD_USER_INPUT", SAVE, input={"name": "B", "limitMicros": 1, "currency": "EUR", **given})
    assert error["details"]["field"] == field


def test_a_new_budget_needs_a_name_a_limit_and_a_currency_and_a_construct_that_is_there(paid):
    whole = {"name": "B", "limitMicros": 1, "currency": "EUR"}
    for field in whole:
        error = paid.refused("BAD_USER_INPUT", SAVE, input={key: whole[key] for key in whole if key != field})
        assert error["details"]["field"] == field
    paid.refused("NOT_FOUND", SAVE, input={**whole, "constructId": "nowhere"})


def test_a_period_that_begins_exceeded_is_told_though_nothing_happens_then(paid):
    paid.construct("ahead")
    save(paid, "ahead", constructId="ahead", period="DAY")
    spend(paid, 5_000, construct_id="ahead", occurred_at=paid.clock.now_ms() + DAY_MS)
    assert ("budget.exceeded", "ahead") not in watch(paid)
    paid.clock.advance(DAY_MS)
    assert ("budget.exceeded", "ahead") in watch(paid)


def test_a_period_of_which_all_was_told_is_not_summed_up_again(paid, monkeypatch):
    paid.construct("told")
    save(paid, "told", constructId="told", period="TOTAL")
    seen = []
    monkeypatch.setattr(alerts, "read_state", lambda *given: seen.append(given[1].id) or read_state(*given))
    for micros in (900, 900, 900):
        spend(paid, micros, construct_id="told")
        watch(paid)
    assert seen.count("told") == 2


def test_a_rebuild_that_puts_sums_right_is_looked_at_though_nothing_was_spent(data_dir):
    with open_test_store(data_dir) as store:
        background = store.kernel.services()
        background.start()
        try:
            fleet = Fleet(store)
            fleet.construct("wrong")
            fleet.record(construct_id="wrong", cost_micros=5_000, currency="EUR")
            head = store.read(lambda tx: tx.position().number)
            wait_until(lambda: store.read(has_reached, MODULE, head), "the sums")
        finally:
            background.stop()
        store.write(lambda tx: tx.execute("UPDATE cost_rollups SET cost_micros = 5"))
        given = {"id": "wrong", "name": "B", "limitMicros": 1_000, "currency": "EUR", "constructId": "wrong"}
        expect_data(store.graphql(SAVE, {"input": given}))
        assert watch_budgets(store) == 0
        store.write(request_action, MODULE, "REBUILD")
        background = store.kernel.services()
        background.start()
        try:
            wait_until(lambda: logged(store, "budget.exceeded"), "the budget to be told of")
        finally:
            background.stop()

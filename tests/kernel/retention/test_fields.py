"""Retention over GraphQL."""

from __future__ import annotations

import pytest

from synthetic.security.gate import Caller, Scope
from synthetic.testing import expect_data, expect_error, open_test_store

from .kit import DAY_MS, KEEP_MS, NOW, add_errands, counts_of, keys_of

RUN = """mutation($input: RunRetentionInput!) {
    runRetention(input: $input) {
        dryRun complete suspended { since expectedAt shownAt }
        rules { rule table setting keepMs before rows refusedRows tables { table rows clearedRows sampleKeys } }
    }
}"""
DONE = ["errands.done"]


def ask(store, **fields):
    return store.graphql(RUN, {"input": fields})


def test_a_dry_run_says_how_much_goes_and_how_old_it_is(store):
    add_errands(store, "a", done_at=1_000)
    add_errands(store, "b", done_at=2_000)
    text = """mutation($input: RunRetentionInput!) {
        runRetention(input: $input) { rules { tables { table bytes oldestAt newestAt } } }
    }"""
    (rule,) = expect_data(store.graphql(text, {"input": {"rules": DONE, "dryRun": True}}))["runRetention"]["rules"]
    tables = {table.pop("table"): table for table in rule["tables"]}
    assert tables["errands"] == {
        "bytes": 2 * len("aDONE10000"),
        "oldestAt": "1970-01-01T00:00:01.000Z",
        "newestAt": "1970-01-01T00:00:02.000Z",
    }
    (rule,) = expect_data(store.graphql(text, {"input": {"rules": DONE}}))["runRetention"]["rules"]
    assert rule["tables"][-1] == {"table": "errands", "bytes": None, "oldestAt": None, "newestAt": None}


def test_a_dry_run_names_what_would_go_and_a_run_deletes_it(store):
    add_errands(store, "a", "b", done_at=1, parcels=2)
    add_errands(store, "c", done_at=NOW, after_id="a")
    store.write(lambda tx: tx.execute("INSERT INTO claims VALUES ('k', 'b')"))
    rule = {
        "rule": "errands.done",
        "table": "errands",
        "setting": "plugins.errands.keep_done_ms",
        "keepMs": KEEP_MS,
        "before": "2027-01-08T08:00:00.000Z",
        "rows": 1,
    }
    payload = expect_data(ask(store, rules=DONE, dryRun=True))["runRetention"]
    assert payload == {
        "dryRun": True,
        "complete": False,
        "suspended": None,
        "rules": [
            {
                **rule,
                "refusedRows": 1,
                "tables": [
                    {"table": "errands", "rows": 1, "clearedRows": 1, "sampleKeys": ["a"]},
                    {"table": "parcels", "rows": 2, "clearedRows": 0, "sampleKeys": ["a-0", "a-1"]},
                    {"table": "stops", "rows": 1, "clearedRows": 0, "sampleKeys": ["a/0"]},
                ],
            }
        ],
    }
    assert keys_of(store, "errands") == ["a", "b", "c"]
    payload = expect_data(ask(store, rules=DONE))["runRetention"]
    assert payload == {
        "dryRun": False,
        "complete": True,
        "suspended": None,
        "rules": [
            {
                **rule,
                "refusedRows": None,
                "tables": [
                    {"table": table, "rows": rows, "clearedRows": None, "sampleKeys": None}
                    for table, rows in (("parcels", 2), ("stops", 1), ("errands", 1))
                ],
            }
        ],
    }
    assert keys_of(store, "errands") == ["b", "c"]
    assert expect_data(ask(store, rules=DONE, dryRun=True))["runRetention"]["complete"]


def test_without_names_all_rules_are_run(store):
    payload = expect_data(ask(store))["runRetention"]
    assert {"errands.done", "errands.visits"} <= {each["rule"] for each in payload["rules"]}
    assert expect_data(ask(store, rules=[]))["runRetention"]["rules"] == []


def test_one_call_deletes_so_much_and_says_that_more_is_left(errands_dir, clock):
    with open_test_store(errands_dir, clock=clock, settings={"kernel.retention.run_rows": "500"}) as store:
        add_errands(store, *(f"{number:03d}" for number in range(250)), done_at=1)
        answers = [expect_data(ask(store, rules=DONE))["runRetention"] for _ in range(2)]
        assert [(each["complete"], each["rules"][0]["rows"]) for each in answers] == [(False, 200), (True, 50)]
        assert counts_of(store, "errands", "stops", "parcels") == {"errands": 0, "stops": 0, "parcels": 0}


def test_a_rule_that_is_not_there_is_refused_and_nothing_is_deleted(store):
    add_errands(store, "a", done_at=1)
    expect_error(ask(store, rules=["errands.done", "errands.gone"], confirmClock=True), "NOT_FOUND")
    assert keys_of(store, "errands") == ["a"]


def test_a_suspension_is_shown_by_a_dry_run_refuses_a_run_and_ends_with_a_confirmation(store, clock):
    add_errands(store, "a", done_at=NOW)
    expect_data(ask(store))
    clock.jump(30 * DAY_MS)
    error = expect_error(ask(store), "RETENTION_SUSPENDED")
    instants = {"expectedAt": "2027-01-15T08:00:00.000Z", "shownAt": "2027-02-14T08:00:00.000Z"}
    assert error["extensions"]["details"] == instants
    payload = expect_data(ask(store, rules=DONE, dryRun=True))["runRetention"]
    assert payload["suspended"] == {"since": instants["shownAt"], **instants}
    assert payload["rules"][0]["rows"] == 1
    payload = expect_data(ask(store, rules=DONE, dryRun=True, confirmClock=True))["runRetention"]
    assert (payload["suspended"], keys_of(store, "errands")) == (None, ["a"])
    assert expect_data(ask(store))["runRetention"]["complete"]
    assert keys_of(store, "errands") == []


def test_a_run_can_confirm_the_clock_itself(store, clock):
    expect_data(ask(store))
    clock.jump(-30 * DAY_MS)
    assert expect_data(ask(store, confirmClock=True))["runRetention"]["suspended"] is None


@pytest.mark.parametrize("dry_run", [True, False])
def test_it_takes_the_scope_admin(store, dry_run):
    writer = Caller("test", None, frozenset({Scope.READ, Scope.WRITE}))
    answer = store.kernel.engine.run_blocking(RUN, {"input": {"dryRun": dry_run}}, writer)
    expect_error(answer.body, "FORBIDDEN")

"""Whatever a check does, it has an outcome, and the next one can be run in the same snapshot."""

from __future__ import annotations

import logging

import pytest

from synthetic.check_contributions import Check, Finding
from synthetic.checks.declared import LoadedChecks, run_checks, run_in_snapshot
from synthetic.checks.outcomes import CheckStatus
from synthetic.checks.running import FINDINGS_MAX, run_alone, run_check
from synthetic.cli.stores import looking_into
from synthetic.contributions import Stamped
from synthetic.errors import CancelledError, ConflictError, NotFoundError, StorageFailedError, StoreDamagedError
from synthetic.kernel_settings import DatabaseSettings

ENDLESS = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i, 'x' FROM n WHERE i < 0"


def check(**given) -> Stamped[Check]:
    return Stamped("notes", Check(name="sample", purpose="Something holds.", **{"effort": "light", **given}))


def test_each_row_of_a_query_is_a_finding(store):
    sql = "SELECT 1, 'The first.' UNION ALL SELECT NULL, 'At ' || (:now > 0) || '.'"
    outcome = store.read(run_check, check(sql=sql, entity="note", action="Mend it."))
    assert outcome.status is CheckStatus.FAILED
    assert [(each.entity_type, each.entity_id, each.message, each.action) for each in outcome.findings] == [
        ("note", "1", "The first.", "Mend it."),
        ("note", None, "At 1.", "Mend it."),
    ]
    contract = outcome.findings[0].contract("c1", 0)
    assert (contract["code"], contract["correlationId"]) == ("CHECK_FAILED", "c1")
    assert contract["occurredAt"] == "1970-01-01T00:00:00.000Z"


def test_a_finding_may_have_a_code_of_its_own(store):
    found = (Finding(message="Other.", error_class=ConflictError, entity_type="note"),)
    (finding,) = store.read(run_check, check(find=lambda _: found, action="Mend it.")).findings
    assert (finding.error_class, finding.action) == (ConflictError, ConflictError.action)


def test_of_many_findings_the_first_are_kept_and_the_rest_is_not_even_made(store):
    made = []

    def find(_):
        for number in range(10 * FINDINGS_MAX):
            made.append(number)
            yield Finding(message=f"Number {number}.")

    outcome = store.read(run_check, check(find=find))
    assert (len(outcome.findings), outcome.has_more, len(made)) == (FINDINGS_MAX, True, FINDINGS_MAX + 1)


def test_what_a_damaged_store_raises_is_a_finding_beside_those_before_it(store):
    def find(_):
        yield Finding(message="The first.")
        raise StoreDamagedError

    outcome = store.read(run_check, check(find=find))
    assert [each.error_class.code for each in outcome.findings] == ["CHECK_FAILED", "STORE_DAMAGED"]
    assert outcome.reason is None


@pytest.mark.parametrize("wrong", [lambda _: [1 / 0], lambda _: ["text"], lambda _: None])
def test_a_check_that_is_wrong_itself_is_incomplete_and_logged(store, caplog, wrong):
    with caplog.at_level(logging.ERROR):
        outcome = store.read(run_check, check(find=wrong))
    assert (outcome.status, outcome.reason.error_class.code) == (CheckStatus.INCOMPLETE, "INTERNAL")
    assert "a check could not be run" in caplog.text


def test_sql_that_is_wrong_is_incomplete(store):
    outcome = store.read(run_check, check(sql="SELECT id, 'x' FROM nowhere", entity="note"))
    assert (outcome.status, outcome.reason.error_class.code) == (CheckStatus.INCOMPLETE, "INTERNAL")


def test_a_check_over_time_holds_no_snapshot_between_two_reads(store):
    seen = []

    def look(readings):
        seen.append(readings.read(lambda snapshot: snapshot.value("SELECT 1")))
        store.write(lambda tx: tx.execute("INSERT INTO meta (key, value) VALUES ('looked', 'x')"))
        readings.go_on()
        seen.append(readings.read(lambda snapshot: snapshot.value("SELECT value FROM meta WHERE key = 'looked'")))
        yield Finding(message="Found.")

    def raise_cancelled():
        raise CancelledError

    def opening():
        return looking_into(store.kernel.directory, DatabaseSettings())

    outcome = run_alone(opening, check(find_over_time=look), lambda: None)
    assert (outcome.status, seen) == (CheckStatus.FAILED, [1, "x"])
    store.write(lambda tx: tx.execute("DELETE FROM meta WHERE key = 'looked'"))
    outcome = run_alone(opening, check(find_over_time=look), raise_cancelled)
    assert (outcome.status, outcome.reason.error_class.code) == (CheckStatus.INCOMPLETE, "CANCELLED")
    assert len(seen) == 3


def test_a_check_that_takes_too_long_is_cut_short_and_the_next_is_run_in_the_same_snapshot(store):
    slow, quick = check(sql=ENDLESS, entity="note"), check(sql="SELECT 1, 'Found.'", entity="note")
    first, second = store.read(lambda snapshot: (run_check(snapshot, slow, 0.05), run_check(snapshot, quick)))
    assert (first.status, first.reason.error_class.code) == (CheckStatus.INCOMPLETE, "DEADLINE_EXCEEDED")
    assert second.status is CheckStatus.FAILED


def test_checks_that_are_not_reached_in_time_say_so(store):
    checks = [check(sql=ENDLESS, entity="note"), check(sql="SELECT 1, 'Found.'", entity="note")]
    readable, slow, late = store.read(run_in_snapshot, checks, 0.05)
    assert readable.status is CheckStatus.PASSED
    assert [each.reason.error_class.code for each in (slow, late)] == ["DEADLINE_EXCEEDED"] * 2


def test_where_the_database_cannot_be_read_nothing_else_is_tried():
    tried = []

    def run(stamped):
        tried.append(stamped.record.name)
        return run_check(None, Stamped("kernel", Check(name="readable", purpose="x", find=fail)))

    def fail(_):
        raise StorageFailedError

    outcomes = list(run_checks(LoadedChecks.of(()).checks, run, frozenset))
    assert tried == ["readable"]
    assert {each.reason.error_class for each in outcomes[1:]} == {StorageFailedError}
    assert outcomes[0].status is CheckStatus.FAILED


def test_checks_are_chosen_by_effort_and_name():
    checks = LoadedChecks.of((check(sql="SELECT 1, 'x'", entity="note", effort="deep"),))
    assert {each.record.effort for each in checks.chosen("full")} == {"light", "full"}
    assert [each.plugin for each in checks.chosen("deep", ["notes.sample"])] == ["notes"]
    with pytest.raises(NotFoundError, match=r"no check 'notes\.other'"):
        checks.chosen("deep", ["notes.other"])
    with pytest.raises(NotFoundError, match="its effort is deep"):
        checks.chosen("full", ["notes.sample"])


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        ({}, "one of sql, find and find_over_time"),
        ({"sql": "SELECT 1", "find": lambda _: ()}, "one of sql, find and find_over_time"),
        ({"sql": "SELECT 1"}, "must name the entity"),
        ({"find": lambda _: (), "entity": "A Note"}, "lower-case words"),
        ({"find": lambda _: (), "effort": "much"}, "light, full, deep"),
        ({"find": lambda _: (), "error_class": ValueError}, "must be a SyntheticError"),
    ],
)
def test_a_check_that_makes_no_sense_is_refused(given, problem):
    with pytest.raises(ValueError, match=problem):
        check(**given)

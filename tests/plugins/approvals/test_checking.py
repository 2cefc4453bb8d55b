"""What a worker asks before it runs something: any byte that is not as it was decided is refused."""

from __future__ import annotations

from typing import Any

import pytest

from plugins.approvals.driving import ARGUMENTS, HOUR_MS, Approvals
from synthetic import Transaction, from_json, to_json
from synthetic.log.archive import archive_step
from synthetic.testing import open_test_store
from synthetic_approvals.canonical import hash_arguments
from synthetic_approvals.checks import find_altered_arguments, find_contradicted_rows


def without_triggers(tx: Transaction, sql: str, params: dict[str, Any]) -> None:
    """What somebody does who can write to the file, and knows the schema."""
    triggers = tx.rows("SELECT name, sql FROM sqlite_schema WHERE tbl_name = 'pending_approvals' AND type = 'trigger'")
    assert len(triggers) == 3
    for name, _ in triggers:
        tx.execute(f"DROP TRIGGER {name}")
    tx.execute(sql, params)
    for _, definition in triggers:
        tx.execute(definition)


def tamper(approvals, assignment: str, **params: Any) -> None:
    approvals.store.write(without_triggers, f"UPDATE pending_approvals SET {assignment} WHERE id = 'a'", params)


def findings(approvals) -> list[str | None]:
    found = approvals.store.read(
        lambda snapshot: [*find_altered_arguments(snapshot), *find_contradicted_rows(snapshot)]
    )
    return [each.entity_id for each in found]


def test_what_was_approved_may_be_run_however_it_is_written(approvals):
    approvals.ask()
    decided = approvals.decide()
    assert approvals.check() == decided
    assert approvals.check(arguments={"force": False, "command": "git push"}) == decided
    assert findings(approvals) == []


def test_what_is_not_approved_may_not_be_run(approvals, clock):
    for id in ("pending", "rejected", "cancelled", "expired"):
        approvals.ask(id)
    approvals.decide("rejected", "REJECTED", comment="No.")
    approvals.cancel_approval("cancelled")
    codes = {"pending": "APPROVAL_PENDING", "rejected": "APPROVAL_REFUSED", "cancelled": "APPROVAL_REFUSED"}
    for id, code in codes.items():
        with approvals.refused(code) as failure:
            approvals.check(id)
        assert failure.value.recoverable is (id == "pending")
    clock.advance(3_600_000)
    for _before_and_after_the_service in range(2):
        with approvals.refused("APPROVAL_EXPIRED"):
            approvals.check("expired")
        approvals.watch()
    with approvals.refused("NOT_FOUND", "id"):
        approvals.check("nobody")


@pytest.mark.parametrize("status", ["PENDING", "lapsed", "EXPIRED", "REJECTED", "CANCELLED"])
def test_that_the_call_is_another_is_said_before_anything_else(approvals, clock, status):
    approvals.ask()
    if status == "REJECTED":
        approvals.decide(decision="REJECTED")
    elif status == "CANCELLED":
        approvals.cancel_approval("a")
    elif status != "PENDING":
        clock.advance(HOUR_MS)
        if status == "EXPIRED":
            approvals.watch()
    with approvals.refused("APPROVAL_ARGUMENTS_CHANGED", "arguments"):
        approvals.check(arguments={})
    with approvals.refused("APPROVAL_ARGUMENTS_CHANGED", "tool"):
        approvals.check(tool="shell2")


def test_another_tool_or_any_other_byte_in_the_call_is_refused(approvals):
    approvals.ask()
    approvals.decide()
    with approvals.refused("APPROVAL_ARGUMENTS_CHANGED", "tool"):
        approvals.check(tool="shell2")
    text = approvals.get().arguments
    changed = 0
    for place in range(len(text)):
        for byte in ("x", "0", " "):
            try:
                arguments = from_json(text[:place] + byte + text[place + 1 :])
            except ValueError:
                continue
            if not isinstance(arguments, dict) or arguments == ARGUMENTS:
                continue
            changed += 1
            with approvals.refused("APPROVAL_ARGUMENTS_CHANGED", "arguments"):
                approvals.check(arguments=arguments)
    assert changed > 20


@pytest.mark.parametrize("is_hash_altered_too", [False, True])
@pytest.mark.parametrize("given", ["as decided", "as altered"])
def test_arguments_that_are_altered_in_the_row_are_refused(approvals, given, is_hash_altered_too):
    approvals.ask()
    approvals.decide()
    altered = {**ARGUMENTS, "command": "git pusH"}
    text = to_json(altered)
    assignment = "arguments = :text"
    if is_hash_altered_too:
        assignment += ", arguments_sha256 = :sha256, decided_sha256 = :sha256"
    tamper(approvals, assignment, text=text, **({"sha256": hash_arguments(text)} if is_hash_altered_too else {}))
    with approvals.refused("APPROVAL_TAMPERED"):
        approvals.check(arguments=altered if given == "as altered" else ARGUMENTS)
    assert findings(approvals) == ["a"]


def test_a_tool_that_is_altered_in_the_row_is_refused(approvals):
    approvals.ask()
    approvals.decide()
    tamper(approvals, "tool = 'rm'")
    with approvals.refused("APPROVAL_TAMPERED"):
        approvals.check(tool="rm")
    assert findings(approvals) == ["a"]


@pytest.mark.parametrize("where", ["rejected", "pending", "another's event"])
def test_an_approval_that_nobody_gave_is_refused(approvals, where):
    asked = approvals.ask()
    approvals.ask("b")
    event_id = approvals.decide("b").decision_event_id
    forged = (
        "status = 'APPROVED', decided_by = 'lead', decided_at = 1, ended_at = 1, decided_sha256 = :sha256,"
        " decision_event_id = :event, decision_position = 1"
    )
    if where == "rejected":
        approvals.decide(decision="REJECTED")
        tamper(approvals, "status = 'APPROVED'")
    else:
        tamper(approvals, forged, sha256=asked.arguments_sha256, event=event_id if where == "another's event" else "e")
    with approvals.refused("APPROVAL_TAMPERED"):
        approvals.check()
    assert findings(approvals) == ["a"]


def test_arguments_that_are_altered_before_the_decision_cannot_be_decided(approvals):
    asked = approvals.ask()
    tamper(approvals, "arguments = '{}'")
    with approvals.refused("APPROVAL_TAMPERED"):
        approvals.decide(sha256=asked.arguments_sha256)
    assert findings(approvals) == ["a"]


def test_arguments_that_are_altered_with_their_hash_before_the_decision_cannot_be_decided_either(approvals):
    approvals.ask()
    tamper(approvals, "arguments = '{}', arguments_sha256 = :sha256", sha256=hash_arguments("{}"))
    with approvals.refused("APPROVAL_TAMPERED"):
        approvals.decide()
    with approvals.refused("APPROVAL_TAMPERED"):
        approvals.check()


@pytest.mark.parametrize("decision", ["APPROVED", "REJECTED"])
def test_a_decision_whose_event_has_left_the_log_for_the_archive_still_holds(data_dir, clock, decision):
    with open_test_store(data_dir, clock=clock, settings={"kernel.events.keep_ms": "86400000"}) as store:
        approvals = Approvals(store, clock)
        for id in ("a", "b"):
            approvals.ask(id)
            approvals.decide(id, decision)
        clock.advance(3 * 24 * HOUR_MS)
        approvals.ask("c")
        approvals.decide("c", decision)
        while archive_step(store.kernel.directory.archive, store):
            pass
        assert ("approval.decided", "a") not in approvals.told()
        assert findings(approvals) == []
        if decision == "APPROVED":
            assert approvals.check("a").status == "APPROVED"
        tamper(approvals, "arguments = '{}'")
        assert findings(approvals) == ["a"]
        # The log reaches as far as this one, so its event must be there.
        store.write(lambda tx: tx.execute("DELETE FROM domain_events WHERE entity_id = 'c'"))
        assert findings(approvals) == ["a", "c"]
        if decision == "APPROVED":
            for id in ("a", "c"):
                with approvals.refused("APPROVAL_TAMPERED"):
                    approvals.check(id)

"""Deciding: once, in time, and about what was shown."""

from __future__ import annotations

import pytest

from plugins.approvals.driving import HOUR_MS, Approvals
from plugins.logged import payloads
from synthetic import Scope
from synthetic.graphql.runs import RUNS
from synthetic.testing import expect_error, open_test_store
from synthetic_approvals import mutation
from synthetic_approvals.store import Decision, decide_approval


@pytest.mark.parametrize("decision", ["APPROVED", "REJECTED"])
def test_a_decision_is_in_the_row_and_in_the_log(approvals, clock, decision):
    asked = approvals.ask()
    clock.advance(60_000)
    decided = approvals.decide(decision=decision, comment="Looked at it.", decider="reviewer-1")
    assert decided == approvals.get()
    assert decided == asked._replace(
        status=decision, decided_by="lead", decider="reviewer-1", decided_at=clock.now_ms(), ended_at=clock.now_ms(),
        decided_sha256=asked.arguments_sha256, comment="Looked at it.", decision_event_id=decided.decision_event_id,
        decision_position=approvals.store.read(lambda snapshot: snapshot.position().number),
    )  # fmt: skip
    (told,) = payloads(approvals.store, "approval.decided")
    assert told["status"] == decision
    assert (told["argumentsSha256"], told["tool"]) == (asked.arguments_sha256, "shell")
    assert (told["decidedBy"], told["decider"], told["decidedAt"]) == ("lead", "reviewer-1", "2027-01-15T08:01:00.000Z")


@pytest.mark.parametrize("second", ["APPROVED", "REJECTED"])
def test_a_second_decision_is_told_the_first(approvals, second):
    sha256 = approvals.ask().arguments_sha256
    approvals.decide(decision="REJECTED", comment="Not now.", decider="reviewer-1")
    with approvals.refused("ALREADY_DECIDED") as failure:
        approvals.decide(decision=second, actor="other")
    assert failure.value.details == {
        "id": "a", "status": "REJECTED", "decidedBy": "lead", "decider": "reviewer-1",
        "decidedAt": "2027-01-15T08:00:00.000Z", "argumentsSha256": sha256, "comment": "Not now.",
    }  # fmt: skip
    with approvals.refused("ALREADY_DECIDED"):
        approvals.cancel_approval("a")


def test_a_decision_about_other_arguments_than_those_that_were_asked_for_is_refused(approvals):
    sha256 = approvals.ask().arguments_sha256
    with approvals.refused("APPROVAL_ARGUMENTS_CHANGED"):
        approvals.decide(sha256=("0" if sha256[0] != "0" else "1") + sha256[1:])
    for wrong in ("", "x" * 64, sha256[:-1], sha256 + "0"):
        with approvals.refused("BAD_USER_INPUT", "argumentsSha256"):
            approvals.store.write(lambda tx, wrong=wrong: _decide(tx, wrong))
    assert approvals.decide(sha256=sha256.upper()).status == "APPROVED"


def _decide(tx, sha256):
    return decide_approval(tx, "a", Decision.APPROVED, sha256)


def test_what_has_lapsed_cannot_be_decided_even_before_the_service_has_looked(approvals, clock):
    approvals.ask()
    clock.advance(HOUR_MS - 1)
    approvals.ask("b")
    clock.advance(1)
    with approvals.refused("APPROVAL_EXPIRED"):
        approvals.decide()
    approvals.watch()
    assert approvals.get().status == "EXPIRED"
    with approvals.refused("APPROVAL_EXPIRED"):
        approvals.decide()
    with approvals.refused("APPROVAL_EXPIRED"):
        approvals.cancel_approval("a")
    assert approvals.decide("b").status == "APPROVED"


def test_what_is_cancelled_cannot_be_decided_and_can_be_cancelled_again(approvals):
    approvals.ask()
    cancelled = approvals.cancel_approval("a", reason="Not needed.")
    assert (cancelled.status, cancelled.comment, cancelled.decided_by) == ("CANCELLED", "Not needed.", None)
    assert approvals.cancel_approval("a") == cancelled
    with approvals.refused("ALREADY_DECIDED") as failure:
        approvals.decide()
    assert failure.value.details["status"] == "CANCELLED"
    assert approvals.told() == [("approval.requested", "a"), ("approval.cancelled", "a")]


def test_deleting_a_pending_approval_cancels_it_first(approvals):
    approvals.ask("a")
    approvals.ask("b")
    approvals.decide("b")
    assert (approvals.delete("a").status, approvals.delete("b").status) == ("CANCELLED", "APPROVED")
    assert approvals.told()[-3:] == [
        ("approval.cancelled", "a"), ("approval.deleted", "a"), ("approval.deleted", "b"),
    ]  # fmt: skip
    with approvals.refused("NOT_FOUND", "id"):
        approvals.delete("a")


def test_who_asked_may_not_decide_where_the_settings_say_so(data_dir, clock):
    with open_test_store(data_dir, clock=clock, settings={"plugins.approvals.refuse_own_decisions": "true"}) as store:
        approvals = Approvals(store, clock)
        approvals.ask()
        with approvals.refused("FORBIDDEN"):
            approvals.decide(actor="program")
        assert approvals.decide(actor="lead").decided_by == "lead"


def test_a_token_that_may_write_may_ask_and_cancel_but_not_decide_or_delete():
    scopes = {
        name: getattr(mutation, f"{name}_approval").metadata[RUNS].scope
        for name in ("request", "cancel", "decide", "delete")
    }
    assert scopes == {
        "request": Scope.WRITE, "cancel": Scope.WRITE, "decide": Scope.ADMIN, "delete": Scope.ADMIN,
    }  # fmt: skip


def test_nothing_is_decided_that_is_not_there(approvals):
    document = """mutation { decideApproval(input: {id: "nobody", decision: APPROVED, argumentsSha256: "%s"}) {
        approval { id } } }""" % ("0" * 64)
    expect_error(approvals.store.graphql(document), "NOT_FOUND")

"""Asking for approvals: what is stored, what is told, and what is refused."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import apsw
import pytest

from plugins.approvals.driving import ARGUMENTS, HOUR_MS, Approvals
from plugins.logged import payloads
from synthetic import SyntheticError, delete_owned
from synthetic.testing import open_test_store
from synthetic_approvals.model import ApprovalRequest
from synthetic_constructs.store import save_construct
from synthetic_jobs.store import complete_job
from synthetic_sessions.store import save_session

DECIDED_ON_SOMETHING_ELSE = (
    "status = 'APPROVED', ended_at = 1, decided_at = 1, decided_by = 'x', decision_event_id = 'x',"
    " decided_sha256 = lower(hex(zeroblob(32)))"
)


def make_construct(approvals, id: str = "c") -> str:
    approvals.store.write(lambda tx: save_construct(tx, {"type": "task", "title": "A task"}, id=id))
    return id


def test_a_request_is_stored_with_the_hash_of_its_arguments_and_is_told(approvals, clock):
    asked = approvals.ask(requester="builder-3", reason="The branch is ready.")
    canonical = '{"command":"git push","force":false}'
    assert asked.arguments == canonical
    assert asked.arguments_sha256 == hashlib.sha256(canonical.encode()).hexdigest()
    assert (asked.status, asked.requested_by, asked.on_refusal) == ("PENDING", "program", "FAIL")
    assert (asked.requested_at, asked.expires_at) == (clock.now_ms(), clock.now_ms() + HOUR_MS)
    assert approvals.get() == asked
    (told,) = payloads(approvals.store, "approval.requested")
    assert told == {
        "status": "PENDING", "tool": "shell", "argumentsSha256": asked.arguments_sha256, "sessionId": None,
        "jobId": None, "requester": "builder-3", "requestedBy": "program", "expiresAt": "2027-01-15T09:00:00.000Z",
        "reasonSha256": hashlib.sha256(b"The branch is ready.").hexdigest(), "onRefusal": "FAIL",
        "lifetimeMs": HOUR_MS,
    }  # fmt: skip


def test_the_same_request_again_is_the_one_that_is_there(approvals):
    request = ApprovalRequest(tool="shell", arguments=ARGUMENTS)
    first = approvals.request_approval(request, approval_id="a")
    again = ApprovalRequest(tool="shell", arguments=dict(reversed(ARGUMENTS.items())))
    second = approvals.request_approval(again, approval_id="a")
    assert (first.created, second.created) == (True, False)
    assert second.approval == first.approval
    assert approvals.told() == [("approval.requested", "a")]
    for change in ({"tool": "sh"}, {"arguments": {}}, {"reason": "r"}, {"lifetime_ms": 5000}):
        with approvals.refused("CONFLICT", "id") as failure:
            approvals.ask(**change)
        assert len(failure.value.details["differs"]) == 1


def test_a_request_that_leaves_its_lifetime_to_the_settings_is_the_same_whatever_these_say_now(data_dir, clock):
    for lifetime_ms in ("3600000", "7200000"):
        with open_test_store(data_dir, clock=clock, settings={"plugins.approvals.lifetime_ms": lifetime_ms}) as store:
            asked = Approvals(store, clock).ask()
    assert asked.lifetime_ms == HOUR_MS


def test_a_request_belongs_to_the_construct_of_its_job_or_else_of_its_session(approvals):
    for id in ("c", "d"):
        make_construct(approvals, id)
    approvals.store.write(lambda tx: save_session(tx, {"construct_id": "d"}, session_id="s"))
    approvals.run("j", construct_id="c")
    approvals.run("k")
    asked = {
        "of both": approvals.ask("1", job_id="j", session_id="s"),
        "of a session": approvals.ask("2", job_id="k", session_id="s"),
        "of its own": approvals.ask("3", job_id="j", construct_id="d"),
        "of none": approvals.ask("4", job_id="k"),
    }
    assert {what: each.construct_id for what, each in asked.items()} == {
        "of both": "c", "of a session": "d", "of its own": "d", "of none": None,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("field", "change"),
    [
        ("tool", {"tool": ""}),
        ("tool", {"tool": "a\nb"}),
        ("tool", {"tool": "x" * 201}),
        ("id", {"id": "x" * 191}),
        ("id", {"id": "\u202ea"}),
        ("arguments", {"arguments": []}),
        ("arguments", {"arguments": None}),
        ("arguments", {"arguments": {"a": "x" * 70_000}}),
        ("arguments", {"arguments": {"a": "\0"}}),
        ("arguments", {"arguments": {"\ud800": 1}}),
        ("arguments", {"arguments": {"a": float("nan")}}),
        ("arguments", {"arguments": {"a": float("inf")}}),
        ("arguments", {"arguments": {"a": 2**53}}),
        ("arguments", {"arguments": {"a": -(2.0**53)}}),
        ("arguments", {"arguments": json.loads('{"a":' * 33 + "1" + "}" * 33)}),
        ("reason", {"reason": " "}),
        ("reason", {"reason": "x" * 10_001}),
        ("requester", {"requester": " a"}),
        ("onRefusal", {"on_refusal": "MAYBE", "job_id": "j"}),
        ("onRefusal", {"on_refusal": "RESUME"}),
        ("onRefusal", {"on_refusal": "FAIL"}),
        ("lifetimeMs", {"lifetime_ms": 999}),
        ("lifetimeMs", {"lifetime_ms": 31 * 24 * HOUR_MS}),
        ("leaseToken", {"token": 1}),
    ],
)
def test_what_cannot_be_kept_exactly_is_refused(approvals, field, change):
    approvals.run("j")
    with approvals.refused("BAD_USER_INPUT", field):
        approvals.ask(**change)


def test_what_a_request_points_at_must_be_there(approvals):
    for field, given in (("constructId", "construct_id"), ("sessionId", "session_id"), ("jobId", "job_id")):
        with approvals.refused("NOT_FOUND", field):
            approvals.ask(**{given: "nobody"})


def test_what_is_not_there_is_named_by_its_id(approvals):
    with approvals.refused("NOT_FOUND", "jobId") as failure:
        approvals.ask(job_id="nobody")
    assert failure.value.message == "There is no job with the id 'nobody'."


def test_nothing_is_asked_for_in_the_name_of_a_job_that_has_finished(approvals):
    token = approvals.run("j")
    first = approvals.ask("a", job_id="j")
    approvals.store.write(lambda tx: complete_job(tx, "j", token))
    with approvals.refused("CONFLICT", "jobId") as failure:
        approvals.ask("b", job_id="j")
    assert failure.value.details["status"] == "COMPLETED"
    # What was asked for before is still found by whoever lost the answer.
    assert approvals.ask("a", job_id="j") == first


def test_an_approval_goes_with_its_construct_session_and_job(approvals):
    make_construct(approvals)
    approvals.ask("a", construct_id="c")
    approvals.ask("b")
    delete_owned(approvals.store, "constructs", "c")
    assert approvals.find_approval("a") is None
    assert approvals.find_approval("b") is not None
    assert ("approval.deleted", "a") in approvals.told()


def tamper(approvals, sql: str, **params: Any) -> None:
    """Change the store by SQL of one's own."""
    approvals.store.write(lambda tx: tx.execute(sql, params))


@pytest.mark.parametrize(
    "assignment",
    [
        "id = 'b'", "tool = 'rm'", "arguments = '{}'", "arguments_sha256 = lower(hex(zeroblob(32)))",
        "requester = 'x'", "requested_by = 'x'", "reason = 'x'", "on_refusal = 'RESUME'", "requested_at = 1",
        "lifetime_ms = 1", "requested_position = 1",
    ],
)  # fmt: skip
def test_the_table_refuses_to_change_what_was_asked_for(approvals, assignment):
    approvals.ask()
    with pytest.raises(SyntheticError):
        tamper(approvals, f"UPDATE pending_approvals SET {assignment}")
    assert approvals.get().tool == "shell"


def test_the_table_refuses_to_change_what_has_ended(approvals):
    approvals.ask()
    decided = approvals.decide(decision="REJECTED")
    for assignment in ("status = 'APPROVED'", "comment = 'x'", "expires_at = 1", "decided_by = 'x'"):
        with pytest.raises(SyntheticError):
            tamper(approvals, f"UPDATE pending_approvals SET {assignment}")
    assert approvals.get() == decided


@pytest.mark.parametrize(
    "assignment",
    [
        "status = 'APPROVED'", "status = 'EXPIRED'", "status = 'SOMEHOW', ended_at = 1", "ended_at = 1",
        "decided_by = 'x'", "comment = 'x'", "decider = 'x'",
        DECIDED_ON_SOMETHING_ELSE,
    ],
)  # fmt: skip
def test_the_table_refuses_wrong_states(approvals, assignment):
    approvals.ask()
    with pytest.raises(SyntheticError) as failure:
        tamper(approvals, f"UPDATE pending_approvals SET {assignment}")
    assert isinstance(failure.value.__cause__, apsw.ConstraintError)

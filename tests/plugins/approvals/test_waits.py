"""Jobs that wait for approvals go on, or fail, with each way in which these can end."""

from __future__ import annotations

import pytest

from plugins.approvals.driving import HOUR_MS
from synthetic_approvals.store.waits import SETTLED_MAX
from synthetic_jobs.store import complete_job, fail_job, update_job_status
from synthetic_jobs.store.reaping import reap_jobs

ENDS = ("APPROVED", "REJECTED", "EXPIRED", "CANCELLED")


def end(approvals, clock, status: str, id: str = "a") -> None:
    """Bring an approval to an end."""
    match status:
        case "EXPIRED":
            clock.advance(HOUR_MS)
            approvals.watch()
        case "CANCELLED":
            approvals.cancel_approval(id, reason="Not needed.")
        case _:
            approvals.decide(id, status, comment="I looked.", decider="reviewer-1")


@pytest.mark.parametrize("on_refusal", ["FAIL", "RESUME"])
@pytest.mark.parametrize("status", ENDS)
def test_a_job_that_asked_and_let_go_goes_on_or_fails(approvals, clock, status, on_refusal):
    token = approvals.run()
    approvals.ask(job_id="j", token=token, on_refusal=on_refusal)
    waiting = approvals.job()
    assert (waiting.status, waiting.waiting_for, waiting.attempts) == ("WAITING", "approval:a", 0)
    end(approvals, clock, status)
    job = approvals.job()
    if status == "APPROVED" or on_refusal == "RESUME":
        assert (job.status, job.waiting_for, job.error_message) == ("PENDING", None, None)
        assert approvals.claim() == 2
        return
    words = {
        "REJECTED": "The approval a of shell was rejected by reviewer-1: I looked.",
        "EXPIRED": "The approval a of shell was not given in time.",
        "CANCELLED": "The approval a of shell was cancelled: Not needed.",
    }
    assert (job.status, job.error_message) == ("FAILED", words[status])


def test_asking_and_letting_go_is_one_transaction(approvals, clock):
    token = approvals.run()
    clock.advance(HOUR_MS)
    with approvals.refused("LEASE_LOST"):
        approvals.ask(job_id="j", token=token)
    with approvals.refused("LEASE_LOST"):
        approvals.ask(job_id="j", token=token + 1)


def test_asking_again_after_the_answer_was_lost_changes_nothing(approvals):
    token = approvals.run()
    approvals.ask(job_id="j", token=token)
    before = approvals.rows()
    approvals.ask(job_id="j", token=token)
    assert approvals.rows() == before
    approvals.decide()
    decided = approvals.rows()
    assert approvals.ask(job_id="j", token=token).status == "APPROVED"
    assert approvals.rows() == decided


def test_asking_first_and_letting_go_with_the_second_request_waits_too(approvals):
    token = approvals.run()
    approvals.ask(job_id="j")
    assert approvals.job().status == "RUNNING"
    approvals.ask(job_id="j", token=token)
    assert (approvals.job().status, approvals.job().waiting_for) == ("WAITING", "approval:a")


@pytest.mark.parametrize("order", ["ab", "ba"])
def test_a_job_waits_for_all_that_it_has_asked_for(approvals, order):
    token = approvals.run()
    approvals.ask("a", job_id="j")
    approvals.ask("b", job_id="j", token=token)
    approvals.decide(order[0])
    assert (approvals.job().status, approvals.watch()) == ("WAITING", 0)
    approvals.decide(order[1])
    assert approvals.job().status == "PENDING"


@pytest.mark.parametrize("refused", ["a", "b"])
def test_a_job_fails_as_soon_as_one_of_its_approvals_is_not_given_and_the_others_are_cancelled(approvals, refused):
    token = approvals.run()
    approvals.ask("a", job_id="j")
    approvals.ask("b", job_id="j", token=token)
    approvals.decide(refused, "REJECTED")
    assert approvals.job().status == "FAILED"
    assert approvals.watch() == 1
    other = approvals.get({"a": "b", "b": "a"}[refused])
    assert (other.status, other.comment) == ("CANCELLED", "The job that asked for it has finished.")


def test_a_job_goes_on_though_what_it_has_named_is_deleted_while_another_approval_is_pending(approvals, clock):
    token = approvals.run()
    approvals.ask("a", job_id="j", lifetime_ms=24 * HOUR_MS)
    approvals.ask("b", job_id="j", token=token)
    approvals.decide("b")
    clock.advance(2 * HOUR_MS)
    assert approvals.delete_old_approvals().rows == 1
    assert (approvals.job().status, approvals.watch()) == ("WAITING", 0)
    approvals.decide("a")
    assert approvals.job().status == "PENDING"


@pytest.mark.parametrize("ending", ["completed", "failed", "cancelled"])
def test_pending_approvals_of_a_job_that_has_finished_are_cancelled(approvals, ending):
    token = approvals.run()
    approvals.ask(job_id="j")
    assert approvals.watch() == 0
    approvals.store.write(
        lambda tx: {
            "completed": lambda: complete_job(tx, "j", token),
            "failed": lambda: fail_job(tx, "j", token, "No.", retryable=False),
            "cancelled": lambda: update_job_status(tx, "j", "CANCELLED", lease_token=token),
        }[ending]()
    )
    assert approvals.watch() == 1
    assert approvals.get().status == "CANCELLED"
    assert approvals.job().status == ending.upper()


@pytest.mark.parametrize("status", ENDS)
def test_more_jobs_than_a_transaction_sees_to_all_hear_of_it(approvals, clock, status):
    approvals.ask()
    jobs = [f"j{number:03}" for number in range(2 * SETTLED_MAX + 10)]
    for id in jobs:
        approvals.wait(id)
    end(approvals, clock, status)
    heard = "PENDING" if status == "APPROVED" else "FAILED"
    if status != "EXPIRED":
        assert [approvals.job(id).status for id in jobs].count(heard) == SETTLED_MAX
    approvals.watch()
    assert {approvals.job(id).status for id in jobs} == {heard}
    assert approvals.watch() == 0


def test_deleting_an_approval_leaves_no_job_behind_that_waits_for_it(approvals):
    approvals.ask(on_refusal="RESUME")
    jobs = [f"j{number:03}" for number in range(SETTLED_MAX + 5)]
    for id in jobs:
        approvals.wait(id)
    approvals.delete()
    assert {approvals.job(id).status for id in jobs} == {"PENDING"}


@pytest.mark.parametrize("status", ENDS)
def test_a_job_that_begins_to_wait_when_the_decision_is_there_already_hears_of_it(approvals, clock, status):
    approvals.ask()
    end(approvals, clock, status)
    approvals.wait()
    assert approvals.watch() == 1
    assert approvals.job().status == ("PENDING" if status == "APPROVED" else "FAILED")


def test_a_job_that_waits_for_an_approval_that_nobody_has_asked_for_waits_on(approvals):
    approvals.wait()
    approvals.run("other")
    approvals.store.write(
        lambda tx: update_job_status(tx, "other", "WAITING", lease_token=1, waiting_for="approval of the lead")
    )
    assert approvals.watch() == 0
    approvals.ask()
    approvals.decide()
    assert (approvals.job().status, approvals.job("other").status) == ("PENDING", "WAITING")


def test_a_wait_that_others_have_ended_is_left_alone(approvals):
    token = approvals.run()
    approvals.ask(job_id="j", token=token)
    approvals.store.write(lambda tx: update_job_status(tx, "j", "PENDING"))
    approvals.decide(decision="REJECTED")
    assert approvals.job().status == "PENDING"
    assert approvals.store.write(reap_jobs) == 0

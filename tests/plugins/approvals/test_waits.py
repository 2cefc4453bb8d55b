"""Jobs that wait for approvals go on, or fail, with each way in which these can end."""

from __future__ import annotations

import pytest

from plugins.approvals.driving import HOUR_MS
from synthetic import delete_owned
from synthetic_approvals.checks import find_jobs_that_wait_for_nothing
from synthetic_approvals.store import waits
from synthetic_approvals.store.waits import SETTLED_MAX
from synthetic_jobs.store import complete_job, fail_job, retry_job, update_job_status
from synthetic_jobs.store.reaping import reap_jobs
from synthetic_sessions.store import save_session

MINUTE_MS = 60_000

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
    approvals.run("asking")
    approvals.ask(on_refusal="RESUME", job_id="asking")
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


def idle(approvals) -> list[str | None]:
    return [each.entity_id for each in approvals.store.read(lambda to: list(find_jobs_that_wait_for_nothing(to)))]


def test_a_job_that_waits_for_an_approval_that_nobody_has_asked_for_goes_on(approvals, clock):
    approvals.wait()
    approvals.run("other")
    approvals.store.write(
        lambda tx: update_job_status(tx, "other", "WAITING", lease_token=1, waiting_for="approval of the lead")
    )
    assert idle(approvals) == []
    clock.advance(MINUTE_MS + 1)
    assert idle(approvals) == ["j"]
    assert approvals.watch() == 1
    assert (approvals.job().status, approvals.job("other").status) == ("PENDING", "WAITING")
    assert idle(approvals) == []


def test_a_job_goes_on_whose_approval_is_deleted_with_its_session(approvals, clock):
    approvals.store.write(lambda tx: save_session(tx, {}, session_id="s"))
    approvals.ask(session_id="s", job_id="j", token=approvals.run())
    assert approvals.watch() == 0
    clock.advance(MINUTE_MS + 1)
    delete_owned(approvals.store, "sessions", "s")
    # It may be that background work has not come to it yet.
    assert idle(approvals) == []
    assert approvals.watch() == 1
    assert approvals.job().status == "PENDING"
    with approvals.refused("NOT_FOUND"):
        approvals.check()


def test_a_job_goes_on_whose_approval_was_deleted_before_its_worker_let_go(approvals):
    approvals.ask()
    approvals.delete()
    approvals.wait()
    assert approvals.watch() == 1
    assert approvals.job().status == "PENDING"


def test_a_job_whose_approval_is_gone_still_waits_for_what_else_it_has_asked_for(approvals):
    token = approvals.run()
    approvals.ask("a", job_id="j")
    approvals.ask("b", job_id="j", token=token)
    delete_owned(approvals.store, "pending_approvals", "b")
    assert (approvals.watch(), approvals.job().status) == (0, "WAITING")
    delete_owned(approvals.store, "pending_approvals", "a")
    assert (approvals.watch(), approvals.job().status) == (1, "PENDING")


@pytest.mark.parametrize("status", ["REJECTED", "EXPIRED"])
@pytest.mark.parametrize("asked_again", [False, True])
def test_a_refusal_that_comes_while_the_job_still_runs_is_not_forgotten(approvals, clock, status, asked_again):
    token = approvals.run()
    approvals.ask("a", job_id="j", lifetime_ms=HOUR_MS // 2)
    if asked_again:
        approvals.ask("b", job_id="j")
    if status == "EXPIRED":
        clock.advance(HOUR_MS // 2)
        approvals.watch()
    else:
        approvals.decide("a", status)
    assert approvals.job().status == "RUNNING"
    approvals.ask("b", job_id="j", token=token)
    assert approvals.job().status == "FAILED"


def test_a_refusal_is_not_forgotten_where_the_job_lets_go_by_itself(approvals):
    token = approvals.run()
    approvals.ask("a", job_id="j")
    approvals.ask("b", job_id="j")
    approvals.decide("a", "REJECTED")
    approvals.store.write(lambda tx: update_job_status(tx, "j", "WAITING", lease_token=token, waiting_for="approval:b"))
    assert approvals.watch() == 2
    assert (approvals.job().status, approvals.get("b").status) == ("FAILED", "CANCELLED")


def test_what_was_withdrawn_while_the_job_ran_is_no_refusal(approvals):
    token = approvals.run()
    approvals.ask("a", job_id="j")
    approvals.cancel_approval("a")
    approvals.ask("b", job_id="j", token=token)
    assert (approvals.watch(), approvals.job().status) == (0, "WAITING")


def test_what_an_earlier_run_of_a_job_asked_for_counts_no_more(approvals):
    approvals.ask("no", job_id="j", token=approvals.run())
    approvals.ask("late", job_id="j")
    approvals.ask("again", job_id="j")
    approvals.decide("no", "REJECTED")
    assert approvals.store.write(retry_job, "j").retries == 1
    token = approvals.claim()
    approvals.ask("again", job_id="j", token=token)
    assert approvals.job().status == "WAITING"
    assert approvals.watch() == 1
    assert [approvals.get(id).status for id in ("late", "again")] == ["CANCELLED", "PENDING"]
    assert approvals.job().status == "WAITING"
    approvals.decide("again")
    assert approvals.job().status == "PENDING"


def test_looking_for_jobs_that_wait_reads_indexes(approvals):
    def plan(snapshot):
        sql = waits._READY.format(wanted=waits._WAITING)
        return [row[-1] for row in snapshot.rows(f"EXPLAIN QUERY PLAN {sql}", {**waits._RANGE, "limit": 1})]

    reads = [line for line in approvals.store.read(plan) if line.startswith(("SCAN", "SEARCH"))]
    assert reads
    assert [line for line in reads if not line.startswith("SEARCH")] == []
    for index in ("sync_jobs_by_waiting_for", "pending_approvals_by_refused_job", "pending_approvals_by_waiting_job"):
        assert any(index in line for line in reads), reads


def test_a_wait_that_others_have_ended_is_left_alone(approvals):
    token = approvals.run()
    approvals.ask(job_id="j", token=token)
    approvals.store.write(lambda tx: update_job_status(tx, "j", "PENDING"))
    approvals.decide(decision="REJECTED")
    assert approvals.job().status == "PENDING"
    assert approvals.store.write(reap_jobs) == 0

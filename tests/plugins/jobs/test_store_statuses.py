"""Each status that may follow another, and each that may not; what lets go of a job, and what ends a wait."""

from __future__ import annotations

from typing import Any

import pytest

from plugins.jobs.driving import Jobs
from plugins.logged import payloads
from synthetic import SyntheticError
from synthetic_jobs.model import FINISHED, NEVER, TRANSITIONS, JobStatus

PENDING, RUNNING, WAITING = JobStatus.PENDING, JobStatus.RUNNING, JobStatus.WAITING
COMPLETED, FAILED, CANCELLED = JobStatus.COMPLETED, JobStatus.FAILED, JobStatus.CANCELLED
BY_STATUS = {
    RUNNING: {PENDING, WAITING, COMPLETED, FAILED, CANCELLED},
    WAITING: {PENDING, FAILED, CANCELLED},
    PENDING: {CANCELLED},
}
"""What `update_job_status` allows; claims and retries do the rest."""


def bring_to(jobs: Jobs, status: JobStatus, id: str) -> int:
    """Make a job of this status; the token of its last claim."""
    if status in FINISHED:
        jobs.finish(id, status)
    elif status == WAITING:
        jobs.wait(id)
    elif status == RUNNING:
        jobs.run(id)
    else:
        jobs.add(id)
    assert jobs.get(id).status == status
    return jobs.get(id).lease_token


@pytest.mark.parametrize("before", JobStatus)
def test_a_status_follows_another_or_is_refused(jobs: Jobs, before: JobStatus) -> None:
    for after in JobStatus:
        id = f"to {after}"
        token = bring_to(jobs, before, id)
        named: dict[str, Any] = {"lease_token": token} if before == RUNNING else {}
        if after == FAILED:
            named["message"] = "It broke."
        if after in BY_STATUS.get(before, ()):
            assert jobs.update_job_status(id, after, **named).status == after == jobs.get(id).status
        elif after == before != RUNNING:
            with jobs.unchanged():
                assert jobs.update_job_status(id, after, **named).status == before
        else:
            with jobs.refused("ILLEGAL_TRANSITION"):
                jobs.update_job_status(id, after, **named)


def test_what_is_allowed_is_what_the_model_says() -> None:
    for before, allowed in BY_STATUS.items():
        assert allowed <= TRANSITIONS[before]
        assert TRANSITIONS[before] - allowed <= {RUNNING}
    assert {before for before in FINISHED if TRANSITIONS[before]} == {FAILED, CANCELLED}


def test_a_running_job_is_changed_only_by_who_holds_it(jobs: Jobs) -> None:
    jobs.run("a")
    for after in (PENDING, WAITING, COMPLETED, FAILED):
        with jobs.refused("BAD_USER_INPUT", "leaseToken"):
            jobs.update_job_status("a", after, message="It broke.")
    assert jobs.update_job_status("a", CANCELLED).cancel_requested_at == jobs.clock.now_ms()


def test_a_job_that_is_given_back_is_due_at_once_and_the_attempt_does_not_count(jobs: Jobs) -> None:
    token = jobs.run("a", max_attempts=1).lease_token
    jobs.clock.advance(5)

    job = jobs.update_job_status("a", PENDING, lease_token=token)

    assert (job.status, job.attempts, job.lease_token, job.run_after) == ("PENDING", 0, 1, jobs.clock.now_ms())
    assert jobs.history("a") == [("builder-1", 1, "RELEASED")]
    assert jobs.claim_job("a", "builder-2").lease_token == 2


def test_a_job_can_be_given_back_for_later(jobs: Jobs) -> None:
    token = jobs.run("a").lease_token
    later = jobs.clock.now_ms() + 9_000

    assert jobs.update_job_status("a", PENDING, lease_token=token, run_after=later).run_after == later
    assert jobs.claim_jobs(["build"], "builder-1") == []


def test_waiting_lets_go_of_the_lease_and_keeps_checkpoints(jobs: Jobs) -> None:
    token = jobs.run("a", max_attempts=1).lease_token
    jobs.save_checkpoint("a", token, "scan", {"at": 3})

    job = jobs.update_job_status("a", WAITING, lease_token=token, waiting_for="approval:1")

    assert (job.status, job.waiting_for, job.run_after, job.attempts) == ("WAITING", "approval:1", NEVER, 0)
    assert (job.lease_owner, job.lease_expires_at) == (None, None)
    assert jobs.history("a") == [("builder-1", 1, "WAITING")]
    told = payloads(jobs.store, "job.status_changed")[-1]
    assert (told["status"], told["waitingFor"], told["outcome"]) == ("WAITING", "approval:1", "WAITING")
    assert "runAfter" not in told
    assert jobs.load_checkpoint("a").data == '{"at":3}'


def test_what_comes_returns_those_that_wait_for_it(jobs: Jobs) -> None:
    for id, waiting_for in (("a", "approval:1"), ("b", "approval:2"), ("c", "approval:1"), ("d", None)):
        jobs.wait(id, waiting_for)
    jobs.clock.advance(5)

    returned = jobs.resume_waiting_jobs("approval:1")

    assert [job.id for job in returned] == ["a", "c"]
    assert [(job.status, job.waiting_for, job.run_after) for job in returned] == [
        ("PENDING", None, jobs.clock.now_ms())
    ] * 2
    assert [job.status for job in jobs.list_jobs_by_id(["b", "d"])] == ["WAITING"] * 2
    with jobs.unchanged():
        assert jobs.resume_waiting_jobs("approval:1") == []
    assert [job.lease_token for job in jobs.claim_jobs(["build"], "builder-2", limit=9)] == [2, 2]


def test_a_wait_is_over_at_its_instant_at_the_latest(jobs: Jobs) -> None:
    until = jobs.clock.now_ms() + 9_000
    jobs.wait("a", run_after=until)
    jobs.wait("b")

    jobs.clock.advance(8_999)
    with jobs.unchanged():
        assert jobs.requeue_pending_jobs() == 0
    jobs.clock.advance(1)
    assert jobs.requeue_pending_jobs() == 1
    job = jobs.get("a")
    assert (job.status, job.waiting_for, job.run_after) == ("PENDING", None, until)
    assert jobs.get("b").status == "WAITING"


def test_a_wait_whose_time_has_come_is_found_by_a_claim_too(jobs: Jobs) -> None:
    jobs.wait("a", run_after=jobs.clock.now_ms() + 1)
    jobs.clock.advance(1)
    assert [job.id for job in jobs.claim_jobs(["build"], "builder-2")] == ["a"]


def test_anybody_may_end_a_wait(jobs: Jobs) -> None:
    later = jobs.clock.now_ms() + 9_000
    jobs.wait("a")
    job = jobs.update_job_status("a", PENDING, run_after=later)
    assert (job.status, job.run_after, job.waiting_for) == ("PENDING", later, None)

    jobs.wait("b")
    job = jobs.update_job_status("b", FAILED, message="It was denied.")
    assert (job.status, job.error_message, job.waiting_for) == ("FAILED", "It was denied.", None)
    assert job.completed_at == jobs.clock.now_ms()
    assert payloads(jobs.store, "job.status_changed")[-1]["error"] == "It was denied."


def test_a_worker_may_end_its_job_by_name(jobs: Jobs) -> None:
    token = jobs.run("a").lease_token
    job = jobs.update_job_status("a", FAILED, lease_token=token, message="No such file.")
    assert (job.status, job.error_message, job.attempts) == ("FAILED", "No such file.", 1)

    token = jobs.run("b").lease_token
    assert jobs.update_job_status("b", COMPLETED, lease_token=token).progress == 100
    with jobs.unchanged():
        assert jobs.update_job_status("b", COMPLETED, lease_token=token).status == "COMPLETED"

    token = jobs.run("c").lease_token
    job = jobs.update_job_status("c", CANCELLED, lease_token=token, message="Not needed.")
    assert (job.status, job.error_message) == ("CANCELLED", "Not needed.")


def test_a_status_with_what_does_not_go_with_it_is_refused(jobs: Jobs) -> None:
    token = jobs.run("a").lease_token
    for field, status, named in (
        ("waitingFor", PENDING, {"waiting_for": "approval:1"}),
        ("waitingFor", WAITING, {"waiting_for": ""}),
        ("runAfter", COMPLETED, {"run_after": 5}),
        ("runAfter", WAITING, {"run_after": -1}),
        ("runAfter", PENDING, {"run_after": NEVER}),
        ("message", FAILED, {}),
        ("errorMessage", FAILED, {"message": " "}),
        ("message", CANCELLED, {"message": " "}),
    ):
        with jobs.refused("BAD_USER_INPUT", field):
            jobs.update_job_status("a", status, lease_token=token, **named)


def test_a_status_of_a_job_that_is_not_there_is_not_found(jobs: Jobs) -> None:
    with pytest.raises(SyntheticError) as failure:
        jobs.update_job_status("nobody", CANCELLED)
    assert failure.value.code == "NOT_FOUND"

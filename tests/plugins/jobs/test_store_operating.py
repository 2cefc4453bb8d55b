"""Cancelling, trying again and replaying."""

from __future__ import annotations

import pytest

from plugins.jobs.driving import LEASE_MS, Jobs
from plugins.logged import payloads, told
from synthetic_jobs.model import JobStatus


@pytest.mark.parametrize("status", ["PENDING", "WAITING"])
def test_a_job_that_nobody_runs_is_cancelled_at_once(jobs: Jobs, status: str) -> None:
    if status == "PENDING":
        jobs.add("a")
    else:
        jobs.wait("a")
    jobs.clock.advance(5)

    job = jobs.cancel_job("a", reason="Not needed.")

    assert (job.status, job.completed_at, job.waiting_for) == ("CANCELLED", jobs.clock.now_ms(), None)
    assert job.error_message == "Not needed."
    event = payloads(jobs.store, "job.status_changed")[-1]
    assert (event["previousStatus"], event["status"], event["error"]) == (status, "CANCELLED", "Not needed.")
    with jobs.unchanged():
        assert jobs.cancel_job("a", reason="Again.") == job
    assert jobs.resume_waiting_jobs("approval:1") == []


def test_the_worker_of_a_running_job_hears_with_its_heartbeat_that_it_is_to_stop(jobs: Jobs) -> None:
    token = jobs.run("a").lease_token
    assert jobs.heartbeat_job("a", token).cancel_requested_at is None

    asked = jobs.cancel_job("a", reason="Not needed.")

    assert (asked.status, asked.cancel_requested_at) == ("RUNNING", jobs.clock.now_ms())
    assert told(jobs.store)[-1] == ("job.cancel_requested", "a")
    with jobs.unchanged():
        assert jobs.cancel_job("a") == asked
    assert jobs.heartbeat_job("a", token).cancel_requested_at is not None
    done = jobs.update_job_status("a", JobStatus.CANCELLED, lease_token=token)
    assert (done.status, done.error_message) == ("CANCELLED", "Not needed.")
    assert jobs.history("a") == [("builder-1", 1, "CANCELLED")]


def test_a_job_that_is_cancelled_by_force_is_lost_to_its_worker(jobs: Jobs) -> None:
    token = jobs.run("a").lease_token
    jobs.cancel_job("a")

    assert jobs.cancel_job("a", force=True).status == "CANCELLED"
    with jobs.refused("LEASE_LOST"):
        jobs.heartbeat_job("a", token)
    with jobs.refused("LEASE_LOST"):
        jobs.complete_job("a", token)


def test_a_job_that_is_to_be_cancelled_and_completes_all_the_same_is_complete(jobs: Jobs) -> None:
    token = jobs.run("a").lease_token
    jobs.cancel_job("a", reason="Not needed.")

    job = jobs.complete_job("a", token, 1)

    assert (job.status, job.result, job.error_message) == ("COMPLETED", "1", None)


def test_a_job_that_is_to_be_cancelled_is_whatever_else_its_attempt_comes_to(jobs: Jobs) -> None:
    for id in ("failed", "released", "waiting", "lapsed"):
        jobs.run(id, max_attempts=3)
        jobs.cancel_job(id)

    jobs.fail_job("failed", 1, "It broke.")
    jobs.update_job_status("released", JobStatus.PENDING, lease_token=1, run_after=5)
    jobs.update_job_status("waiting", JobStatus.WAITING, lease_token=1, waiting_for="approval:1")
    jobs.clock.advance(LEASE_MS)
    assert (jobs.fail_stuck_jobs(), jobs.requeue_pending_jobs()) == (1, 0)

    found = jobs.list_jobs_by_id(["failed", "released", "waiting", "lapsed"])
    assert [job.status for job in found] == ["CANCELLED"] * 4
    assert [job.attempts for job in found] == [1, 0, 0, 1]
    assert [job.waiting_for for job in found] == [None] * 4
    outcomes = [jobs.history(job.id)[0][2] for job in found]
    assert outcomes == ["FAILED", "RELEASED", "WAITING", "LAPSED"]
    assert found[0].error_message == "It broke."


def test_what_is_over_cannot_be_cancelled(jobs: Jobs) -> None:
    for status in ("COMPLETED", "FAILED"):
        jobs.finish(status, status)
        for force in (False, True):
            with jobs.refused("ILLEGAL_TRANSITION"):
                jobs.cancel_job(status, force=force)
    with jobs.refused("NOT_FOUND", "id"):
        jobs.cancel_job("nobody")
    jobs.add("a")
    with jobs.refused("BAD_USER_INPUT", "reason"):
        jobs.cancel_job("a", reason=" ")


@pytest.mark.parametrize("status", ["FAILED", "CANCELLED"])
def test_a_retry_grants_one_attempt_more_and_keeps_checkpoints(jobs: Jobs, status: str) -> None:
    token = jobs.run("a", max_attempts=1).lease_token
    jobs.save_checkpoint("a", token, "scan", 3)
    if status == "FAILED":
        jobs.fail_job("a", token, "It broke.")
    else:
        jobs.cancel_job("a")
        jobs.update_job_status("a", JobStatus.CANCELLED, lease_token=token)
    jobs.clock.advance(5)

    job = jobs.retry_job("a")

    assert (job.status, job.attempts, job.max_attempts, job.run_after) == ("PENDING", 1, 2, jobs.clock.now_ms())
    assert (job.completed_at, job.cancel_requested_at, job.lease_token, job.retries) == (None, None, 1, 1)
    assert jobs.get_job("a") == job
    assert jobs.load_checkpoint("a").phase == "scan"
    again = jobs.claim_job("a", "builder-2")
    assert (again.lease_token, again.attempts) == (2, 2)
    assert jobs.fail_job("a", 2, "It broke again.").status == "FAILED"


def test_a_retry_with_attempts_left_grants_none(jobs: Jobs) -> None:
    jobs.finish("a", "FAILED", max_attempts=5)
    assert jobs.retry_job("a").max_attempts == 5


def test_only_what_failed_or_was_cancelled_is_tried_again(jobs: Jobs) -> None:
    jobs.add("PENDING")
    jobs.run("RUNNING")
    jobs.wait("WAITING")
    jobs.finish("COMPLETED")
    for id in ("PENDING", "RUNNING", "WAITING", "COMPLETED"):
        with jobs.refused("ILLEGAL_TRANSITION"):
            jobs.retry_job(id)
    with jobs.refused("NOT_FOUND", "id"):
        jobs.retry_job("nobody")


@pytest.fixture
def finished(jobs: Jobs) -> Jobs:
    """A complete job with three checkpoints, the first phase saved last but one."""
    token = jobs.run("a", command="make", key="k", priority=7, idempotency_key="once", user_id="user-1").lease_token
    for phase, data in (("scan", 0), ("parse", 2), ("scan", 3), ("store", 4)):
        jobs.save_checkpoint("a", token, phase, data)
    jobs.complete_job("a", token, {"files": 3})
    jobs.clock.advance(5)
    return jobs


def kept(jobs: Jobs, id: str) -> list[tuple[str, str]]:
    return [(each.phase, each.data) for each in jobs.checkpoints(id)]


def test_a_replay_is_a_new_job_that_does_the_same_from_the_latest_checkpoint(finished: Jobs) -> None:
    old = finished.get("a")

    job = finished.replay_job("a", new_id="b")

    assert job == finished.get("b")
    assert (job.status, job.replay_of, job.run_after) == ("PENDING", "a", finished.clock.now_ms())
    assert (job.attempts, job.lease_token, job.version, job.progress, job.result) == (0, 0, 1, 0, None)
    same = ("kind", "key", "command", "params", "priority", "user_id", "max_attempts", "on_lapse", "metadata")
    assert [getattr(job, name) for name in same] == [getattr(old, name) for name in same]
    assert job.idempotency_key is None
    assert kept(finished, "b") == [("parse", "2"), ("scan", "3"), ("store", "4")]
    assert finished.get("a") == old
    assert payloads(finished.store, "job.saved")[-1]["replayOf"] == "a"


@pytest.mark.parametrize(
    ("phase", "expected"),
    [
        ("parse", [("parse", "2")]),
        ("scan", [("parse", "2"), ("scan", "3")]),
        ("store", [("parse", "2"), ("scan", "3"), ("store", "4")]),
    ],
)
def test_a_replay_begins_with_any_checkpoint_and_goes_on_from_there(
    finished: Jobs, phase: str, expected: list[tuple[str, str]]
) -> None:
    job = finished.replay_job("a", from_phase=phase)

    assert kept(finished, job.id) == expected
    token = finished.claim_job(job.id, "builder-2").lease_token
    finished.save_checkpoint(job.id, token, "next", 5)
    assert kept(finished, job.id) == [*expected, ("next", "5")]
    assert kept(finished, "a") == [("parse", "2"), ("scan", "3"), ("store", "4")]


def test_a_replay_can_begin_without_any_checkpoint(finished: Jobs) -> None:
    assert kept(finished, finished.replay_job("a", from_start=True).id) == []
    finished.finish("bare")
    assert kept(finished, finished.replay_job("bare").id) == []


def test_a_replay_sent_again_with_its_id_returns_the_job_that_it_made(finished: Jobs) -> None:
    finished.replay_job("a", new_id="b")
    running = finished.claim_job("b", "builder-2")

    with finished.unchanged():
        assert finished.replay_job("a", new_id="b") == running
    finished.add("c")
    with finished.refused("CONFLICT", "newId"):
        finished.replay_job("a", new_id="c")


def test_what_cannot_be_replayed_is_refused(finished: Jobs) -> None:
    with finished.refused("NOT_FOUND", "fromPhase"):
        finished.replay_job("a", from_phase="nothing")
    with finished.refused("BAD_USER_INPUT", "fromPhase"):
        finished.replay_job("a", from_phase="scan", from_start=True)
    with finished.refused("BAD_USER_INPUT", "newId"):
        finished.replay_job("a", new_id=" b")
    with finished.refused("NOT_FOUND", "id"):
        finished.replay_job("nobody")
    finished.run("b")
    with finished.refused("ILLEGAL_TRANSITION"):
        finished.replay_job("b")


def test_failed_and_cancelled_jobs_can_be_replayed_too(jobs: Jobs) -> None:
    for status in ("FAILED", "CANCELLED"):
        jobs.finish(status, status)
        assert jobs.replay_job(status).status == "PENDING"

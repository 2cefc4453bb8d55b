"""How attempts end: complete, failed with a pause before the next, failed for good; sent again after a lost answer."""

from __future__ import annotations

from pathlib import Path

import pytest

from plugins.jobs.driving import Jobs
from plugins.logged import payloads
from synthetic import from_json
from synthetic.testing import ManualClock, open_test_store
from synthetic_jobs.model import Job


def test_a_complete_job_has_its_result_and_lets_go_of_its_lease(jobs: Jobs) -> None:
    token = jobs.run("a").lease_token
    jobs.update_job_progress("a", token, progress=40, phase="store")
    jobs.clock.advance(5)
    now = jobs.clock.now_ms()

    job = jobs.complete_job("a", token, {"files": 3})

    assert job == jobs.get("a")
    assert (job.status, job.progress, job.phase, job.result) == ("COMPLETED", 100, "store", '{"files":3}')
    assert (job.completed_at, job.lease_owner, job.lease_ms, job.lease_expires_at) == (now, None, None, None)
    assert jobs.attempts("a") == [("a", 1, "builder-1", now - 5, now, "COMPLETED", None)]
    told = payloads(jobs.store, "job.status_changed")[-1]
    assert (told["previousStatus"], told["status"], told["worker"], told["outcome"], told["attempt"]) == (
        "RUNNING", "COMPLETED", "builder-1", "COMPLETED", 1,
    )  # fmt: skip


def test_a_result_can_be_any_json_or_none(jobs: Jobs) -> None:
    for id, result, stored in (
        ("a", None, None),
        ("b", 0, "0"),
        ("c", [], "[]"),
        ("d", False, "false"),
        ("e", "", '""'),
    ):
        token = jobs.run(id).lease_token
        assert jobs.complete_job(id, token, result).result == stored


def test_a_result_is_no_larger_than_allowed(jobs: Jobs) -> None:
    token = jobs.run("a").lease_token
    for wrong in ("x" * (1_048_576 - 1), from_json("[" * 33 + "]" * 33), 2**53):
        with jobs.refused("BAD_USER_INPUT", "result"):
            jobs.complete_job("a", token, wrong)
    assert jobs.complete_job("a", token, "x" * (1_048_576 - 2)).status == "COMPLETED"


def test_what_went_wrong_before_is_forgotten_when_a_job_is_complete_but_stays_in_its_history(jobs: Jobs) -> None:
    token = jobs.run("a").lease_token
    jobs.fail_job("a", token, "Not yet.", retry_after_ms=0)

    jobs.complete_job("a", jobs.claim_job("a", "builder-2").lease_token)

    assert jobs.get("a").error_message is None
    assert [(each.outcome, each.error) for each in jobs.attempts("a")] == [("FAILED", "Not yet."), ("COMPLETED", None)]


def test_a_completion_sent_again_returns_the_job_and_changes_nothing(jobs: Jobs) -> None:
    token = jobs.run("a").lease_token
    job = jobs.complete_job("a", token, {"files": 3})
    jobs.clock.advance(86_400_000)

    with jobs.unchanged():
        assert jobs.complete_job("a", token, {"files": 4}) == job
    with jobs.refused("LEASE_LOST"):
        jobs.fail_job("a", token, "It broke.")


def test_a_failure_sent_again_returns_the_job_whatever_became_of_it(jobs: Jobs) -> None:
    token = jobs.run("a").lease_token
    failed = jobs.fail_job("a", token, "Not yet.", retry_after_ms=0)

    with jobs.unchanged():
        assert jobs.fail_job("a", token, "Not yet.", retry_after_ms=0) == failed
    running = jobs.claim_job("a", "builder-2")
    with jobs.unchanged():
        assert jobs.fail_job("a", token, "Not yet.") == running
    with jobs.refused("LEASE_LOST"):
        jobs.complete_job("a", token)


def test_a_failure_with_attempts_left_is_tried_again_after_a_pause(jobs: Jobs) -> None:
    token = jobs.run("a", max_attempts=2).lease_token
    jobs.clock.advance(5)
    now = jobs.clock.now_ms()

    job = jobs.fail_job("a", token, "Not yet.", retry_after_ms=7_000)

    assert job == jobs.get("a")
    assert (job.status, job.run_after, job.attempts, job.error_message) == ("PENDING", now + 7_000, 1, "Not yet.")
    assert (job.lease_owner, job.lease_expires_at, job.completed_at, job.lease_token) == (None, None, None, 1)
    assert jobs.attempts("a") == [("a", 1, "builder-1", now - 5, now, "FAILED", "Not yet.")]
    told = payloads(jobs.store, "job.status_changed")[-1]
    assert (told["status"], told["outcome"], told["error"]) == ("PENDING", "FAILED", "Not yet.")
    assert told["runAfter"] == "2027-01-15T08:00:07.005Z"


def test_the_last_attempt_that_fails_fails_the_job_for_good(jobs: Jobs) -> None:
    jobs.add("a", max_attempts=3)
    for _ in range(2):
        jobs.fail_job("a", jobs.claim_job("a", "builder-1").lease_token, "Not yet.", retry_after_ms=0)

    job = jobs.fail_job("a", jobs.claim_job("a", "builder-1").lease_token, "Never.", retry_after_ms=0)

    assert (job.status, job.attempts, job.error_message) == ("FAILED", 3, "Never.")
    assert job.completed_at == jobs.clock.now_ms()
    assert jobs.claim_jobs(["build"], "builder-1") == []


def test_a_failure_that_another_attempt_would_not_mend_is_for_good(jobs: Jobs) -> None:
    token = jobs.run("a").lease_token
    assert jobs.fail_job("a", token, "No such file.", retryable=False).status == "FAILED"


def test_a_message_that_is_too_long_is_cut_and_its_event_says_only_how_it_begins(jobs: Jobs) -> None:
    token = jobs.run("a").lease_token

    job = jobs.fail_job("a", token, "x" * 20_000)

    assert job.error_message == "x" * 9_999 + "…"
    assert payloads(jobs.store, "job.status_changed")[-1]["error"] == "x" * 200


def test_a_failure_that_makes_no_sense_is_refused(jobs: Jobs) -> None:
    token = jobs.run("a").lease_token
    for field, message, named in (
        ("errorMessage", "", {}),
        ("errorMessage", " \n", {}),
        ("errorMessage", "a\0b", {}),
        ("retryAfterMs", "No.", {"retry_after_ms": -1}),
        ("retryAfterMs", "No.", {"retry_after_ms": 367 * 86_400_000}),
    ):
        with jobs.refused("BAD_USER_INPUT", field):
            jobs.fail_job("a", token, message, **named)


@pytest.fixture
def impatient(data_dir: Path, clock: ManualClock):
    """A store whose pauses are short and soon grow no longer."""
    settings = {"plugins.jobs.retry_first_ms": "1000", "plugins.jobs.retry_ceiling_ms": "3000"}
    with open_test_store(data_dir, clock=clock, settings=settings) as store:
        yield Jobs(store, clock)


def test_pauses_are_random_below_a_ceiling_that_doubles_up_to_a_point(impatient: Jobs) -> None:
    """Forty at each attempt: that all of them lie in one half of the range is one in 2^39."""
    ids = [f"a{number:02}" for number in range(40)]
    for id in ids:
        impatient.add(id, max_attempts=9)
    for ceiling in (1_000, 2_000, 3_000, 3_000):
        jobs: list[Job] = impatient.claim_jobs(["build"], "builder-1", limit=40)
        now = impatient.clock.now_ms()
        pauses = [impatient.fail_job(job.id, job.lease_token, "Not yet.").run_after - now for job in jobs]
        assert len(pauses) == 40
        assert min(pauses) >= 0
        assert min(pauses) < ceiling / 2 < max(pauses) <= ceiling
        assert len(set(pauses)) > 20
        impatient.clock.advance(3_000)

"""Jobs that nobody holds any more: requeued or failed by policy, however the clock moves."""

from __future__ import annotations

from plugins.jobs.driving import LEASE_MS, Jobs
from plugins.logged import payloads
from synthetic_jobs.model import LapsePolicy
from synthetic_jobs.services import reap

MESSAGE = "The worker was not heard of in time: its lease ran out."


def reaped(jobs: Jobs) -> int:
    return reap(jobs.store)


def test_nothing_is_done_to_a_job_whose_lease_holds(jobs: Jobs) -> None:
    jobs.run("a")
    jobs.clock.advance(LEASE_MS - 1)
    with jobs.unchanged():
        assert reaped(jobs) == 0


def test_a_job_whose_lease_ran_out_is_pending_again_at_once(jobs: Jobs) -> None:
    jobs.run("a")
    jobs.clock.advance(LEASE_MS)
    now = jobs.clock.now_ms()

    assert reaped(jobs) == 1

    job = jobs.get("a")
    assert (job.status, job.run_after, job.attempts, job.error_message) == ("PENDING", now, 1, MESSAGE)
    assert (job.lease_owner, job.lease_ms, job.lease_expires_at) == (None, None, None)
    assert jobs.attempts("a") == [("a", 1, "builder-1", now - LEASE_MS, now, "LAPSED", MESSAGE)]
    event = payloads(jobs.store, "job.status_changed")[-1]
    assert (event["status"], event["outcome"], event["worker"]) == ("PENDING", "LAPSED", "builder-1")
    with jobs.unchanged():
        assert reaped(jobs) == 0


def test_a_job_whose_lease_ran_out_in_its_last_attempt_has_failed(jobs: Jobs) -> None:
    jobs.run("a", max_attempts=1)
    jobs.clock.advance(LEASE_MS)

    assert (jobs.requeue_pending_jobs(), jobs.fail_stuck_jobs()) == (0, 1)

    job = jobs.get("a")
    assert (job.status, job.error_message, job.completed_at) == ("FAILED", MESSAGE, jobs.clock.now_ms())


def test_a_job_that_must_not_be_begun_twice_has_failed_with_attempts_left(jobs: Jobs) -> None:
    jobs.run("a", on_lapse=LapsePolicy.FAIL)
    jobs.clock.advance(LEASE_MS)

    assert reaped(jobs) == 1
    assert (jobs.get("a").status, jobs.get("a").attempts) == ("FAILED", 1)
    assert jobs.retry_job("a").status == "PENDING"


def test_a_step_is_small_and_the_next_goes_on(jobs: Jobs) -> None:
    for number in range(7):
        jobs.run(f"a{number}", max_attempts=1 + number % 2)
        jobs.clock.advance(1)
    jobs.clock.advance(LEASE_MS)

    assert [jobs.fail_stuck_jobs(2) for _ in range(3)] == [2, 2, 0]
    assert [jobs.requeue_pending_jobs(2) for _ in range(3)] == [2, 1, 0]
    assert jobs.count_jobs() == [("build", "FAILED", 4), ("build", "PENDING", 3)]


def test_a_claim_puts_in_order_what_nobody_holds(jobs: Jobs) -> None:
    """So a store without background work moves on as well."""
    jobs.run("a", on_lapse=LapsePolicy.FAIL)
    jobs.run("b")
    jobs.clock.advance(LEASE_MS)

    assert [job.id for job in jobs.claim_jobs(["build"], "builder-2", limit=9)] == ["b"]
    assert jobs.get("a").status == "FAILED"


def test_a_job_whose_lease_ran_out_does_not_count_against_limits(jobs: Jobs) -> None:
    jobs.save_limit("build", 1, 1)
    jobs.run("a", key="k")
    jobs.add("b", key="k")
    jobs.clock.advance(LEASE_MS)

    (job,) = jobs.claim_jobs(["build"], "builder-2")
    assert job.id in ("a", "b")


def test_a_lease_from_the_future_lasts_no_longer_than_its_length_after_the_clock_was_set_back(jobs: Jobs) -> None:
    for back_ms in (1_000, 86_400_000, 10 * 365 * 86_400_000):
        token = jobs.run(f"a{back_ms}").lease_token
        jobs.clock.jump(-back_ms)
        assert jobs.get(f"a{back_ms}").lease_expires_at > jobs.clock.now_ms() + LEASE_MS

        reaped(jobs)

        assert jobs.get(f"a{back_ms}").lease_expires_at == jobs.clock.now_ms() + LEASE_MS
        # Its worker lives, and goes on as if nothing had been.
        jobs.update_job_progress(f"a{back_ms}", token, progress=50)
        jobs.clock.advance(LEASE_MS)
        reaped(jobs)
        assert jobs.get(f"a{back_ms}").status == "PENDING"


def test_a_lease_that_holds_is_not_touched_by_a_reaper(jobs: Jobs) -> None:
    jobs.run("a")
    for length in (100, 3_600_000):
        jobs.heartbeat_job("a", 1, lease_ms=length)
        with jobs.unchanged():
            assert reaped(jobs) == 0


def test_an_attempt_does_not_end_before_it_began_though_the_clock_was_set_back(jobs: Jobs) -> None:
    token = jobs.run("a").lease_token
    jobs.clock.jump(-86_400_000)

    jobs.complete_job("a", token)

    (attempt,) = jobs.attempts("a")
    assert attempt.ended_at == attempt.started_at
    assert jobs.get("a").status == "COMPLETED"


def test_all_leases_run_out_when_the_clock_is_set_forward_and_every_worker_is_fenced(jobs: Jobs) -> None:
    for id in ("a", "b"):
        jobs.run(id)
    jobs.clock.jump(86_400_000)

    assert reaped(jobs) == 2
    for id in ("a", "b"):
        with jobs.refused("LEASE_LOST"):
            jobs.complete_job(id, 1)


def test_jobs_that_were_due_do_not_wait_for_a_clock_that_was_ahead(jobs: Jobs) -> None:
    jobs.add("now")
    token = jobs.run("again").lease_token
    jobs.fail_job("again", token, "It broke.", retry_after_ms=5_000)
    named = jobs.clock.now_ms() + 3_600_000
    jobs.add("named", run_after=named)
    jobs.clock.jump(-30 * 86_400_000)
    assert [job.id for job in jobs.claim_jobs(["build"], "builder-2", limit=10)] == ["now"]
    assert jobs.get("again").run_after == jobs.clock.now_ms() + 5_000
    assert jobs.get("named").run_after == named

"""Each check of jobs finds a fault that was made by hand, and nothing in jobs that have been through everything."""

from __future__ import annotations

import pytest

from kernel.checks.kit import found_by, spoil
from synthetic_jobs.checks import CHECKS


@pytest.fixture
def busy(jobs):
    """Jobs in every status, one of them claimed more often than attempts are kept, and given back in between."""
    jobs.add("pending")
    jobs.run("running")
    jobs.wait("waiting")
    jobs.finish("completed")
    jobs.finish("failed", "FAILED")
    jobs.finish("cancelled", "CANCELLED")
    jobs.save_checkpoint("running", 1, "one", {"at": 1})
    jobs.save_checkpoint("running", 1, "two", {"at": 2})
    jobs.add("often")
    for number in range(1, 6):
        token = jobs.claim_job("often", "builder-1").lease_token
        if number % 2:
            jobs.update_job_status("often", "PENDING", lease_token=token)
        else:
            jobs.fail_job("often", token, "It broke.", retry_after_ms=0)
    jobs.retry_job("failed")
    return jobs


@pytest.mark.parametrize("settings", [{}, {"plugins.jobs.attempts_kept": "2"}])
def test_jobs_that_have_been_through_everything_have_no_faults(busy):
    for check in CHECKS:
        assert found_by(busy.store, f"jobs.{check.name}") == []


@pytest.mark.parametrize(
    ("check", "sql", "id"),
    [
        ("running", "DELETE FROM job_attempts WHERE job_id = 'running'", "running"),
        ("running", "UPDATE job_attempts SET ended_at = 1, outcome = 'FAILED' WHERE job_id = 'running'", "running"),
        ("attempts", "UPDATE job_attempts SET ended_at = NULL, outcome = NULL WHERE job_id = 'waiting'", "waiting"),
        ("attempts", "UPDATE job_attempts SET number = 9 WHERE job_id = 'completed'", "completed"),
        ("attempt_counts", "UPDATE sync_jobs SET attempts = 0 WHERE id = 'completed'", "completed"),
        ("attempt_counts", "UPDATE sync_jobs SET attempts = 2 WHERE id = 'running'", "running"),
        ("attempt_counts", "UPDATE sync_jobs SET attempts = 1 WHERE id = 'waiting'", "waiting"),
        ("attempt_counts", "DELETE FROM job_attempts WHERE job_id = 'cancelled'", "cancelled"),
        ("completed", "UPDATE job_attempts SET outcome = 'FAILED' WHERE job_id = 'completed'", "completed"),
        ("checkpoints", "UPDATE job_checkpoints SET seq = 1 WHERE job_id = 'running' AND seq = 2", "running"),
    ],
)
def test_a_fault_is_found_with_its_job(busy, check, sql, id):
    spoil(busy.store, sql)
    ((entity, message),) = found_by(busy.store, f"jobs.{check}")
    assert entity == id
    assert id in message

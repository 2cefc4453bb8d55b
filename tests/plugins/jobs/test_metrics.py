"""What `/metrics` shows of jobs."""

from __future__ import annotations

import pytest

from synthetic_jobs.metrics import METRICS

pytestmark = pytest.mark.anyio


async def shown(store) -> dict[tuple[str, ...], float]:
    readings = store.kernel.metric_readings
    await readings.refresh(store.kernel.database)
    names = {metric.name for metric in METRICS}
    return {
        (sample.name, *sample.labels.values()): sample.value
        for family in readings.collect()
        if family.name in names
        for sample in family.samples
    }


async def test_jobs_are_counted_by_status_and_by_what_waits_for_somebody(jobs, clock):
    jobs.add("due")
    jobs.add("later", run_after=clock.now_ms() + 1_000_000)
    jobs.run("lapsing")
    jobs.wait("waiting", run_after=clock.now_ms() + 10)
    jobs.finish("completed")
    clock.advance(60_000)
    assert await shown(jobs.store) == {
        ("synthetic_jobs", "PENDING"): 2,
        ("synthetic_jobs", "RUNNING"): 1,
        ("synthetic_jobs", "WAITING"): 1,
        ("synthetic_jobs", "COMPLETED"): 1,
        ("synthetic_jobs", "FAILED"): 0,
        ("synthetic_jobs", "CANCELLED"): 0,
        ("synthetic_jobs_claimable",): 1,
        ("synthetic_jobs_stuck",): 2,
    }


async def test_each_count_reads_an_index_alone(store):
    for sql in (
        "SELECT status, count(*) FROM sync_jobs GROUP BY status",
        "SELECT count(*) FROM sync_jobs WHERE status = 'PENDING' AND run_after <= 1",
        "SELECT count(*) FROM sync_jobs WHERE status = 'RUNNING' AND lease_expires_at <= 1",
        "SELECT count(*) FROM sync_jobs WHERE status = 'WAITING' AND run_after <= 1",
    ):
        plan = store.read(lambda snapshot, sql=sql: snapshot.rows(f"EXPLAIN QUERY PLAN {sql}"))
        assert "INDEX" in plan[-1][3], (sql, plan)

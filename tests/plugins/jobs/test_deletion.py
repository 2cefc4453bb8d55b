"""What becomes of jobs when their construct is deleted, and when their time is up."""

from __future__ import annotations

import pytest

from plugins.jobs.documents import CHECKPOINT, JOB
from plugins.logged import told

DELETE = """
mutation ($input: DeleteConstructInput!) {
  deleteConstruct(input: $input) { rows tables { plugin table action rows sampleKeys } }
}
"""
COUNTS = "SELECT " + ", ".join(
    f"(SELECT count(*) FROM {table})" for table in ("sync_jobs", "job_checkpoints", "job_attempts")
)
DAY_MS = 24 * 3_600_000


@pytest.fixture
def count(store):
    """How many jobs, checkpoints and attempts there are."""
    return lambda: store.read(lambda snapshot: snapshot.row(COUNTS))


@pytest.fixture
def worked_on(construct, running, ask) -> None:
    """Constructs `c` and `d`, each with a job of its name and a part of that, all with checkpoints and attempts."""
    for name in ("c", "d"):
        construct(name)
        running(name, constructId=name)
        running(f"{name}-part", constructId=name, parentId=name)
        for id in (name, f"{name}-part"):
            ask(CHECKPOINT, input={"jobId": id, "leaseToken": 1, "phase": "scan"})


def test_a_construct_takes_its_jobs_with_it_and_their_checkpoints_and_attempts(store, ask, worked_on, count) -> None:
    planned = ask(DELETE, input={"id": "c", "dryRun": True})["deleteConstruct"]
    assert count() == (4, 4, 4)

    done = ask(DELETE, input={"id": "c"})["deleteConstruct"]

    assert done == planned
    assert [(table["table"], table["action"], table["rows"]) for table in done["tables"]] == [
        ("job_attempts", "DELETE", 2),
        ("job_checkpoints", "DELETE", 2),
        ("sync_jobs", "DELETE", 2),
        ("constructs", "DELETE", 1),
    ]
    assert count() == (2, 2, 2)
    assert sorted(told(store, "job.deleted")) == [("job.deleted", "c"), ("job.deleted", "c-part")]
    assert ask(JOB, id="c") == {"job": None}


def test_the_parts_of_a_job_outlive_it(ask, save, running, store) -> None:
    save(id="whole")
    running("part", parentId="whole")
    store.write(lambda tx: tx.execute("DELETE FROM sync_jobs WHERE id = 'whole'"))

    found = ask('{ job(id: "part") { parentId parent { id } } jobs(filter: {parentId: "whole"}) { totalCount } }')

    assert found == {"job": {"parentId": "whole", "parent": None}, "jobs": {"totalCount": 1}}


def test_finished_jobs_go_a_week_after_their_end_and_others_stay(store, jobs, clock, count) -> None:
    for status in ("COMPLETED", "FAILED", "CANCELLED"):
        jobs.finish(f"old-{status}", status)
    jobs.wait("waiting")
    jobs.add("pending")
    clock.advance(60_000)
    jobs.finish("young")
    clock.advance(7 * DAY_MS - 59_999)
    jobs.add("parted")

    batches = [jobs.delete_expired_jobs()]
    while batches[-1].has_more:
        batches.append(jobs.delete_expired_jobs())

    assert sum(batch.rows for batch in batches) == 3
    left = store.read(lambda snapshot: snapshot.rows("SELECT id FROM sync_jobs ORDER BY id"))
    assert left == [("parted",), ("pending",), ("waiting",), ("young",)]
    assert sorted(told(store, "job.deleted")) == [
        ("job.deleted", f"old-{status}") for status in ("CANCELLED", "COMPLETED", "FAILED")
    ]
    assert count()[2] == 2, "the attempts of those that went went with them"


@pytest.mark.parametrize("settings", [{"plugins.jobs.keep_finished_ms": "0"}])
def test_finished_jobs_can_be_kept_for_ever(jobs, clock, count) -> None:
    jobs.finish("old")
    clock.advance(1_000 * DAY_MS)

    batch = jobs.delete_expired_jobs()

    assert (batch.before, batch.rows, batch.has_more) == (None, 0, False)
    assert count()[0] == 1

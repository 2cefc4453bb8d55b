"""How SQLite carries out the lists of jobs: a page must not cost more the more jobs there are.

Each query is caught as the plugin sends it, and explained. A plan that changes
is a decision: a SCAN of the table, or a TEMP B-TREE that was not there, reads
every match.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from plugins.jobs.documents import LIST, SAVE
from synthetic import Snapshot, Store, first_of_each, pages
from synthetic.testing import copy_template, expect_data, open_test_store
from synthetic_jobs.criteria import Criteria
from synthetic_jobs.enums import JobOrder
from synthetic_jobs.model import JobStatus
from synthetic_jobs.parts import JobCheckpoint
from synthetic_jobs.store import cancel_jobs, retry_jobs, select_checkpoints, select_jobs
from synthetic_jobs.store.checkpoints import LATEST_FIRST
from synthetic_jobs.store.filters import NEWEST_FIRST
from synthetic_jobs.types import Job, page_of_jobs

PENDING, RUNNING, COMPLETED, FAILED = JobStatus.PENDING, JobStatus.RUNNING, JobStatus.COMPLETED, JobStatus.FAILED
IN_ORDER = {
    "all": (Criteria(), "sync_jobs_by_created_at"),
    "all of a day": (Criteria(created_from=1, created_before=2), "sync_jobs_by_created_at"),
    "of a user": (Criteria(user_id="u"), "sync_jobs_by_user_id"),
    "of a project": (Criteria(project_id="p"), "sync_jobs_by_project_id"),
    "of a construct": (Criteria(construct_id="c"), "sync_jobs_by_construct_id"),
    "of a parent": (Criteria(parent_id="p"), "sync_jobs_by_parent_id"),
    "of what is repeated": (Criteria(replay_of="r"), "sync_jobs_by_replay_of"),
    "of a schedule": (Criteria(schedule_id="s"), "sync_jobs_by_schedule_id"),
    "of a kind": (Criteria(kinds=["k"]), "sync_jobs_by_kind"),
    "of two kinds": (Criteria(kinds=["k", "l"]), "sync_jobs_by_kind"),
    "of a key": (Criteria(keys=["k"]), "sync_jobs_by_key"),
    "of two keys": (Criteria(keys=["k", "l"]), "sync_jobs_by_key"),
    "of a status": (Criteria(statuses=[FAILED]), "sync_jobs_by_status"),
    "of all statuses": (Criteria(statuses=list(JobStatus)), "sync_jobs_by_status"),
    "of a user on a day": (Criteria(user_id="u", created_from=1, created_before=2), "sync_jobs_by_user_id"),
    "of a user, kind and status": (Criteria(user_id="u", kinds=["k"], statuses=[PENDING]), "sync_jobs_by_user_id"),
    "of a project and two statuses": (
        Criteria(project_id="p", statuses=[PENDING, COMPLETED]),
        "sync_jobs_by_project_id",
    ),
    "of a project, running or failed": (
        Criteria(project_id="p", statuses=[RUNNING, FAILED]),
        "sync_jobs_by_status",
    ),
    "of a construct, running": (Criteria(construct_id="c", statuses=[RUNNING]), "sync_jobs_by_construct_id"),
    "of two kinds and two statuses": (
        Criteria(kinds=["k", "l"], statuses=[PENDING, COMPLETED]),
        "sync_jobs_by_kind",
    ),
    "of two keys of a kind": (Criteria(kinds=["k"], keys=["a", "b"]), "sync_jobs_by_key"),
    "with an error, of a user": (Criteria(user_id="u", error_contains="e"), "sync_jobs_by_user_id"),
}


class Explaining:
    """A snapshot that notes the plan of each query that goes through it."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot
        self.plan: list[str] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._snapshot, name)

    def rows(self, sql: str, params: Any) -> list[Any]:
        self.plan += [detail for _, _, _, detail in self._snapshot.rows(f"EXPLAIN QUERY PLAN {sql}", params)]
        return self._snapshot.rows(sql, params)

    def records(self, record_class: Callable[..., Any], sql: str, params: Any) -> list[Any]:
        return [record_class(*row) for row in self.rows(sql, params)]


def plan_of_page(store, criteria: Criteria, order_by: JobOrder, after: str | None = None) -> list[str]:
    def run(snapshot: Snapshot) -> list[str]:
        explaining: Any = Explaining(snapshot)
        page_of_jobs(explaining, criteria, order_by, first=1, after=after, last=None, before=None)
        return explaining.plan

    return store.read(run)


@pytest.fixture(scope="module")
def store(template: Path, tmp_path_factory: pytest.TempPathFactory):
    """A store with one job, for all of these tests."""
    with open_test_store(copy_template(template, tmp_path_factory.mktemp("plans") / "store")) as opened:
        expect_data(opened.graphql(SAVE, {"input": {"id": "a", "kind": "build"}}))
        yield opened


@pytest.fixture(scope="module")
def cursors(store) -> dict[JobOrder, str]:
    """A cursor of each order."""
    pages = {order: store.graphql(LIST, {"orderBy": order.name})["data"]["jobs"] for order in JobOrder}
    return {order: page["pageInfo"]["endCursor"] for order, page in pages.items()}


@pytest.mark.parametrize("name", IN_ORDER)
def test_a_page_of_these_is_read_from_an_index_in_its_order(store, cursors, name) -> None:
    criteria, index = IN_ORDER[name]
    for order in JobOrder:
        for after in (None, cursors[order]):
            plan = plan_of_page(store, criteria, order, after)

            reads = [line for line in plan if "sync_jobs" in line]
            assert reads, plan
            assert all(f"USING INDEX {index}" in line for line in reads), plan
            assert not any("TEMP B-TREE" in line for line in plan), plan
            if after is not None:
                assert all(line.startswith("SEARCH") and "created_at" in line for line in reads), plan
            elif not criteria.is_empty():
                assert all(line.startswith("SEARCH") for line in reads), plan


@pytest.mark.parametrize(
    ("each", "criteria"),
    [
        ("construct_id", Criteria()),
        ("construct_id", Criteria(kinds=["k", "l"], statuses=[PENDING, RUNNING], user_id="u")),
        ("parent_id", Criteria()),
        ("schedule_id", Criteria()),
    ],
)
def test_the_pages_of_many_parents_are_a_walk_in_an_index_for_each(store, each, criteria) -> None:
    def run(snapshot: Snapshot) -> list[str]:
        explaining: Any = Explaining(snapshot)
        pages(explaining, Job, select_jobs(criteria, each=each), each=["a", "b"], order=NEWEST_FIRST)
        return explaining.plan

    plan = store.read(run)
    reads = [line for line in plan if "sync_jobs" in line]
    assert reads[0] == "SEARCH sync_jobs USING INTEGER PRIMARY KEY (rowid=?)", plan
    assert len(reads) == 2, plan
    assert f"INDEX sync_jobs_by_{each} ({each}=?)" in reads[1], plan
    assert plan.count("USE TEMP B-TREE FOR ORDER BY") == 1, plan


def test_the_latest_checkpoint_of_many_jobs_reads_no_other(store) -> None:
    def run(snapshot: Snapshot) -> list[str]:
        explaining: Any = Explaining(snapshot)
        first_of_each(explaining, JobCheckpoint, select_checkpoints(), each=["a", "b"], order=LATEST_FIRST)
        return explaining.plan

    reads = [line for line in store.read(run) if "job_checkpoints" in line]
    assert reads == [
        "SEARCH job_checkpoints USING INTEGER PRIMARY KEY (rowid=?)",
        "SEARCH job_checkpoints USING INDEX sqlite_autoindex_job_checkpoints_1 (job_id=?)",
    ]


def test_jobs_that_are_named_are_looked_up_by_id(store) -> None:
    plan = plan_of_page(store, Criteria(ids=["a", "b"], user_id="u"), JobOrder.CREATED_AT_DESC)

    assert plan[0] == "SEARCH sync_jobs USING INDEX sqlite_autoindex_sync_jobs_1 (id=?)"


class ExplainingStore:
    """A store whose reads note their plans."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.write = store.write
        self.plan: list[str] = []

    def read(self, function: Callable[..., Any], *args: Any) -> Any:
        def run(snapshot: Snapshot) -> Any:
            explaining: Any = Explaining(snapshot)
            explaining.plan = self.plan
            return function(explaining, *args)

        return self._store.read(run)


@pytest.mark.parametrize(
    ("change", "criteria", "index"),
    [
        (cancel_jobs, Criteria(created_from=1), "sync_jobs_by_status"),
        (cancel_jobs, Criteria(kinds=["k", "l"]), "sync_jobs_by_kind"),
        (cancel_jobs, Criteria(statuses=[PENDING]), "sync_jobs_by_status"),
        (retry_jobs, Criteria(created_from=1), "sync_jobs_by_status"),
        (retry_jobs, Criteria(project_id="p"), "sync_jobs_by_status"),
        (retry_jobs, Criteria(construct_id="c"), "sync_jobs_by_construct_id"),
    ],
)
def test_a_bulk_change_goes_on_behind_the_last_job_by_an_index(store, change, criteria, index) -> None:
    explaining = ExplainingStore(store)

    change(explaining, criteria, dry_run=True)

    reads = [line for line in explaining.plan if "sync_jobs" in line]
    assert reads, explaining.plan
    assert all(f" INDEX {index} (" in line and "created_at" in line for line in reads), explaining.plan
    assert not any("TEMP B-TREE" in line for line in explaining.plan), explaining.plan

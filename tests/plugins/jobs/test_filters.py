"""Filters and orders of jobs, compared with looking at every job in plain Python."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from example_counts import examples
from plugins.jobs.documents import CONSTRUCT, LIST
from synthetic import Store, Transaction
from synthetic.testing import ManualClock, copy_template, expect_data, open_test_store
from synthetic_jobs.criteria import Criteria
from synthetic_jobs.enums import JobOrder
from synthetic_jobs.model import Job, JobStatus
from synthetic_jobs.store import (
    COLUMNS,
    cancel_job,
    claim_job,
    complete_job,
    fail_job,
    query_jobs,
    save_job,
    update_job_status,
)
from synthetic_jobs.types import page_of_jobs

STATUSES = list(JobStatus)
KINDS = ["build", "deploy", "review"]
ERRORS = ["Disk FULL: 90%", "disk_full", "the net is away", "C:\\temp is gone"]
START = 1_700_000_000_000
JOBS = 60


@pytest.fixture(scope="module")
def fleet(template: Path, tmp_path_factory: pytest.TempPathFactory):
    """Sixty jobs in all statuses, with many equal values, so that ties occur."""
    clock = ManualClock(START)
    directory = copy_template(template, tmp_path_factory.mktemp("fleet") / "store")
    with open_test_store(directory, clock=clock) as store:
        for id in ("c", "d"):
            expect_data(store.graphql(CONSTRUCT, {"id": id}))
        for number in range(JOBS):
            clock.advance(number % 3)
            store.write(make, number)
        yield store


def make(tx: Transaction, number: int) -> None:
    id = f"j{number:02}"
    content: dict[str, Any] = {
        "kind": KINDS[number % 3],
        "key": (None, "repo-1", "repo-2")[number * 5 % 3],
        "construct_id": (None, "c", "d")[number * 11 % 3],
        "user_id": (None, "user-1", "user-2")[number // 2 % 3],
        "project_id": ("x", None)[number // 3 % 2],
        "parent_id": "j00" if 0 < number < 9 else None,
    }
    save_job(tx, content, job_id=id)  # type: ignore[arg-type]
    if number % 7 == 0 and number > 0:
        # Replays and schedules come from elsewhere; here only what a filter finds matters.
        tx.execute("UPDATE sync_jobs SET replay_of = 'j00', schedule_id = 'nightly' WHERE id = :id", {"id": id})
    status = STATUSES[number * 5 % 6]
    if status == JobStatus.CANCELLED:
        cancel_job(tx, id, reason=ERRORS[number % 4] if number % 2 else None)
    elif status != JobStatus.PENDING:
        claim_job(tx, id, "builder-1", lease_ms=3_600_000)
        if status == JobStatus.WAITING:
            update_job_status(tx, id, status, lease_token=1)
        elif status == JobStatus.COMPLETED:
            complete_job(tx, id, 1)
        elif status == JobStatus.FAILED:
            fail_job(tx, id, 1, ERRORS[number % 4], retryable=False)


def meets(job: Job, criteria: Criteria) -> bool:
    def equal(value: object, wanted: object) -> bool:
        return wanted is None or value == wanted

    def among(value: object, wanted: Any) -> bool:
        return wanted is None or value in wanted

    text = criteria.error_contains
    return (
        among(job.id, criteria.ids)
        and equal(job.user_id, criteria.user_id)
        and equal(job.project_id, criteria.project_id)
        and equal(job.construct_id, criteria.construct_id)
        and equal(job.parent_id, criteria.parent_id)
        and equal(job.replay_of, criteria.replay_of)
        and equal(job.schedule_id, criteria.schedule_id)
        and among(job.kind, criteria.kinds)
        and among(job.key, criteria.keys)
        and among(job.status, criteria.statuses)
        and (criteria.created_from is None or job.created_at >= criteria.created_from)
        and (criteria.created_before is None or job.created_at < criteria.created_before)
        and (text is None or text.lower() in (job.error_message or "").lower())
    )


OPTIONAL_INSTANTS = st.none() | st.integers(min_value=0, max_value=70).map(lambda offset: START + offset)
CRITERIA = st.builds(
    Criteria,
    ids=st.none() | st.none() | st.lists(st.sampled_from(["j00", "j05", "j17", "j59", "nobody"]), max_size=4),
    user_id=st.none() | st.sampled_from(["user-1", "nobody"]),
    project_id=st.none() | st.sampled_from(["x", "nothing"]),
    construct_id=st.none() | st.sampled_from(["c", "d", "nothing"]),
    parent_id=st.none() | st.none() | st.sampled_from(["j00", "j01"]),
    replay_of=st.none() | st.none() | st.just("j00"),
    schedule_id=st.none() | st.none() | st.sampled_from(["nightly", "hourly"]),
    kinds=st.none() | st.lists(st.sampled_from([*KINDS, *(f"other-{number}" for number in range(9))]), max_size=12),
    keys=st.none() | st.lists(st.sampled_from(["repo-1", "repo-2", "repo-3"]), max_size=3),
    statuses=st.none() | st.lists(st.sampled_from(STATUSES), max_size=6),
    created_from=OPTIONAL_INSTANTS,
    created_before=OPTIONAL_INSTANTS,
    error_contains=st.none() | st.none() | st.sampled_from(["full", "DISK", "%", "_", "\\", "nothing like it"]),
)


def expected(store: Store, criteria: Criteria, order_by: JobOrder = JobOrder.CREATED_AT_DESC) -> list[str]:
    jobs = store.read(lambda snapshot: snapshot.records(Job, f"SELECT {COLUMNS} FROM sync_jobs"))
    found = [job for job in jobs if meets(job, criteria)]
    found.sort(key=lambda job: (job.created_at, job.id), reverse=order_by is JobOrder.CREATED_AT_DESC)
    return [job.id for job in found]


@settings(deadline=None, max_examples=examples(300))
@given(criteria=CRITERIA, order_by=st.sampled_from(JobOrder), size=st.integers(1, 7), backwards=st.booleans())
def test_pages_of_any_filter_in_either_order_are_what_looking_at_every_job_finds(
    fleet, criteria, order_by, size, backwards
) -> None:
    wanted = expected(fleet, criteria, order_by)
    found: list[str] = []
    cursor, more = None, True
    while more:
        bounds = {"last": size, "before": cursor} if backwards else {"first": size, "after": cursor}
        window = {"first": None, "after": None, "last": None, "before": None, **bounds}
        page = fleet.read(lambda snapshot, window=window: page_of_jobs(snapshot, criteria, order_by, **window))
        ids = [edge.node.id for edge in page.edges]
        found = [*ids, *found] if backwards else [*found, *ids]
        info = page.page_info
        cursor, more = (
            (info.start_cursor, info.has_previous_page) if backwards else (info.end_cursor, info.has_next_page)
        )

    assert found == wanted


SINGLE = {
    "ids": (["j03", "j04"], Criteria(ids=["j03", "j04"])),
    "userId": ("user-1", Criteria(user_id="user-1")),
    "projectId": ("x", Criteria(project_id="x")),
    "constructId": ("c", Criteria(construct_id="c")),
    "parentId": ("j00", Criteria(parent_id="j00")),
    "replayOf": ("j00", Criteria(replay_of="j00")),
    "scheduleId": ("nightly", Criteria(schedule_id="nightly")),
    "kinds": (["build", "review"], Criteria(kinds=["build", "review"])),
    "keys": (["repo-1"], Criteria(keys=["repo-1"])),
    "statuses": (["WAITING", "RUNNING"], Criteria(statuses=[JobStatus.WAITING, JobStatus.RUNNING])),
    "createdFrom": ("2023-11-14T22:13:20.030Z", Criteria(created_from=START + 30)),
    "createdBefore": ("2023-11-14T22:13:20.030Z", Criteria(created_before=START + 30)),
    "errorContains": ("DISK", Criteria(error_contains="disk")),
}


@pytest.mark.parametrize("name", SINGLE)
def test_each_filter_sent_by_graphql_finds_what_its_criteria_find(fleet, name) -> None:
    sent, criteria = SINGLE[name]

    found = expect_data(fleet.graphql(LIST, {"filter": {name: sent}, "first": 100}))["jobs"]

    wanted = expected(fleet, criteria)
    assert 0 < len(wanted) < JOBS
    assert [node["id"] for node in found["nodes"]] == wanted
    assert found["totalCount"] == len(wanted)


def test_a_filter_that_finds_nothing_is_an_empty_page(fleet) -> None:
    assert expect_data(fleet.graphql(LIST, {"filter": {"userId": "nobody", "statuses": ["RUNNING"]}}))["jobs"] == {
        "totalCount": 0,
        "nodes": [],
        "pageInfo": {"hasNextPage": False, "hasPreviousPage": False, "startCursor": None, "endCursor": None},
    }


def test_a_job_is_found_by_its_id_and_as_a_node_and_one_that_is_not_there_is_null(fleet) -> None:
    document = """
    { job(id: "j05") { id kind } node(id: "j05") { id ... on Job { kind } } none: job(id: "x") { id } }
    """
    found = expect_data(fleet.graphql(document))

    assert found == {"job": {"id": "j05", "kind": "review"}, "node": {"id": "j05", "kind": "review"}, "none": None}


def test_a_search_in_errors_says_that_it_reads_what_the_rest_leaves(fleet) -> None:
    answer = fleet.graphql(LIST, {"filter": {"errorContains": "disk"}})

    assert [notice["code"] for notice in answer["extensions"]["notices"]] == ["UNINDEXED_FILTER"]
    assert "notices" not in fleet.graphql(LIST, {"filter": {"kinds": ["build"]}})["extensions"]


@pytest.mark.parametrize(
    ("sent", "field"),
    [
        ({"kinds": ["a"] * 501}, "filter.kinds"),
        ({"keys": [""]}, "filter.keys"),
        ({"ids": ["a\0"]}, "filter.ids"),
        ({"constructId": ""}, "filter.constructId"),
        ({"userId": "x" * 201}, "filter.userId"),
        ({"errorContains": ""}, "filter.errorContains"),
        ({"errorContains": "x" * 201}, "filter.errorContains"),
    ],
)
def test_a_filter_that_is_not_acceptable_is_refused(fleet, sent, field) -> None:
    error = fleet.graphql(LIST, {"filter": sent})["errors"][0]["extensions"]

    assert (error["code"], error["details"]["field"]) == ("BAD_USER_INPUT", field)


def test_a_cursor_of_the_other_order_is_refused(fleet) -> None:
    page = expect_data(fleet.graphql(LIST, {"first": 2}))["jobs"]["pageInfo"]

    answer = fleet.graphql(LIST, {"orderBy": "CREATED_AT_ASC", "after": page["endCursor"]})

    assert answer["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"


def test_jobs_are_counted_by_kind_and_status(fleet) -> None:
    counts = expect_data(fleet.graphql("{ jobCounts { kind status count } }"))["jobCounts"]

    for line in counts:
        wanted = Criteria(kinds=[line["kind"]], statuses=[JobStatus(line["status"])])
        assert line["count"] == len(expected(fleet, wanted))
    assert sum(line["count"] for line in counts) == JOBS


def test_a_page_asked_for_in_python_holds_records(fleet) -> None:
    page = fleet.read(lambda snapshot: query_jobs(snapshot, Criteria(kinds=["build"]), newest_first=False, first=2))

    assert [type(edge.node) for edge in page.edges] == [Job, Job]
    assert [edge.node.id for edge in page.edges] == ["j00", "j03"]
    assert page.page_info.has_next_page


def test_the_jobs_of_a_construct_are_filtered_and_paged(fleet) -> None:
    document = """
    { construct(id: "c") { jobs(filter: {statuses: [FAILED, PENDING]}, orderBy: CREATED_AT_ASC, first: 3) {
        totalCount nodes { id construct { id } } pageInfo { hasNextPage } }
        other: jobs(filter: {constructId: "d"}) { totalCount } } }
    """
    found = expect_data(fleet.graphql(document))["construct"]

    criteria = Criteria(construct_id="c", statuses=[JobStatus.FAILED, JobStatus.PENDING])
    wanted = expected(fleet, criteria, JobOrder.CREATED_AT_ASC)
    assert len(wanted) > 3
    assert [node["id"] for node in found["jobs"]["nodes"]] == wanted[:3]
    assert (found["jobs"]["totalCount"], found["jobs"]["pageInfo"]["hasNextPage"]) == (len(wanted), True)
    assert {node["construct"]["id"] for node in found["jobs"]["nodes"]} == {"c"}
    assert found["other"]["totalCount"] == 0


def test_the_parts_of_a_job_and_the_job_that_it_is_a_part_of_are_found(fleet) -> None:
    document = """
    { job(id: "j00") {
        parent { id }
        children(first: 3) { totalCount nodes { id parent { id children { totalCount } } } } } }
    """
    found = expect_data(fleet.graphql(document))["job"]

    parent = {"id": "j00", "children": {"totalCount": 8}}
    assert found["parent"] is None
    assert found["children"] == {
        "totalCount": 8,
        "nodes": [{"id": id, "parent": parent} for id in ("j01", "j02", "j03")],
    }

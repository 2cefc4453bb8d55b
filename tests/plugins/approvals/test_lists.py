"""Lists of approvals: what filters find, from which index, and what stands at constructs, sessions and jobs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from plugins.approvals.driving import HOUR_MS
from synthetic import Snapshot, pages
from synthetic.testing import expect_data, expect_error
from synthetic_approvals.model import ApprovalStatus, Criteria
from synthetic_approvals.store import query_approvals, select_approvals
from synthetic_approvals.store.filters import NEWEST_FIRST
from synthetic_approvals.types import Approval
from synthetic_constructs.store import save_construct
from synthetic_sessions.store import save_session

PENDING, EXPIRED = ApprovalStatus.PENDING, ApprovalStatus.EXPIRED
INDEXES = {
    "all": (Criteria(), "requested_at"),
    "of a day": (Criteria(requested_from=1, requested_before=2), "requested_at"),
    "of a status": (Criteria(statuses=[PENDING]), "status"),
    "of two statuses": (Criteria(statuses=[PENDING, EXPIRED]), "status"),
    "of a tool": (Criteria(tools=["shell"]), "tool"),
    "of two tools": (Criteria(tools=["shell", "deploy"]), "tool"),
    "of a construct": (Criteria(construct_id="c"), "construct_id"),
    "of a session": (Criteria(session_id="s"), "session_id"),
    "of a job": (Criteria(job_id="j"), "job_id"),
    "of a requester": (Criteria(requester="r"), "requester"),
    "of a job and a status": (Criteria(job_id="j", statuses=[PENDING]), "job_id"),
    "of a tool and two statuses": (Criteria(tools=["shell"], statuses=[PENDING, EXPIRED]), "status"),
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


def plan_of(approvals, read: Callable[[Any], object]) -> list[str]:
    def run(snapshot: Snapshot) -> list[str]:
        explaining = Explaining(snapshot)
        read(explaining)
        return explaining.plan

    return approvals.store.read(run)


@pytest.mark.parametrize("name", INDEXES)
def test_a_page_is_read_from_an_index_in_its_order(approvals, name):
    criteria, index = INDEXES[name]
    for newest_first in (True, False):
        plan = plan_of(approvals, lambda to: query_approvals(to, criteria, newest_first=newest_first, first=1))  # noqa: B023
        reads = [line for line in plan if "pending_approvals" in line]
        assert reads, plan
        assert all(f"USING INDEX pending_approvals_by_{index}" in line for line in reads), plan
        assert not any("TEMP B-TREE" in line for line in plan), plan


@pytest.mark.parametrize("each", ["construct_id", "session_id", "job_id"])
def test_the_pages_of_many_parents_are_a_walk_in_an_index_for_each(approvals, each):
    for criteria in (Criteria(), Criteria(statuses=[PENDING, EXPIRED], tools=["a", "b"], requester="r")):
        selection = select_approvals(criteria, each=each)
        plan = plan_of(
            approvals,
            lambda to: pages(to, Approval, selection, each=["a", "b"], order=NEWEST_FIRST),  # noqa: B023
        )
        walks = [line for line in plan if f"USING COVERING INDEX pending_approvals_by_{each}" in line
                 or f"USING INDEX pending_approvals_by_{each}" in line]  # fmt: skip
        assert walks, plan
        assert not any("SCAN pending_approvals" in line for line in plan), plan


@pytest.fixture
def filled(approvals, clock):
    """Approvals of two tools, in every status, some of a construct, a session and a job."""
    approvals.store.write(lambda tx: save_construct(tx, {"type": "task", "title": "A task"}, id="c"))
    approvals.store.write(lambda tx: save_session(tx, {"construct_id": "c"}, session_id="s"))
    approvals.run("j", construct_id="c")
    approvals.ask("expired", session_id="s")
    clock.advance(HOUR_MS)
    approvals.watch()
    for id, more in (("pending", {"job_id": "j"}), ("approved", {"tool": "deploy"}), ("rejected", {}),
                     ("cancelled", {"requester": "builder-3"})):  # fmt: skip
        clock.advance(1_000)
        approvals.ask(id, **more)
    approvals.decide("approved")
    approvals.decide("rejected", "REJECTED")
    approvals.cancel_approval("cancelled")
    return approvals


@pytest.mark.parametrize(
    ("filter", "expected"),
    [
        ("{}", ["cancelled", "rejected", "approved", "pending", "expired"]),
        ("{statuses: [EXPIRED]}", ["expired"]),
        ("{statuses: [PENDING, REJECTED]}", ["rejected", "pending"]),
        ("{statuses: []}", []),
        ('{tools: ["deploy"]}', ["approved"]),
        ('{constructId: "c"}', ["pending", "expired"]),
        ('{sessionId: "s"}', ["expired"]),
        ('{jobId: "j", statuses: [PENDING]}', ["pending"]),
        ('{requester: "builder-3"}', ["cancelled"]),
        ('{ids: ["expired", "nobody"]}', ["expired"]),
        ('{requestedFrom: "2027-01-15T09:00:03Z"}', ["cancelled", "rejected"]),
        ('{requestedBefore: "2027-01-15T09:00:00Z"}', ["expired"]),
    ],
)
def test_a_filter_finds_what_it_says(filled, filter, expected):
    found = expect_data(
        filled.store.graphql(f"{{ approvals(filter: {filter}) {{ totalCount nodes {{ id }} }} }}")
    )["approvals"]  # fmt: skip
    assert [each["id"] for each in found["nodes"]] == expected
    assert found["totalCount"] == len(expected)


def test_approvals_stand_at_their_construct_session_and_job_and_lead_back(filled):
    below = "approvals { nodes { id } }"
    data = expect_data(
        filled.store.graphql(
            f"""{{ construct(id: "c") {{ {below} }} session(id: "s") {{ {below} }} job(id: "j") {{ {below} }}
            approval(id: "pending") {{ construct {{ id }} session {{ id }} job {{ id status }} }}
            node(id: "expired") {{ ... on Approval {{ status session {{ id }} }} }}
            nobody: approval(id: "nobody") {{ id }} }}"""
        )
    )
    ids = {key: [each["id"] for each in data[key]["approvals"]["nodes"]] for key in ("construct", "session", "job")}
    assert ids == {"construct": ["pending", "expired"], "session": ["expired"], "job": ["pending"]}
    assert data["approval"] == {"construct": {"id": "c"}, "session": None, "job": {"id": "j", "status": "RUNNING"}}
    assert data["nobody"] is None


def test_too_many_values_and_values_that_can_be_none_are_refused(approvals):
    for filter in ('{ids: [""]}', '{tools: ["a\\u0000b"]}', '{requester: " x"}'):
        expect_error(approvals.store.graphql(f"{{ approvals(filter: {filter}) {{ totalCount }} }}"), "BAD_USER_INPUT")
    many = approvals.store.graphql(
        "query ($ids: [ID!]) { approvals(filter: {ids: $ids}) { totalCount } }", {"ids": [str(n) for n in range(501)]}
    )
    expect_error(many, "BAD_USER_INPUT")


def test_the_gauge_counts_them_by_status(filled):
    assert filled.count_all_by_status() == dict.fromkeys(ApprovalStatus, 1)

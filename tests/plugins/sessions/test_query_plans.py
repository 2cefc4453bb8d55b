"""How SQLite carries out the hot queries: a page must not cost more the more sessions there are.

Each query is caught as the plugin sends it, and explained. A plan that changes
is a decision: a SCAN of the table, or a TEMP B-TREE that was not there, reads
every match.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from synthetic import Order, Snapshot, pages
from synthetic_sessions.enums import SessionOrder
from synthetic_sessions.model import Criteria, SessionStatus
from synthetic_sessions.store import select_sessions
from synthetic_sessions.types import Session, page_of_sessions

ACTIVE, ENDED, FAILED = SessionStatus.ACTIVE, SessionStatus.ENDED, SessionStatus.FAILED
BY_START, BY_ACTIVITY = SessionOrder.STARTED_AT_DESC, SessionOrder.LAST_ACTIVITY_AT_DESC

IN_ORDER = {
    "all": (Criteria(), BY_START, "sessions_by_started_at"),
    "all by activity": (Criteria(), BY_ACTIVITY, "sessions_by_last_activity_at"),
    "all by creation": (Criteria(), SessionOrder.CREATED_AT_ASC, "sessions_by_created_at"),
    "of a construct": (Criteria(construct_id="c"), BY_START, "sessions_by_construct_id"),
    "of a parent": (Criteria(parent_session_id="p"), SessionOrder.STARTED_AT_ASC, "sessions_by_parent_session_id"),
    "of a status": (Criteria(statuses=[FAILED]), BY_START, "sessions_by_status"),
    "of a status by activity": (Criteria(statuses=[ACTIVE]), BY_ACTIVITY, "sessions_by_status_and_activity"),
    "of two statuses": (Criteria(statuses=[ENDED, FAILED]), BY_START, "sessions_by_status"),
    "of two statuses by activity": (
        Criteria(statuses=[ACTIVE, FAILED]),
        BY_ACTIVITY,
        "sessions_by_status_and_activity",
    ),
    "of an agent": (Criteria(agents=["a"]), BY_START, "sessions_by_agent"),
    "of two agents": (Criteria(agents=["a", "b"]), BY_START, "sessions_by_agent"),
    "of a project": (Criteria(project_id="p"), BY_START, "sessions_by_project_id"),
    "of a user": (Criteria(user_id="u"), BY_START, "sessions_by_user_id"),
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


def plan_of_page(store, criteria: Criteria, order_by: SessionOrder, after: str | None = None) -> list[str]:
    def run(snapshot: Snapshot) -> list[str]:
        explaining: Any = Explaining(snapshot)
        page_of_sessions(explaining, criteria, order_by, first=1, after=after, last=None, before=None)
        return explaining.plan

    return store.read(run)


@pytest.mark.parametrize(("criteria", "order_by", "index"), IN_ORDER.values(), ids=IN_ORDER.keys())
def test_a_page_of_these_is_read_from_an_index_in_its_order(store, criteria, order_by, index) -> None:
    plan = plan_of_page(store, criteria, order_by)

    assert any(index in line for line in plan), plan
    assert not any("TEMP B-TREE" in line for line in plan), plan
    assert not any(line.startswith("SCAN sessions") and "USING INDEX" not in line for line in plan), plan


@pytest.mark.parametrize(
    ("each", "criteria"),
    [
        ("construct_id", Criteria()),
        ("construct_id", Criteria(statuses=[ACTIVE, FAILED], agents=["a"])),
        ("parent_session_id", Criteria()),
    ],
)
def test_the_pages_of_many_parents_are_a_walk_in_an_index_for_each(store, each, criteria) -> None:
    def run(snapshot: Snapshot) -> list[str]:
        explaining: Any = Explaining(snapshot)
        order = Order(("started_at", "id"), (int, str), descending=True)
        pages(explaining, Session, select_sessions(criteria, "started_at", each=each), each=["a", "b"], order=order)
        return explaining.plan

    plan = store.read(run)
    assert plan[0].startswith("SCAN json_each"), plan
    assert plan[1:3] == ["SEARCH sessions USING INTEGER PRIMARY KEY (rowid=?)", "CORRELATED LIST SUBQUERY 2"], plan
    assert f"INDEX sessions_by_{each} ({each}=?)" in plan[3], plan
    # What was found is put in order once more, page by page.
    assert plan[4:] == ["USE TEMP B-TREE FOR ORDER BY"], plan


def test_the_sessions_below_one_are_found_by_index(store) -> None:
    def plan(snapshot: Snapshot) -> list[str]:
        rows = snapshot.rows(
            "EXPLAIN QUERY PLAN SELECT id FROM sessions WHERE parent_session_id = :id AND construct_id IS NULL",
            {"id": "a"},
        )
        return [detail for _, _, _, detail in rows]

    assert store.read(plan) == ["SEARCH sessions USING INDEX sessions_by_parent_session_id (parent_session_id=?)"]

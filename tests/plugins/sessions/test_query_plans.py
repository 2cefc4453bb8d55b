"""How SQLite carries out the hot queries: a page must not cost more the more sessions there are.

Each query is caught as the plugin sends it, and explained. A plan that changes
is a decision: a SCAN of the table, or a TEMP B-TREE that was not there, reads
every match.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from synthetic import Order, Snapshot, page, pages
from synthetic_sessions.context_model import SessionContextCriteria
from synthetic_sessions.context_types import SessionContext
from synthetic_sessions.enums import SessionOrder
from synthetic_sessions.model import Criteria, SessionStatus
from synthetic_sessions.store import (
    count_stale,
    find_context_of_thread,
    find_thread,
    is_any_instant_ahead,
    select_contexts,
    select_sessions,
    select_threads,
    settle_instants,
)
from synthetic_sessions.thread_model import ThreadSessionCriteria
from synthetic_sessions.thread_types import ThreadSession
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
    "stale, by activity": (Criteria(stale_before=5), BY_ACTIVITY, "sessions_by_status_and_activity"),
    "not stale, by activity": (Criteria(fresh_from=5), BY_ACTIVITY, "sessions_by_last_activity_at"),
}
LAST_USED = Order(("last_used_at", "id"), (int, str), descending=True)
LAST_MESSAGE = Order(("last_message_at", "id"), (int, str), descending=True)
BY_CREATION = Order(("created_at", "id"), (int, str))
LISTS = {
    "contexts": (SessionContext, select_contexts(SessionContextCriteria()), LAST_USED, "contexts_by_last_used_at"),
    "contexts by creation": (
        SessionContext, select_contexts(SessionContextCriteria()), BY_CREATION, "contexts_by_created_at",
    ),
    "contexts of a session": (
        SessionContext, select_contexts(SessionContextCriteria(session_id="s")), LAST_USED, "contexts_by_session_id",
    ),
    "contexts of a user": (
        SessionContext, select_contexts(SessionContextCriteria(user_id="u")), LAST_USED, "contexts_by_user_id",
    ),
    "contexts of a channel": (
        SessionContext, select_contexts(SessionContextCriteria(channel="C")), LAST_USED, "contexts_by_channel",
    ),
    "contexts of a thread": (
        SessionContext, select_contexts(SessionContextCriteria(channel="C", thread_ts="1")), LAST_USED,
        "contexts_by_thread",
    ),
    "contexts not used for long": (
        SessionContext, select_contexts(SessionContextCriteria(used_before=5)), LAST_USED, "contexts_by_last_used_at",
    ),
    "threads": (ThreadSession, select_threads(ThreadSessionCriteria()), LAST_MESSAGE, "sessions_by_last_message_at"),
    "threads by creation": (
        ThreadSession, select_threads(ThreadSessionCriteria()), BY_CREATION, "sessions_by_created_at",
    ),
    "threads of a channel": (
        ThreadSession, select_threads(ThreadSessionCriteria(channel="C")), LAST_MESSAGE, "sessions_by_channel",
    ),
    "threads of a session": (
        ThreadSession, select_threads(ThreadSessionCriteria(session_id="s")), LAST_MESSAGE, "sessions_by_session_id",
    ),
    "threads of a user": (
        ThreadSession, select_threads(ThreadSessionCriteria(user_id="u")), LAST_MESSAGE, "sessions_by_user_id",
    ),
}  # fmt: skip


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

    def execute(self, sql: str, params: Any) -> int:
        self.rows(sql, params)
        return 0

    def record(self, record_class: Callable[..., Any], sql: str, params: Any) -> Any:
        return next(iter(self.records(record_class, sql, params)), None)

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


def plan_of(store, read: Callable[[Any], object]) -> list[str]:
    def run(snapshot: Snapshot) -> list[str]:
        explaining: Any = Explaining(snapshot)
        read(explaining)
        return explaining.plan

    return store.write(run)


def test_a_page_of_contexts_or_threads_is_read_from_an_index_in_its_order(store) -> None:
    for name, (node, selection, order, index) in LISTS.items():
        plan = plan_of(store, lambda s, n=node, f=selection, o=order: page(s, n, f, order=o, first=1))

        assert any(f"{index}" in line for line in plan), (name, plan)
        assert not any("TEMP B-TREE" in line for line in plan), (name, plan)


def test_the_contexts_and_threads_of_many_sessions_are_a_walk_in_an_index_for_each(store) -> None:
    for node, selection, order, table in (
        (SessionContext, select_contexts(SessionContextCriteria(), each="session_id"), LAST_USED, "session_contexts"),
        (ThreadSession, select_threads(ThreadSessionCriteria(), each="session_id"), LAST_MESSAGE, "thread_sessions"),
    ):
        plan = plan_of(store, lambda s, n=node, f=selection, o=order: pages(s, n, f, each=["a", "b"], order=o, first=1))

        assert any(f"INDEX {table}_by_session_id (session_id=?)" in line for line in plan), plan


def test_what_is_looked_up_counted_and_set_right_is_found_by_index(store) -> None:
    assert plan_of(store, lambda s: find_thread(s, "C", "1")) == [
        "SEARCH thread_sessions USING INDEX thread_sessions_by_thread (channel=? AND thread_ts=?)"
    ]
    assert plan_of(store, lambda s: find_context_of_thread(s, "C", "1")) == [
        "SEARCH session_contexts USING INDEX session_contexts_by_thread (channel=? AND thread_ts=?)"
    ]
    for read in (count_stale, is_any_instant_ahead, settle_instants):
        plan = plan_of(store, read)
        assert any("sessions_by_status_and_activity (status=? AND last_activity_at" in line for line in plan), plan
        scans = [line for line in plan if line.startswith("SCAN") and line != "SCAN CONSTANT ROW"]
        assert scans == [], plan

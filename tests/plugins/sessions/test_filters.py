"""Filters and orders of sessions, compared with looking at every session in plain Python."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from example_counts import examples
from plugins.sessions.documents import CONSTRUCT, LIST
from synthetic import Store
from synthetic.testing import copy_template, expect_data, open_test_store
from synthetic_sessions.enums import SessionOrder
from synthetic_sessions.model import Criteria, Session, SessionStatus
from synthetic_sessions.store import COLUMNS, save_session
from synthetic_sessions.types import page_of_sessions

STATUSES = list(SessionStatus)
AGENTS = ["coder", "planner", "reviewer"]
INSTANTS = st.integers(min_value=0, max_value=12)
START = 1_700_000_000_000


@pytest.fixture(scope="module")
def fleet(template: Path, tmp_path_factory: pytest.TempPathFactory):
    """Forty sessions with many equal values, so that ties occur."""
    with open_test_store(copy_template(template, tmp_path_factory.mktemp("fleet") / "store")) as store:
        for id in ("c", "d"):
            expect_data(store.graphql(CONSTRUCT, {"id": id}))
        for number in range(40):
            store.write(lambda tx, number=number: save_session(tx, content_of(number), session_id=f"s{number:02}"))
        yield store


def content_of(number: int) -> dict[str, Any]:
    status = STATUSES[number * 7 % 4]
    started_at = START + number * 5 % 12
    content: dict[str, Any] = {
        "status": status,
        "started_at": started_at,
        "last_activity_at": started_at + number % 3,
        "agent": None if number % 7 == 0 else AGENTS[number % 3],
        "construct_id": (None, "c", "d")[number * 11 % 3],
        "user_id": (None, "ada", "bob")[number % 3],
        "project_id": ("x", None)[number // 3 % 2],
        "parent_session_id": "s00" if 0 < number < 9 else None,
    }
    if status != SessionStatus.ACTIVE:
        content["ended_at"] = started_at + 1
    return content


def meets(session: Session, criteria: Criteria) -> bool:
    def equal(value: object, wanted: object) -> bool:
        return wanted is None or value == wanted

    def among(value: object, wanted: Any) -> bool:
        return wanted is None or value in wanted

    def within(value: int, lowest: int | None, beyond: int | None) -> bool:
        return (lowest is None or value >= lowest) and (beyond is None or value < beyond)

    return (
        among(session.id, criteria.ids)
        and among(session.status, criteria.statuses)
        and among(session.agent, criteria.agents)
        and equal(session.construct_id, criteria.construct_id)
        and equal(session.parent_session_id, criteria.parent_session_id)
        and equal(session.parent_session_id is None, criteria.top_level)
        and equal(session.user_id, criteria.user_id)
        and equal(session.project_id, criteria.project_id)
        and within(session.started_at, criteria.started_from, criteria.started_before)
        and within(session.last_activity_at, criteria.active_from, criteria.active_before)
    )


OPTIONAL_INSTANTS = st.none() | INSTANTS.map(lambda offset: START + offset)
CRITERIA = st.builds(
    Criteria,
    ids=st.none() | st.lists(st.sampled_from(["s00", "s05", "s17", "s39", "nobody"]), max_size=4),
    statuses=st.none() | st.lists(st.sampled_from(STATUSES), max_size=4),
    agents=st.none() | st.lists(st.sampled_from([*AGENTS, "nobody"]), max_size=3),
    construct_id=st.none() | st.sampled_from(["c", "d", "nothing"]),
    parent_session_id=st.none() | st.sampled_from(["s00", "s01"]),
    top_level=st.none() | st.booleans(),
    user_id=st.none() | st.sampled_from(["ada", "nobody"]),
    project_id=st.none() | st.sampled_from(["x", "nothing"]),
    started_from=OPTIONAL_INSTANTS,
    started_before=OPTIONAL_INSTANTS,
    active_from=OPTIONAL_INSTANTS,
    active_before=OPTIONAL_INSTANTS,
)


def expected(store: Store, criteria: Criteria, order_by: SessionOrder) -> list[str]:
    sessions = store.read(lambda snapshot: snapshot.records(Session, f"SELECT {COLUMNS} FROM sessions"))
    column, direction = order_by.value.split()
    found = [session for session in sessions if meets(session, criteria)]
    found.sort(key=lambda session: (getattr(session, column), session.id), reverse=direction == "desc")
    return [session.id for session in found]


@settings(deadline=None, max_examples=examples(250))
@given(criteria=CRITERIA, order_by=st.sampled_from(SessionOrder), size=st.integers(1, 7), backwards=st.booleans())
def test_pages_of_any_filter_in_any_order_are_what_looking_at_every_session_finds(
    fleet, criteria, order_by, size, backwards
) -> None:
    wanted = expected(fleet, criteria, order_by)
    found: list[str] = []
    cursor, more = None, True
    while more:
        bounds = {"last": size, "before": cursor} if backwards else {"first": size, "after": cursor}
        window = {"first": None, "after": None, "last": None, "before": None, **bounds}
        page = fleet.read(lambda snapshot, window=window: page_of_sessions(snapshot, criteria, order_by, **window))
        ids = [edge.node.id for edge in page.edges]
        found = [*ids, *found] if backwards else [*found, *ids]
        info = page.page_info
        cursor, more = (
            (info.start_cursor, info.has_previous_page) if backwards else (info.end_cursor, info.has_next_page)
        )

    assert found == wanted


def ids_of(store: Store, **variables: Any) -> list[str]:
    return [node["id"] for node in expect_data(store.graphql(LIST, variables))["sessions"]["nodes"]]


def test_a_filter_sent_by_graphql_finds_what_its_criteria_find(fleet) -> None:
    sent = {
        "status": ["ENDED", "FAILED"],
        "agent": ["coder", "planner"],
        "startedFrom": "2023-11-14T22:13:20.002Z",
        "activeBefore": "2023-11-14T22:13:20.012Z",
        "topLevel": True,
    }
    criteria = Criteria(
        statuses=[SessionStatus.ENDED, SessionStatus.FAILED],
        agents=["coder", "planner"],
        started_from=START + 2,
        active_before=START + 12,
        top_level=True,
    )

    wanted = expected(fleet, criteria, SessionOrder.LAST_ACTIVITY_AT_DESC)

    assert wanted
    assert ids_of(fleet, filter=sent, orderBy="LAST_ACTIVITY_AT_DESC") == wanted


def test_the_total_counts_what_the_filter_finds_not_the_page(fleet) -> None:
    document = 'query { sessions(first: 1, filter: {agent: "coder"}) { totalCount nodes { id } } }'
    found = expect_data(fleet.graphql(document))["sessions"]

    assert len(found["nodes"]) == 1
    assert found["totalCount"] == len(expected(fleet, Criteria(agents=["coder"]), SessionOrder.STARTED_AT_DESC))


def test_the_sessions_of_a_construct_are_filtered_and_paged(fleet) -> None:
    document = """
    { construct(id: "c") { sessions(filter: {status: [ACTIVE], constructId: "c"}, orderBy: CREATED_AT_ASC, first: 100) {
        totalCount nodes { id construct { id } } } } }
    """
    sessions = expect_data(fleet.graphql(document))["construct"]["sessions"]

    wanted = expected(fleet, Criteria(construct_id="c", statuses=[SessionStatus.ACTIVE]), SessionOrder.CREATED_AT_ASC)
    assert [node["id"] for node in sessions["nodes"]] == wanted
    assert {node["construct"]["id"] for node in sessions["nodes"]} == {"c"}


@pytest.mark.parametrize(
    ("sent", "field"),
    [
        ({"agent": ["a"] * 501}, "filter.agent"),
        ({"ids": ["a\0"]}, "filter.ids"),
        ({"constructId": ""}, "filter.constructId"),
        ({"userId": "x" * 201}, "filter.userId"),
    ],
)
def test_a_filter_that_is_not_acceptable_is_refused(fleet, sent, field) -> None:
    answer = fleet.graphql(LIST, {"filter": sent})

    error = answer["errors"][0]["extensions"]
    assert (error["code"], error["details"]["field"]) == ("BAD_USER_INPUT", field)


def test_a_session_is_found_by_its_id_and_as_a_node(fleet) -> None:
    document = """
    { session(id: "s05") { id agent } node(id: "s05") { id ... on Session { agent } } none: session(id: "x") { id } }
    """
    found = expect_data(fleet.graphql(document))

    assert found == {
        "session": {"id": "s05", "agent": "reviewer"},
        "node": {"id": "s05", "agent": "reviewer"},
        "none": None,
    }


def test_a_constructs_sessions_filtered_by_another_construct_are_none(store):
    for name in ("a", "b"):
        store.graphql(
            f'mutation {{ saveConstruct(input: {{id: "{name}", type: "t", title: "T"}}) {{ construct {{ id }} }} }}'
        )
        store.graphql(
            f'mutation {{ saveSession(input: {{id: "{name}", constructId: "{name}"}}) {{ session {{ id }} }} }}'
        )
    document = '{ construct(id: "a") { sessions(filter: {constructId: "%s"}) { nodes { id } } } }'
    assert store.graphql(document % "a")["data"]["construct"]["sessions"]["nodes"] == [{"id": "a"}]
    assert store.graphql(document % "b")["data"]["construct"]["sessions"]["nodes"] == []

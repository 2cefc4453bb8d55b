"""How SQLite carries out the hot queries: a page must not cost more the more constructs there are.

Each query is caught as the plugin sends it, and explained. A plan that changes
is a decision: a SCAN or a TEMP B-TREE that was not there reads every match.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from synthetic import Connection, Order, Snapshot
from synthetic_constructs.model import (
    ConstructStatus,
    Criteria,
    Related,
    RelationshipDirection,
    RelationshipKind,
)
from synthetic_constructs.store import find_construct, list_constructs_by_id
from synthetic_constructs.types import NEWEST_FIRST, page_of_constructs, pages_of_linked, pages_of_relationships

pytestmark = pytest.mark.parametrize("settings", [{"plugins.constructs.metadata_keys": "env,team"}])

SORT = "USE TEMP B-TREE FOR ORDER BY"
BY_ID = "SEARCH constructs USING INDEX sqlite_autoindex_constructs_1 (id=?)"
ACTIVE, FAILED = ConstructStatus.ACTIVE, ConstructStatus.FAILED


class Explaining:
    """A snapshot that notes the plan of each query that goes through it."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot
        self.plan: list[str] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._snapshot, name)

    def rows(self, sql: str, params: Any = None) -> list[Any]:
        # Which keys of the metadata are indexed is looked up for every filter, and is no part of a page.
        if "construct_metadata_keys" not in sql:
            self.plan += [detail for _, _, _, detail in self._snapshot.rows(f"EXPLAIN QUERY PLAN {sql}", params or {})]
        return self._snapshot.rows(sql, params or {})

    def records(self, record_class: Callable[..., Any], sql: str, params: Any) -> list[Any]:
        return [record_class(*row) for row in self.rows(sql, params)]

    def record(self, record_class: Callable[..., Any], sql: str, params: Any) -> Any:
        return next(iter(self.records(record_class, sql, params)), None)


def explained(store, function: Callable[[Any], Any]) -> list[str]:
    def run(snapshot: Snapshot) -> list[str]:
        explaining = Explaining(snapshot)
        function(explaining)
        return explaining.plan

    return store.read(run)


def second_page(store, page: Callable[[Any, str | None], Connection[Any]]) -> list[str]:
    """The plan of a page that follows a cursor, given a function of a snapshot and the cursor."""
    cursor: str | None = None

    def run(snapshot: Any) -> None:
        nonlocal cursor
        cursor = page(snapshot, cursor).edges[0].cursor

    explained(store, run)
    assert cursor
    return explained(store, lambda snapshot: page(snapshot, cursor))


def page_plan(store, criteria: Criteria, order: Order = NEWEST_FIRST) -> list[str]:
    """The plan of the second page of constructs."""
    return second_page(
        store,
        lambda snapshot, cursor: page_of_constructs(
            snapshot, criteria, order, first=1, after=cursor, last=None, before=None
        ),
    )


@pytest.fixture(autouse=True)
def fleet(save, index, relate) -> None:
    index()
    for id in "ab":
        save(
            id=id, type="plan", title="A", status="ACTIVE", userId="u", projectId="p",
            metadata={"env": "prod", "team": "core"},
        )  # fmt: skip
    relate("a", "PARENT", "b")


CREATED = "(created_at,id)<(?,?)"
WALK_OF_METADATA = (
    "SEARCH construct_metadata USING COVERING INDEX construct_metadata_by_value"
    " (key=? AND value=? AND (created_at,construct_id)<(?,?))"
)
WALKED = {
    "everything": (Criteria(), [f"SEARCH constructs USING INDEX constructs_by_created_at ({CREATED})"]),
    "one status": (
        Criteria(statuses=[ACTIVE]),
        [f"SEARCH constructs USING INDEX constructs_by_status (status=? AND {CREATED})"],
    ),
    "one type": (
        Criteria(types=["plan"]),
        [f"SEARCH constructs USING INDEX constructs_by_type (type=? AND {CREATED})"],
    ),
    "user": (
        Criteria(user_id="u"),
        [f"SEARCH constructs USING INDEX constructs_by_user_id (user_id=? AND {CREATED})"],
    ),
    "project": (
        Criteria(project_id="p"),
        [f"SEARCH constructs USING INDEX constructs_by_project_id (project_id=? AND {CREATED})"],
    ),
    "range of created_at": (
        Criteria(created_from=0, created_before=2**42),
        [f"SEARCH constructs USING INDEX constructs_by_created_at (created_at>? AND {CREATED})"],
    ),
    "status in a range of created_at": (
        Criteria(statuses=[ACTIVE], created_from=0),
        [f"SEARCH constructs USING INDEX constructs_by_status (status=? AND created_at>? AND {CREATED})"],
    ),
    "several statuses": (
        Criteria(statuses=[ACTIVE, FAILED]),
        [
            "MERGE (UNION ALL)",
            "LEFT",
            f"SEARCH constructs USING INDEX constructs_by_status (status=? AND {CREATED})",
            "RIGHT",
            f"SEARCH constructs USING INDEX constructs_by_status (status=? AND {CREATED})",
        ],
    ),
    "several types": (
        Criteria(types=["plan", "review"]),
        [
            "MERGE (UNION ALL)",
            "LEFT",
            f"SEARCH constructs USING INDEX constructs_by_type (type=? AND {CREATED})",
            "RIGHT",
            f"SEARCH constructs USING INDEX constructs_by_type (type=? AND {CREATED})",
        ],
    ),
    "one status of several types": (
        Criteria(statuses=[ACTIVE], types=["plan", "review"]),
        [f"SEARCH constructs USING INDEX constructs_by_status (status=? AND {CREATED})"],
    ),
    "changed since": (
        Criteria(updated_from=0),
        [f"SEARCH constructs USING INDEX constructs_by_created_at ({CREATED})"],
    ),
    "several statuses in a project": (
        Criteria(statuses=[ACTIVE, FAILED], project_id="p"),
        [f"SEARCH constructs USING INDEX constructs_by_project_id (project_id=? AND {CREATED})"],
    ),
    "indexed metadata": (
        Criteria(metadata=[("env", "prod")]),
        [
            WALK_OF_METADATA,
            "SEARCH constructs USING INDEX constructs_by_created_at (created_at=? AND id=?)",
        ],
    ),
    "several indexed keys and statuses": (
        Criteria(metadata=[("env", "prod"), ("team", "core")], statuses=[ACTIVE, FAILED]),
        [
            WALK_OF_METADATA,
            BY_ID,
            "SEARCH construct_metadata EXISTS USING PRIMARY KEY (construct_id=? AND key=?)",
        ],
    ),
}


@pytest.mark.parametrize(("criteria", "plan"), WALKED.values(), ids=WALKED.keys())
def test_a_page_in_the_default_order_is_walked_in_an_index(store, criteria: Criteria, plan: list[str]) -> None:
    assert page_plan(store, criteria) == plan
    backward = page_plan(store, criteria, Order(("created_at", "id"), (int, str)))
    assert not any("TEMP B-TREE" in line for line in backward)


SORTED = {
    "ids": (Criteria(ids=["a", "b"]), [BY_ID, SORT]),
    "ids with indexed metadata": (
        Criteria(ids=["a", "b"], metadata=[("env", "prod")]),
        [BY_ID, "SEARCH construct_metadata EXISTS USING PRIMARY KEY (construct_id=? AND key=?)", SORT],
    ),
    "a range of updated_at": (
        Criteria(updated_from=0, updated_before=2**42),
        ["SEARCH constructs USING INDEX constructs_by_updated_at (updated_at>? AND updated_at<?)", SORT],
    ),
    "related constructs": (
        Criteria(related=Related("a", [RelationshipKind.PARENT], RelationshipDirection.OUTGOING)),
        [
            BY_ID,
            "LIST SUBQUERY 1",
            (
                "SEARCH construct_relationships USING COVERING INDEX construct_relationships_by_from_id"
                " (from_id=? AND kind=?)"
            ),
            SORT,
        ],
    ),
}


@pytest.mark.parametrize(("criteria", "plan"), SORTED.values(), ids=SORTED.keys())
def test_what_is_found_by_another_index_is_found_and_then_sorted(store, criteria: Criteria, plan: list[str]) -> None:
    cursorless = explained(
        store,
        lambda snapshot: page_of_constructs(
            snapshot, criteria, NEWEST_FIRST, first=1, after=None, last=None, before=None
        ),
    )
    assert cursorless == plan


@pytest.mark.parametrize("column", ["updated_at", "title"])
def test_the_other_orders_are_walked_in_an_index_too(store, column: str) -> None:
    plan = page_plan(store, Criteria(), Order((column, "id"), (str if column == "title" else int, str)))

    assert plan == [f"SEARCH constructs USING INDEX constructs_by_{column} (({column},id)>(?,?))"]


def test_constructs_are_loaded_by_primary_key(store) -> None:
    assert explained(store, lambda snapshot: find_construct(snapshot, "a")) == [BY_ID]
    assert explained(store, lambda snapshot: list_constructs_by_id(snapshot, ["a", "b"]))[0] == BY_ID


@pytest.mark.parametrize(
    ("of", "direction", "walk"),
    [
        ("a", RelationshipDirection.OUTGOING, "from_id (from_id=? AND kind=? AND (created_at,to_id)>(?,?))"),
        ("b", RelationshipDirection.INCOMING, "to_id (to_id=? AND kind=? AND (created_at,from_id)>(?,?))"),
    ],
)
def test_children_and_parents_are_walked_in_the_order_of_their_links(store, of, direction, walk) -> None:
    plan = second_page(
        store,
        lambda snapshot, cursor: pages_of_linked(
            snapshot, [of], direction, first=1, after=cursor, last=None, before=None
        )[0],
    )

    assert plan == [f"SEARCH construct_relationships USING COVERING INDEX construct_relationships_by_{walk}", BY_ID]


def test_the_links_of_a_construct_are_merged_from_walks_and_not_sorted(store) -> None:
    plan = second_page(
        store,
        lambda snapshot, cursor: pages_of_relationships(
            snapshot, ["a"], None, RelationshipDirection.BOTH, first=1, after=cursor, last=None, before=None
        )[0],
    )

    walk = "SEARCH construct_relationships USING INDEX construct_relationships_by_{0} ({0}=? AND kind=? AND {1})"
    walks = [walk.format("from_id", "created_at<?"), walk.format("to_id", "(created_at,from_id)<(?,?)")]
    assert sorted(line for line in plan if "SEARCH" in line) == sorted(walks * len(RelationshipKind))
    assert not any("TEMP B-TREE" in line for line in plan)


@pytest.mark.parametrize("direction", [RelationshipDirection.OUTGOING, RelationshipDirection.INCOMING])
def test_the_children_and_parents_of_many_are_a_walk_for_each(store, direction) -> None:
    plan = explained(
        store,
        lambda snapshot: pages_of_linked(snapshot, ["a", "b"], direction, first=1, after=None, last=None, before=None),
    )

    near = "from_id" if direction is RelationshipDirection.OUTGOING else "to_id"
    walk = (
        f"SEARCH construct_relationships USING COVERING INDEX construct_relationships_by_{near} ({near}=? AND kind=?)"
    )
    again = "SEARCH construct_relationships USING PRIMARY KEY (from_id=? AND kind=? AND to_id=?)"
    assert [line for line in plan if "construct_relationships" in line] == [again, walk]
    assert [line for line in plan if " constructs " in line][-1] == BY_ID
    assert plan.count(SORT) == 1


def test_the_links_of_many_constructs_are_walks_that_end_with_the_page(store) -> None:
    def read(snapshot: Any) -> None:
        pages_of_relationships(
            snapshot, ["a", "b"], None, RelationshipDirection.BOTH, first=1, after=None, last=None, before=None
        )

    plan = explained(store, read)
    walk = "SEARCH construct_relationships USING COVERING INDEX construct_relationships_by_{0} ({0}=? AND kind=?)"
    walks = [line for line in plan if "construct_relationships_by_" in line]
    assert walks == [walk.format(near) for near in ("from_id", "to_id") for _ in RelationshipKind]
    # The pages of the walks are put in order, for each construct and then all; no walk is sorted before it is cut.
    assert plan.count(SORT) == 2, plan

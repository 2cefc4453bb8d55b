from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from plugins.constructs.documents import LIST, SAVE
from synthetic import Store, SystemClock
from synthetic.testing import ManualClock, copy_template, expect_data, expect_error, open_test_store
from synthetic_constructs.services import index_metadata

FLEET: tuple[dict[str, Any], ...] = (
    {"id": "a", "type": "plan", "title": "Move the store", "status": "COMPLETED", "projectId": "engine",
     "userId": "ada"},
    {"id": "b", "type": "plan", "title": "Paint 100% of it", "status": "ACTIVE", "projectId": "engine",
     "metadata": {"env": "prod"}},
    {"id": "c", "type": "review", "title": "Review", "status": "ACTIVE", "description": "the MOVE",
     "metadata": {"env": "test"}},
    {"id": "d", "type": "review", "title": "snake_case", "status": "BLOCKED", "userId": "ada",
     "metadata": {"env": 1, "ok": True}},
    {"id": "e", "type": "deploy", "title": "Deploy", "status": "FAILED", "userId": "bob",
     "metadata": {"env": None, "ok": 1}},
    {"id": "f", "type": "deploy", "title": "back\\slash", "projectId": "façade",
     "metadata": {"env": {"env": "prod"}, "n": 2.5}},
)  # fmt: skip
"""Six constructs, which are saved a second apart from 08:00:01, "a" to "f"."""


@pytest.fixture
def fleet(save) -> None:
    """The six constructs, in the store of one test."""
    for construct in FLEET:
        save(**construct)


@pytest.fixture(
    scope="module",
    params=[{}, {"plugins.constructs.metadata_keys": "env,ok,n,a"}],
    ids=["scanned metadata", "indexed metadata"],
)
def unchanged(request, template: Path, tmp_path_factory) -> Iterator[Store]:
    """A store with the six constructs, for tests that only ask."""
    clock = ManualClock(monotonic=SystemClock())
    directory = copy_template(template, tmp_path_factory.mktemp("filters") / "store")
    with open_test_store(directory, clock=clock, settings=request.param) as store:
        for construct in FLEET:
            clock.advance(1_000)
            expect_data(store.graphql(SAVE, {"input": construct}))
        while store.write(index_metadata):
            pass
        yield store


@pytest.mark.parametrize(
    ("filter", "ids"),
    [
        ({}, "fedcba"),
        ({"ids": ["b", "a", "x", "a"]}, "ba"),
        ({"ids": []}, ""),
        ({"status": ["ACTIVE"]}, "cb"),
        ({"status": ["ACTIVE", "FAILED", "PLANNED"]}, "fecb"),
        ({"status": []}, ""),
        ({"type": ["plan"]}, "ba"),
        ({"type": ["plan", "review", "none"]}, "dcba"),
        ({"status": ["ACTIVE", "BLOCKED"], "type": ["plan", "review"]}, "dcb"),
        ({"status": ["ACTIVE", "BLOCKED"], "type": ["review"]}, "dc"),
        ({"userId": "ada"}, "da"),
        ({"projectId": "engine"}, "ba"),
        ({"projectId": "façade"}, "f"),
        ({"projectId": "engine", "status": ["ACTIVE", "FAILED"]}, "b"),
        ({"createdFrom": "2027-01-15T08:00:03Z"}, "fedc"),
        ({"createdBefore": "2027-01-15T08:00:03Z"}, "ba"),
        ({"createdFrom": "2027-01-15T09:00:02+01:00", "createdBefore": "2027-01-15T08:00:04Z"}, "cb"),
        ({"updatedFrom": "2027-01-15T08:00:05.000Z", "updatedBefore": "2027-01-15T08:00:06.000Z"}, "e"),
        ({"text": "move"}, "ca"),
        ({"text": "0%"}, "b"),
        ({"text": "e_c"}, "d"),
        ({"text": "\\"}, "f"),
        ({"text": "none"}, ""),
        ({"text": "m%e"}, ""),
        ({"text": "m_ve"}, ""),
        ({"metadata": [{"key": "env", "value": "prod"}]}, "b"),
        ({"metadata": [{"key": "env", "value": 1}]}, "d"),
        ({"metadata": [{"key": "env", "value": 1.0}]}, "d"),
        ({"metadata": [{"key": "env", "value": "1"}]}, ""),
        ({"metadata": [{"key": "env", "value": '{"env":"prod"}'}]}, ""),
        ({"metadata": [{"key": "ok", "value": True}]}, "d"),
        ({"metadata": [{"key": "ok", "value": 1}]}, "e"),
        ({"metadata": [{"key": "ok", "value": False}]}, ""),
        ({"metadata": [{"key": "n", "value": 2.5}]}, "f"),
        ({"metadata": [{"key": "env", "value": 1}, {"key": "ok", "value": True}]}, "d"),
        ({"metadata": []}, "fedcba"),
        ({"not": {"userId": "ada"}}, "fecb"),
        ({"not": {"not": {"userId": "ada"}}}, "da"),
        ({"not": {}}, ""),
        ({"or": [{"type": ["plan"]}, {"userId": "bob"}]}, "eba"),
        ({"or": []}, ""),
        ({"or": [{}, {"userId": "bob"}]}, "fedcba"),
        ({"and": [{"type": ["plan", "review"]}, {"status": ["ACTIVE", "BLOCKED"]}]}, "dcb"),
        ({"and": []}, "fedcba"),
        ({"status": ["ACTIVE", "BLOCKED"], "or": [{"userId": "ada"}, {"projectId": "engine"}]}, "db"),
        ({"metadata": [{"key": "env", "value": "prod"}], "not": {"type": ["plan"]}}, ""),
    ],
    ids=str,
)
def test_a_filter_finds_what_meets_it_whether_metadata_is_indexed_or_not(unchanged, filter, ids) -> None:
    found = expect_data(unchanged.graphql(LIST, {"filter": filter}))["constructs"]

    assert "".join(node["id"] for node in found["nodes"]) == ids
    assert found["totalCount"] == len(ids)


@pytest.mark.parametrize("order", ["CREATED_AT", "UPDATED_AT", "TITLE"])
@pytest.mark.parametrize("settings", [{"plugins.constructs.metadata_keys": "env"}])
def test_each_order_pages_both_ways_through_every_filter(fleet, index, save, ask, order: str) -> None:
    index()
    save(id="c", ifVersion=1, metadata={"env": "prod"})
    save(id="a", ifVersion=1, metadata={"env": "prod"})
    expected = {"CREATED_AT": "abcdef", "UPDATED_AT": "bdefca", "TITLE": "fEabcd".replace("E", "e")}[order]
    filters = {
        "abcdef": {},
        "abc": {"metadata": [{"key": "env", "value": "prod"}]},
        "bcd": {"status": ["ACTIVE", "BLOCKED"]},
        "abcd": {"type": ["plan", "review"]},
        "ad": {"userId": "ada"},
    }
    for members, filter in filters.items():
        ascending = [id for id in expected if id in members]
        for direction, wanted in (("ASC", ascending), ("DESC", ascending[::-1])):
            forward = walk(ask, filter, f"{order}_{direction}", "first", "after", "endCursor", "hasNextPage")
            backward = walk(ask, filter, f"{order}_{direction}", "last", "before", "startCursor", "hasPreviousPage")
            assert [id for page in forward for id in page] == wanted
            assert [id for page in backward[::-1] for id in page] == wanted


def walk(ask, filter, order, size, place, cursor, more) -> list[list[str]]:
    """The ids of each page of two, from one end to the other."""
    pages: list[list[str]] = []
    arguments: dict[str, object] = {size: 2}
    while True:
        found = ask(LIST, filter=filter, orderBy=order, **arguments)["constructs"]
        pages.append([node["id"] for node in found["nodes"]])
        if not found["pageInfo"][more]:
            return pages
        arguments[place] = found["pageInfo"][cursor]


def test_titles_are_ordered_whatever_their_case(save, ask) -> None:
    for id, title in {"1": "beta", "2": "Alpha", "3": "alpha", "4": "Beta"}.items():
        save(id=id, type="plan", title=title)

    found = ask("{ constructs(orderBy: TITLE_ASC) { nodes { id } } }")["constructs"]["nodes"]

    assert "".join(node["id"] for node in found) == "2314"


def test_constructs_are_found_by_what_they_are_related_to(fleet, relate, listed) -> None:
    relate("a", "PARENT", "b")
    relate("a", "PARENT", "c")
    relate("d", "DEPENDS_ON", "a")

    def related(**more: object) -> str:
        return "".join(listed(relatedTo={"id": "a", **more}))

    assert related() == "dcb"
    assert related(kinds=["PARENT"]) == "cb"
    assert related(kinds=["PARENT", "DEPENDS_ON"], direction="INCOMING") == "d"
    assert related(direction="OUTGOING") == "cb"
    assert related(kinds=[]) == ""
    assert "".join(listed(relatedTo={"id": "a"}, status=["ACTIVE", "PLANNED"])) == "cb"
    both = [{"relatedTo": {"id": "a"}}, {"relatedTo": {"id": "d"}}]
    assert "".join(listed(**{"or": both})) == "dcba"


@pytest.mark.parametrize("settings", [{"plugins.constructs.metadata_keys": "env"}])
def test_a_filter_that_scans_says_so_and_one_that_does_not_is_silent(store, fleet, index) -> None:
    def notices(**filter: object) -> list[str]:
        answer = store.graphql(LIST, {"filter": filter})
        return [notice["code"] for notice in answer.get("extensions", {}).get("notices", ())]

    index()

    assert notices(metadata=[{"key": "env", "value": "prod"}], status=["ACTIVE"]) == []
    assert notices(metadata=[{"key": "ok", "value": True}]) == ["UNINDEXED_FILTER"]
    assert notices(metadata=[{"key": "env", "value": "x" * 201}]) == ["UNINDEXED_FILTER"]
    assert notices(text="move") == ["UNINDEXED_FILTER"]
    assert notices(**{"not": {"text": "move"}}) == ["UNINDEXED_FILTER"]


DEEP: dict[str, object] = {"userId": "ada"}
for _ in range(3):
    DEEP = {"and": [DEEP, DEEP, DEEP, DEEP]}

REFUSED = {
    "bad id": ("filter.ids", {"ids": ["a\0"]}),
    "too many ids": ("filter.ids", {"ids": ["a"] * 501}),
    "bad type": ("filter.type", {"type": [""]}),
    "bad user": ("filter.userId", {"userId": "\n"}),
    "empty text": ("filter.text", {"text": ""}),
    "long text": ("filter.text", {"text": "x" * 201}),
    "NUL in text": ("filter.text", {"text": "\0"}),
    "list as metadata value": ("filter.metadata.value", {"metadata": [{"key": "a", "value": [1]}]}),
    "integer that would be rounded": ("filter.metadata.value", {"metadata": [{"key": "a", "value": 2**60}]}),
    "NUL as metadata value": ("filter.metadata.value", {"metadata": [{"key": "a", "value": "\0"}]}),
    "empty metadata key": ("filter.metadata.key", {"metadata": [{"key": "", "value": 1}]}),
    "bad id of a related construct": ("filter.relatedTo.id", {"relatedTo": {"id": ""}}),
    "nested": ("filter.not.or.userId", {"not": {"or": [{"userId": ""}]}}),
    "too many conditions": ("filter", DEEP),
    "too many empty conditions": ("filter", {"and": [{}] * 50}),
}


@pytest.mark.parametrize(("field", "filter"), REFUSED.values(), ids=REFUSED.keys())
def test_a_filter_that_is_not_acceptable_is_refused_by_name(unchanged, field: str, filter) -> None:
    error = expect_error(unchanged.graphql(LIST, {"filter": filter}), "BAD_USER_INPUT")

    assert error["extensions"]["details"] == {"field": field}

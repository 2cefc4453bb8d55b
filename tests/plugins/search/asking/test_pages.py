"""Pages of what is found: nothing twice, nothing missing, and stable while the index grows."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

import pytest

from plugins.search.index.making import NOW, index_all, say
from synthetic import Store, encode_cursor
from synthetic.testing import ManualClock, copy_template, expect_data, open_test_store
from synthetic_search.asking.paging import ORDER

PAGE = """
query ($query: String!, $first: Int, $after: String, $last: Int, $before: String) {
  search(query: $query, mode: LEXICAL, first: $first, after: $after, last: $last, before: $before) {
    totalCount edges { cursor node { id } } pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
  }
}"""


def page(store: Store, query: str, **arguments: Any) -> dict[str, Any]:
    return expect_data(store.graphql(PAGE, {"query": query, **arguments}))["search"]


def ids(found: dict[str, Any]) -> list[str]:
    return [edge["node"]["id"] for edge in found["edges"]]


def pages(store: Store, query: str, size: int, after: str | None = None) -> Iterator[list[str]]:
    while True:
        found = page(store, query, first=size, after=after)
        yield ids(found)
        if not found["pageInfo"]["hasNextPage"]:
            return
        after = found["pageInfo"]["endCursor"]


@pytest.mark.parametrize("query", ["pumpkins", "pumpkins turnips", "kind:message"])
@pytest.mark.parametrize("size", [1, 7, 61, 200])
def test_pages_of_any_size_are_the_whole_list(store, query, size):
    whole = ids(page(store, query, first=200))
    assert len(set(whole)) == len(whole) == page(store, query)["totalCount"]
    assert [id for each in pages(store, query, size) for id in each] == whole


def test_pages_from_the_end_are_those_from_the_start(store):
    whole = page(store, "pumpkins", first=200)
    cursors = [edge["cursor"] for edge in whole["edges"]]
    back = page(store, "pumpkins", last=5, before=cursors[20])
    assert ids(back) == ids(whole)[15:20]
    assert back["pageInfo"]["hasPreviousPage"] is True
    assert ids(page(store, "pumpkins", last=3)) == ids(whole)[-3:]
    between = page(store, "pumpkins", first=10, after=cursors[3], before=cursors[6])
    assert ids(between) == ids(whole)[4:6]


def test_what_is_indexed_meanwhile_is_in_no_page_that_follows(filled, tmp_path):
    with open_test_store(copy_template(filled, tmp_path / "store"), clock=ManualClock(NOW)) as store:
        whole = ids(page(store, "turnips", first=200))
        first = page(store, "turnips", first=5)
        say(store, "t2", *["turnips turnips"] * 10, "and no others")
        index_all(store)
        rest = [id for each in pages(store, "turnips", 4, first["pageInfo"]["endCursor"]) for id in each]
        assert [*ids(first), *rest] == whole
        assert ids(page(store, "turnips", first=200)) != whole


@pytest.mark.parametrize("query", ["turnips", "turnips nowhere", "kind:message"])
def test_what_is_indexed_meanwhile_takes_no_place_among_the_results(filled, tmp_path, query):
    settings = {"plugins.search.scored_matches": "100", "plugins.search.results": "20"}
    with open_test_store(copy_template(filled, tmp_path / "store"), clock=ManualClock(NOW), settings=settings) as store:
        whole = ids(page(store, query, first=200))
        first = page(store, query, first=5)
        say(store, "t2", *["turnips turnips"] * 120, "and no others")
        index_all(store)
        rest = [id for each in pages(store, query, 4, first["pageInfo"]["endCursor"]) for id in each]
        assert [*ids(first), *rest] == whole
        assert len(whole) == 20


@pytest.mark.parametrize("settings", [{}, {"plugins.search.scored_matches": "100"}])
def test_what_is_indexed_meanwhile_does_not_change_the_order_of_the_rest(tmp_path, settings):
    draw = random.Random(1)
    with open_test_store(tmp_path / "store", clock=ManualClock(NOW), settings=settings) as store:
        # Lengths and frequencies drawn at random, so that most scores depend on the mean length and on the rarity.
        say(store, "t", *(made_text(draw) for _ in range(60)), *["nothing here"] * 38)
        index_all(store)
        asked = "pumpkins turnips"
        whole = ids(page(store, asked, first=200))
        first = page(store, asked, first=20)
        say(store, "t2", *["others altogether " * 200] * 60)
        index_all(store)
        rest = [id for each in pages(store, asked, 20, first["pageInfo"]["endCursor"]) for id in each]
        assert [*ids(first), *rest] == whole
        assert len(whole) == 60
        assert ids(page(store, asked, first=200)) != whole


def made_text(draw: random.Random) -> str:
    counts = (("pumpkins", draw.randint(1, 6)), ("turnips", draw.randint(0, 2)), ("straw", draw.randint(1, 120)))
    return " ".join(word for word, count in counts for _ in range(count))


@pytest.mark.parametrize("numbers", [(0, 0), (-1, -1), (-(1 << 63), -(1 << 63)), ((1 << 63) - 1, (1 << 63) - 1)])
def test_a_cursor_with_numbers_that_somebody_made_up_gives_a_page(store, numbers):
    cursor = encode_cursor(ORDER, (0, 0, 1 << 40, *numbers))
    assert page(store, "pumpkins turnips", first=3, after=cursor)["totalCount"] >= 0


COUNTS = """
query ($group: SearchGrouping) {
  search(query: "wombat", mode: LEXICAL, first: 1, groupBy: $group) { totalCount isExact }
}"""
MAKE = """
mutation ($id: ID!, $body: String!) {
  saveDocument(input: {id: $id, kind: "NOTE", title: "T", body: $body}) { created }
}
"""


@pytest.mark.parametrize("results", [10, 15, 20])
def test_documents_are_counted_once_however_many_parts_they_have(filled, tmp_path, results):
    settings = {"plugins.search.part_characters": "500", "plugins.search.results": str(results)}
    with open_test_store(copy_template(filled, tmp_path / "store"), clock=ManualClock(NOW), settings=settings) as store:
        for number in range(15):
            expect_data(store.graphql(MAKE, {"id": f"long{number}", "body": "wombat filler " * 200}))
        index_all(store)
        assert expect_data(store.graphql(COUNTS))["search"] == {"totalCount": 15, "isExact": True}
        groups = expect_data(store.graphql(COUNTS, {"group": "CONSTRUCT"}))["search"]
        assert groups == {"totalCount": min(results, 15), "isExact": results >= 15}


GROUPS = """
query ($after: String) {
  search(query: "pumpkins turnips keeper", mode: LEXICAL, groupBy: SESSION, first: 2, after: $after) {
    nodes { id groupSize } pageInfo { hasNextPage endCursor }
  }
}"""


def test_groups_stand_for_what_they_stood_for_on_the_first_page(filled, tmp_path):
    with open_test_store(copy_template(filled, tmp_path / "store"), clock=ManualClock(NOW)) as store:

        def ask(after: str | None) -> dict[str, Any]:
            return expect_data(store.graphql(GROUPS, {"after": after}))["search"]

        first = ask(None)
        before = ask(first["pageInfo"]["endCursor"])
        say(store, "t2", *["keeper pumpkins turnips"] * 30, session_id="s1", occurred_at=NOW)
        index_all(store)
        assert first["pageInfo"]["hasNextPage"] is True
        assert ask(first["pageInfo"]["endCursor"]) == before


def test_a_page_goes_on_where_the_hit_of_its_cursor_was(filled, tmp_path):
    with open_test_store(copy_template(filled, tmp_path / "store"), clock=ManualClock(NOW)) as store:
        whole = ids(page(store, "keeper", first=200))
        place = whole.index("n1")
        cursor = page(store, "keeper", first=place + 1)["pageInfo"]["endCursor"]
        expect_data(store.graphql('mutation { deleteDocument(input: {id: "n1"}) { id } }'))
        index_all(store)
        assert ids(page(store, "keeper", first=200, after=cursor)) == whole[place + 1 :]
        assert ids(page(store, "keeper", last=200, before=cursor)) == whole[:place]


def test_of_more_matches_than_are_looked_at_the_best_of_the_newest_are_listed_and_that_is_said(filled, tmp_path):
    settings = {"plugins.search.scored_matches": "100", "plugins.search.results": "10"}
    directory = copy_template(filled, tmp_path / "store")
    with open_test_store(directory, clock=ManualClock(NOW), settings=settings) as store:
        say(store, "t2", *["More pumpkins."] * 1_500)
        index_all(store)
        answer = store.graphql('{ search(query: "pumpkins", mode: LEXICAL) { totalCount isExact } }')
        found = expect_data(answer)["search"]
        assert 100 <= found["totalCount"] < 1_561
        assert found["isExact"] is False
        assert [notice["code"] for notice in answer["extensions"]["notices"]] == ["SEARCH_INCOMPLETE"]
        assert len([id for each in pages(store, "pumpkins", 4) for id in each]) == 10

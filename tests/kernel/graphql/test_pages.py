"""Pages equal slices of a plain list, in both directions, whatever happens between two requests."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from example_counts import examples
from synthetic.graphql.cursors import Order, encode_cursor
from synthetic.testing import expect_data, expect_error

from .engine_kit import Bench, open_bench

PAGE = """query($first: Int, $after: String, $last: Int, $before: String, $descending: Boolean! = false) {
    notes(first: $first, after: $after, last: $last, before: $before, descending: $descending) {
        edges { cursor node { id } } nodes { id } totalCount
        pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
    }
}"""


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    directory: Path = tmp_path_factory.mktemp("pages")
    with open_bench(directory) as opened:
        # Several notes share an instant, so the id has to break ties.
        opened.add(*[(f"n{number:02}", None, number // 4) for number in range(37)])
        yield opened


def ids(connection: dict) -> list[str]:
    return [node["id"] for node in connection["nodes"]]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=examples(60))
@given(size=st.integers(1, 40), descending=st.booleans(), backward=st.booleans())
def test_walking_pages_gives_the_whole_list_once(bench, size, descending, backward):
    everything = [f"n{number:02}" for number in range(37)]
    if descending:
        everything.reverse()
    seen: list[str] = []
    cursor = None
    while True:
        arguments = {"last": size, "before": cursor} if backward else {"first": size, "after": cursor}
        found = expect_data(bench.ask(PAGE, descending=descending, **arguments))["notes"]
        seen = ids(found) + seen if backward else seen + ids(found)
        assert found["totalCount"] == 37
        info = found["pageInfo"]
        assert (info["startCursor"], info["endCursor"]) == (
            found["edges"][0]["cursor"],
            found["edges"][-1]["cursor"],
        )
        cursor = info["startCursor"] if backward else info["endCursor"]
        if not info["hasPreviousPage" if backward else "hasNextPage"]:
            break
    assert seen == everything


def test_a_window_between_two_cursors(bench):
    cursors = {edge["node"]["id"]: edge["cursor"] for edge in expect_data(bench.ask(PAGE, first=37))["notes"]["edges"]}
    between = {"after": cursors["n05"], "before": cursors["n10"]}
    found = expect_data(bench.ask(PAGE, first=3, **between))["notes"]
    assert ids(found) == ["n06", "n07", "n08"]
    assert found["pageInfo"]["hasNextPage"]
    found = expect_data(bench.ask(PAGE, last=9, **between))["notes"]
    assert ids(found) == ["n06", "n07", "n08", "n09"]


def test_the_default_size_and_none_at_all(bench):
    assert len(ids(expect_data(bench.ask(PAGE))["notes"])) == 10
    empty = expect_data(bench.ask(PAGE, first=0))["notes"]
    assert (ids(empty), empty["totalCount"], empty["pageInfo"]["endCursor"]) == ([], 37, None)


@pytest.mark.parametrize(
    "arguments",
    [
        {"first": -1},
        {"first": 101},
        {"last": 101},
        {"first": 1, "last": 1},
        {"first": 1, "after": ""},
        {"first": 1, "after": "not base64 ✗"},
        {"first": 1, "after": "bm90IGpzb24"},
        {"first": 1, "before": "WzEsMiwzXQ"},
        {"first": 1, "after": "e30"},
        {"first": 1, "after": "A" * 10_000},
    ],
)
def test_a_page_that_makes_no_sense_is_the_clients_fault(bench, arguments):
    error = expect_error(bench.ask(PAGE, **arguments), "BAD_USER_INPUT")
    assert error["extensions"]["details"]["field"] in arguments


def test_a_cursor_of_another_order_is_refused(bench):
    cursor = expect_data(bench.ask(PAGE, first=1))["notes"]["pageInfo"]["endCursor"]
    expect_error(bench.ask(PAGE, first=1, after=cursor, descending=True), "BAD_USER_INPUT")


def test_an_order_names_a_type_for_each_of_its_columns():
    with pytest.raises(ValueError, match="at, id must name one type for each"):
        Order(("at", "id"), (str,))


@pytest.mark.parametrize("values", [["x", 5], [1.0, "n01"], [True, "n01"], [None, "n01"], [2**63, "n01"], [1]])
def test_a_cursor_whose_values_are_not_of_the_orders_types_is_refused(bench, values):
    order = Order(("at", "id"), (int, str))
    assert expect_data(bench.ask(PAGE, first=1, after=encode_cursor(order, [1, "n04"])))["notes"]["edges"]
    for size, argument in (("first", "after"), ("last", "before")):
        answer = bench.ask(PAGE, **{size: 1, argument: encode_cursor(order, values)})
        assert expect_error(answer, "BAD_USER_INPUT")["extensions"]["details"] == {"field": argument}

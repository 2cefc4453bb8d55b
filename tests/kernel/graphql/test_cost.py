from __future__ import annotations

from typing import Any

import pytest
from graphql import FragmentDefinitionNode, OperationDefinitionNode, build_schema, get_introspection_query, parse

from synthetic.graphql import cost as cost_module
from synthetic.graphql.cost import CostMeasure, PageSizes
from synthetic.graphql.limits import COUNT_CEILING, FragmentOrder

SCHEMA = build_schema("""
    type Query { thing(id: ID): Thing  things(first: Int, last: Int): Things!  list(first: Int): [Thing!]!  node: Node }
    interface Node { id: ID }
    type Thing implements Node {
      id: ID  parent: Thing  things(first: Int, last: Int): Things  many: [Thing]  grid: [[Thing]!]!  tags: [String]
    }
    type Things { nodes: [Thing!]!  edges: [Edge!]!  pageInfo: PageInfo!  totalCount: Int  inner: Inner }
    type Inner { nodes: [Thing] }
    type Edge { cursor: String  node: Thing }
    type PageInfo { endCursor: String }
""")


def cost(document: str, *, size_default: int = 50, **variables: Any) -> int:
    definitions = parse(document).definitions
    operation = next(node for node in definitions if isinstance(node, OperationDefinitionNode))
    fragments = {node.name.value: node for node in definitions if isinstance(node, FragmentDefinitionNode)}
    measure = CostMeasure(SCHEMA, fragments, FragmentOrder.of(fragments))
    return measure.cost(operation, PageSizes(operation, variables, size_default))


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        ("{ thing { id parent { id } } }", 4),
        ("{ thing { tags } }", 2),
        # A list that is no page: ten of them.
        ("{ thing { many { id tags } } }", 2 + 10 * 2),
        ("{ thing { grid { id } } }", 2 + 100),
        ("{ thing { many { many { id } } } }", 2 + 10 * (1 + 10)),
        # A page: the lists in it have its size, what is beside them is there once.
        ("{ things(first: 7) { nodes { id } } }", 2 + 7),
        ("{ things(first: 7) { totalCount pageInfo { endCursor } edges { cursor node { id } } } }", 5 + 7 * 3),
        ("{ things(last: 3) { inner { nodes { id } } } }", 3 + 3),
        ("{ things(first: 2, last: 3) { nodes { id } } }", 2 + 3),
        ("{ things { nodes { id } } }", 2 + 50),
        ("{ things(first: null) { nodes { id } } }", 2 + 50),
        ("{ things(first: 0) { nodes { id } } }", 2),
        ("{ list(first: 4) { id } }", 1 + 4),
        ("{ list(first: 4) { many { id } } }", 1 + 4 * 11),
        # Pages in pages multiply.
        ("{ things(first: 20) { nodes { things(first: 30) { nodes { id } } } } }", 2 + 20 * (2 + 30)),
        # Fragments count as often as they are spread, and in the page that they are spread in.
        ("{ thing { ...F ...F } } fragment F on Thing { id parent { id } }", 7),
        ("{ things(first: 9) { ...F } } fragment F on Things { nodes { ...G } } fragment G on Thing { id tags }", 20),
        ("{ node { id ... on Thing { many { id } } } }", 3 + 10),
        # What the schema does not have counts once, and validation refuses it.
        ("{ nothing { many { id } } ... on Nothing { id } }", 4),
    ],
)
def test_the_cost_is_the_number_of_fields_that_the_answer_may_have(document: str, expected: int):
    assert cost(document) == expected


@pytest.mark.parametrize(
    ("given", "size"),
    [
        ({"n": 12}, 12), ({"n": 12.0}, 12), ({"n": 0}, 0), ({"n": -5}, 0), ({"n": None}, 50), ({}, 7),
        ({"n": "12"}, 50), ({"n": True}, 50), ({"n": [1]}, 50), ({"n": 1.5}, 50), ({"n": float("inf")}, 50),
    ],
)  # fmt: skip
def test_a_page_size_comes_from_the_variable_then_its_default_then_the_setting(given: dict[str, Any], size: int):
    assert cost("query ($n: Int = 7) { things(first: $n) { nodes { id } } }", **given) == 2 + size


def test_a_variable_without_a_value_leaves_the_page_at_the_default():
    assert cost("query ($n: Int) { things(first: $n) { nodes { id } } }", size_default=3) == 2 + 3


@pytest.mark.parametrize("digits", ["9" * 20, "9" * 100_000])
def test_numbers_of_any_length_are_taken_for_what_they_are_too_many(digits: str):
    assert cost(f"{{ things(first: {digits}) {{ nodes {{ id }} }} }}") == COUNT_CEILING
    assert cost("query ($n: Int) { things(first: $n) { nodes { id } } }", n=10**300) == COUNT_CEILING


def test_introspection_costs_as_much_as_some_pages_and_more_levels_cost_more():
    standard = cost(get_introspection_query(input_value_deprecation=True))
    assert 10_000 < standard < 100_000
    bomb = (
        "{ __schema { types { possibleTypes { interfaces { possibleTypes { interfaces { fields { name } } } } } } } }"
    )
    assert cost(bomb) > 1_000_000


def test_each_fragment_is_measured_once_whatever_page_it_is_spread_in(monkeypatch: pytest.MonkeyPatch):
    visits = 0
    measure = CostMeasure._selections

    def counted(self, *given):
        nonlocal visits
        visits += 1
        return measure(self, *given)

    monkeypatch.setattr(cost_module.CostMeasure, "_selections", counted)
    fragments = "".join(
        f" fragment F{n} on Thing"
        f" {{ things(first: {n}) {{ nodes {{ ...F{n + 1} }} edges {{ node {{ ...F{n + 1} }} }} }} }}"
        for n in range(30)
    )
    assert cost("{ thing { ...F0 ...F0 } }" + fragments + " fragment F30 on Thing { id }") == 2 * 3 + 1
    assert cost("{ thing { ...F1 ...F1 } }" + fragments + " fragment F30 on Thing { id }") == COUNT_CEILING
    assert visits < 400


def test_only_the_variables_that_are_page_sizes_are_asked_for():
    operation = parse("query ($n: Int, $id: ID, $m: Int) { thing(id: $id) { things(first: $n) { totalCount } } }")
    sizes = PageSizes(operation.definitions[0], {"n": 1, "m": 2}, 50)
    CostMeasure(SCHEMA, {}, FragmentOrder.of({})).cost(operation.definitions[0], sizes)
    assert sizes.variables_used == {"n"}

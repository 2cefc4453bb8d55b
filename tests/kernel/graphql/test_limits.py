from __future__ import annotations

import pytest
from graphql import FragmentDefinitionNode, OperationDefinitionNode, get_introspection_query, parse
from hypothesis import given
from hypothesis import strategies as st

from synthetic.errors import QueryTooComplexError
from synthetic.graphql import limits as limits_module
from synthetic.graphql.limits import FragmentOrder, check_shapes
from synthetic.kernel_settings import LimitSettings


def check(document: str, **values: int) -> None:
    definitions = parse(document).definitions
    operations = [node for node in definitions if isinstance(node, OperationDefinitionNode)]
    fragments = {node.name.value: node for node in definitions if isinstance(node, FragmentDefinitionNode)}
    check_shapes(operations, fragments, FragmentOrder.of(fragments), LimitSettings(**values))


def asked(document: str, **values: int) -> str:
    with pytest.raises(QueryTooComplexError) as caught:
        check(document, **values)
    return caught.value.message


@pytest.mark.parametrize(
    ("document", "depth"),
    [
        ("{ a }", 1),
        ("{ a { b { c } } d }", 3),
        ("{ a { ... { ... on T { b } } } }", 2),
        ("{ a { ...F } } fragment F on T { b { ...G } } fragment G on T { c }", 3),
        ("{ a } query Deep { b { c { d } } }", 3),
    ],
)
def test_depth_counts_fields_with_fragments_followed(document: str, depth: int):
    check(document, depth=depth)
    if depth > 1:
        assert f"{depth} levels" in asked(document, depth=depth - 1)


@pytest.mark.parametrize(
    "document",
    [
        "{ ...F } fragment F on T { a { ...F } }",
        "{ ...F } fragment F on T { ...G b { ...G } } fragment G on T { ...F c { ...F } }",
        "{ ...F } " + "".join(f"fragment F{n} on T {{ {' '.join(f'...F{m}' for m in range(40))} }}" for n in range(40)),
    ],
)
def test_cycles_are_cut_where_they_close(document: str):
    check(document, depth=3)


@pytest.mark.parametrize(
    ("document", "aliases"),
    [
        ("{ a: b }", 1),
        ("{ a: b { c: d } ... { e: f } }", 3),
        ("{ ...F x: y { ...F } } fragment F on T { a: b c: d }", 5),
        ("{ ...F } fragment F on T { ...G ...G } fragment G on T { ...H ...H } fragment H on T { a: b }", 4),
    ],
)
def test_aliases_count_as_often_as_their_fragment_is_spread(document: str, aliases: int):
    check(document, aliases=aliases)
    assert f"{aliases} aliases" in asked(document, aliases=aliases - 1)


def test_introspection_as_graphiql_asks_for_it_is_within_the_limits():
    check(get_introspection_query(input_value_deprecation=True, directive_is_repeatable=True, specified_by_url=True))


def test_fragments_that_spread_each_other_doubly_are_measured_once_each(monkeypatch: pytest.MonkeyPatch):
    """Counts visits instead of seconds: a walk without memory would need a milliard of them."""
    visits = 0
    measure = limits_module._shape

    def counted(selections, shapes):
        nonlocal visits
        visits += 1
        return measure(selections, shapes)

    monkeypatch.setattr(limits_module, "_shape", counted)
    fragments = "".join(f" fragment F{n} on T {{ a {{ ...F{n + 1} }} b {{ ...F{n + 1} }} }}" for n in range(30))
    assert "32 levels" in asked("{ a { ...F0 } }" + fragments + " fragment F30 on T { c }")
    assert visits < 200


@given(st.lists(st.lists(st.integers(0, 9), max_size=4), min_size=1, max_size=10))
def test_each_fragment_comes_after_those_that_it_spreads_unless_they_form_a_cycle(graph: list[list[int]]):
    text = "".join(
        f" fragment F{number} on T {{ a {' '.join(f'...F{target}' for target in targets)} }}"
        for number, targets in enumerate(graph)
    )
    fragments = {node.name.value: node for node in parse("{ a }" + text).definitions[1:]}
    order = FragmentOrder.of(fragments)
    assert sorted(order.names) == sorted(fragments)
    reachable = {name: set(FragmentOrder.of(fragments).below(fragments[name].selection_set)) for name in fragments}
    for name in fragments:
        for spread in order.spreads[name]:
            is_cycle = name in reachable.get(spread, ()) or spread == name
            if spread in fragments and not is_cycle:
                assert order.names.index(spread) < order.names.index(name)

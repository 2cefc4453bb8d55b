"""What goes wrong while an operation is executed: where it shows, and that nothing is lost, left over or repeated."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from graphql import GraphQLError

from synthetic.graphql.executor import Batched, Call, Layout, Rows

from .asking import ask, once, plan_of, schema_of, told

LEVELS = "type Query { a: A } type A { b: B n: Int } type B { c: C n: Int } type C { n: Int }"
DOCUMENT = "{ a { n b { n c { n } } } }"
TREE: dict[str, Any] = {"a": {"n": 1, "b": {"n": 2, "c": {"n": 3}}}}


def failing(*_args: Any, **_more: Any) -> Any:
    raise RuntimeError("failed")


@pytest.mark.parametrize(
    ("place", "path"),
    [
        ("Query.a", ["a"]),
        ("A.n", ["a", "n"]),
        ("A.b", ["a", "b"]),
        ("B.n", ["a", "b", "n"]),
        ("B.c", ["a", "b", "c"]),
        ("C.n", ["a", "b", "c", "n"]),
    ],
)
@pytest.mark.parametrize("is_batched", [False, True])
def test_a_resolver_that_raises_makes_its_own_field_null_at_every_level(place: str, path: list[str], is_batched: bool):
    result = ask(LEVELS, DOCUMENT, TREE, resolvers={place: Batched(failing) if is_batched else failing})
    assert told(result) == [("failed", path)]
    found: Any = result.data
    for key in path[:-1]:
        found = found[key]
    assert found[path[-1]] is None


@pytest.mark.parametrize("wrong", ["text", 5, [], [1], object(), b"", {"n": "x"}])
@pytest.mark.parametrize("place", ["Query.a", "A.b", "B.c", "C.n"])
def test_a_value_of_the_wrong_type_never_leaves_the_executor_as_an_exception(place: str, wrong: Any):
    result = ask(LEVELS, DOCUMENT, TREE, resolvers={place: lambda *_args: wrong})
    assert isinstance(result.data, dict)


NESTED = [
    ("[[Int!]]", [[1], None, [3]], [1, 1]),
    ("[[Int!]!]", None, [1, 1]),
    ("[[Int]!]", [[1], [2, None], [3]], None),
    ("[[Int!]!]!", "root", [1, 1]),
    ("[[Int!]]!", [[1], None, [3]], [1, 1]),
]


@pytest.mark.parametrize(("type", "data", "path"), NESTED)
def test_null_where_it_must_not_be_in_a_list_of_lists_spreads_to_the_nearest_position(
    type: str, data: Any, path: list[int] | None
):
    result = ask(f"type Query {{ a: {type} }}", "{ a }", {"a": [[1], [2, None], [3]]})
    assert result.data == (None if data == "root" else {"a": data})
    assert [error.path for error in result.errors or ()] == ([["a", *path]] if path else [])


@pytest.mark.parametrize(
    ("type", "data"),
    [
        ("[[[A!]!]!]", None),
        ("[[[A!]!]]", [None, [[{"n": 2}]]]),
        ("[[[A!]]!]", [[None, [{"n": 1}]], [[{"n": 2}]]]),
        ("[[[A]!]!]!", [[[None], [{"n": 1}]], [[{"n": 2}]]]),
    ],
)
def test_an_object_that_fails_in_lists_of_lists_of_lists_takes_with_it_what_must_not_hold_null(type: str, data: Any):
    root = {"a": [[[{}], [{"n": 1}]], [[{"n": 2}]]]}
    result = ask(f"type Query {{ a: {type} }} type A {{ n: Int! }}", "{ a { n } }", root)
    assert result.data == {"a": data}
    assert told(result) == [("Cannot return null for non-nullable field A.n.", ["a", 0, 0, 0, "n"])]


def test_only_the_parents_that_fail_are_null():
    root = {"list": [{"n": n if n % 3 else None} for n in range(50)]}
    result = ask("type Query { list: [A] } type A { n: Int! }", "{ list { n } }", root)
    assert result.data == {"list": [{"n": n} if n % 3 else None for n in range(50)]}
    assert [error.path for error in result.errors or ()] == [["list", n, "n"] for n in range(0, 50, 3)]


def test_a_resolver_is_not_called_again_when_generated_code_gives_up():
    calls: list[int] = []

    def twice(source: dict[str, int], _info: Any) -> int:
        calls.append(source["n"])
        return 2 * source["n"]

    schema = schema_of("type Query { list: [A] } type A { n: Int twice: Int bad: Int }", {"A.twice": twice})
    root = {"list": [{"n": n, "bad": "x" if n == 30 else n} for n in range(40)]}
    result = once(schema, "{ list { n bad twice } }", root)
    assert [error.path for error in result.errors or ()] == [["list", 30, "bad"]]
    assert calls == list(range(40))


def test_an_abstract_type_that_cannot_be_resolved_is_an_error_of_each_value_of_it():
    sdl = "interface I { n: Int } type A implements I { n: Int } type Query { list: [I] }"
    root = {"list": [{"n": 1}, {"__typename": "A", "n": 2}, {"n": 3}]}
    result = ask(sdl, "{ list { n } }", root)
    assert result.data == {"list": [None, {"n": 2}, None]}
    assert [error.path for error in result.errors or ()] == [["list", 0], ["list", 2]]


@pytest.mark.parametrize("given", [[], [1], [1, 2, 3, 4], None, 5, "abc", {1: 1, 2: 2, 3: 3}])
def test_a_batched_source_that_does_not_give_one_value_a_parent_is_an_error_of_each_parent(given: Any):
    sdl = "type Query { list: [A] } type A { n: Int }"
    result = ask(sdl, "{ list { n } }", {"list": [{}] * 3}, resolvers={"A.n": Batched(lambda _call: given)})
    assert result.data == {"list": [{"n": None}] * 3}
    assert [error.path for error in result.errors or ()] == [["list", place, "n"] for place in range(3)]


def test_an_exception_that_a_batched_source_gives_for_one_parent_is_that_parents_error():
    sdl = "type Query { list: [A] } type A { n: Int m: Int! }"
    given = [1, RuntimeError("only this"), 3]
    document, root = "{ list { n } }", {"list": [{}] * 3}
    result = ask(sdl, document, root, resolvers={"A.n": Batched(lambda _call: given)})
    assert (result.data, told(result)) == (
        {"list": [{"n": 1}, {"n": None}, {"n": 3}]},
        [("only this", ["list", 1, "n"])],
    )
    result = ask(sdl, "{ list { m } }", root, resolvers={"A.m": Batched(lambda _call: given)})
    assert result.data == {"list": [{"m": 1}, None, {"m": 3}]}


def test_a_batched_source_is_called_once_with_all_parents_of_a_level_and_not_at_all_without_any():
    calls: list[int] = []

    def count(call: Call) -> list[int]:
        calls.append(len(call.parents))
        return [1] * len(call.parents)

    sdl = "type Query { lists: [[A]] none: [A] } type A { n: Int }"
    resolvers = {"A.n": Batched(count)}
    schema = schema_of(sdl, resolvers)
    root = {"lists": [[{}] * 3, None, [{}, None]], "none": []}
    result = once(schema, "{ lists { n } none { n } }", root, resolvers=resolvers)
    assert result.data == {"lists": [[{"n": 1}] * 3, None, [{"n": 1}, None]], "none": []}
    assert calls == [4]


def test_a_list_that_fails_half_way_is_null_as_a_whole():
    def items() -> Iterator[int]:
        yield 1
        raise RuntimeError("half-way")

    result = ask("type Query { a: [Int] }", "{ a }", resolvers={"Query.a": lambda *_args: items()})
    assert (result.data, told(result)) == ({"a": None}, [("half-way", ["a"])])


def test_a_huge_list_is_answered_and_its_one_failure_found():
    size = 50_000
    schema = schema_of("type Query { list: [A!]! } type A { n: Int m: [Int!] }")
    root = {"list": [{"n": n, "m": [n]} for n in range(size)]}
    root["list"][-1]["m"] = [None]
    result = once(schema, "{ list { n m } }", root)
    assert result.data is not None
    assert result.data["list"][size - 2] == {"n": size - 2, "m": [size - 2]}
    assert result.data["list"][-1] == {"n": size - 1, "m": None}
    assert [error.path for error in result.errors or ()] == [["list", size - 1, "m", 0]]


def test_keys_that_are_no_text_and_names_that_are_python_words_do_no_harm():
    sdl = "type Query { class: Int None: Int list: [Query] }"
    root: dict[Any, Any] = {"class": 1, 5: "five", None: 0, "None": 2, ("a",): 3}
    root["list"] = [dict(root) for _ in range(30)]
    result = ask(sdl, "{ class None list { class x: None } }", root)
    assert result.data == {"class": 1, "None": 2, "list": [{"class": 1, "x": 2}] * 30}


@pytest.mark.parametrize("interruption", [KeyboardInterrupt, SystemExit, GeneratorExit])
@pytest.mark.parametrize("is_batched", [False, True])
def test_what_is_no_exception_of_a_field_ends_the_execution(interruption: type[BaseException], is_batched: bool):
    def interrupted(*_args: Any) -> Any:
        raise interruption

    resolvers = {"Query.a": Batched(interrupted) if is_batched else interrupted}
    with pytest.raises(interruption):
        once(schema_of("type Query { a: Int }", resolvers), "{ a }", resolvers=resolvers)


DEEP = "interface I { a: I n: Int } type T implements I { a: I n: Int } type Query { a: I }"


@pytest.mark.parametrize("levels", [50, 180, 2_000])
def test_deep_selections_are_answered_or_refused_but_never_raise(levels: int):
    """Fragments nest deeper than a parser takes braces."""
    node: dict[str, Any] = {"__typename": "T", "n": 1}
    node["a"] = node
    step = 50
    fragments = [
        f"fragment F{number} on I {{ {'a { ' * step} {f'...F{number + 1}' if number < levels // step else 'n'}"
        f" {'} ' * step} }}"
        for number in range(1, levels // step + 1)
    ]
    result = once(schema_of(DEEP), "{ a { ...F1 } }" + " ".join(fragments), node)
    if result.errors is None:
        found: Any = result.data
        while "a" in found:
            found = found["a"]
        assert found == {"n": 1}
    else:
        assert "deeply" in result.errors[0].message


def test_rows_with_missing_objects_are_null_where_they_are_missing():
    layout = Layout(("n",), lambda row: {"n": row[0]})
    resolvers = {"Query.list": Batched(lambda _call: [Rows([(1,), None, (3,)], layout)])}
    result = ask("type Query { list: [A] } type A { n: Int }", "{ list { n } }", resolvers=resolvers)
    assert result.data == {"list": [{"n": 1}, None, {"n": 3}]}
    result = ask("type Query { list: [A!] } type A { n: Int }", "{ list { n } }", resolvers=resolvers)
    assert (result.data, told(result)) == (
        {"list": None},
        [("Cannot return null for non-nullable field Query.list.", ["list", 1])],
    )


def test_errors_of_events_that_are_executed_together_stay_apart():
    schema = schema_of("type Query { a: Int } type Subscription { s: S! } type S { n: Int! list: [Int!] }")
    plan, coerced = plan_of(schema, "subscription { s { n list } }")
    events = [{"s": {"n": n if n % 2 else None, "list": [n, None if n == 3 else n]}} for n in range(40)]
    with pytest.raises(StopIteration) as ended:
        next(plan.execute(plan.begin(coerced), events))
    for n, result in enumerate(ended.value.value):
        if n % 2 == 0:
            assert (result.data, [error.path for error in result.errors]) == (None, [["s", "n"]])
        elif n == 3:
            assert result.data == {"s": {"n": 3, "list": None}}
            assert [error.path for error in result.errors] == [["s", "list", 1]]
        else:
            assert (result.data, result.errors) == ({"s": {"n": n, "list": [n, n]}}, None)


def test_a_located_error_of_a_resolver_keeps_what_it_says():
    original = GraphQLError("located", path=["else", "where"], extensions={"code": "ELSE"})
    result = ask("type Query { a: Int }", "{ a }", {"a": original})
    assert [(each.message, each.path, each.extensions) for each in result.errors or ()] == [
        ("located", ["else", "where"], {"code": "ELSE"})
    ]

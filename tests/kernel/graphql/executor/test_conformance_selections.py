"""GraphQL specification, section 6.3 "Executing Selection Sets", rule by rule."""

from __future__ import annotations

from typing import Any

import pytest

from .asking import ask, once, schema_of, told

SDL = """
interface Named { name: String }
interface Aged implements Named { name: String age: Int }
type Cat implements Named & Aged { name: String age: Int lives: Int friend: Named }
type Dog implements Named { name: String barks: Boolean }
type Fish { fins: Int }
union Pet = Cat | Dog | Fish
type Query { a: Int b: Int c: Int cat: Cat named: Named pet: Pet pets: [Pet] }
"""
CAT = {"__typename": "Cat", "name": "Tom", "age": 3, "lives": 9}
DOG = {"__typename": "Dog", "name": "Rex", "barks": True}
FISH = {"__typename": "Fish", "fins": 2}
ROOT: dict[str, Any] = {
    "a": 1,
    "b": 2,
    "c": 3,
    "cat": CAT | {"friend": DOG},
    "named": CAT,
    "pet": DOG,
    "pets": [CAT, FISH, DOG, CAT],
}


def answer(document: str, variables: dict[str, Any] | None = None) -> str:
    """The data as text, so that the order of keys counts."""
    result = ask(SDL, document, ROOT, variables)
    assert result.errors is None
    return repr(result.data)


def test_a_selection_set_gives_an_entry_for_each_response_name():
    """6.3 ExecuteSelectionSet: an ordered map from response names to values."""
    assert answer("{ a x: b }") == "{'a': 1, 'x': 2}"


def test_a_field_that_the_type_does_not_have_gives_no_entry():
    """6.3 ExecuteSelectionSet: only if fieldType is defined is there an entry."""
    assert once(schema_of(SDL), "{ a missing b }", ROOT).data == {"a": 1, "b": 2}


def test_fields_come_in_the_order_of_the_document():
    """6.3 Serialized Object Field Ordering."""
    assert answer("{ c a b }") == "{'c': 3, 'a': 1, 'b': 2}"


def test_fields_of_fragments_come_where_the_fragment_is_first_met():
    """6.3 Serialized Object Field Ordering, with fragments, as the specification's own examples."""
    assert answer("{ a ...F c } fragment F on Query { b c a }") == "{'a': 1, 'b': 2, 'c': 3}"
    assert answer("{ a ... { c } ... on Query { b a } }") == "{'a': 1, 'c': 3, 'b': 2}"


def test_a_field_that_is_met_twice_stands_where_it_was_met_first():
    """6.3 Serialized Object Field Ordering: the first appearance counts."""
    assert answer("{ b a b c a }") == "{'b': 2, 'a': 1, 'c': 3}"


def test_fields_that_do_not_apply_leave_no_gap_in_the_order():
    """6.3 Serialized Object Field Ordering: conditions and types that do not match."""
    assert answer("{ cat { ... on Dog { name } lives ... on Cat { age } name } }") == (
        "{'cat': {'lives': 9, 'age': 3, 'name': 'Tom'}}"
    )
    assert answer("{ a @skip(if: true) c a }") == "{'c': 3, 'a': 1}"


@pytest.mark.parametrize(
    ("directives", "is_there"),
    [
        ("@skip(if: true)", False),
        ("@skip(if: false)", True),
        ("@include(if: true)", True),
        ("@include(if: false)", False),
        ("@skip(if: true) @include(if: true)", False),
        ("@skip(if: false) @include(if: true)", True),
        ("@include(if: false) @skip(if: false)", False),
        ("@skip(if: $yes)", False),
        ("@skip(if: $no)", True),
        ("@include(if: $yes)", True),
        ("@include(if: $no)", False),
        ("@include(if: $usually)", True),
    ],
)
@pytest.mark.parametrize("where", ["b {}", "...F {}", "... {} {{ b }}", "... on Query {} {{ b }}"])
def test_what_is_skipped_or_not_included_is_not_collected(where: str, directives: str, is_there: bool):
    """6.3.2 CollectFields, 3.a and 3.b: of fields, fragment spreads and inline fragments."""
    document = "query ($yes: Boolean!, $no: Boolean!, $usually: Boolean = true) { a " + where.format(directives)
    result = answer(document + " } fragment F on Query { b }", {"yes": True, "no": False})
    assert result == ("{'a': 1, 'b': 2}" if is_there else "{'a': 1}")


def test_a_plan_is_made_for_each_value_of_a_condition():
    """6.3.2 CollectFields: conditions are of the request."""
    document = "query ($with: Boolean!) { cat { name age @include(if: $with) } }"
    assert answer(document, {"with": True}) == "{'cat': {'name': 'Tom', 'age': 3}}"
    assert answer(document, {"with": False}) == "{'cat': {'name': 'Tom'}}"


def test_a_condition_that_is_null_is_an_error_where_it_is_asked():
    """6.3.2 CollectFields and 6.4.1 CoerceArgumentValues: the argument must not be null."""
    document = "query ($with: Boolean = true) { a cat { name @include(if: $with) } }"
    result = once(schema_of(SDL), document, ROOT, {"with": None})
    assert result.data == {"a": 1, "cat": None}
    assert [error.path for error in result.errors or ()] == [["cat"]]


def test_fields_of_one_response_name_are_one_entry():
    """6.3.2 CollectFields, 3.c: grouped by response name."""
    assert answer("{ a a x: b x: b }") == "{'a': 1, 'x': 2}"


def test_a_field_that_is_selected_twice_is_resolved_once():
    """6.3.2 CollectFields: a group is executed once."""
    calls: list[str] = []
    schema = schema_of("type Query { a: Int }", {"Query.a": lambda _source, info: calls.append(info.field_name)})
    once(schema, "{ a ... { a } ...F x: a } fragment F on Query { a }")
    assert calls == ["a", "a"]


def test_a_fragment_is_collected_once_in_a_selection_set():
    """6.3.2 CollectFields, 3.d: visitedFragments."""
    assert answer("{ ...F a ...F } fragment F on Query { b a }") == "{'b': 2, 'a': 1}"


def test_a_fragment_that_was_skipped_first_is_collected_where_it_is_not_skipped():
    """6.3.2 CollectFields, 3.a comes before visitedFragments."""
    assert answer("{ ...F @skip(if: true) a ...F } fragment F on Query { b }") == "{'a': 1, 'b': 2}"


def test_a_fragment_that_is_not_there_is_left_out():
    """6.3.2 CollectFields, 3.d.iv: no such fragment."""
    assert once(schema_of(SDL), "{ a ...Missing }", ROOT).data == {"a": 1}


def test_a_fragment_that_spreads_itself_ends():
    """6.3.2 CollectFields, 3.d: visitedFragments, in a document that was not validated."""
    assert once(schema_of(SDL), "{ ...F } fragment F on Query { a ...F }", ROOT).data == {"a": 1}


def test_fragments_within_fragments_are_collected_into_the_same_set():
    """6.3.2 CollectFields, 3.d.viii and 3.e.iii: recursion."""
    assert answer("{ ...F c } fragment F on Query { ...G a } fragment G on Query { ... { b } }") == (
        "{'b': 2, 'a': 1, 'c': 3}"
    )


@pytest.mark.parametrize(
    ("condition", "is_of_cat"),
    [("Cat", True), ("Dog", False), ("Named", True), ("Aged", True), ("Pet", True), ("Fish", False)],
)
@pytest.mark.parametrize("form", ["... on {} {{ __typename }}", "...F"])
def test_a_fragment_applies_to_its_object_type_the_types_of_its_interface_and_the_members_of_its_union(
    form: str, condition: str, is_of_cat: bool
):
    """6.3.2 DoesFragmentTypeApply: object, interface, union."""
    document = f"{{ cat {{ age {form.format(condition)} }} }} fragment F on {condition} {{ __typename }}"
    assert once(schema_of(SDL), document, ROOT).data == {
        "cat": {"age": 3, "__typename": "Cat"} if is_of_cat else {"age": 3}
    }


def test_an_inline_fragment_without_a_type_applies_always():
    """6.3.2 CollectFields, 3.e.i: fragmentType is null."""
    assert answer("{ pet { ... { __typename } } }") == "{'pet': {'__typename': 'Dog'}}"


def test_each_object_of_a_list_is_answered_by_its_own_type():
    """6.3.2 CollectFields takes the object type of each value."""
    document = "{ pets { ... on Named { name } ... on Fish { fins } ... on Aged { age } ... on Dog { barks } } }"
    assert answer(document) == repr(
        {
            "pets": [
                {"name": "Tom", "age": 3},
                {"fins": 2},
                {"name": "Rex", "barks": True},
                {"name": "Tom", "age": 3},
            ]
        }
    )


def test_an_object_of_which_nothing_is_selected_is_an_empty_map():
    """6.3 ExecuteSelectionSet: no field applies."""
    assert answer("{ pets { ... on Dog { barks } } }") == "{'pets': [{}, {}, {'barks': True}, {}]}"


def test_selection_sets_of_merged_fields_are_merged():
    """6.4.3 MergeSelectionSets, now CollectSubfields: all fields of the group, in order."""
    document = "{ cat { name } cat { age friend { name } } ... { cat { friend { __typename } name lives } } }"
    assert answer(document) == repr(
        {"cat": {"name": "Tom", "age": 3, "friend": {"name": "Rex", "__typename": "Dog"}, "lives": 9}}
    )


def test_selection_sets_of_an_interface_are_merged_with_those_of_its_types():
    """6.4.3 MergeSelectionSets, for an abstract type."""
    document = "{ named { name } named { ... on Cat { lives } } ... { named { __typename ... on Dog { barks } } } }"
    assert answer(document) == "{'named': {'name': 'Tom', 'lives': 9, '__typename': 'Cat'}}"


def test_errors_of_merged_fields_name_all_their_places():
    """7.1.2 Errors: locations of the field, which was selected twice."""
    result = once(schema_of("type Query { a: Int }"), "{ a\na }", {"a": "x"})
    assert [[each.line for each in error.locations or ()] for error in result.errors or ()] == [[1, 2]]


def test_introspection_is_executed_like_any_selection():
    """4.4 Schema Introspection, by the rules of section 6.3."""
    document = '{ __typename __schema { queryType { name } } __type(name: "Fish") { name fields { name } } a }'
    assert answer(document) == repr(
        {
            "__typename": "Query",
            "__schema": {"queryType": {"name": "Query"}},
            "__type": {"name": "Fish", "fields": [{"name": "fins"}]},
            "a": 1,
        }
    )


def test_fields_of_a_query_that_fail_do_not_touch_the_others():
    """6.3 Normal and Serial Execution: fields do not depend on each other."""
    result = ask("type Query { a: Int b: Int c: Int }", "{ a b c }", {"a": 1, "b": "x", "c": 3})
    assert result.data == {"a": 1, "b": None, "c": 3}
    assert told(result) == [("Int cannot represent non-integer value: 'x'", ["b"])]

from __future__ import annotations

import json
import math
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from synthetic import BadUserInputError, bad_input, check_id, check_json, check_json_object, check_text


def refusal(function: Any, value: object, **limits: int) -> str:
    with pytest.raises(BadUserInputError) as failure:
        function(value, "name", **limits)
    assert failure.value.details == {"field": "name"}
    assert failure.value.message.startswith("name ")
    return failure.value.message


def test_bad_input_makes_a_sentence_that_begins_with_the_field() -> None:
    error = bad_input("title", "must be short", action="Shorten it.")

    assert (error.message, error.details) == ("title must be short.", {"field": "title"})
    assert error.suggested_action == "Shorten it."


@pytest.mark.parametrize("id", ["a", "a" * 200, "plan/7:x y", "日本語", "e\u0301", "🙂", "\u00a9"])
def test_an_id_of_printable_characters_is_returned_as_it_is(id: str) -> None:
    assert check_id(id, "name") == id


@pytest.mark.parametrize(
    ("id", "said"),
    [
        ("", "empty"),
        ("a" * 201, "at most 200 characters, not 201"),
        ("a\nb", "U+000A (at 1)"),
        ("\x7f", "U+007F"),
        ("a\u0085", "U+0085"),
        ("a\u200db", "U+200D"),
        ("\u202egnp", "U+202E"),
        ("a\u2028b", "U+2028"),
        ("a\ud800", "U+D800"),
        (" a", "white space"),
        ("a\u3000", "white space"),
        (5, "a text"),
        (None, "a text"),
        (b"a", "a text"),
    ],
)
def test_an_id_that_could_not_be_told_from_another_is_refused(id: object, said: str) -> None:
    assert said in refusal(check_id, id)


def test_a_text_within_its_limits_is_returned_as_it_is() -> None:
    for text in ("", "tab\tand\r\nlines", "日" * 10):
        assert check_text(text, "name", characters_max=20) == text
    assert check_text("ab", "name", characters_min=2, characters_max=2) == "ab"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "at least 1"),
        (" \n\u3000", "white space"),
        ("abcd", "at most 3 characters, not 4"),
        ("a\0", "NUL"),
        ("\udc00", "surrogate"),
        (7, "a text"),
    ],
)
def test_a_text_outside_its_limits_is_refused(text: object, said: str) -> None:
    assert said in refusal(check_text, text, characters_min=1, characters_max=3)


LIMITS = {"bytes_max": 100, "depth_max": 3}


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "null"),
        (True, "true"),
        ("ü\n", '"ü\\n"'),
        (1.0, "1"),
        (-0.0, "0"),
        (0.1, "0.1"),
        (2**53 - 1, "9007199254740991"),
        (1 - 2**53, "-9007199254740991"),
        (float(2**53 - 1), "9007199254740991"),
        (1e-300, "1e-300"),
        ([1, (2, [3])], "[1,[2,[3]]]"),
        ({"b": 1, "a": {"d": 2, "c": [2.0]}}, '{"a":{"c":[2],"d":2},"b":1}'),
    ],
)
def test_json_has_one_form(value: object, text: str) -> None:
    assert check_json(value, "name", **LIMITS) == text


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (2**53, "beyond 9007199254740991"),
        (-(10**30), "beyond 9007199254740991"),
        ({"a": [0, {"b": 1e30}]}, "(at name.a[1].b)"),
        (math.inf, "finite"),
        ({"a": math.nan}, "finite"),
        ([[[[]]]], "too deep"),
        ({"a": "x" * 100}, "at most 100 bytes as JSON, not 108"),
        ({1: 1}, "texts as its keys"),
        ({"a\0": 1}, "NUL"),
        (["\0"], "NUL characters (at name[0])"),
        ({"\ud800": 1}, "surrogate"),
        ([b"bytes"], "must be JSON"),
        ({1, 2}, "must be JSON"),
    ],
)
def test_json_that_could_not_be_kept_exactly_is_refused_with_its_place(value: object, said: str) -> None:
    assert said in refusal(check_json, value, **LIMITS)


@pytest.mark.parametrize("value", [None, [], "{}", 1])
def test_a_json_object_must_be_an_object(value: object) -> None:
    assert "a JSON object" in refusal(check_json_object, value, **LIMITS)
    assert check_json_object({"a": value}, "name", **LIMITS).startswith('{"a":')


def test_a_long_key_with_many_values_below_it_is_checked_in_time_linear_in_its_size() -> None:
    # Were the place of each value written out, this would copy 10 GB.
    huge = {"k" * 100_000: [0] * 100_000}

    assert len(check_json_object(huge, "name", bytes_max=1_000_000, depth_max=2)) == 300_006


def test_a_place_with_a_huge_key_is_shortened_in_the_message() -> None:
    assert len(refusal(check_json, {"k" * 10_000: math.inf}, bytes_max=100_000, depth_max=2)) < 300


def test_the_deepest_json_that_may_be_allowed_can_be_written() -> None:
    deepest: list[Any] = []
    for _ in range(199):
        deepest = [deepest]

    assert check_json(deepest, "name", bytes_max=400, depth_max=200) == "[" * 200 + "]" * 200


SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(min_value=1 - 2**53, max_value=2**53 - 1)
    | st.floats(allow_nan=False, allow_infinity=False, max_value=2.0**53 - 1, min_value=1 - 2.0**53)
    | st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]))
)
TEXTS = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=5)
VALUES = st.recursive(SCALARS, lambda inner: st.lists(inner) | st.dictionaries(TEXTS, inner), max_leaves=20)


@given(VALUES)
def test_what_is_accepted_reads_back_as_what_was_given_by_any_reader(value: Any) -> None:
    text = check_json(value, "name", bytes_max=10**6, depth_max=200)

    assert json.loads(text) == orjson.loads(text) == value
    assert check_json(orjson.loads(text), "name", bytes_max=10**6, depth_max=200) == text

"""The canonical form of arguments: that of RFC 8785, whatever way they were sent in."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from synthetic_approvals.canonical import check_arguments, hash_arguments
from synthetic_approvals.settings import ApprovalSettings

LIMITS = ApprovalSettings()
NUMBERS = st.integers(-(2**53) + 1, 2**53 - 1) | st.floats(-1e15, 1e15)
TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=8)
VALUES = st.recursive(
    st.none() | st.booleans() | NUMBERS | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=8,
)
OBJECTS = st.dictionaries(TEXTS, VALUES, max_size=4)


@pytest.mark.parametrize(
    ("value", "form"),
    [
        # The numbers and the order of RFC 8785, appendix B and section 3.2.3.
        ({"a": 9.999999999999997e-7}, '{"a":9.999999999999997e-7}'),
        ({"a": 0.000001}, '{"a":0.000001}'),
        ({"a": 333333333.33333329}, '{"a":333333333.3333333}'),
        ({"a": 5e-324}, '{"a":5e-324}'),
        ({"a": -0.0}, '{"a":0}'),
        ({"a": 4.50}, '{"a":4.5}'),
        ({"a": 1.0}, '{"a":1}'),
        (
            {"\u20ac": 1, "\r": 2, "\ufb33": 3, "1": 4, "\U0001f600": 5, "\x80": 6, "\xf6": 7},
            '{"\\r":2,"1":4,"\x80":6,"\xf6":7,"\u20ac":1,"\U0001f600":5,"\ufb33":3}',
        ),
        ({"a": "\x0f\n\u20ac$'\"\\/"}, '{"a":"\\u000f\\n\u20ac$\'\\"\\\\/"}'),
    ],
)
def test_the_form_is_that_of_the_standard(value, form):
    assert check_arguments(value, LIMITS) == form


@given(OBJECTS)
def test_the_form_says_the_same_and_is_its_own(value):
    form = check_arguments(value, LIMITS)
    assert json.loads(form) == value
    assert check_arguments(json.loads(form), LIMITS) == form


@given(OBJECTS, OBJECTS)
def test_two_values_have_one_hash_where_they_are_equal_and_else_two(one, other):
    def turned(value: object) -> object:
        if isinstance(value, dict):
            return {key: turned(member) for key, member in reversed(value.items())}
        return [turned(item) for item in value] if isinstance(value, list) else value

    hashed = hash_arguments(check_arguments(one, LIMITS))
    assert hash_arguments(check_arguments(turned(one), LIMITS)) == hashed
    # By their texts: Python takes True for 1.
    same = check_arguments(one, LIMITS) == check_arguments(other, LIMITS)
    assert (hash_arguments(check_arguments(other, LIMITS)) == hashed) is same
